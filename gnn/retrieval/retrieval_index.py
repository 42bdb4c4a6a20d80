"""An index of items by their vectors: searched, changed, saved and loaded."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.edges.neighbors.metrics import as_vectors
from gnn.files import whole_folder
from gnn.retrieval import index_files
from gnn.retrieval.contents import Contents
from gnn.retrieval.descriptions import about
from gnn.retrieval.encoders import Encoder
from gnn.retrieval.engine import Hnsw
from gnn.retrieval.item_ids import ItemIds
from gnn.retrieval.measured_recall import Recall, measured
from gnn.retrieval.queries import Left
from gnn.retrieval.search_result import SearchResult
from gnn.retrieval.searching import Searching
from gnn.retrieval.standing import METRICS
from gnn.retrieval.transformations import as_transforms, read_transforms, write_transforms

# The items that the recall is measured on.
_SAMPLE = 1000


class RetrievalIndex:
    """Items found by their vectors; made by `from_vectors`, `from_model` or `load`.

    `search` gives the items whose vectors are nearest, exact or by a graph of near ones (HNSW:
    Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
    hierarchical navigable small world graphs", TPAMI 2020), both by FAISS. Equal vectors
    and zeros, at which such graphs lose others, are taken out before the build and put back after a
    search; inner products become angles; a filter never leaves fewer than there are. The recall of
    a graph is measured when it is built, on its own items.

    The scores are the cosine, the inner product, or the distance, the nearest first, and where they
    are equal, the smaller id. "Exact" is in single precision.

    Threads may search one index while none changes it.

    Example:

    >>> index = RetrievalIndex.from_vectors([[1, 0], [0, 1], [3, 4]], ids=["a", "b", "c"])
    >>> index.search([[1, 0]], k=2).hits(0)
    [('a', 1.0), ('c', 0.6000000238418579)]
    >>> index.search_ids(["c"], k=1).ids.tolist()
    [['b']]
    """

    def __init__(
        self,
        contents: Contents,
        ids: ItemIds,
        *,
        alive: np.ndarray | None = None,
        transforms: tuple[Any, ...] = (),
        encoder: Encoder | None = None,
        settings: dict[str, Any] | None = None,
        recall: Recall | None = None,
    ):
        """Takes parts that fit; users call `from_vectors`, `from_model` or `load`."""
        self._contents, self._ids, self._alive = contents, ids, alive
        self._transforms, self._settings = transforms, settings or {}
        self.encoder, self.recall = encoder, recall
        self.notes: dict[str, Any] = self._settings.setdefault("notes", {})
        self._changed()

    @classmethod
    def from_vectors(
        cls,
        vectors: Any,
        ids: Any = None,
        *,
        metric: str = "cosine",
        method: str = "exact",
        neighbors: int = 32,
        ef_construction: int = 100,
        ef_search: int = 64,
        transform: Any = None,
        sample: int = _SAMPLE,
        seed: int = 0,
    ) -> RetrievalIndex:
        """Makes an index of vectors.

        Args:
            vectors: real numbers `[n, width]`.
            ids: an integer of any size or a text for each, unique; None numbers them from 0.
            metric: `"cosine"`, `"inner_product"` or `"l2"`.
            method: `"exact"`, or `"hnsw"`, a graph of near vectors.
            neighbors: the links of a vector in the graph (M), from 2.
            ef_construction: the candidates for these links.
            ef_search: the candidates of a search: more find more, and take longer.
            transform: a `gnn.retrieval.InverseGraphConvolution`, a
                `gnn.retrieval.RelativeRepresentation`, or several, one after the other. They are
                adapted on these vectors, kept, and done to queries too.
            sample: the recall of a graph is measured on so many items; 0 leaves it out.
            seed: draws these.

        Raises:
            ImportError: FAISS is not installed.
            TypeError: an id is neither an integer nor a text, or vectors are no real numbers.
            ValueError: a row is not finite, an id is there twice, or an argument is out of range.
        """
        vectors = as_vectors("vectors", vectors)
        if metric not in METRICS:
            raise ValueError(f"metric must be one of {', '.join(METRICS)}; got {metric!r}")
        if not vectors.shape[1]:
            raise ValueError("vectors must have at least one column, got none")
        hnsw = Hnsw.checked(method, neighbors, ef_construction, ef_search)
        sample, seed = check_count("sample", sample, 0), check_count("seed", seed, 0)
        known = ItemIds.of(ids, len(vectors))
        transforms = as_transforms(transform)
        numbered, width = ids is None, vectors.shape[1]
        settings = {"width": width, "sample": sample, "seed": seed, "numbered": numbered}
        for each in transforms:
            each.adapt(vectors)
            vectors = each(vectors)
        contents = Contents.of(vectors, metric, hnsw)
        index = cls(contents, known, transforms=transforms, settings=settings)
        index._measure()
        return index

    @classmethod
    def from_model(
        cls, model: Any, data: Any, ids: Any = None, *, batch_size: int = 256, **options: Any
    ) -> RetrievalIndex:
        """Makes an index of what a model says of items; `search_items` asks it again.

        Args:
            model: a Keras model whose output is `[n, width]`, the folder of a SavedModel that
                `gnn` or Keras exported, or a function.
            data: the items, as the model takes them.
            ids: as in `from_vectors`.
            batch_size: how many items at a time.
            **options: of `from_vectors`.

        Raises:
            FileNotFoundError: there is no such folder.
            TypeError: as `from_vectors`, or the model is nothing of that.
            ValueError: as `from_vectors`, or the output has another shape.
        """
        encoder = Encoder(model, batch_size)
        index = cls.from_vectors(encoder(data), ids, **options)
        index.encoder = encoder
        return index

    def search(
        self, queries: Any, k: int = 10, *, filter: Any = None, exclude: Any = None
    ) -> SearchResult:
        """Finds the k nearest items of each query.

        Args:
            queries: real numbers `[n, width]`, or one query `[width]`.
            k: how many, at least 1.
            filter: the items that may be found: their ids, or a mask `[rows]` in the order in which
                items were added. None is all.
            exclude: for each query an id, or a list of ids, that it must not find; None for none.

        Raises:
            KeyError: there is no item with such an id.
            TypeError: `k` is no integer, or queries are no real numbers.
            ValueError: queries are of another width, or not finite; or `k` is out of range.
        """
        if self._single is not None and filter is None and exclude is None:
            found = self._single.search(queries, k)
            if found is not None:
                return SearchResult(*found, self._ids.at)
        k = check_count("k", k)
        given = np.asarray(queries)
        rows = as_vectors("queries", given[None] if given.ndim == 1 and given.size else given)
        if not self._transforms and rows.shape[1] != (width := self._settings["width"]):
            raise ValueError(f"queries must have width {width}, got {rows.shape[1]}")
        for each in self._transforms:
            rows = each(rows, query=True)
        left = self._searching.left(exclude, len(rows))
        return self._searching.search(rows, k, filter, left)

    def search_ids(
        self, ids: Sequence[Any], k: int = 10, *, filter: Any = None, exclude_self: bool = True
    ) -> SearchResult:
        """Finds the k nearest items of items that are in the index.

        Args:
            ids: of these.
            k: as in `search`.
            filter: as in `search`.
            exclude_self: whether an item is not found for itself.

        Raises:
            KeyError: there is no item with such an id.
            TypeError: `k` is no integer.
            ValueError: `k` is out of range.
        """
        k, rows = check_count("k", k), self._searching.rows_of(ids)
        left = Left(np.arange(len(rows)), rows) if exclude_self else None
        return self._searching.search(self._contents.given(rows), k, filter, left)

    def search_items(
        self, items: Any, k: int = 10, *, filter: Any = None, exclude: Any = None
    ) -> SearchResult:
        """Finds the k nearest items of others, such as rows of features or images, by the model.

        Args:
            items: as the model takes them.
            k: as in `search`, as are the others.
            filter: likewise.
            exclude: likewise.

        Raises:
            ValueError: the index has no model, or as `search`.
            KeyError: as `search`.
            TypeError: as `search`.
        """
        if self.encoder is None:
            raise ValueError(
                "the index has no model to embed items with: make it by from_model, or search by "
                "vectors"
            )
        return self.search(self.encoder(items), k, filter=filter, exclude=exclude)

    def add(self, vectors: Any, ids: Any = None) -> None:
        """Adds items, in a pass over all: add many at a time.

        A graph of several additions finds a little less than one that was built at once. It is
        built anew where the new vectors are far from the others, and the recall is measured anew
        after a tenth more items.

        Args:
            vectors: `[n, width]`.
            ids: as in `from_vectors`; needed where the others were given.

        Raises:
            TypeError: as `from_vectors`.
            ValueError: as `from_vectors`, or an id is there already; nothing is added then.
        """
        vectors = as_vectors("vectors", vectors)
        if vectors.shape[1] != (width := self._settings["width"]):
            raise ValueError(f"vectors must have width {width}, got {vectors.shape[1]}")
        if ids is None and not self._settings["numbered"]:
            raise ValueError("ids must be given, since those of the other items were")
        new = ItemIds.of(ids, len(vectors), start=len(self._ids))
        twice = self._ids.shared(new, self._alive)
        if twice is not None:
            raise ValueError(f"ids must be unique; {twice!r} is in the index already")
        for each in self._transforms:
            vectors = each(vectors)
        self._contents = self._contents.extended(vectors)
        self._ids = self._ids.joined(new)
        if self._alive is not None:
            self._alive = np.concatenate([self._alive, np.ones(len(vectors), bool)])
        self._changed()
        before = 0 if self.recall is None else self.recall.items
        if len(self._contents.engine) >= 1.1 * before:
            self._measure()

    def remove(self, ids: Sequence[Any]) -> None:
        """Removes items: they are not found any more, and their ids may be used again.

        Their vectors stay until the index is built anew from others.

        Raises:
            KeyError: there is no item with such an id; nothing is removed then.
        """
        rows = self._searching.rows_of(ids)
        alive = np.ones(len(self._ids), bool) if self._alive is None else self._alive.copy()
        alive[rows] = False
        self._alive = alive
        self._ids.removed()
        self._changed()

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Writes the index into a folder, whole or not at all.

        A model goes with it; a function of `from_model` does not.

        Args:
            folder: the folder to write.
            overwrite: whether an older index there is replaced; nothing else is.

        Raises:
            FileExistsError: something is there that is not to be replaced.
            OSError: it cannot be written; an older index is left as it was.
        """
        with whole_folder(folder, index_files.KIND, overwrite=overwrite) as partial:
            transforms = write_transforms(partial, self._transforms)
            recall = None if self.recall is None else dataclasses.asdict(self.recall)
            facts = {"settings": self._settings, "transforms": transforms, "recall": recall}
            index_files.write_index(partial, self._contents, self._ids, self._alive, facts)
            if self.encoder is not None:
                self.encoder.write(partial)
        return Path(folder)

    @classmethod
    def load(cls, folder: str | os.PathLike[str], *, memory_map: bool = True) -> RetrievalIndex:
        """Opens the index in a folder.

        Args:
            folder: what `save` wrote.
            memory_map: whether vectors and links stay in their files, from which the system reads
                what is needed; a change of the index brings them into memory. Else they are read.

        Raises:
            FileNotFoundError: there is no index.
            ImportError: FAISS is not installed.
            ValueError: a file is damaged.
        """
        facts = index_files.read_facts(folder)
        contents, ids, alive = index_files.read_index(Path(folder), facts, memory_map)
        recall = facts["recall"]
        return cls(
            contents,
            ids,
            alive=alive,
            transforms=read_transforms(Path(folder), facts["transforms"]),
            encoder=Encoder.read(Path(folder)),
            settings=facts["settings"],
            recall=None if recall is None else Recall(**recall),
        )

    def __len__(self) -> int:
        """How many items can be found."""
        return len(self._ids) if self._alive is None else int(np.count_nonzero(self._alive))

    @property
    def ids(self) -> list[Any]:
        """The ids of the items that can be found, in the order in which they were added."""
        values = self._ids.values
        return (values if self._alive is None else values[self._alive]).tolist()

    def info(self) -> str:
        """Describes the index in a few lines for a person to read."""
        known = (self.recall, self._transforms, self.encoder is not None)
        return about(self._contents, len(self), self._settings["width"], *known)

    def _changed(self) -> None:
        self._searching = Searching(self._contents, self._ids, self._alive)
        self._single = None if self._transforms else self._searching.single

    def _measure(self) -> None:
        self.recall = None
        if self._contents.engine.hnsw is not None:
            sample, seed = self._settings["sample"], self._settings["seed"]
            self.recall = measured(self._contents.engine, sample, seed)
