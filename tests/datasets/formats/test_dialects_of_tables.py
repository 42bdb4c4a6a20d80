"""Tables of nodes and edges as DGL, Gephi, Neo4j, TF-GNN, OGB and RecBole write them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn.datasets.formats.dgl_csv import DGL_CSV
from gnn.datasets.formats.file_format import FileFormat
from gnn.datasets.formats.gephi import GEPHI
from gnn.datasets.formats.labeled_graphs import LabeledGraphs
from gnn.datasets.formats.neo4j import NEO4J
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.ogb import OGB
from gnn.datasets.formats.recbole import RECBOLE
from gnn.datasets.formats.sampling import sample_of
from gnn.datasets.formats.tfgnn import TF_GNN
from gnn.datasets.formats.to_graph import to_graph

DGL = {
    "meta.yaml": "dataset_name: mini\nedge_data:\n- file_name: edges.csv\n"
    "node_data:\n- file_name: nodes.csv\n",
    "edges.csv": "src_id,dst_id\n0,1\n1,2\n",
    "nodes.csv": "node_id,label,train_mask,val_mask,test_mask,feat\n"
    '0,1,True,False,False,"0.1,0.2"\n1,0,False,True,False,"0.3,0.4"\n2,1,False,False,True,"0.5,0.6"\n',
}
GEPHI_TABLES = {
    "edges.csv": "Source,Target,Type,Id,Label,timeset,Weight\n"
    "0,1,Undirected,0,,,1.0\n1,2,Directed,1,,,2.0\n",
    "nodes.csv": "Id,Label,timeset,modularity_class\n0,Myriel,,0\n1,Napoleon,,0\n2,Valjean,,1\n",
}
NEO = {
    "edges.csv": ":START_ID(Person),since:int,:END_ID(Person),:TYPE\n1,2001,2,KNOWS\n",
    "nodes.csv": "personId:ID(Person),name,age:int,:LABEL\n"
    "1,Ann,30,Person;Author\n2,Bob,40,Person\n",
}
ATOMIC = {
    "mini.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    "196\t242\t3\t881250949\n196\t302\t5\t881250950\n22\t242\t1\t878887116\n",
    "mini.item": "item_id:token\tmovie_title:token_seq\tclass:token_seq\n"
    '242\tToy Story\tAnimation Comedy\n302\tThe "Heat"\tCrime\n',
}
SCHEMA = """
# A schema in text.
node_sets { key: "fruits" value {
    metadata { filename: "fruits.csv" }
    features { key: "weight_g" value { dtype: DT_FLOAT } }
    features { key: "color" value { dtype: DT_STRING } }
} }
edge_sets { key: 'taste' 'like' value: <
    source: "fruits", target: "fruits";
    metadata { filename: "tastelike.csv" }
> }
"""
TASTES = {
    "schema.pbtxt": SCHEMA,
    "fruits.csv": "#id,weight_g,color\nlime,60,green\nlemon,90,\nyuzu,,gold\n",
    "tastelike.csv": "#source,#target,weight\nlime,lemon,0.25\nlemon,yuzu,0.5\n",
}
# Node 2 has no label; the edge from 1 to 2 stands twice, and 0 has a loop.
LARGE = {
    "raw/edge.csv.gz": "0,1\n1,2\n1,2\n0,0\n",
    "raw/num-node-list.csv.gz": "3\n",
    "raw/num-edge-list.csv.gz": "4\n",
    "raw/node-feat.csv.gz": "0.5,1\n-1,2\n0,3e-2\n",
    "raw/node-label.csv.gz": "4\n0\nnan\n",
    "split/time/train.csv.gz": "1\n",
    "split/time/valid.csv.gz": "0\n",
    "split/time/test.csv": "2\n",
}


def put(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = gzip.open if name.endswith(".gz") else open
        with opened(path, "wt", encoding="utf-8", newline="") as file:
            file.write(text)
    return folder


def edges_of(network: Network) -> list[tuple[Any, ...]]:
    weights = np.ones(len(network.senders)) if network.weights is None else network.weights
    triples = zip(network.senders, network.receivers, weights, strict=True)
    return [(network.ids[s], network.ids[r], float(weight)) for s, r, weight in triples]


def told(found: Network | LabeledGraphs) -> dict[str, int]:
    """What was left out or stands twice; whether edges are counted is not up to these formats."""
    return {what: count for what, count in found.counts.items() if what != "edges listed"}


def read(form: FileFormat, folder: Path, files: Mapping[str, str]) -> Network:
    network = form.read(put(folder, files))
    assert isinstance(network, Network)
    return network


FORMS = {
    "dgl-csv": (DGL_CSV, DGL),
    "gephi": (GEPHI, GEPHI_TABLES),
    "neo4j": (NEO4J, NEO),
    "ogb": (OGB, LARGE),
    "recbole": (RECBOLE, ATOMIC),
    "tf-gnn": (TF_GNN, TASTES),
}


@pytest.mark.parametrize("name", FORMS)
def test_each_folder_is_of_one_format(name: str, tmp_path: Path) -> None:
    sample = sample_of(put(tmp_path, FORMS[name][1]))
    claimed = [form.name for form, _ in FORMS.values() if form.claims(sample)]
    assert claimed == [name]


@pytest.mark.parametrize(
    "files",
    [
        {"nodes.csv": "id,label\na,x\n", "edges.csv": "source,target\na,a\n"},
        {"nodes.csv": "", "edges.csv": ""},
        {"meta.yaml": "a: 1\n", "x.pbtxt": "node", "raw/edge.csv": ""},
        {"meta.yaml/x": ""},
        {"data.csv": "\xff\xfe", "b.csv.gz": "Source,Target"},
        {},
    ],
)
def test_other_folders_are_none_of_them(files: dict[str, str], tmp_path: Path) -> None:
    put(tmp_path, files)
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00:ID")
    sample = sample_of(tmp_path)
    assert not [form.name for form, _ in FORMS.values() if form.claims(sample)]


def test_dgl_csv_has_masks_vectors_and_directed_edges(tmp_path: Path) -> None:
    network = read(DGL_CSV, tmp_path, DGL)
    assert network.directed and edges_of(network) == [("0", "1", 1), ("1", "2", 1)]
    np.testing.assert_allclose(
        network.features["feat"], [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], rtol=1e-6
    )
    assert (network.label, network.columns) == ("label", {"label": [1, 0, 1]})
    splits = {name: nodes.tolist() for name, nodes in network.splits.items()}
    assert splits == {"train": [0], "validation": [1], "test": [2]}
    assert edges_of(DGL_CSV.read(tmp_path / "meta.yaml")) == edges_of(network)
    assert DGL_CSV.claims(sample_of(tmp_path / "meta.yaml"))


def test_dgl_csv_names_its_columns_and_its_separator(tmp_path: Path) -> None:
    files = {
        "meta.yaml": "separator: ';'\nnode_data:\n- {file_name: n.csv, node_id_field: name}\n"
        "edge_data:\n- {file_name: e.csv, src_id_field: a, dst_id_field: b, etype: [x, y, x]}\n",
        "n.csv": "name;graph_id;height\nx;0;1\ny;0;2.5\nx;0;3\n",
        "e.csv": "a;b;weight;feat\nx;y;0.5;1\ny;z;1;1\nx;y;;2\ny;y;2;0\n",
    }
    network = read(DGL_CSV, tmp_path, files)
    assert edges_of(network) == [("x", "y", 0.5), ("x", "y", 1), ("y", "y", 2)]
    assert network.columns == {"height": [1.0, 2.5]}
    assert told(network) == {
        "repeated nodes left out": 1,
        "edges of unknown nodes left out": 1,
        "repeats": 1,
        "loops": 1,
    }
    assert "attributes of edges left out: feat" in network.about


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ("edge_data: [\n", "meta.yaml, line 2"),
        ("- edge_data:\n", "meta.yaml must hold a mapping, got list"),
        ("edge_data: x\n", "node_data must be a list of mappings, got None"),
        ("a: &x [1]\nb: *x\nedge_data:\n", "must not have aliases"),
        (DGL["meta.yaml"] + "graph_data: g.csv\n", "graph_data must be a mapping, got 'g.csv'"),
        (
            DGL["meta.yaml"] + "- {file_name: more.csv, ntype: shop}\n",
            r"dgl-csv with node_data of several types, \['nodes.csv', 'shop'\]",
        ),
        (
            "edge_data: [{file_name: ../e.csv}]\nnode_data: [{file_name: nodes.csv}]\n",
            "file_name must be a file beside it, got '../e.csv'",
        ),
        (
            "edge_data: [{file_name: edges.csv, src_id_field: u}]\nnode_data: "
            "[{file_name: nodes.csv}]\n",
            "edges.csv has no column 'u'",
        ),
        (
            "edge_data: [{file_name: edges.csv}]\n"
            "node_data: [{file_name: nodes.csv, graph_id_field: label}]\n",
            "nodes.csv has 2 graphs, and graph_data names no table of them",
        ),
    ],
)
def test_dgl_csv_that_is_refused(meta: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(DGL_CSV, tmp_path, {**DGL, "meta.yaml": meta})


MANY = {
    "meta.yaml": DGL["meta.yaml"] + "graph_data: {file_name: graphs.csv}\n",
    "graphs.csv": 'graph_id,feat,label\n1,"0,1",mutagen\n0,"1,1",none\n',
    "nodes.csv": 'graph_id,node_id,feat\n0,0,"1,2"\n0,1,"3,4"\n1,0,"5,6"\n',
    "edges.csv": "graph_id,src_id,dst_id\n0,0,1\n0,1,0\n1,0,0\n",
}


def test_dgl_csv_of_many_graphs(tmp_path: Path) -> None:
    found = DGL_CSV.read(put(tmp_path, MANY))
    assert isinstance(found, LabeledGraphs)
    assert [graph.num_nodes for graph in found.graphs] == [1, 2]
    assert [graph.senders.tolist() for graph in found.graphs] == [[0], [0, 1]]
    assert found.graphs[1].features["feat"].tolist() == [[1, 2], [3, 4]]
    assert found.labels is not None
    assert (found.labels.tolist(), found.class_names) == ([0, 1], ("mutagen", "none"))
    assert told(found) == {"loops": 1, "pairs in both directions": 1}
    assert "features of graphs left out: feat" in found.about
    targets = {**MANY, "graphs.csv": "graph_id,label\n0,0.5\n1,2\n"}
    found = DGL_CSV.read(put(tmp_path, targets))
    assert (found.labels.tolist(), found.class_names) == ([0.5, 2], None)
    for graphs, message in (
        ("graph_id,label\n0,a\n", r"nodes.csv, line 4: graph_id '1' is in no table of graphs"),
        ("graph_id,label\n0,a\n0,a\n", "graph_id must name each graph once, got .'0', '0'."),
        ("graph_id,label\n0,a\n1,\n", "graphs.csv, line 3: each graph must have a label"),
    ):
        put(tmp_path, {"graphs.csv": graphs})
        with pytest.raises(ValueError, match=message):
            DGL_CSV.read(tmp_path)


def test_gephi_says_the_direction_of_each_edge_and_the_name_to_show(tmp_path: Path) -> None:
    network = read(GEPHI, tmp_path, GEPHI_TABLES)
    assert network.directed and network.label is None
    assert sorted(edges_of(network)) == [("0", "1", 1), ("1", "0", 1), ("1", "2", 2)]
    assert network.names == ["Myriel", "Napoleon", "Valjean"]
    assert network.columns == {"modularity_class": [0, 0, 1]}
    assert told(network) == {
        "undirected edges among directed ones, in both directions": 1,
        "pairs in both directions": 1,
    }


def test_gephi_undirected_pairs_are_one_in_either_order(tmp_path: Path) -> None:
    files = {
        "links.tsv": "Source\tTarget\tType\tweight\nb\ta\tUndirected\t1\na\tb\tUndirected\t2\n"
        "a\tc\tundirected\t\na\ta\tUndirected\t4\n",
        "people.tsv": "Id\tLabel\nb\tBo\na\t\n",
    }
    network = read(GEPHI, tmp_path, files)
    graph = to_graph(network)
    assert not network.directed and network.names == ["Bo", "a", "c"]
    assert told(network) == {
        "nodes of edges alone": 1,
        "repeats": 1,
        "loops": 1,
    }
    ids = graph.ids
    assert sorted(zip(ids[graph.senders], ids[graph.receivers], graph.weights, strict=True)) == [
        ("a", "a", 4),
        ("a", "b", 3),
        ("a", "c", 1),
        ("b", "a", 3),
        ("c", "a", 1),
    ]


def test_gephi_edges_alone(tmp_path: Path) -> None:
    path = put(tmp_path, {"e.csv": 'Source;Target;Type\n"x;y";b;Directed\nb;c;\n'}) / "e.csv"
    assert GEPHI.claims(sample_of(path))
    network = GEPHI.read(path)
    assert edges_of(network) == [("x;y", "b", 1), ("b", "c", 1)]
    assert (network.directed, network.names, network.columns) == (True, None, {})
    put(tmp_path, {"e.csv": "Source,Target,Type\na,b,Sideways\n"})
    with pytest.raises(ValueError, match=r"e.csv, line 2: Type must be Directed or Undirected"):
        GEPHI.read(path)
    put(tmp_path, {"e.csv": "Source,Target,Type,Weight\na,b,,-1\n"})
    with pytest.raises(ValueError, match="e.csv, line 2: Weight must not be negative, got -1"):
        GEPHI.read(path)


def test_neo4j_types_its_headers(tmp_path: Path) -> None:
    network = read(NEO4J, tmp_path, NEO)
    assert network.directed and edges_of(network) == [("1", "2", 1)]
    assert network.columns == {
        "name": ["Ann", "Bob"],
        "age": [30, 40],
        ":LABEL": ["Person;Author", "Person"],
    }
    assert "properties of relationships left out: since, :TYPE" in network.about


def test_neo4j_spaces_arrays_and_headers_in_files_of_their_own(tmp_path: Path) -> None:
    files = {
        "movies-header.csv": "movieId:ID(Movie){id-type: long},scores:float[],seen:boolean,"
        "x:IGNORE\n",
        "movies-part1.csv": "1,0.5;1,true,a\n",
        "movies-part2.csv": "2,2;3,,b\n",
        "actors.csv": 'personId:ID(Person),name,tags:string[]\n1,"Ann, A.",a;b\n',
        "roles.csv": ":START_ID(Person),:END_ID(Movie),weight:double,:TYPE\n1,2,0.5,IN\n1,3,1,IN\n",
        "likes.csv": ":START_ID(Person),:END_ID(Person)\n1,1\n",
        "readme.txt": "nothing of it\n",
    }
    network = read(NEO4J, tmp_path, files)
    assert list(network.ids) == ["Person:1", "Movie:1", "Movie:2"]
    assert sorted(edges_of(network)) == [("Person:1", "Movie:2", 0.5), ("Person:1", "Person:1", 1)]
    assert network.columns == {
        "name": ["Ann, A.", None, None],
        "tags": ["a;b", None, None],
        "scores": [None, [0.5, 1.0], [2.0, 3.0]],
        "seen": [None, True, None],
    }
    assert told(network) == {"edges of unknown nodes left out": 1, "loops": 1}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"nodes.csv": "a:ID,age:int\n1,old\n"}, "nodes.csv, line 2: age:int must be a finite"),
        ({"nodes.csv": "a:ID,v:int[]\n1,1;x\n"}, "nodes.csv, line 2: v must be numbers separated"),
        ({"nodes.csv": "a:ID\n1\n,\n"}, r"nodes.csv: 1 malformed row: line 3 \(2 fields, not 1\)"),
        (
            {"nodes.csv": "a:ID\n1\n", "shops.csv": "b:ID\n2\n1\n"},
            "shops.csv, line 3: the id '1' is one of nodes.csv, too; spaces of ids, as in",
        ),
        ({"nodes.csv": "a:ID,b\n,1\n"}, "nodes.csv, line 2: :ID must not be empty"),
        ({"nodes.csv": 'a:ID,b\n1,"x\n'}, r"nodes.csv: .*line 2 "),
    ],
)
def test_neo4j_names_the_line(files: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(NEO4J, tmp_path, {"edges.csv": ":START_ID,:END_ID\n1,1\n", **files})


def test_recbole_keeps_users_and_items_apart(tmp_path: Path) -> None:
    network = read(RECBOLE, tmp_path, ATOMIC)
    assert list(network.ids) == ["u196", "u22", "i242", "i302"] and not network.directed
    assert edges_of(network) == [("u196", "i242", 3), ("u196", "i302", 5), ("u22", "i242", 1)]
    assert network.columns == {
        "movie_title": [None, None, "Toy Story", 'The "Heat"'],
        "class": [None, None, "Animation Comedy", "Crime"],
    }
    assert to_graph(network).num_edges == 6
    assert "fields of interactions left out: timestamp" in network.about


def test_recbole_users_negative_ratings_and_sequences(tmp_path: Path) -> None:
    files = {
        "a.inter": "item_id:token\tuser_id:token\trating:float\n7\t7\t-2.5\n7\t7\t1\n\t8\t1\n",
        "a.user": "user_id:token\tage:float\tv:float_seq\n7\t30\t1 2\n8\t\t\n",
        "a.item": "item_id:token\tage:float\n7\t1.5\n",
        "a.net": "source_id:token\ttarget_id:token\n7\t8\n",
    }
    network = read(RECBOLE, tmp_path, files)
    assert list(network.ids) == ["u7", "u8", "i7"]
    assert edges_of(network) == [("u7", "i7", 1), ("u7", "i7", 1)]
    assert network.columns == {
        "user_age": [30, None, None],
        "v": [[1.0, 2.0], None, None],
        "item_age": [None, None, 1.5],
    }
    assert told(network) == {
        "users": 2,
        "items": 1,
        "negative ratings": 1,
        "interactions without a user or an item left out": 1,
        "repeats": 1,
    }
    assert "not read: .net" in network.about


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user_id\titem_id:token\n", "a.inter, line 1: a field must be NAME:TYPE"),
        ("item_id:token\n1\n", "a.inter has no field 'user_id:token' or 'session_id:token'"),
        (
            "user_id:token\titem_id:token\trating:float\n1\t2\tx\n",
            "a.inter, line 2: rating:float must be a finite number, got 'x'",
        ),
        ("user_id:token\titem_id:token\n1\n", "1 field, not 2"),
    ],
)
def test_recbole_that_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(RECBOLE, tmp_path, {"a.inter": text})


def test_tfgnn_reads_its_schema(tmp_path: Path) -> None:
    network = read(TF_GNN, tmp_path, TASTES)
    assert network.directed
    assert edges_of(network) == [("lime", "lemon", 0.25), ("lemon", "yuzu", 0.5)]
    assert network.columns == {"weight_g": [60, 90, None], "color": ["green", None, "gold"]}
    assert TF_GNN.claims(sample_of(tmp_path / "schema.pbtxt"))
    assert edges_of(TF_GNN.read(tmp_path / "schema.pbtxt")) == edges_of(network)


def test_tfgnn_vectors_reversed_edges_and_names_without_a_mark(tmp_path: Path) -> None:
    files = {
        "graph.pbtxt": SCHEMA.replace("DT_STRING", "DT_FLOAT shape { dim { size: 2 } }").replace(
            'filename: "tastelike.csv"',
            'filename: "tastelike.csv" extra { key: "edge_type" value: "reversed" }',
        ),
        "fruits.csv": 'id,color,weight_g,label\na,"1,2",3,x\nb,"0.5,0",4,y\n',
        "tastelike.csv": "source,target,since\na,b,1\na,a,2\na,b,2\n",
    }
    network = read(TF_GNN, tmp_path, files)
    assert edges_of(network) == [("b", "a", 1), ("a", "a", 1), ("b", "a", 1)]
    assert network.features["color"].tolist() == [[1, 2], [0.5, 0]]
    assert network.columns == {"weight_g": [3, 4]}
    assert told(network) == {"repeats": 1, "loops": 1}
    assert "features of edges left out: since" in network.about


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (SCHEMA + SCHEMA, "tf-gnn of 2 node_sets .'fruits', 'fruits'.; one graph of one type"),
        (
            SCHEMA.replace("fruits.csv", "fruits.tfrecord"),
            "must be a table in CSV, got 'fruits.tfr",
        ),
        (SCHEMA.replace("fruits.csv", "/etc/x.csv"), "filename must be a file beside it"),
        (SCHEMA.replace("color", "taste"), "fruits.csv has no column 'taste', which schema.pbtxt"),
        (SCHEMA + "}", "schema.pbtxt, line 12: '}' closes nothing"),
        (SCHEMA + "x {", "schema.pbtxt ends too early"),
        (SCHEMA + "x: $", "schema.pbtxt, line 12: '.' is no text of a protocol buffer"),
        (SCHEMA + "x {" * 60, "nested more than 50 deep"),
        (SCHEMA + '"x"', "schema.pbtxt, line 12: 'x' without the name of a field"),
    ],
)
def test_tfgnn_that_is_refused(schema: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(TF_GNN, tmp_path, {**TASTES, "schema.pbtxt": schema})


def test_ogb_reads_numbers_splits_and_missing_labels(tmp_path: Path) -> None:
    network = read(OGB, tmp_path, LARGE)
    assert network.directed
    assert edges_of(network) == [(0, 1, 1), (1, 2, 1), (1, 2, 1), (0, 0, 1)]
    assert network.features["features"].tolist() == [[0.5, 1], [-1, 2], [0, np.float32(3e-2)]]
    assert network.labels.tolist() == [4, 0, -1]
    splits = {name: nodes.tolist() for name, nodes in network.splits.items()}
    assert splits == {"train": [1], "validation": [0], "test": [2]}
    assert told(network) == {"repeats": 1, "loops": 1}
    graph = to_graph(network)
    assert (graph.num_nodes, graph.num_edges) == (3, 3)
    assert OGB.claims(sample_of(tmp_path / "raw"))
    assert OGB.read(tmp_path / "raw").labels.tolist() == [4, 0, -1]


def test_ogb_that_claims_what_nothing_shows(tmp_path: Path) -> None:
    files = {name: text for name, text in LARGE.items() if "node-" not in name or "num" in name}
    assert read(OGB, tmp_path, files).labels is None
    with pytest.raises(ValueError, match="claims 10,000,000,000 nodes for 4 edges"):
        read(OGB, tmp_path, {**files, "raw/num-node-list.csv.gz": "10000000000\n"})
    (tmp_path / "raw/edge.csv.gz").write_bytes(b"\x1f\x8b\x08\x00")
    with pytest.raises(ValueError, match="edge.csv.gz is not a whole gzip file"):
        OGB.read(tmp_path)


def test_ogb_adds_reverses_where_ogb_does(tmp_path: Path) -> None:
    files = {**LARGE, "raw/node-label.csv.gz": "0,1\n1,nan\n0,0\n"}
    network = read(OGB, tmp_path / "ogbn_proteins", files)
    assert not network.directed and network.labels.tolist() == [[0, 1], [1, -1], [0, 0]]
    graph = to_graph(dict_without_labels(network))
    assert sorted(zip(graph.senders, graph.receivers, graph.weights, strict=True)) == [
        (0, 0, 1),
        (0, 1, 1),
        (1, 0, 1),
        (1, 2, 2),
        (2, 1, 2),
    ]


def dict_without_labels(network: Network) -> Network:
    return Network(network.ids, network.senders, network.receivers, directed=network.directed)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"raw/num-node-list.csv.gz": "1\n2\n"}, "is an ogb of 2 graphs; one graph is read"),
        ({"raw/edge.csv.gz": "0,1\n"}, "edge.csv.gz must have 4 rows, as OGB's lists say, got 1"),
        ({"raw/num-node-list.csv.gz": "2\n"}, "edge.csv.gz, line 2: nodes must be from 0 to 1"),
        ({"raw/node-feat.csv.gz": "1\n2\n"}, "node-feat.csv.gz must have 3 rows"),
        ({"raw/node-feat.csv.gz": "1\nx\n3\n"}, "node-feat.csv.gz: could not convert string 'x'"),
        ({"raw/node-label.csv.gz": "-2\n0\n1\n"}, "classes must not be negative, got -2"),
        (
            {"raw/num-node-list.csv.gz": "10000000000\n"},
            "node-feat.csv.gz must have 10,000,000,000",
        ),
    ],
)
def test_ogb_that_is_refused(files: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(OGB, tmp_path, {**LARGE, **files})
