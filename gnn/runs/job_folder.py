"""The folder of a job that trains several runs: what was asked for, and one process at a time."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gnn.files import (
    Manifest,
    check_replaceable,
    clear_folder,
    is_free,
    read_manifest,
    remove_temporaries,
    write_manifest,
)
from gnn.runs.locking import locked_folder
from gnn.runs.run_folder import write_json

SETTINGS, SUMMARY = "settings.json", "summary.json"


def stored_settings(path: Path, kind: str) -> dict[str, Any] | None:
    """What the job of a folder was asked for; None where no such job was begun there.

    Raises:
        ValueError: the file is damaged.
    """
    manifest = read_manifest(path) if path.is_dir() else None
    if manifest is None or manifest.kind != kind or not (path / SETTINGS).is_file():
        return None
    try:
        settings = json.loads((path / SETTINGS).read_text(encoding="utf-8"))
        return {**settings, "config": dict(settings["config"])}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path / SETTINGS} is damaged: {error}") from error


def check_job(path: Path, kind: str, *, resume: bool, overwrite: bool) -> None:
    """Raises where a job would lose what lies in a folder, before any work is done for it.

    Raises:
        FileExistsError: there is a job, and neither option is set; or something else.
    """
    begun = stored_settings(path, kind) is not None
    if begun and not (resume or overwrite):
        raise FileExistsError(
            f"{str(path)!r} exists already: add resume to carry it on, or overwrite to start anew"
        )
    if not (begun and resume) and not (path.is_dir() and is_free(path)):
        check_replaceable(path, kind, overwrite=True)


@contextlib.contextmanager
def job_folder(
    path: Path,
    manifest: Manifest,
    settings: dict[str, Any],
    *,
    before: dict[str, Any] | None,
    resume: bool,
) -> Iterator[None]:
    """Makes the folder of a job, or takes one that was begun, and keeps other processes out.

    Everything lies under its final name from the start; the summary is written last.

    Args:
        path: the folder, which `check_job` has let pass.
        manifest: of all that may come to lie in it.
        settings: what is asked for, with the key "config"; stored.
        before: what `stored_settings` said when `check_job` let it pass.
        resume: whether what is there is kept.

    Raises:
        FileExistsError: another process works there, or has since; or what is there is not ours.
    """
    with locked_folder(path):
        remove_temporaries(path)
        # While the data were read, another process may have begun, and ended, a job there.
        if stored_settings(path, manifest.kind) != before:
            raise FileExistsError(
                f"another process has just worked in {str(path)!r}: look at what is there now"
            )
        if not resume or before is None:
            clear_folder(path, manifest.kind)
        write_manifest(path, manifest)
        write_json(path / SETTINGS, settings)
        yield
