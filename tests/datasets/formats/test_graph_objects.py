"""Graphs of PyTorch Geometric and DGL, by classes that have their names and attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gnn
from gnn.datasets.formats.graph_objects import read_object


class Tensor:
    """Has of a tensor of PyTorch what is asked of it, in the order in which it can be asked."""

    def __init__(self, values: Any, where: str = "attached") -> None:
        self.values, self.where = np.asarray(values), where

    def detach(self) -> Tensor:
        return Tensor(self.values, "detached")

    def cpu(self) -> Tensor:
        assert self.where == "detached"
        return Tensor(self.values, "cpu")

    def numpy(self) -> np.ndarray:
        assert self.where == "cpu", "as PyTorch refuses what has a gradient or lies on a GPU"
        return self.values


def of_kind(module: str, name: str, **attributes: Any) -> Any:
    return type(name, (), {"__module__": module, **attributes})()


def pyg(undirected: bool = False, **attributes: Any) -> Any:
    given = {"edge_index": Tensor([[0, 1, 0], [1, 0, 2]]), "num_nodes": 3, **attributes}
    return of_kind(
        "torch_geometric.data.data", "Data", is_undirected=lambda self: undirected, **given
    )


def test_pyg_data() -> None:
    network = read_object(
        pyg(
            x=Tensor([[1.0, 2], [3, 4], [5, 6]]),
            y=Tensor([[0], [1], [1]]),
            edge_weight=Tensor([0.5, 0.5, 2]),
            train_mask=Tensor([True, False, False]),
            val_mask=Tensor([False, True, False]),
            test_mask=Tensor([[False, True], [False, True], [True, False]]),
        )
    )
    assert network is not None and network.directed and list(network.ids) == [0, 1, 2]
    assert (network.senders.tolist(), network.receivers.tolist()) == ([0, 1, 0], [1, 0, 2])
    assert network.weights is not None and network.weights.tolist() == [0.5, 0.5, 2]
    assert network.features["x"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert np.asarray(network.labels).tolist() == [0, 1, 1]
    splits = {name: nodes.tolist() for name, nodes in network.splits.items()}
    assert splits == {"train": [0], "validation": [1], "test": [2]}
    assert "of several splits the first" in network.about
    graph = gnn.Graph.from_edges(
        network.senders,
        network.receivers,
        network.features,
        weights=network.weights,
        labels=network.labels,
        splits=network.splits,
    )
    assert graph.num_edges == 3


def test_pyg_data_of_little() -> None:
    network = read_object(pyg(undirected=True, y=Tensor([1]), edge_attr=Tensor(np.ones((3, 4)))))
    assert network is not None and not network.directed and len(network.ids) == 3
    assert (network.weights, network.labels, dict(network.features)) == (None, None, {})
    assert "left out: edge_attr, y, which is not of nodes" in network.about
    assert network.counts["pairs in both directions"] == 1


@pytest.mark.parametrize(
    ("values", "weights"), [([[0.5], [1], [2]], [0.5, 1, 2]), ([[1], [2], [1]], None)]
)
def test_pyg_edge_attr_of_one_column_is_a_weight_if_it_is_real(
    values: list[Any], weights: list[float] | None
) -> None:
    network = read_object(pyg(edge_attr=Tensor(values)))
    assert network is not None
    assert (None if network.weights is None else network.weights.tolist()) == weights


def dgl(**attributes: Any) -> Any:
    given = {
        "ntypes": ["_N"],
        "etypes": ["_E"],
        "edges": lambda self: (Tensor([0, 2]), Tensor([1, 1])),
        "num_nodes": lambda self: 4,
        "ndata": {},
        "edata": {},
        **attributes,
    }
    return of_kind("dgl.heterograph", "DGLGraph", **given)


def test_dgl_graph() -> None:
    network = read_object(
        dgl(
            ndata={
                "feat": Tensor(np.eye(4)),
                "year": Tensor([1, 2, 3, 4]),
                "label": Tensor([0, 1, 0, 1]),
                "train_mask": Tensor(np.array([1, 0, 0, 1], np.uint8)),
                "_ID": Tensor([9, 8, 7, 6]),
            },
            edata={"w": Tensor([0.5, 4]), "kind": Tensor([0, 1]), "_ID": Tensor([0, 1])},
        )
    )
    assert network is not None and network.directed and list(network.ids) == [0, 1, 2, 3]
    assert (network.senders.tolist(), network.receivers.tolist()) == ([0, 2], [1, 1])
    assert network.weights is not None and network.weights.tolist() == [0.5, 4]
    assert sorted(network.features) == ["feat", "year"]
    assert np.asarray(network.labels).tolist() == [0, 1, 0, 1]
    assert {name: rows.tolist() for name, rows in network.splits.items()} == {"train": [0, 3]}
    assert "left out: kind" in network.about


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (of_kind("torch_geometric.data", "HeteroData"), "a HeteroData .* has several types"),
        (of_kind("torch_geometric.data.batch", "Batch"), "a Batch .* holds several graphs"),
        (pyg(edge_index=None), r"must have an edge_index of shape \[2, num_edges\], got none$"),
        (pyg(edge_index=None, adj_t=1), r"got none; adj_t is its transpose"),
        (pyg(train_mask=Tensor([True])), "train_mask must have a row for each of 3 nodes, got 1"),
        (dgl(ntypes=["user", "item"]), r"must have one type .* \['user', 'item'\]"),
        (dgl(ndata={"feat": Tensor([[1.0]])}), "feat must have a row for each of 4 nodes, got 1"),
    ],
)
def test_what_is_no_one_graph_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_object(value)


@pytest.mark.parametrize("value", [None, "Data", {"edge_index": 1}, of_kind("mine", "Data")])
def test_anything_else_is_none(value: Any) -> None:
    assert read_object(value) is None


class BrainFloats(Tensor):
    """A tensor of a type that NumPy lacks, as PyTorch has it: `numpy` raises until it is float."""

    dtype = "torch.bfloat16"

    def detach(self) -> BrainFloats:
        return self

    def cpu(self) -> BrainFloats:
        return self

    def float(self) -> Tensor:
        return Tensor(self.values, "cpu")

    def numpy(self) -> np.ndarray:
        raise TypeError("Got unsupported ScalarType BFloat16")


def test_bfloat16_is_read_as_float() -> None:
    network = read_object(pyg(x=BrainFloats([[1.0], [2.0], [0.5]])))
    assert network is not None and network.features["x"].tolist() == [[1], [2], [0.5]]
