#!/usr/bin/env bash
# Finding: GraphML that NetworkX writes of a graph whose weights are partly whole numbers has two keys of
# one name, and igraph refuses the file.
#
# NetworkX 3.6.1, igraph 1.0.0, Python 3.11.
#
# A weight of 1 beside one of 2.5 is nothing unusual in Python. `write_graphml` makes a key for each type:
#
#     <key id="d1" for="edge" attr.name="weight" attr.type="double" />
#     <key id="d0" for="edge" attr.name="weight" attr.type="long" />
#
# NetworkX reads it back right. `igraph.Graph.Read_GraphML` raises: "Duplicate attribute name found:
# 'weight'". Readers that go by the first key of a name find half of the weights.
#
# What one would expect: one key of the wider type, since the standard of GraphML knows int and double.
# Workaround: make all weights floats before writing, or `write_graphml(..., infer_numeric_types=True)`.
#
# The script exits with 1 where the behavior has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet networkx==3.6.1 igraph==1.0.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import igraph
import networkx as nx

graph = nx.Graph()
graph.add_edge("a", "b", weight=1)
graph.add_edge("b", "c", weight=2.5)


def written(**options):
    nx.write_graphml(graph, "mixed.graphml", **options)
    with open("mixed.graphml") as file:
        keys = sum('attr.name="weight"' in line for line in file)
    again = nx.read_graphml("mixed.graphml")
    weights = [again.edges["a", "b"]["weight"], again.edges["b", "c"]["weight"]]
    try:
        by_igraph = igraph.Graph.Read_GraphML("mixed.graphml").es["weight"]
    except igraph.InternalError as error:
        by_igraph = "Duplicate attribute name" in str(error)
    return keys, weights, by_igraph


plain, inferred = written(), written(infer_numeric_types=True)
print("keys, NetworkX' weights, igraph's (True: refused as duplicate)")
print("as it is:                 ", *plain)
print("infer_numeric_types=True: ", *inferred)
if plain != (2, [1, 2.5], True) or inferred != (1, [1.0, 2.5], [1.0, 2.5]):
    sys.exit("the behavior has changed")
PYTHON
