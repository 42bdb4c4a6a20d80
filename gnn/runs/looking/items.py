"""The nodes that a report draws: where they lie, what they are, and what is nearest to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from gnn.graphs.graph import Graph
from gnn.plots.plane import in_plane
from gnn.runs import run_folder
from gnn.runs.answers import Predictions
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import RunData
from gnn.runs.looking.drawn import by_hash, drawn_nodes
from gnn.runs.looking.sides import Side, embedded, feature_vectors
from gnn.runs.looking.thumbnails import images_of
from gnn.runs.run import Run
from gnn.runs.run_data import node_ids, with_splits_of
from gnn.tables.typed_table import Texts

NEIGHBORS = 6
_LONGEST, _TEXTS = 80, 3
_SHOWN_TYPES = ("text", "category", "number", "date")


class NoMapError(ValueError):
    """Why a run has no map, for the page to say."""


@dataclasses.dataclass(frozen=True, eq=False)
class Items:
    """What the map and the sheets show.

    Attributes:
        data: plain values for the page, without pictures.
        pictures: features of images with their rows, as `thumbnails` takes them.
        notes: what the page says of the map.
    """

    data: dict[str, Any]
    pictures: list[tuple[Any, np.ndarray]]
    notes: tuple[str, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class _Source:
    """Some data of the run: its own, or new ones."""

    asked: RunData
    rows: np.ndarray
    predictions: Predictions

    @property
    def graph(self) -> Graph:
        return self.asked.graph


def items_of(
    run: Run, against: Run | None, new: Any, *, points: int, queries: int, method: str
) -> Items:
    """Reads the data of a run, and finds what to draw.

    Args:
        run: whose embedding is drawn.
        against: another run on the same nodes; None compares with the features of the run.
        new: a table or a folder of new nodes, the queries of the sheets; None takes nodes of the
            test split, or else of validation.
        points: of the map, at most.
        queries: of the sheets.
        method: of the map.

    Raises:
        NoMapError: data are gone, are no longer those of the run, or say nothing.
        ValueError: the new nodes do not fit, or the other run has other nodes.
    """
    asked, graph = _own_data(run)
    notes = []
    if run.facts.is_of(asked.graph) is False:
        notes.append("The data have changed since the run was trained: this is how they are now.")
    ids = [str(name) for name in node_ids(graph)]
    split = next((name for name in ("test", "validation") if name in graph.splits), "")
    judged = graph.splits.get(split, np.arange(graph.num_nodes))
    nodes, places = drawn_nodes(ids, points, judged, queries if new is None else 0)
    if len(nodes) < 3:
        raise NoMapError(f"a map needs at least three nodes, and there are {len(nodes)}")
    if len(nodes) < graph.num_nodes:
        notes.append(
            f"{len(nodes):,} of {graph.num_nodes:,} nodes are drawn, by the hashes of their ids; "
            "neighbors are found among them alone."
        )
    sources = [_Source(asked, nodes, run.predict(graph))]
    sheet = f"{split or 'labeled'} nodes"
    if new is not None:
        found = run.inputs.read(new)
        names = node_ids(found.graph) if found.ids is None else found.ids
        rows = np.sort(by_hash(names)[:queries])
        sources.append(_Source(found, rows, run.predict(found.graph)))
        places, sheet = len(nodes) + np.arange(len(rows)), "new nodes"
    sides = [embedded(run, _parts(sources), f"{run.config.model} (this run)")]
    other = _other(run, against, sources, new, [ids[node] for node in nodes], notes)
    sides += [] if other is None else [other]
    for side in sides:
        if not np.isfinite(side.vectors).all():
            raise NoMapError(f"the vectors of {side.name} are not all finite numbers")
    vectors = sides[0].vectors[: len(nodes)].astype(np.float64)
    if vectors.shape[1] < 2:
        vectors = np.pad(vectors, [(0, 0), (0, 1)])
    at, axes = in_plane(vectors, method, 0)
    data = {
        "drawn": len(nodes),
        "axes": axes,
        "x": _rounded(at[:, 0]),
        "y": _rounded(at[:, 1]),
        "sheet": sheet,
        "queries": places.tolist(),
        **_described(run, graph, sources),
        "sides": [_neighbors(side, len(nodes)) for side in sides],
    }
    pictures = [
        (images[1], source.rows)
        for source in sources
        if (images := images_of(source.graph)) is not None
    ]
    return Items(data, pictures if len(pictures) == len(sources) else [], tuple(notes))


def _own_data(run: Run) -> tuple[RunData, Graph]:
    """What a run was trained on, and the same with its splits."""
    try:
        asked = run.inputs.read(None, labels=True)
        return asked, with_splits_of(run.path / run_folder.SPLITS, asked.graph)
    except (OSError, ValueError) as error:
        raise NoMapError(f"the data of {str(run.path)!r} cannot be read: {error}") from error


def _other(
    run: Run,
    against: Run | None,
    sources: Sequence[_Source],
    new: Any,
    ids: list[str],
    notes: list[str],
) -> Side | None:
    if against is None:
        vectors = feature_vectors(_parts(sources), sorted(run.facts.features))
        if vectors is None:
            notes.append("The features are too wide to be compared beside the embedding.")
            return None
        note = "what goes into the model; each feature scaled to the same mean length"
        return Side("features alone", vectors, note)
    asked, _ = _own_data(against)
    place = {str(name): row for row, name in enumerate(node_ids(asked.graph))}
    gone = [name for name in ids if name not in place]
    if gone:
        raise OptionError(
            f"against must be a run on the same nodes: {str(against.path)!r} has no node "
            f"{gone[0]!r}, nor {len(gone) - 1:,} others"
        )
    parts = [(asked.graph, np.array([place[name] for name in ids]))]
    if len(sources) > 1:
        parts.append((against.inputs.read(new).graph, sources[1].rows))
    return embedded(against, parts, f"{against.config.model} (against)")


def _parts(sources: Sequence[_Source]) -> list[tuple[Graph, np.ndarray]]:
    return [(source.graph, source.rows) for source in sources]


def _described(run: Run, graph: Graph, sources: Sequence[_Source]) -> dict[str, Any]:
    """What is known of each node, with the classes and splits that occur."""
    labels: list[int] = []
    splits: list[int] = []
    names = run.facts.class_names
    given = np.full(graph.num_nodes, -1)
    for number, nodes in enumerate(graph.splits.values()):
        given[nodes] = number
    for source in sources:
        known = source.graph.labels if source is sources[0] else None
        count = len(source.rows)
        labels += [-1] * count if known is None else known[source.rows].tolist()
        splits += [-2] * count if source is not sources[0] else given[source.rows].tolist()
    probabilities = np.concatenate([each.predictions.probabilities[each.rows] for each in sources])
    predicted = probabilities.argmax(axis=1)
    found = sorted({*labels, *predicted.tolist()} - {-1})
    place = {k: place for place, k in enumerate(found)} | {-1: -1}
    return {
        "ids": [_short(_ids(source)[row]) for source in sources for row in source.rows],
        "texts": [text for source in sources for text in _texts(source)],
        "labels": [place[k] for k in labels],
        "predicted": [place[k] for k in predicted.tolist()],
        "sure": probabilities.max(axis=1).round(3).tolist(),
        "splits": splits,
        "split_names": list(graph.splits),
        "classes": [_short(names[k]) for k in found],
    }


def _ids(source: _Source) -> Sequence[Any]:
    return source.predictions.ids if source.asked.ids is None else source.asked.ids


def _texts(source: _Source) -> list[str]:
    """The first columns that say something to a person, in a line a node."""
    table = source.asked.table
    if table is None:
        return [""] * len(source.rows)
    types = {name: column.type for name, column in table.schema.columns.items()}
    shown = sorted(
        (name for name in table.columns if types.get(name) in _SHOWN_TYPES),
        key=lambda name: _SHOWN_TYPES.index(types[name]),
    )[:_TEXTS]
    columns = []
    for name in shown:
        cells = table.columns[name]
        if isinstance(cells, Texts):
            found = cells.cells_at(source.rows)
        else:
            found = ["" if cell != cell else f"{cell:g}" for cell in np.ravel(cells[source.rows])]
        columns.append([f"{name}: {_short(cell)}" if cell else "" for cell in found])
    return [" · ".join(filter(None, row)) for row in zip(*columns, strict=True)] or [""] * len(
        source.rows
    )


def _neighbors(side: Side, count: int) -> dict[str, Any]:
    columns, distances = side.neighbors(count, NEIGHBORS)
    return {
        "name": side.name,
        "note": side.note,
        "neighbors": columns.tolist(),
        "distances": np.maximum(distances, 0.0).round(3).tolist(),
    }


def _rounded(values: np.ndarray) -> list[float]:
    """To about a thousandth of what is seen."""
    span = float(np.ptp(values)) or 1.0
    return values.astype(np.float64).round(max(0, 4 - int(np.floor(np.log10(span))))).tolist()


def _short(text: Any) -> str:
    text = str(text).encode("utf-8", "replace").decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
