"""Files of graph editors, small enough that what they say can be read off them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from gnn.datasets.formats.dot import DOT, read_dot
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.gexf import GEXF, read_gexf
from gnn.datasets.formats.gml import GML, read_gml
from gnn.datasets.formats.graphml import GRAPHML, read_graphml
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.node_link import NODE_LINK, read_node_link
from gnn.datasets.formats.pajek import PAJEK, read_pajek
from gnn.datasets.formats.to_graph import to_graph
from gnn.edges.from_networkx import edges_from_networkx
from gnn.edges.merging import merge_edges

Reader = Callable[..., Network]
READERS: dict[str, Reader] = {
    ".graphml": read_graphml,
    ".gexf": read_gexf,
    ".gml": read_gml,
    ".net": read_pajek,
    ".dot": read_dot,
    ".json": read_node_link,
}


def read(folder: Path, suffix: str, text: str, **options: Any) -> Network:
    """What the reader of the suffix makes of a file with this text."""
    path = folder / f"graph{suffix}"
    path.write_text(text, encoding="utf-8")
    return READERS[suffix](path, **options)


def triples(network: Network) -> set[tuple[Any, Any, float]]:
    """The edges of a graph of this network, repeats merged, undirected ones in both directions."""
    edges = merge_edges(
        network.senders,
        network.receivers,
        network.weights,
        merge=network.merge,
        undirected=not network.directed,
        num_nodes=len(network.ids),
    )
    listed = zip(edges.senders, edges.receivers, edges.weights.tolist(), strict=True)
    return {(network.ids[s], network.ids[r], w) for s, r, w in listed}


def both(*edges: tuple[Any, Any, float]) -> set[tuple[Any, Any, float]]:
    """Edges and their reverses."""
    return {*edges, *((b, a, w) for a, b, w in edges)}


def labels(network: Network) -> dict[Any, Any]:
    assert network.label is not None
    return dict(zip(network.ids, network.columns[network.label], strict=True))


def graphml(body: str, keys: str = "", default: str = "undirected") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{keys}'
        f'<graph id="G" edgedefault="{default}">{body}</graph></graphml>'
    )


def test_graphml_defaults_of_keys_hold_for_what_has_no_value(tmp_path: Path) -> None:
    keys = (
        '<key id="k" for="node" attr.name="kind" attr.type="string"><default>fruit</default></key>'
        '<key id="w" for="edge" attr.name="weight" attr.type="double">'
        "<default>2.5</default></key>"
    )
    body = (
        '<node id="saw"><data key="k">tool</data></node><node id="pear"/><node id="plum"/>'
        '<edge source="saw" target="pear"><data key="w">1.0</data></edge>'
        '<edge source="pear" target="plum"/>'
    )
    network = read(tmp_path, ".graphml", graphml(body, keys))
    assert network.ids == ["saw", "pear", "plum"] and not network.directed
    assert triples(network) == both(("saw", "pear", 1), ("pear", "plum", 2.5))
    assert labels(network) == {"saw": "tool", "pear": "fruit", "plum": "fruit"}


def test_graphml_whole_doubles_of_igraph_are_classes(tmp_path: Path) -> None:
    nodes = "".join(
        f'<node id="n{k}"><data key="v_cls">{c}</data></node>' for k, c in enumerate([0, 1, 2, 1])
    )
    edges = '<edge source="n0" target="n1"/><edge source="n1" target="n3"/>'
    keys = '<key id="v_cls" for="node" attr.name="cls" attr.type="double"/>'
    network = read(tmp_path, ".graphml", graphml(nodes + edges, keys))
    found = labels(network)
    assert found == {"n0": 0, "n1": 1, "n2": 2, "n3": 1}
    assert {type(value) for value in found.values()} == {int}


def test_graphml_types_and_blanks_and_gaps(tmp_path: Path) -> None:
    types = {"flag": "boolean", "count": "long", "size": "float", "text": "string"}
    keys = "".join(
        f'<key id="{name}" for="node" attr.name="{name}" attr.type="{kind}"/>'
        for name, kind in types.items()
    )
    values = {"flag": "  fAlSe ", "count": " 7 ", "size": "0.5", "text": " a "}
    data = "".join(f'<data key="{name}">{value}</data>' for name, value in values.items())
    network = read(tmp_path, ".graphml", graphml(f'<node id="a">{data}</node><node id="b"/>', keys))
    assert network.columns == {
        "flag": [False, None],
        "count": [7, None],
        "size": [0.5, None],
        "text": [" a ", None],
    }


def test_graphml_mixed_directions(tmp_path: Path) -> None:
    body = (
        '<node id="a"/><node id="b"/><node id="c"/><edge source="a" target="b"/>'
        '<edge source="c" target="b" directed="false"/>'
    )
    network = read(tmp_path, ".graphml", graphml(body, default="directed"))
    assert network.directed
    assert triples(network) == {("a", "b", 1), *both(("b", "c", 1))}
    assert network.counts == {
        "undirected edges among directed ones, in both directions": 1,
        "pairs in both directions": 1,
    }


def test_graphml_nested_graph_and_ports_are_flattened(tmp_path: Path) -> None:
    body = (
        '<node id="a"><port name="p"/><graph edgedefault="directed"><node id="a::b"/>'
        '<node id="a::c"/><edge source="a::b" target="a::c"/></graph></node>'
        '<edge source="a" target="a::c" sourceport="p"/>'
    )
    network = read(tmp_path, ".graphml", graphml(body, default="directed"))
    assert network.ids == ["a", "a::b", "a::c"]
    assert triples(network) == {("a::b", "a::c", 1), ("a", "a::c", 1)}
    assert network.counts == {
        "ports left out": 1,
        "nested graphs read as part of the graph": 1,
    }


def test_graphml_names_of_yed(tmp_path: Path) -> None:
    keys = '<key for="node" id="d6" yfiles.type="nodegraphics"/>'
    body = (
        '<node id="n0"><data key="d6"><y:ShapeNode xmlns:y="http://www.yworks.com/xml/graphml">'
        "<y:NodeLabel>green tea\n</y:NodeLabel><y:NodeLabel>second</y:NodeLabel></y:ShapeNode>"
        '</data></node><node id="n1"/>'
    )
    network = read(tmp_path, ".graphml", graphml(body, keys))
    assert network.names == ["green tea", "n1"]
    assert network.columns == {"label": ["green tea", None]} and network.label is None


def test_graphml_keys_of_one_name_are_one_attribute(tmp_path: Path) -> None:
    # As NetworkX writes weights of which some are integers.
    keys = (
        '<key id="d0" for="edge" attr.name="weight" attr.type="long"/>'
        '<key id="d1" for="edge" attr.name="weight" attr.type="double"/>'
    )
    body = (
        '<node id="a"/><node id="b"/><edge source="a" target="b"><data key="d0">2</data></edge>'
        '<edge source="a" target="a"><data key="d1">0.5</data></edge>'
    )
    network = read(tmp_path, ".graphml", graphml(body, keys))
    assert triples(network) == {*both(("a", "b", 2)), ("a", "a", 0.5)}


GEXF_FRUIT = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">
<graph mode="static" defaultedgetype="undirected">
<attributes class="node"><attribute id="0" title="kind" type="string"><default>fruit</default>
</attribute></attributes>
<nodes><node id="0" label="saw"><attvalues><attvalue for="0" value="tool"/></attvalues></node>
<node id="1" label="pear"/><node id="2" label="plum"/></nodes>
<edges><edge id="0" source="0" target="1" weight="2"/><edge id="1" source="1" target="2"/></edges>
</graph></gexf>"""


def test_gexf_defaults_hold_and_labels_are_names(tmp_path: Path) -> None:
    network = read(tmp_path, ".gexf", GEXF_FRUIT)
    assert triples(network) == both(("0", "1", 2), ("1", "2", 1))
    assert labels(network) == {"0": "tool", "1": "fruit", "2": "fruit"}
    assert network.names == ["saw", "pear", "plum"]
    assert network.counts == {"edges without a weight, taken for 1": 1}


def test_gexf_label_of_the_users_choice(tmp_path: Path) -> None:
    network = read(tmp_path, ".gexf", GEXF_FRUIT, label="label", weight=None)
    assert labels(network) == {"0": "saw", "1": "pear", "2": "plum"}
    assert network.weights is None
    graph = to_graph(read(tmp_path, ".gexf", GEXF_FRUIT), label="label")
    assert graph.class_names == ("pear", "plum", "saw")
    assert read(tmp_path, ".gexf", GEXF_FRUIT, label=None).label is None


def test_gexf_types_of_edges_hierarchy_and_time(tmp_path: Path) -> None:
    text = """<gexf version="1.3"><graph mode="dynamic" defaultedgetype="directed">
    <attributes class="node" mode="dynamic"><attribute id="p" title="price" type="float"/>
    </attributes>
    <nodes><node id="a" start="1"><attvalues><attvalue for="p" value="1.5" end="2"/>
    <attvalue for="p" value="2.5" start="2"/></attvalues>
    <nodes><node id="b"/></nodes></node><node id="c"/></nodes>
    <edges><edge source="a" target="b"/><edge source="b" target="c" type="mutual"/></edges>
    </graph></gexf>"""
    network = read(tmp_path, ".gexf", text)
    assert network.ids == ["a", "b", "c"]
    assert triples(network) == {("a", "b", 1), *both(("b", "c", 1))}
    assert network.columns == {"price": [2.5, None, None]}
    assert network.counts == {
        "earlier values of an attribute over time": 1,
        "nodes inside of nodes": 1,
        "mutual edges, in both directions": 1,
        "undirected edges among directed ones, in both directions": 1,
        "pairs in both directions": 1,
    }
    assert any("dynamic" in sentence for sentence in network.about)


def test_gml_of_newman(tmp_path: Path) -> None:
    text = """Creator "by hand"
graph
[
  directed 1
  node
  [
    id 0
    label "1"
  ]
  node [ id 1 label "51" ]
  edge [ source 0 target 1 value 3 ]
  edge [ source 1 target 0 value 2 ]
]"""
    network = read(tmp_path, ".gml", text)
    assert network.ids == ["1", "51"] and network.directed and network.names is None
    assert triples(network) == {("1", "51", 3), ("51", "1", 2)}


def test_gml_labels_that_repeat_entities_and_lists(tmp_path: Path) -> None:
    text = """graph [
  # A remark.
  node [ id 5 label "caf&#233;" size 1 size 2.5 graphics [ x 1 ] value 1 ]
  node [ id 7 label "caf&#233;" size 3 size 4 value 2 ]
  node [ id 8 label "a &amp;
b" value 1 ]
  node [ id 9 value 2 ]
  edge [ source 5 target 7 weight 2 value 9 ]
  edge [ source 7 target 5 weight 3.5 ]
]"""
    network = read(tmp_path, ".gml", text)
    assert network.ids == [5, 7, 8, 9]
    assert network.names == ["café", "café", "a &\nb", "9"]
    assert network.columns["size"] == [[1, 2.5], [3, 4], None, None]
    assert labels(network) == {5: 1, 7: 2, 8: 1, 9: 2}
    assert triples(network) == both((5, 7, 5.5))
    assert network.counts == {
        "repeats": 1,
        "lists inside of nodes left out": 1,
    }


PAJEK_TEA = """% a remark
*Network tea
*Vertices 4
1 "green tea" 0.5 0.5 ic Red
2 "cup"
4 pot
"""


@pytest.mark.parametrize(
    ("sections", "directed", "edges"),
    [
        ("*Edges\n1 2 2.5\n2 1 1\n", False, both(("green tea", "cup", 3.5))),
        ("*Arcs\n1 2 2\n*Edges\n4 3\n", True, {("green tea", "cup", 2), *both(("pot", "3", 1))}),
        ("*Arcslist\n1 2 4\n", True, {("green tea", "cup", 1), ("green tea", "pot", 1)}),
        ("*Edgeslist\n2 1 4\n", False, both(("cup", "green tea", 1), ("cup", "pot", 1))),
        ("*Arcs :1 'a'\n1 2\n*Arcs :2 'b'\n1 2 4\n", True, {("green tea", "cup", 5)}),
        (
            "*Matrix\n0 2 0 0\n0 0 0 0\n0 0 0.5 0\n1 0 0 0\n",
            True,
            {("green tea", "cup", 2), ("3", "3", 0.5), ("pot", "green tea", 1)},
        ),
    ],
)
def test_pajek_sections(
    sections: str, directed: bool, edges: set[tuple[Any, Any, float]], tmp_path: Path
) -> None:
    network = read(tmp_path, ".net", PAJEK_TEA + sections)
    assert network.ids == ["green tea", "cup", "3", "pot"]
    assert network.directed == directed
    assert triples(network) == edges


def test_pajek_lines_end_as_any_system_ends_them(tmp_path: Path) -> None:
    path = tmp_path / "graph.net"
    # U+2028 divides lines for Python's splitlines, and not in a label.
    path.write_bytes('*Vertices 2\r\n1 "a\u2028b"\r\n2 c\r*Edges\n1 2 3\n'.encode())
    assert triples(read_pajek(path)) == both(("a\u2028b", "c", 3))


def test_pajek_without_labels_and_with_two_modes(tmp_path: Path) -> None:
    text = "*vertices 3 2\n*matrix\n0.5\n0\n"
    network = read(tmp_path, ".net", text)
    assert network.ids == [1, 2, 3] and triples(network) == {(1, 3, 0.5)}


def test_dot_cluster_and_quoted_weight(tmp_path: Path) -> None:
    text = """digraph {
  subgraph cluster_0 { a -> b [weight=2]; }
  b -> c [weight="3.5"];
}"""
    network = read(tmp_path, ".dot", text)
    assert network.ids == ["a", "b", "c"] and network.directed
    assert triples(network) == {("a", "b", 2), ("b", "c", 3.5)}


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("graph { a -- b -- c }", both(("a", "b", 1), ("b", "c", 1))),
        ("digraph { a -> {b c} -> d }", {(x, y, 1) for x, y in ("ab", "ac", "bd", "cd")}),
        ("digraph { subgraph s {b; c} a -> subgraph s }", {("a", "b", 1), ("a", "c", 1)}),
        ("digraph { {edge [weight=2] a -> b} b -> c }", {("a", "b", 2), ("b", "c", 1)}),
        ("digraph { a:p:n -> b:q [weight=2, label=x][weight=3] }", {("a", "b", 3)}),
        ("digraph { a -> b /* -> c */ // -> d\n# -> e\n }", {("a", "b", 1)}),
        ('digraph "g" { "a\\"b" -> "c" + "d"; }', {('a"b', "cd", 1)}),
        ("digraph { a -> b; a -> b [weight=4] }", {("a", "b", 5)}),
        ("strict digraph { a -> b; a -> b [weight=4] }", {("a", "b", 4)}),
        ("strict graph { a -- b [weight=2]; b -- a }", both(("a", "b", 2))),
        ("digraph { subgraph a { subgraph b { x } y -> z } x -> y }", {*"xy yz".split()}),
        ("digraph { rankdir=LR; node [shape=box] 1 -> -2.5 }", {("1", "-2.5", 1)}),
        ("DiGraph { a -> <b<i>c</i>> }", {("a", "<b<i>c</i>>", 1)}),
    ],
)
def test_dot_statements(text: str, edges: set[Any], tmp_path: Path) -> None:
    wanted = {e if isinstance(e, tuple) else (e[0], e[1], 1) for e in edges}
    assert triples(read(tmp_path, ".dot", text)) == wanted


def test_dot_attributes_of_nodes(tmp_path: Path) -> None:
    text = """graph {
  a
  node [kind=fruit, shape=box];
  b [label="Pear" size=2]; { node [kind=tool] c } d; b [size="2.5"]; a [size=1]
}"""
    network = read(tmp_path, ".dot", text)
    assert network.ids == ["a", "b", "c", "d"]
    assert network.names == ["a", "Pear", "c", "d"]
    assert network.columns == {
        "label": [None, "Pear", None, None],
        "kind": [None, "fruit", "tool", "fruit"],
        "size": [1, 2.5, None, None],
    }
    assert network.label == "kind"
    assert network.counts == {"attributes for drawing left out": 3}


def test_dot_in_latin_1(tmp_path: Path) -> None:
    path = tmp_path / "a.gv"
    path.write_bytes("graph { charset=latin1; café -- b }".encode("latin-1"))
    assert read_dot(path).ids == ["café", "b"]


def test_json_of_d3(tmp_path: Path) -> None:
    nodes = [("Myriel", 1), ("Valjean", 2), ("Javert", 2)]
    graph = {
        "nodes": [{"id": name, "group": group} for name, group in nodes],
        "links": [
            {"source": "Myriel", "target": "Valjean", "value": 5},
            {"source": "Valjean", "target": "Javert", "value": 17},
        ],
    }
    network = read(tmp_path, ".json", json.dumps(graph))
    assert triples(network) == both(("Myriel", "Valjean", 5), ("Valjean", "Javert", 17))
    assert labels(network) == dict(nodes)


def test_json_of_graphsage_has_places_and_splits(tmp_path: Path) -> None:
    marks = [(False, False), (True, False), (False, True)]
    graph = {
        "directed": False,
        "graph": {},
        "nodes": [{"id": f"n{k}", "test": t, "val": v} for k, (t, v) in enumerate(marks)],
        "links": [{"source": 0, "target": 2}, {"source": 1, "target": 2}],
        "multigraph": False,
    }
    network = read(tmp_path, ".json", json.dumps(graph))
    assert triples(network) == both(("n0", "n2", 1), ("n1", "n2", 1))
    assert {k: v.tolist() for k, v in network.splits.items()} == {
        "train": [0],
        "test": [1],
        "validation": [2],
    }
    assert network.columns == {}


def test_json_places_where_ids_are_integers_too(tmp_path: Path) -> None:
    graph = {"nodes": [{"id": 1}, {"id": 2}], "links": [{"source": 0, "target": 1}]}
    with pytest.raises(ValueError, match=r"graph.json: a link ends at 0, which is no id.*places"):
        read(tmp_path, ".json", json.dumps(graph))
    network = read(tmp_path, ".json", json.dumps(graph), ends="positions")
    assert triples(network) == both((1, 2, 1))


@pytest.mark.parametrize(
    ("graph", "directed", "edges"),
    [
        (
            {
                "elements": {
                    "nodes": [{"data": {"id": 1}}, {"data": {"id": "b"}}],
                    "edges": [{"data": {"source": "1", "target": "b", "weight": 2}}],
                }
            },
            False,
            both(("1", "b", 2)),
        ),
        (
            [{"data": {"id": "a"}}, {"data": {"id": "e", "source": "a", "target": "a"}}],
            False,
            {("a", "a", 1)},
        ),
        (
            {
                "options": {"type": "mixed"},
                "nodes": [{"key": "a", "attributes": {"size": 1}}, {"key": "b"}],
                "edges": [
                    {"source": "a", "target": "b", "attributes": {"weight": 3}},
                    {"source": "b", "target": "b", "undirected": True},
                ],
            },
            True,
            {("a", "b", 3), ("b", "b", 1)},
        ),
        (
            {
                "directed": True,
                "nodes": [{"name": "a"}, {"name": "b"}],
                "links": [{"source": 1, "target": 0}],
            },
            True,
            {("b", "a", 1)},
        ),
        (
            {"nodes": [{}, {}, {}], "edges": [{"from": 0, "to": 2}]},
            False,
            both((0, 2, 1)),
        ),
    ],
    ids=["cytoscape", "elements", "graphology", "d3-3", "vis"],
)
def test_json_of_other_programs(
    graph: Any, directed: bool, edges: set[tuple[Any, Any, float]], tmp_path: Path
) -> None:
    network = read(tmp_path, ".json", json.dumps(graph))
    assert network.directed == directed and triples(network) == edges


WRITERS: dict[str, Callable[[nx.Graph, Path], Any]] = {
    ".graphml": nx.write_graphml,
    ".gexf": nx.write_gexf,
    ".gml": nx.write_gml,
    ".net": nx.write_pajek,
    ".json": lambda graph, path: path.write_text(json.dumps(nx.node_link_data(graph))),
}


@pytest.mark.parametrize("kind", [nx.MultiGraph, nx.MultiDiGraph])
@pytest.mark.parametrize("suffix", WRITERS)
def test_what_networkx_writes_is_what_it_holds(
    suffix: str, kind: type[nx.Graph], tmp_path: Path
) -> None:
    draws = np.random.default_rng(0).integers(0, [9, 9, 5], (60, 3)).tolist()
    graph = kind()
    graph.add_nodes_from([f"node {k}" for k in range(10)])
    graph.add_weighted_edges_from((f"node {a}", f"node {b}", 1 + w) for a, b, w in draws)
    path = tmp_path / f"graph{suffix}"
    WRITERS[suffix](graph, path)
    wanted = edges_from_networkx(graph)
    network = READERS[suffix](path)
    assert network.ids == wanted.ids and network.directed == graph.is_directed()
    listed = zip(wanted.senders, wanted.receivers, wanted.weights.tolist(), strict=True)
    assert triples(network) == {(wanted.ids[a], wanted.ids[b], w) for a, b, w in listed}


def test_loops_and_repeats_are_counted(tmp_path: Path) -> None:
    # Of four edges one is a loop, and one stands there in the other order.
    text = "graph { a -- b; b -- a; a -- a; b -- c }"
    counts = read(tmp_path, ".dot", text).counts
    assert counts == {"repeats": 1, "loops": 1}
    counts = read(tmp_path, ".dot", text.replace("graph", "digraph").replace("--", "->")).counts
    assert counts == {"loops": 1, "pairs in both directions": 1}


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "graph.graphml.gz"
    path.write_bytes(gzip.compress(graphml('<node id="ä"/>').encode()))
    assert read_graphml(path).ids == ["ä"]


def test_xml_in_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "graph.graphml"
    for encoding in ("iso-8859-1", "utf-16"):
        text = graphml('<node id="ä"/>').replace("UTF-8", encoding)
        path.write_bytes(text.encode(encoding))
        assert read_graphml(path).ids == ["ä"]


CONTENTS = {
    "graphml": graphml('<node id="a"/>'),
    "gexf": GEXF_FRUIT,
    "gml": 'Creator "x"\ngraph [ node [ id 1 ] ]',
    "pajek": PAJEK_TEA,
    "dot": "/* x */ strict digraph g {\n a -> b }",
    "node-link": '{"directed": false, "nodes": [], "links": []}',
}


def test_the_elements_of_cytoscape_are_claimed() -> None:
    for head, claimed in (('[ {"data": {"id": "a"}}]', True), ('[{"id": 1}]', False)):
        assert NODE_LINK.claims(Sample(Path("a.json"), ".json", head, b"", ())) == claimed


@pytest.mark.parametrize("form", [GRAPHML, GEXF, GML, PAJEK, DOT, NODE_LINK], ids=lambda f: f.name)
def test_a_format_claims_its_own_alone(form: FileFormat) -> None:
    others = {
        "csv": "source,target\na,b\n",
        "json lines": '{"id": 1, "links": [2]}\n{"id": 2, "links": [1]}\n',
        "geography": '<?xml version="1.0"?><gml:FeatureCollection xmlns:gml="x"/>',
        "dot": "digraph {\n  graph [rankdir=LR]\n  a -> b }",
        "config": '{"name": "a", "version": 1}',
        "empty": "",
    }
    for suffix in ("", ".txt"):
        claimed = [
            name
            for name, text in [*CONTENTS.items(), *others.items()]
            if form.claims(Sample(Path("a"), suffix, text, text.encode(), ()))
        ]
        assert set(claimed) == {form.name}


def test_the_last_link_of_a_pair_counts_where_it_is_no_multigraph(tmp_path: Path) -> None:
    """As NetworkX has it, which is asked here."""
    links = [
        {"source": "a", "target": "b", "weight": 2},
        {"source": "b", "target": "c", "weight": 7},
        {"source": "b", "target": "a", "weight": 3},
        {"source": "c", "target": "b"},
    ]
    nodes = [{"id": name} for name in "abc"]
    ways = {("a", "b", 2), ("b", "c", 7), ("b", "a", 3), ("c", "b", 1)}
    for directed, multigraph, edges in (
        (False, False, both(("a", "b", 3), ("b", "c", 7))),
        (True, False, ways),
        (False, True, both(("a", "b", 5), ("b", "c", 8))),
    ):
        data = {"directed": directed, "multigraph": multigraph, "nodes": nodes, "links": links}
        network = read(tmp_path, ".json", json.dumps(data))
        assert triples(network) == edges
        if not multigraph:
            theirs = nx.node_link_graph(data, edges="links").to_directed()
            assert set(theirs.edges.data("weight", default=1)) == edges
        told = "links that a later one of the pair replaces"
        assert network.counts.get(told, 0) == (0 if directed or multigraph else 2)
