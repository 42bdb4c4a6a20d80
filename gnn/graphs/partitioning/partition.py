"""Dividing the nodes of a graph into parts with few edges between them."""

from __future__ import annotations

import dataclasses
import importlib.util

import numpy as np
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.graphs.graph import Graph
from gnn.graphs.narrow import narrow
from gnn.graphs.partitioning.label_propagation import label_propagation_parts

# What METIS numbers in 32 bits must be less.
_MOST_OF_METIS = 2**31
_METHODS = ("auto", "metis", "label_propagation")


def partition(graph: Graph, num_parts: int, *, method: str = "auto", seed: int = 0) -> np.ndarray:
    """Divides the nodes into parts of about equal size with as few edges between them as it can.

    Directions and weights are not looked at (but that an edge of weight 0 is none), and self loops
    say nothing; parallel edges count each.

    METIS (Karypis and Kumar, "A fast and high quality multilevel scheme for partitioning irregular
    graphs", SIAM Journal on Scientific Computing 20, 1998) keeps a few more edges.
    Label propagation (Meyerhenke, Sanders and Schulz, SEA 2014) needs nothing but
    NumPy and SciPy. The time and memory of both grow with the edges; `partition_quality` judges the
    parts.

    Args:
        graph: the graph; its features are not read.
        num_parts: from 1 to the number of nodes.
        method: "metis", "label_propagation", or "auto": METIS where it is installed and can number
            the edges, which has 32 bits for them: up to 2**31, an edge and its reverse counted
            apart.
        seed: int of at least 0. The same seed gives the same parts, from one method.

    Returns:
        int32 `[n_nodes]`, the part of each node, from 0 to `num_parts - 1`. A part may be empty
        where parts hold but a few nodes.

    Raises:
        TypeError: `num_parts` or `seed` is no integer.
        ValueError: `num_parts`, `method` or `seed` is out of range, or METIS is asked for more
            edges than it can number.
        ImportError: `method="metis"`, and `pymetis` is not installed.

    Example:

    >>> graph = Graph.from_edges([0, 2], [1, 3], undirected=True)
    >>> parts = partition(graph, 2, method="label_propagation")
    >>> bool(parts[0] == parts[1] != parts[2] == parts[3])
    True
    """
    num_parts = check_count("num_parts", num_parts, 1)
    if num_parts > graph.num_nodes:
        raise ValueError(
            f"num_parts must be at most {graph.num_nodes}, the number of nodes; got {num_parts}"
        )
    if method not in _METHODS:
        raise ValueError(f"method must be one of {_METHODS}; got {method!r}")
    seed = check_count("seed", seed, 0)
    if seed >= 2**31:
        raise ValueError(f"seed must be below {2**31}; got {seed}")
    if num_parts == 1:
        return np.zeros(graph.num_nodes, np.int32)
    adjacency = _undirected(graph)
    if method == "auto":
        installed = importlib.util.find_spec("pymetis") is not None
        method = "metis" if installed and adjacency.nnz < _MOST_OF_METIS else "label_propagation"
    if method == "metis":
        return _metis(adjacency, num_parts, seed)
    parts = label_propagation_parts(adjacency, num_parts, np.random.default_rng(seed))
    return parts.astype(np.int32)


@dataclasses.dataclass(frozen=True)
class PartitionQuality:
    """How good a division into parts is.

    Attributes:
        edges_kept: the share of the edges whose two ends are in one part, self loops not counted; 1
            where there are no edges.
        balance: the nodes of the largest part, over those of an average one; 1 is best.
    """

    edges_kept: float
    balance: float


def partition_quality(graph: Graph, parts: np.ndarray) -> PartitionQuality:
    """Says which share of the edges a division into parts keeps, and how even the parts are.

    Args:
        graph: the graph.
        parts: int `[n_nodes]`, from 0; there are as many parts as the largest says.

    Raises:
        ValueError: `parts` does not name a part for each node.

    Example:

    >>> graph = Graph.from_edges([0, 1, 2], [1, 2, 3])
    >>> partition_quality(graph, np.array([0, 0, 0, 1]))
    PartitionQuality(edges_kept=0.6666666666666666, balance=1.5)
    """
    parts = check_parts(graph, parts)
    senders, receivers = _between_nodes(graph)
    kept = parts[senders] == parts[receivers]
    sizes = np.bincount(parts)
    return PartitionQuality(
        edges_kept=float(kept.mean()) if kept.size else 1.0,
        balance=float(sizes.max() / sizes.mean()),
    )


def check_parts(graph: Graph, parts: np.ndarray, num_parts: int | None = None) -> np.ndarray:
    """Returns `parts` as int32, once it names a part for each node.

    Raises:
        ValueError: it does not.

    Example:

    >>> check_parts(Graph.from_edges([0], [1]), [1, 0]).dtype.name
    'int32'
    """
    parts = np.asarray(parts)
    if parts.dtype.kind not in "iu" or parts.shape != (graph.num_nodes,):
        raise ValueError(
            f"parts must be integers of shape ({graph.num_nodes},), one a node; got {parts.dtype} "
            f"of shape {parts.shape}"
        )
    limit = np.iinfo(np.int32).max if num_parts is None else num_parts
    if parts.min() < 0 or parts.max() >= limit:
        at = int(np.argmax((parts < 0) | (parts >= limit)))
        raise ValueError(f"parts must be from 0 to {limit - 1}; got {parts[at]} at node {at}")
    return parts.astype(np.int32, copy=False)


def _undirected(graph: Graph) -> sparse.csr_array:
    """How many edges run between two nodes, in either direction; the diagonal is empty."""
    ends = _between_nodes(graph)
    shape = (graph.num_nodes, graph.num_nodes)
    one_way = sparse.csr_array((np.ones(len(ends[0])), ends), shape=shape)
    return sparse.csr_array(one_way + one_way.T)


def _between_nodes(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the edges that are no self loops and not of weight 0."""
    kept = (graph.senders != graph.receivers) & (graph.weights > 0)
    return graph.senders[kept], graph.receivers[kept]


def _metis(adjacency: sparse.csr_array, num_parts: int, seed: int) -> np.ndarray:
    try:
        import pymetis
    except ImportError as error:
        raise ImportError(
            "method='metis' needs the package pymetis: pip install 'gnn[partition]', or take "
            "method='label_propagation'"
        ) from error
    if adjacency.nnz >= _MOST_OF_METIS:
        raise ValueError(
            f"method='metis' takes fewer than {_MOST_OF_METIS} edges, an edge and its reverse "
            f"counted apart; got {adjacency.nnz}. Take method='label_propagation'"
        )
    _, parts = pymetis.part_graph(
        num_parts,
        pymetis.CSRAdjacency(
            narrow("indptr", adjacency.indptr), narrow("indices", adjacency.indices)
        ),
        eweights=narrow("parallel edges", adjacency.data),
        options=pymetis.Options(seed=seed),
    )
    return np.asarray(parts, np.int32)
