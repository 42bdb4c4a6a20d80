"""The folder of an index: what lies in it, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from gnn.files import read_manifest
from gnn.retrieval.contents import Contents
from gnn.retrieval.engine import Engine, Hnsw
from gnn.retrieval.item_ids import ItemIds
from gnn.retrieval.standing import Standing

# Of the folder, in its manifest.
KIND = "index"
FACTS, VECTORS, SLOTS, ALIVE = "index.json", "vectors.faiss", "slots.npy", "alive.npy"
CENTER = "center.npy"
_VERSION = 1


def write_index(
    folder: Path,
    contents: Contents,
    ids: ItemIds,
    alive: np.ndarray | None,
    facts: dict[str, Any],
) -> None:
    """Writes an index into an empty folder.

    Args:
        folder: the folder.
        contents: the vectors.
        ids: of the items.
        alive: which are not removed; None is all.
        facts: what else is to be known, as values of JSON.
    """
    standing, hnsw = contents.standing, contents.engine.hnsw
    held = {
        "metric": standing.metric,
        "scale": standing.scale,
        "lifted": standing.lifted,
        "hnsw": None if hnsw is None else hnsw._asdict(),
        "items": len(contents.slots),
        "vectors": len(contents.engine),
    }
    contents.engine.write(folder / VECTORS)
    np.save(folder / CENTER, standing.center)
    if not contents.is_identity:
        np.save(folder / SLOTS, contents.slots)
    if alive is not None:
        np.save(folder / ALIVE, alive)
    ids.write(folder)
    text = json.dumps({"version": _VERSION, **held, **facts}, indent=1)
    (folder / FACTS).write_text(text + "\n", encoding="utf-8")


def read_index(
    folder: Path, facts: dict[str, Any], mapped: bool
) -> tuple[Contents, ItemIds, np.ndarray | None]:
    """Reads `write_index` back.

    Args:
        folder: the folder.
        facts: of `read_facts`.
        mapped: whether arrays stay in their files.

    Raises:
        ValueError: a file is damaged, or missing.
    """
    mode: Any = "r" if mapped else None
    try:
        center = np.load(folder / CENTER)
        standing = Standing(facts["metric"], center, facts["scale"], facts["lifted"])
        hnsw = None if facts["hnsw"] is None else Hnsw(**facts["hnsw"])
        engine = Engine.read(folder / VECTORS, hnsw, standing.by_distance, mapped)
        slots = np.arange(facts["items"])
        if (folder / SLOTS).is_file():
            slots = np.load(folder / SLOTS, mmap_mode=mode)
        alive = np.load(folder / ALIVE) if (folder / ALIVE).is_file() else None
        ids = ItemIds.read(folder, mode)
        sizes = (len(slots), len(ids), len(engine), engine.index.d)
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the index {str(folder)!r} is damaged: {error}") from error
    if sizes != (facts["items"], facts["items"], facts["vectors"], standing.width):
        raise ValueError(f"the index {str(folder)!r} is damaged: its files are not of one index")
    return Contents(standing, engine, slots), ids, alive


def read_facts(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """What is known of the index in a folder.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged, or of a later version.
    """
    path = Path(folder)
    if not path.is_dir():
        raise FileNotFoundError(f"no index folder {str(folder)!r}")
    manifest = read_manifest(path)
    if manifest is None or manifest.kind != KIND:
        kind = "no folder of gnn" if manifest is None else f"of the kind {manifest.kind!r}"
        raise FileNotFoundError(f"{str(folder)!r} is no index: it is {kind}")
    try:
        facts = json.loads((path / FACTS).read_text(encoding="utf-8"))
        version = facts["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{str(path / FACTS)!r} is damaged: {error}") from error
    if version > _VERSION:
        raise ValueError(f"{str(path)!r} is of version {version}, of a later gnn")
    return facts
