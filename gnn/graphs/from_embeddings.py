"""Graphs of vectors: each node is joined to those most similar to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from gnn.configs.neighbors import NeighborGraphConfig, as_neighbor_graph_config
from gnn.edges.from_vectors import edges_from_vectors
from gnn.edges.neighbors.metrics import as_vectors
from gnn.graphs.from_indices import FromIndices
from gnn.graphs.node_fields import NodeFields


class FromEmbeddings(FromIndices):
    """The constructor of `gnn.Graph` that takes vectors; it inherits it."""

    @classmethod
    def from_embeddings(
        cls,
        vectors: ArrayLike,
        k: int | None = 10,
        metric: str = "cosine",
        method: str = "auto",
        min_similarity: float | None = None,
        symmetric: str = "union",
        *,
        target_recall: float = 0.97,
        seed: int = 0,
        config: Any = None,
        features: Any = None,
        labels: Any = None,
        splits: Mapping[str, ArrayLike] | None = None,
        ids: Sequence[Any] | np.ndarray | None = None,
        class_names: Sequence[str] | None = None,
        label_kind: str | None = None,
        na_values: Collection[str] | None = None,
    ) -> Self:
        """Makes a graph whose edges join each vector to its nearest ones.

        An edge is there in both directions and weighs as much as its ends are similar, by the
        formulas of `gnn.NeighborGraphConfig`. What is of similarity 0 or less is no edge. Of
        equally near vectors the smallest index comes first; so one that is there more than k times
        is joined to k of its copies. `info` tells how neighbors were found, with the recall of an
        approximate search, and what was left out.

        Args:
          vectors: finite real numbers `[num_nodes, width]`, such as the outputs of a model; row i
            is node i. They are no features unless they are given as such, too.
          k: how many neighbors each vector has; None takes all that `min_similarity` leaves.
          metric: `"cosine"`, `"ip"` or `"l2"`.
          method: `"exact"`, `"approximate"` (with the extra `retrieval`), or `"auto"`, which is
            exact up to 50,000 different vectors.
          min_similarity: how similar two vectors must be at least to be joined.
          symmetric: `"union"` joins two vectors of which one is among the nearest of the other,
            `"mutual"` those of which both are.
          target_recall: the share of the nearest that an approximate search finds at least, in the
            mean.
          seed: what an approximate search draws is drawn by it.
          config: a `gnn.NeighborGraphConfig`, or a dict of its fields, in place of the arguments
            from `k` to `seed`.
          features: as in `Graph.from_edges`; `features=vectors` trains on the vectors themselves.
          labels: as in `Graph.from_edges`.
          splits: as in `Graph.from_edges`.
          ids: as in `Graph`.
          class_names: as in `Graph.from_edges`.
          label_kind: as in `Graph.from_edges`.
          na_values: as in `Graph.from_edges`.

        Returns:
          The graph, its edges sorted by receiver and then sender.

        Raises:
          ImportError: for `method="approximate"`, if `faiss` is not installed.
          TypeError: if the vectors are no real numbers; else as in `Graph`.
          ValueError: if they have another rank, or one is not finite (its row is named), or one of
            the arguments is given beside `config`; else as in `Graph` and `NeighborGraphConfig`.

        (1, 0) and (0, 1) are each nearest to (3, 4), whose cosines with them are 0.6 and 0.8.

        >>> from gnn.graphs.graph import Graph
        >>> graph = Graph.from_embeddings([[1, 0], [0, 1], [3, 4]], k=1)
        >>> graph.senders.tolist(), graph.receivers.tolist(), graph.weights
        ([2, 2, 0, 1], [0, 1, 2, 2], array([0.6, 0.8, 0.6, 0.8], dtype=float32))
        """
        given = NeighborGraphConfig(
            k=k,
            metric=metric,
            method=method,
            min_similarity=min_similarity,
            symmetric=symmetric,
            target_recall=target_recall,
            seed=seed,
        )
        if config is not None:
            usual = NeighborGraphConfig().to_dict()
            twice = [name for name, value in given.to_dict().items() if value != usual[name]]
            if twice:
                raise ValueError(f"config must be given alone, got {', '.join(twice)} beside it")
            given = as_neighbor_graph_config(config)
        rows = as_vectors("vectors", vectors)
        nodes = NodeFields.read(
            features,
            labels=labels,
            splits=splits,
            ids=ids,
            num_nodes=len(rows),
            class_names=class_names,
            label_kind=label_kind,
            na_values=na_values,
        )
        edges = edges_from_vectors(rows, given)
        made_by = {"config": given.to_dict(), "report": dataclasses.asdict(edges.report)}
        return cls._made(nodes, edges, nodes.num_nodes, made_by)
