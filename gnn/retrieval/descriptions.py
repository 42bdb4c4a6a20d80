"""An index in words."""

from __future__ import annotations

from typing import Any

from gnn.retrieval.contents import Contents
from gnn.retrieval.measured_recall import Recall


def about(
    contents: Contents,
    count: int,
    width: int,
    recall: Recall | None,
    transforms: tuple[Any, ...],
    model: bool,
) -> str:
    """What is to be known of an index, in a few lines.

    Args:
        contents: the vectors.
        count: how many items can be found.
        width: of a vector, as it was given.
        recall: of a graph; None where it was not measured.
        transforms: what is done to vectors.
        model: whether there is one that embeds items.
    """
    hnsw, different = contents.engine.hnsw, len(contents.engine)
    items = f"{count:,} of {width} numbers"
    if different < len(contents.slots):
        items += f"; {different:,} different vectors are held"
    lines = {"items": items, "metric": contents.standing.metric, "method": "exact"}
    if hnsw is not None:
        lines["method"] = (
            f"HNSW: neighbors {hnsw.neighbors}, ef_construction {hnsw.ef_construction}, "
            f"ef_search {hnsw.ef_search}"
        )
        lines["recall"] = "not measured" if recall is None else recall.text()
    if transforms:
        lines["transform"] = ", then ".join(type(each).__name__ for each in transforms)
    if model:
        lines["model"] = "kept: rows are searched by what it says of them"
    return "\n".join(["Index", *(f"  {key:<10} {text}" for key, text in lines.items())])
