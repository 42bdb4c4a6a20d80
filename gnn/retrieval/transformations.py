"""What is done to vectors before they are compared, kept with an index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gnn.retrieval.hubs import InverseGraphConvolution
from gnn.retrieval.relative_representation import RelativeRepresentation

ARRAYS = "transforms.npz"
TRANSFORMS = (InverseGraphConvolution, RelativeRepresentation)
_BY_KIND: dict[str, Any] = {each.kind: each for each in TRANSFORMS}


def as_transforms(transform: Any) -> tuple[Any, ...]:
    """One transformation, several, or none, as a tuple.

    Raises:
        TypeError: one is of another kind.

    Example:

    >>> as_transforms(None)
    ()
    """
    if transform is None:
        return ()
    found = tuple(transform) if isinstance(transform, (list, tuple)) else (transform,)
    for each in found:
        if not isinstance(each, TRANSFORMS):
            names = " or ".join(kind.__name__ for kind in TRANSFORMS)
            raise TypeError(f"transform must be a {names}, or a list of them, got {each!r}")
    return found


def write_transforms(folder: Path, transforms: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Writes the arrays of transformations; returns what is to stand among the facts."""
    listed: list[dict[str, Any]] = []
    arrays: dict[str, Any] = {}
    for place, each in enumerate(transforms):
        arguments, held = each.state()
        listed.append({"kind": each.kind, "arguments": arguments})
        arrays |= {f"{place}.{name}": array for name, array in held.items()}
    if listed:
        np.savez(folder / ARRAYS, **arrays)
    return listed


def read_transforms(folder: Path, listed: list[dict[str, Any]]) -> tuple[Any, ...]:
    """Reads `write_transforms` back."""
    if not listed:
        return ()
    with np.load(folder / ARRAYS) as arrays:
        return tuple(
            _BY_KIND[each["kind"]].restored(
                each["arguments"],
                {
                    name.partition(".")[2]: arrays[name]
                    for name in arrays.files
                    if name.startswith(f"{place}.")
                },
            )
            for place, each in enumerate(listed)
        )
