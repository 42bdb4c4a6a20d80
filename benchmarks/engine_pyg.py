"""The work of `benchmarks/engine.py` in PyTorch Geometric, in an environment of its own.

    python -m venv pyg && pyg/bin/pip install torch==2.13.0 torch_geometric numpy
    pyg/bin/python benchmarks/engine_pyg.py --what cora_edges --data cora.npz

`cora.npz` is what `benchmarks/export_cora_npz.py` writes. `_edges` is PyG's `edge_index` path, with
the normalization cached; `_csr` gives it the normalized adjacency as a CSR tensor.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from engine import (
    ARXIV_CLASSES,
    ARXIV_NODES,
    arxiv_size,
    medians,
    propagation_size,
    record,
    timed,
)
from torch.nn import functional
from torch_geometric.nn import GCNConv
from torch_geometric.nn.conv.gcn_conv import gcn_norm


class Network(torch.nn.Module):
    """Graph convolutions with dropout before each."""

    def __init__(self, widths: list[int], cached: bool):
        super().__init__()
        pairs = zip(widths[:-1], widths[1:], strict=True)
        normalize = cached
        self.layers = torch.nn.ModuleList(
            GCNConv(*pair, cached=cached, normalize=normalize) for pair in pairs
        )

    def forward(self, x: Any, edges: Any) -> Any:
        for depth, layer in enumerate(self.layers):
            x = layer(functional.dropout(x, 0.5, self.training), edges)
            x = functional.relu(x) if depth < len(self.layers) - 1 else x
        return x


def steps(x: Any, edges: Any, y: Any, train: Any, widths: list[int], cached: bool) -> Callable:
    """A function that does one training step."""
    torch.manual_seed(0)
    network = Network(widths, cached)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)

    def step() -> float:
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(x, edges)[train], y[train])
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def as_csr(edges: Any, num_nodes: int) -> Any:
    """The normalized adjacency with self loops, receivers as rows."""
    index, weight = gcn_norm(edges, None, num_nodes)
    return torch.sparse_coo_tensor(
        torch.stack([index[1], index[0]]), weight, (num_nodes, num_nodes)
    ).to_sparse_csr()


def cora(data: str, csr: bool) -> dict[str, float]:
    """An epoch of Kipf and Welling's network on Cora."""
    with np.load(data) as file:
        x = torch.tensor(file["words"], dtype=torch.float32)
        y = torch.tensor(file["labels"], dtype=torch.int64)
        ends = np.stack([file["senders"], file["receivers"]])
    edges = torch.tensor(ends, dtype=torch.int64)
    train = torch.arange(140)
    given = as_csr(edges, len(x)) if csr else edges
    step = steps(x, given, y, train, [x.shape[1], 16, 7], not csr)
    return timed("fit", step, 40, 20)


def arxiv(csr: bool) -> dict[str, float]:
    """An epoch of three convolutions of 256 units on the graph of `engine.arxiv_size`."""
    arrays = arxiv_size()
    x, y = torch.tensor(arrays["features"]), torch.tensor(arrays["labels"])
    ends = np.stack([arrays["senders"], arrays["receivers"]])
    edges = torch.tensor(ends, dtype=torch.int64)
    given = as_csr(edges, ARXIV_NODES) if csr else edges
    train = torch.tensor(arrays["train"])
    step = steps(x, given, y, train, [x.shape[1], 256, 256, ARXIV_CLASSES], not csr)
    return timed("fit", step, 3 if not csr else 5, 1)


def propagation() -> dict[str, float]:
    """torch's CSR product and its gradient, 2.5 million edges by 128 columns."""
    arrays = propagation_size()
    values = torch.tensor(arrays["values"], requires_grad=True)
    upstream = torch.tensor(arrays["upstream"])
    ends = torch.tensor(np.stack([arrays["receivers"], arrays["senders"]]), dtype=torch.int64)
    matrix = torch.sparse_coo_tensor(
        ends, torch.tensor(arrays["weights"]), (ARXIV_NODES, ARXIV_NODES)
    ).to_sparse_csr()

    def forward() -> Any:
        with torch.no_grad():
            return matrix @ values

    def both() -> Any:
        values.grad = None
        (matrix @ values).backward(upstream)
        return values.grad

    return {"forward_ms": medians(forward, 7), "forward_backward_ms": medians(both, 7)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = ["cora_edges", "cora_csr", "arxiv_edges", "arxiv_csr", "propagation"]
    parser.add_argument("--what", choices=names, required=True)
    parser.add_argument("--data", metavar="FILE")
    parser.add_argument("--append", metavar="FILE")
    given = parser.parse_args()
    what, _, path = given.what.partition("_")
    if what == "cora":
        figures = cora(given.data, path == "csr")
    elif what == "arxiv":
        figures = arxiv(path == "csr")
    else:
        figures = propagation()
    record(f"PyG, {path}" if path else "torch", what, figures, given.append)
