"""Batches of one size: a dummy graph at the end takes up what is left."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from gnn.configs.arguments import check_count
from gnn.graphs.narrow import narrow


@dataclasses.dataclass(frozen=True)
class PaddingSizes:
    """The sizes that every batch is padded to.

    Attributes:
        n_node: nodes, at least one more than any batch has: padding needs a node to point at.
        n_edge: edges.
        n_graph: components, at least one more than any batch has.
        n_row: rows read out.

    Example:

    >>> PaddingSizes(n_node=9, n_edge=12, n_graph=3, n_row=2).n_node
    9
    """

    n_node: int
    n_edge: int
    n_graph: int
    n_row: int

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            least = 1 if field.name in ("n_node", "n_graph") else 0
            name = f"padding size {field.name}"
            narrow(name, [check_count(name, getattr(self, field.name), least)])


def fits(batch: dict[str, np.ndarray], sizes: PaddingSizes) -> bool:
    """Whether `pad_batch` can pad a batch to these sizes.

    Example:

    >>> star = {"n_node": [1], "senders": [], "readout": [0], "node_ids": [5]}
    >>> fits(star, PaddingSizes(2, 0, 2, 1)), fits(star, PaddingSizes(1, 0, 2, 1))
    (True, False)
    """
    return all(needed <= getattr(sizes, name) for name, needed, _ in _needs(batch))


def _needs(batch: dict[str, np.ndarray]) -> Iterator[tuple[str, int, bool]]:
    """Each size, the least it must be, and whether one of that is for the padding."""
    yield "n_node", len(batch["node_ids"]) + 1, True
    yield "n_edge", len(batch["senders"]), False
    yield "n_graph", len(batch["n_node"]) + 1, True
    yield "n_row", len(batch["readout"]), False


def pad_batch(batch: dict[str, np.ndarray], sizes: PaddingSizes) -> dict[str, np.ndarray]:
    """Pads the graph keys of a batch, leaving what a model computes for its real rows as it was.

    GraphNets' rule: the first added component takes all added nodes and edges, further ones are
    empty. Added edges run from the first added node to itself with weight 0, added rows read it out
    and are 0 in the `readout_mask` that is added. Edges stay sorted by receiver. Added nodes have
    `graph_degrees` of 0, where the batch has that key.

    Args:
        batch: graph keys with `readout` and `node_ids`, as `gnn.graphs.sampling` makes them.
        sizes: the sizes to reach.

    Returns:
        A new dict; `node_ids` of added nodes are 0, and `node_mask` bool `[n_node]` says which are
        real.

    Raises:
        ValueError: the batch does not fit; the key, its size and the size allowed are named.

    Example:

    >>> star = {"n_node": [1], "n_edge": [0], "edges": np.zeros((0, 1)), "senders": [],
    ...         "receivers": [], "globals": np.zeros((1, 0)), "readout": [0], "node_ids": [5]}
    >>> padded = pad_batch(star, PaddingSizes(n_node=3, n_edge=1, n_graph=2, n_row=2))
    >>> padded["n_node"].tolist(), padded["senders"].tolist(), padded["readout_mask"].tolist()
    ([1, 2], [1], [1.0, 0.0])
    """
    nodes, edges = len(batch["node_ids"]), len(batch["senders"])
    graphs, rows = len(batch["n_node"]), len(batch["readout"])
    for name, needed, spare in _needs(batch):
        if needed > getattr(sizes, name):
            raise ValueError(
                f"padding size {name}={getattr(sizes, name)} is too small: a batch needs {needed}"
                + (", one of them for the padding" if spare else "")
            )
    more_nodes, more_edges = sizes.n_node - nodes, sizes.n_edge - edges
    more_graphs, more_rows = sizes.n_graph - graphs, sizes.n_row - rows

    def grow(key: str, count: int, value: float, dtype: type) -> np.ndarray:
        array: np.ndarray = np.asarray(batch[key], dtype)
        filler = np.full((count, *array.shape[1:]), value, dtype)
        return np.concatenate([array, filler])

    padded = {
        "n_node": grow("n_node", more_graphs, 0, np.int32),
        "n_edge": grow("n_edge", more_graphs, 0, np.int32),
        "edges": grow("edges", more_edges, 0.0, np.float32),
        "senders": grow("senders", more_edges, nodes, np.int32),
        "receivers": grow("receivers", more_edges, nodes, np.int32),
        "globals": grow("globals", more_graphs, 0.0, np.float32),
        "readout": grow("readout", more_rows, nodes, np.int32),
        "readout_mask": (np.arange(sizes.n_row) < rows).astype(np.float32),
        "node_ids": grow("node_ids", more_nodes, 0, np.int32),
        "node_mask": np.arange(sizes.n_node) < nodes,
    }
    if "graph_degrees" in batch:
        padded["graph_degrees"] = grow("graph_degrees", more_nodes, 0.0, np.float32)
    padded["n_node"][graphs] = more_nodes
    padded["n_edge"][graphs] = more_edges
    return padded
