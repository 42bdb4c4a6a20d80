"""The work of `benchmarks/engine.py` in PyTorch Geometric, in an environment of its own.

    python -m venv pyg && pyg/bin/pip install torch==2.13.0 torch_geometric numpy
    pyg/bin/python benchmarks/engine_pyg.py --what cora_edges --data cora.npz

`cora.npz` is what `benchmarks/export_cora_npz.py` writes. `_edges` is PyG's `edge_index` path, with
the normalization cached; `_csr` gives it the normalized adjacency as a CSR tensor.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch_geometric.nn import GCNConv
from torch_geometric.nn.conv.gcn_conv import gcn_norm

NODES, EDGES, FEATURES, CLASSES = 169_343, 2_330_000, 128, 40
LOAD = os.getloadavg()[0]


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


def medians(work: Callable[[], Any], repetitions: int, warm_up: int) -> float:
    """Milliseconds of one call, the median."""
    for _ in range(warm_up):
        work()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


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
    return {"fit_ms": medians(step, 200, 20)}


def arxiv(csr: bool) -> dict[str, float]:
    """An epoch of three convolutions of 256 units on the graph of `engine.arxiv_size`."""
    rng = np.random.default_rng(0)
    ends = rng.integers(0, NODES, (2, EDGES), np.int32)
    x = torch.tensor(rng.standard_normal((NODES, FEATURES), np.float32))
    y = torch.tensor(rng.integers(0, CLASSES, NODES))
    train = torch.tensor(rng.permutation(NODES)[:90_941])
    edges = torch.tensor(ends, dtype=torch.int64)
    given = as_csr(edges, NODES) if csr else edges
    step = steps(x, given, y, train, [FEATURES, 256, 256, CLASSES], not csr)
    return {"fit_ms": medians(step, 3 if not csr else 5, 1)}


def propagation() -> dict[str, float]:
    """torch's CSR product and its gradient, 2.5 million edges by 128 columns."""
    rng = np.random.default_rng(0)
    senders = rng.integers(0, NODES, 2_500_000, np.int32)
    receivers = np.sort(rng.integers(0, NODES, 2_500_000, np.int32))
    weights = torch.tensor(rng.random(2_500_000, np.float32))
    values = torch.tensor(rng.standard_normal((NODES, 128), np.float32), requires_grad=True)
    upstream = torch.tensor(rng.standard_normal((NODES, 128), np.float32))
    ends = torch.tensor(np.stack([receivers, senders]), dtype=torch.int64)
    matrix = torch.sparse_coo_tensor(ends, weights, (NODES, NODES)).to_sparse_csr()

    def forward() -> Any:
        with torch.no_grad():
            return matrix @ values

    def both() -> Any:
        values.grad = None
        (matrix @ values).backward(upstream)
        return values.grad

    return {"forward_ms": medians(forward, 7, 2), "forward_backward_ms": medians(both, 7, 2)}


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
    line = {
        "who": f"PyG, {path}" if path else "torch",
        "what": what,
        **{name: round(value, 3) for name, value in figures.items()},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "load_before": LOAD,
        "date": time.strftime("%Y-%m-%d"),
    }
    print(json.dumps(line))
    if given.append:
        with open(given.append, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
