"""The figures of a split as pictures in a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gnn.evaluation.judgement import Judgement
from gnn.files import check_file, whole_file

CONFUSION, CALIBRATION = "confusion.png", "calibration.png"
DEGREE, HOMOPHILY = "degree.png", "homophily.png"


def check_plots(folder: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raises where pictures could not be written, before there is anything to draw.

    Raises:
        FileExistsError: one of them is there, and `overwrite` is False; or a file has the name of
            the folder.
        ImportError: Matplotlib is not installed.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"plots must be a folder, and {str(folder)!r} is a file")
    for name in (CONFUSION, CALIBRATION, DEGREE, HOMOPHILY):
        check_file(folder / name, overwrite=overwrite)
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError("plots need Matplotlib: pip install 'gnn[plots]'") from error


def write_plots(
    found: Judgement,
    class_names: Sequence[str],
    folder: str | os.PathLike[str],
    *,
    overwrite: bool = False,
) -> list[str]:
    """Draws confusion, calibration and, where they are known, the slices; each file whole or not.

    Args:
        found: on a split.
        class_names: by number.
        folder: where to; made if there is none.
        overwrite: whether files that are there are replaced.

    Returns:
        The files.

    Raises:
        FileExistsError: as `check_plots`.
        OSError: a file cannot be written.
    """
    from matplotlib.figure import Figure

    from gnn.plots import calibration, confusion, slices

    # Not of pyplot, which would show them in a notebook, and keep them.
    side = min(max(5.0, 2.4 + 0.5 * len(class_names)), 9.0)
    pictures: dict[str, Any] = {
        CONFUSION: lambda ax: confusion(found.confusion, class_names, ax=ax),
        CALIBRATION: lambda ax: calibration(
            found.calibration, found.calibrated, temperature=found.temperature, ax=ax
        ),
    }
    sizes = {CONFUSION: (side + 1.5, side), CALIBRATION: (6.0, 6.0)}
    if found.by_degree is not None:
        by_degree = found.by_degree
        sizes[DEGREE] = (max(6.0, 1.6 + 0.9 * len(by_degree)), 4.2)
        pictures[DEGREE] = lambda ax: slices(
            by_degree, xlabel="edges that a node receives", title="Accuracy by degree", ax=ax
        )
    if found.by_homophily is not None:
        by_homophily = found.by_homophily
        sizes[HOMOPHILY] = (7.0, 4.2)
        pictures[HOMOPHILY] = lambda ax: slices(
            by_homophily,
            xlabel="share of a node's labeled neighbors that has its class",
            title="Accuracy by homophily",
            ax=ax,
        )
    Path(folder).mkdir(parents=True, exist_ok=True)
    written = []
    for name, draw in pictures.items():
        figure = Figure(figsize=sizes[name], layout="constrained")
        draw(figure.subplots())
        with whole_file(Path(folder) / name, overwrite=overwrite) as partial:
            figure.savefig(partial, format="png", dpi=120)
        written.append(str(Path(folder) / name))
    return written
