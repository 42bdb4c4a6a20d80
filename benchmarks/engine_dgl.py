"""The epoch on a large graph of `benchmarks/engine.py` in DGL, in an environment of its own.

    python3.11 -m venv dgl && dgl/bin/pip install torch==2.2.* dgl==1.1.3 "numpy<2" packaging
    dgl/bin/python benchmarks/engine_dgl.py --append benchmarks/results/engine.jsonl

The loops are added beforehand, and the degrees counted anew in each layer, as `GraphConv` does.
"""

from __future__ import annotations

import argparse
from typing import Any

import dgl
import torch
from dgl.nn import GraphConv
from engine import ARXIV_CLASSES, ARXIV_NODES, arxiv_size, record, timed
from torch.nn import functional


class Network(torch.nn.Module):
    """Graph convolutions with dropout before each."""

    def __init__(self, widths: list[int]):
        super().__init__()
        pairs = zip(widths[:-1], widths[1:], strict=True)
        self.layers = torch.nn.ModuleList(GraphConv(*pair) for pair in pairs)

    def forward(self, graph: Any, x: Any) -> Any:
        for depth, layer in enumerate(self.layers):
            x = layer(graph, functional.dropout(x, 0.5, self.training))
            x = functional.relu(x) if depth < len(self.layers) - 1 else x
        return x


def arxiv() -> dict[str, float]:
    """An epoch of three convolutions of 256 units on the graph of `engine.arxiv_size`."""
    arrays = arxiv_size()
    ends = torch.tensor(arrays["senders"]), torch.tensor(arrays["receivers"])
    graph = dgl.add_self_loop(dgl.graph(ends, num_nodes=ARXIV_NODES))
    x, y = torch.tensor(arrays["features"]), torch.tensor(arrays["labels"])
    train = torch.tensor(arrays["train"])
    torch.manual_seed(0)
    network = Network([x.shape[1], 256, 256, ARXIV_CLASSES])
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)

    def step() -> float:
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(graph, x)[train], y[train])
        loss.backward()
        optimizer.step()
        return loss.item()

    return timed("fit", step, 5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--append", metavar="FILE")
    record("DGL", "arxiv", arxiv(), parser.parse_args().append)
