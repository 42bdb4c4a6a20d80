"""Hostile and broken files of graph editors: an error that names the file, in bounded memory.

No input here is more than our own guards need to see; none would harm a parser.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gnn.datasets.formats.dot import read_dot
from gnn.datasets.formats.gexf import read_gexf
from gnn.datasets.formats.gml import read_gml
from gnn.datasets.formats.graphml import read_graphml
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.node_link import read_node_link
from gnn.datasets.formats.pajek import read_pajek

READERS: dict[str, Callable[..., Network]] = {
    ".graphml": read_graphml,
    ".gexf": read_gexf,
    ".gml": read_gml,
    ".net": read_pajek,
    ".dot": read_dot,
    ".json": read_node_link,
}
MEGABYTE = 2**20
PAIR = '<node id="a"/><node id="b"/>'


def graphml(body: str, keys: str = "") -> str:
    return f"<graphml>\n{keys}\n<graph>\n{body}\n</graph></graphml>"


def gexf(edges: str, attributes: str = "") -> str:
    return (
        f"<gexf><graph>\n{attributes}\n<nodes>{PAIR}</nodes>\n<edges>{edges}</edges></graph></gexf>"
    )


def links(*ends: tuple[Any, Any], **fields: Any) -> str:
    listed = [{"source": a, "target": b, **fields} for a, b in ends]
    return json.dumps({"nodes": [{"id": "a"}, {"id": "b"}], "links": listed})


KEY = '<key id="k" for="node" attr.name="k" attr.type="{}"/>'
DATA = '<node id="a"><data key="k">{}</data></node>'
# A node each that has an attribute of its own: 400 lines ask for a table of 160,000 cells.
MANY_KEYS = "".join(f'<key id="k{k}" for="node" attr.name="k{k}"/>\n' for k in range(400))
ONE_EACH = "".join(f'<node id="{k}"><data key="k{k}">x</data></node>\n' for k in range(400))
BY_DEFAULT = MANY_KEYS.replace("/>", "><default>x</default></key>")

HOSTILE: list[tuple[str, str, str, str]] = [
    # What, suffix, text, what the error says after the name of the file.
    ("entity", ".graphml", '<!DOCTYPE g [<!ENTITY a "b">]>\n<graphml/>', ", line 1: a DOCTYPE"),
    (
        "entity after a remark",
        ".graphml",
        "<?xml version='1.0'?>\n<!-- -->\n<!DOCTYPE g><graphml/>",
        ", line 3: a DOCTYPE",
    ),
    ("outer file", ".gexf", '<!DOCTYPE g SYSTEM "other.dtd"><gexf/>', ", line 1: a DOCTYPE"),
    ("deep elements", ".graphml", "<graphml>" + "<a>" * 150, ", line 1: elements are more than"),
    (
        "long tag",
        ".gexf",
        "<gexf>\n<graph " + "a" * 2_000_000,
        ", line 2: a tag or a remark of more than 1,048,576 bytes",
    ),
    ("deep graphs", ".graphml", "<graphml>" + "<graph><node id='a'>" * 150, ", line 1: elements"),
    (
        "many keys",
        ".graphml",
        graphml("", "".join(f'<key id="{k}" for="node"/>\n' for k in range(10_001))),
        ", line 10002: more than 10,000 keys",
    ),
    ("table of gaps", ".graphml", graphml(ONE_EACH, MANY_KEYS), ", line .*: attributes of nodes"),
    (
        "table of defaults",
        ".graphml",
        graphml("".join(f'<node id="{k}"/>\n' for k in range(400)), BY_DEFAULT),
        ", line .*: attributes of nodes",
    ),
    ("truncated XML", ".graphml", graphml(PAIR)[:-9], ", line 5: not whole XML"),
    ("no end", ".gexf", gexf("")[:-20], ", line 4: not whole XML"),
    ("not XML", ".graphml", "nodes: 3", " is not XML"),
    ("empty", ".graphml", "", " is not XML"),
    ("other XML", ".gexf", "<graphml/>", ", line 1: the root must be gexf"),
    ("encoding", ".gexf", '<?xml version="1" encoding="utf-7"?><gexf/>', ", line 1: the encoding"),
    ("hyperedge", ".graphml", graphml(f"{PAIR}<hyperedge/>"), ", line 4: a hyperedge joins"),
    ("two graphs", ".graphml", graphml("</graph><graph>"), ", line 4: a second graph"),
    (
        "dangling",
        ".graphml",
        graphml(PAIR + '\n<edge source="a" target="z"/>'),
        ", line 5: an edge from 'a' to 'z': there is no node 'z'",
    ),
    ("twice", ".graphml", graphml(PAIR + PAIR), ", line 4: node 'a' is declared twice"),
    ("no source", ".gexf", gexf('<edge target="a"/>'), ", line 4: an edge has no source"),
    ("no key", ".graphml", graphml(DATA.format("x")), ", line 4: key 'k' is not declared"),
    (
        "truth",
        ".graphml",
        graphml(DATA.format("maybe"), KEY.format("boolean")),
        ", line 4: 'k' must be a boolean, got 'maybe'",
    ),
    (
        "number",
        ".graphml",
        graphml(DATA.format("1,5"), KEY.format("double")),
        ", line 4: 'k' must be a double, got '1,5'",
    ),
    (
        "weight",
        ".gexf",
        gexf('<edge source="a" target="b" weight="heavy"/>'),
        r", line 4: the weight \(weight\) of an edge must be a number .* got 'heavy'",
    ),
    (
        "direction",
        ".gexf",
        gexf('<edge source="a" target="b" type="up"/>'),
        ", line 4: the type of edges must be one of",
    ),
    ("deep lists", ".gml", "graph [" + "a [" * 150, ", line 1: lists are more than 100 deep"),
    ("truncated GML", ".gml", "graph [\nnode [ id 1", ", line 2: the file ends inside"),
    ("quotes", ".gml", 'graph [\nnode [ id 1 label "a ] ]', ", line 2: quotes that are not closed"),
    ("digits", ".gml", f"graph [ node [ id {'1' * 5000} ] ]", ", line 1: a number of 5,000 digits"),
    (
        "dangling in GML",
        ".gml",
        "graph [ node [ id 1 ]\nedge [ source 1 target 2 ] ]",
        ", line 2: an edge from 1 to 2: there is no node 2",
    ),
    ("id of GML", ".gml", "graph [ node [ id 1 id 2 ] ]", ", line 1: a node has several ids"),
    ("no graph", ".gml", "Creator 1", r" holds no graph \[ ... \]"),
    ("claim", ".net", f"*Vertices {10**10}\n", ", line 1: 10,000,000,000 vertices are claimed"),
    ("vertex", ".net", "*Vertices 2\n*Edges\n1 3\n", ", line 3: there is no vertex 3"),
    ("no number", ".net", "*Vertices 2\n*Edges\n1 b\n", ", line 3: a number must come, got 'b'"),
    ("matrix", ".net", "*Vertices 2\n*Matrix\n0 1\n", r": \*Matrix must have 2 rows, got 1"),
    ("wide", ".net", "*Vertices 2\n*Matrix\n0 1 1\n", r", line 3: \*Matrix must have 2 rows of 2"),
    ("section", ".net", "*Vertices 2\n*Partition a\n", r", line 2: a section '\*Partition'"),
    ("minus", ".net", "*Vertices 2\n*Arcs\n1 2 -1\n", ", line 3: the weight .* got '-1'"),
    ("nothing", ".net", "1 2\n", r" has no line \*Vertices"),
    ("deep braces", ".dot", "graph {" + "{" * 150, ", line 1: braces are more than 100 deep"),
    ("deep brackets", ".dot", "graph { " + "<" * 150, ", line 1: brackets are more than 100"),
    ("arrow", ".dot", "graph {\na -> b }", ", line 2: edges of a graph are written --, got '->'"),
    ("truncated DOT", ".dot", "graph {\na -- b", ", line 2: the file ends inside of braces"),
    ("half an edge", ".dot", "graph { a -- }", ", line 1: an edge has no second end"),
    ("two of DOT", ".dot", "graph { a }\ngraph { b }", ", line 2: a file must hold one graph"),
    ("remark", ".dot", "graph { a } /* b", ", line 1: no DOT: '/"),
    ("deep JSON", ".json", '{"nodes": ' + "[" * 150, ", line 1: nested more than 100 deep"),
    ("truncated JSON", ".json", '{"nodes": [\n{"id": 1},', ", line 2: not whole JSON"),
    ("digits of JSON", ".json", f'{{"nodes": [{"1" * 5000}]}}', ": Exceeds the limit"),
    ("adjacency", ".json", '{"nodes": [], "adjacency": []}', " is adjacency JSON"),
    ("JSON Graph", ".json", '{"graph": {"nodes": {}}}', " is in the JSON Graph Format"),
    ("no links", ".json", '{"nodes": []}', ": must be an object with nodes, and with links"),
    ("text", ".json", '{"nodes": "a", "links": []}', ": nodes must be a list of objects, got text"),
    ("node", ".json", '{"nodes": ["a"], "links": []}', r": nodes\[0\] must be an object, got text"),
    ("id", ".json", '{"nodes": [{"id": [1]}], "links": []}', ", node 0: the id must be text"),
    ("link", ".json", links(("a", "c")), ", link 0: an edge from 'a' to 'c': there is no node 'c'"),
    ("text as weight", ".json", links(("a", "b"), weight="x"), r", link 0: the weight \(weight\)"),
    ("NaN", ".json", links(("a", "b"), weight=float("nan")), r", link 0: the weight \(weight\)"),
    ("no nodes", ".json", '{"nodes": [], "links": []}', " has no nodes"),
]


def refused(path: Path, says: str, **options: Any) -> None:
    """The reader raises, names the file, takes little memory, and leaves nothing."""
    suffixes = [suffix for suffix in path.suffixes if suffix in READERS]
    before = sorted(path.parent.iterdir())
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"^graph{suffixes[0]}([.]gz|[.]bz2|[.]xz)?{says}"):
            READERS[suffixes[0]](path, **options)
        assert tracemalloc.get_traced_memory()[1] < 16 * MEGABYTE
    finally:
        tracemalloc.stop()
    assert sorted(path.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("suffix", "text", "says"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE]
)
def test_refused(suffix: str, text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / f"graph{suffix}"
    path.write_text(text, encoding="utf-8")
    # Of a megabyte a table, or a product of subgraphs, may have 131,072 cells or edges.
    refused(path, says, max_bytes=4 * MEGABYTE if len(text) > MEGABYTE else MEGABYTE)


def test_products_of_subgraphs_are_counted_before_they_are_made(tmp_path: Path) -> None:
    path = tmp_path / "graph.dot"
    nodes = " ".join(map(str, range(400)))
    path.write_text(f"graph {{\nsubgraph s {{ {nodes} }}\nsubgraph s -- subgraph s }}")
    refused(path, ", line 3: edges and nodes of subgraphs are more than 131", max_bytes=MEGABYTE)


def test_entities_in_utf_16_are_found_too(tmp_path: Path) -> None:
    path = tmp_path / "graph.graphml"
    path.write_text('<!DOCTYPE g [<!ENTITY a "b">]><graphml/>', encoding="utf-16")
    refused(path, ", line 1: a DOCTYPE is refused")


@pytest.mark.parametrize("suffix", READERS)
def test_a_bomb_of_compression_is_left_at_the_limit(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"graph{suffix}.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(32):
            file.write(b" " * MEGABYTE)
    assert path.stat().st_size < MEGABYTE
    says = " is not XML" if suffix in (".graphml", ".gexf") else r" holds more than 1,048,576 bytes"
    refused(path, says, max_bytes=MEGABYTE)


@pytest.mark.parametrize("suffix", READERS)
def test_damaged_compression_and_bytes_that_are_no_text(suffix: str, tmp_path: Path) -> None:
    forms = {
        "gz": ("gzip", gzip.compress),
        "bz2": ("bzip2", bz2.compress),
        "xz": ("xz", lzma.compress),
    }
    for last, (form, compress) in forms.items():
        path = tmp_path / f"graph{suffix}.{last}"
        whole = compress(b"x" * 1000)
        for content in (whole[: len(whole) // 2], b"plain text"):
            path.write_bytes(content)
            refused(path, f" is not a whole {form} file")
        path.write_bytes(compress(b"\n\n\xff\xff\xff"))
        refused(path, ", line 3: not utf-8")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for suffix, reader in READERS.items():
        with pytest.raises(FileNotFoundError, match=f"no file .*graph{suffix}"):
            reader(tmp_path / f"graph{suffix}")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"label": "kind"}, r": no node has the attribute 'kind' \(label\); there are \['size'\]"),
        ({"weight": "cost"}, r": no edge has the attribute 'cost' \(weight\); there are \['value'"),
    ],
)
def test_an_attribute_that_is_nowhere(options: Any, says: str, tmp_path: Path) -> None:
    path = tmp_path / "graph.gml"
    path.write_text("graph [ node [ id 1 size 2 ] edge [ source 1 target 1 value 3 ] ]")
    refused(path, says, **options)
