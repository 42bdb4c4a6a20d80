"""A report of a run, or of a run against another, in one HTML file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gnn.configs.arguments import check_count
from gnn.files import check_file, whole_file
from gnn.runs import run_folder
from gnn.runs.config_files import OptionError
from gnn.runs.looking import charts as drawn_charts
from gnn.runs.looking.items import Items, NoMapError, items_of
from gnn.runs.looking.markdown import as_html
from gnn.runs.looking.page import MAP, chart_places, whole_page
from gnn.runs.looking.sections import (
    judged_split,
    most_confused,
    names_of,
    note,
    overview,
    per_class,
    settings,
)
from gnn.runs.looking.thumbnails import thumbnails
from gnn.runs.run import Run, load_run

MOST_BYTES = 30_000_000
MAPS = ("tsne", "pca")
MOST_POINTS = 10_000
_QUERIES = 8


def report(
    run: str | os.PathLike[str] | Run,
    against: str | os.PathLike[str] | Run | None = None,
    *,
    output: str | os.PathLike[str] = "report.html",
    new: Any = None,
    map: str = "tsne",
    max_points: int = MOST_POINTS,
    overwrite: bool = False,
) -> Path:
    """Writes a page to look at a run, alone or against another, which needs no network.

    It has the figures of both, a map of the embedding of the first, on which a click shows what is
    nearest to a point by either, sheets of queries with their neighbors, curves, spread, confusion,
    calibration, settings and the model card. Pictures are those of the first feature of images. It
    has at most 30 MB: pictures shrink, or are left out, and the page says so. What a run has not
    kept, or data that are gone, the page names in place of what it would show.

    Distances are `1 - cosine` of the last hidden layer. t-SNE (van der Maaten and Hinton, Journal
    of Machine Learning Research 9, 2008) keeps neighbors close: distances between groups mean
    nothing.

    Args:
        run: a finished run, or its folder.
        against: another one on the same nodes, such as one without the graph; None shows what is
            nearest by the features that go into the model.
        output: the file, which ends in `.html`.
        new: nodes that the run was not trained on, as `gnn.runs.Run.predict` takes them: the
            queries of the sheets. None takes nodes of the test split, or else of validation.
        map: `"tsne"` or `"pca"`.
        max_points: of the map, from 3 to 10,000; of more nodes, some are drawn by the hashes of
            their ids.
        overwrite: whether a file that is there is replaced.

    Returns:
        The file.

    Raises:
        FileExistsError: there is such a file, and `overwrite` is False.
        FileNotFoundError: there is no such run, or no such new nodes.
        ImportError: Plotly is not installed.
        TypeError: `max_points` is no integer.
        ValueError: an argument is out of range, both runs are the same one, they have not the same
            classes or nodes, or the new nodes do not fit.

    Example:

    >>> report("runs/shop", "runs/shop-mlp", output="shop.html")  # doctest: +SKIP
    PosixPath('shop.html')
    """
    output = Path(output)
    if output.suffix not in (".html", ".htm"):
        raise OptionError(f"output must end in .html, got {str(output)!r}")
    if map not in MAPS:
        raise OptionError(f"map must be one of {', '.join(MAPS)}; got {map!r}")
    max_points = check_count("max_points", max_points, 3)
    if max_points > MOST_POINTS:
        raise OptionError(f"max_points must be at most {MOST_POINTS:,}; got {max_points:,}")
    check_file(output, overwrite=overwrite)
    plotly = _plotly()
    first = run if isinstance(run, Run) else load_run(run)
    second = against if isinstance(against, Run) or against is None else load_run(against)
    if second is not None:
        _check_alike(first, second)
    items, said = None, ""
    try:
        items = items_of(first, second, new, points=max_points, queries=_QUERIES, method=map)
    except NoMapError as error:
        said = f"There is no map: {error}."
    page = _page(first, second, items, said, map, plotly)
    with whole_file(output, overwrite=overwrite) as partial:
        partial.write_text(page, encoding="utf-8")
    return output


def _page(
    run: Run, against: Run | None, items: Items | None, said: str, method: str, plotly: str
) -> str:
    runs = [run] if against is None else [run, against]
    names = names_of(run, against)
    title = f"{names[0]}: {run.config.model} on {_data_name(run)}"
    if against is not None:
        title += f", against {names[1]}: {against.config.model}"
    histories = {name: each.history for name, each in zip(names, runs, strict=True)}
    lines = {f"curve{place}": each for place, each in enumerate(drawn_charts.curves(histories))}
    apart = drawn_charts.spread(histories)
    spreads = {} if apart is None else {"spread": apart}
    answers, split = {}, judged_split(run)
    for place, (each, name) in enumerate(zip(runs, names, strict=True)):
        found = each.metrics.get(split, {}) if split is not None else {}
        end = "" if against is None else f": {name}"
        if found.get("confusion") is not None:
            answers[f"confusion{place}"] = drawn_charts.confusion(
                found["confusion"], each.facts.class_names
            )
            answers[f"confusion{place}"]["title"] += end
        if found.get("calibration"):
            answers[f"calibration{place}"] = drawn_charts.calibration(found["calibration"])
            answers[f"calibration{place}"]["title"] += end
    sections: list[tuple[str, Sequence[str]]] = [
        ("", list(overview(runs, names))),
        ("Map", _map(items, said, method)),
    ]
    if items is not None:
        sections.append(("Query sheets", _sheets(items)))
    sections += [
        ("Training", chart_places(lines) if lines else [note("The run has kept no history.")]),
        ("Spread", _spread(spreads)),
        ("Classes", _classes(runs, names, split)),
        ("Confusion and calibration", _answers(answers, split)),
        ("Settings", list(settings(runs, names))),
        ("Model card", _card(run)),
    ]
    figures = {**lines, **spreads, **answers}
    if items is None:
        return whole_page(title, sections, figures, None, plotly)

    def made(pictures: Sequence[str], notes: Sequence[str] = ()) -> str:
        told = [
            (n, [*part, *(map_note for map_note in _notes(notes))] if n == "Map" else part)
            for n, part in sections
        ]
        return whole_page(title, told, figures, {**items.data, "pictures": pictures}, plotly)

    count = len(items.data["ids"])
    bare = made([""] * count)
    if not items.pictures:
        return bare
    # A note, and quotes and commas, are on top of the pictures.
    budget = MOST_BYTES - len(bare.encode()) - 4 * count - 1000
    small = thumbnails(items.pictures, budget)
    return made(small.uris, small.notes)


def _notes(notes: Sequence[str]) -> list[str]:
    return [note(f"{text[:1].upper()}{text[1:]}.") for text in notes]


def _map(items: Items | None, said: str, method: str) -> list[str]:
    if items is None:
        return [note(said)]
    kind = {
        "tsne": "t-SNE of scikit-learn, seed 0: neighbors stay close, distances between groups "
        "mean nothing",
        "pca": "the two principal components",
    }[method]
    sides = items.data["sides"]
    lines = [
        f"The embedding in the plane by {kind}.",
        f"Nearest by {' and by '.join(_side(side) for side in sides)}: 1 - cosine is under each.",
        *items.notes,
    ]
    return [note(" ".join(lines)), MAP]


def _side(side: dict[str, Any]) -> str:
    return f"{side['name']} ({side['note']})"


def _sheets(items: Items) -> list[str]:
    if not items.data["queries"]:
        return [note("There are no nodes to ask about.")]
    text = (
        f"Some {items.data['sheet']} and the nodes nearest to them. Solid frame: the same label; "
        "dashed: another; gray: a label is not known, and the class with ? is predicted."
    )
    return [note(text), '<div id="sheets"></div>']


def _spread(spreads: dict[str, Any]) -> list[str]:
    if not spreads:
        return [note("No run here has measured its spread: it has no graph loss, or is of before.")]
    text = (
        "Neighbors should be closer than random nodes. Where both come near 0, the outputs have "
        "collapsed: all nodes get the same answer."
    )
    return [note(text), *chart_places(spreads)]


def _classes(runs: Sequence[Run], names: Sequence[str], split: str | None) -> list[str]:
    if split is None:
        return [
            note(
                "The run has kept no figures by class: it was judged on no split, or is of before."
            )
        ]
    lines = [note(f"On {split}."), *per_class(runs, names, split)]
    for run, name in zip(runs, names, strict=True):
        pairs = list(most_confused(run, split)) if split in run.metrics else []
        if pairs:
            lines += [f"<h3>{note(f'Most confused by {name}')[16:-4]}</h3>", *pairs]
    return lines


def _answers(answers: dict[str, Any], split: str | None) -> list[str]:
    if not answers:
        return [
            note("The run has kept neither a confusion (of at most 100 classes) nor a calibration.")
        ]
    return [note(f"On {split}."), *chart_places(answers)]


def _card(run: Run) -> list[str]:
    path = run.path / run_folder.CARD
    if not path.is_file():
        return [note("The run has no model card.")]
    return [as_html(path.read_text(encoding="utf-8"), lower=2)]


def _data_name(run: Run) -> str:
    return run.config.dataset or Path(run.config.data or "data").name


def _check_alike(run: Run, against: Run) -> None:
    if run.path.resolve() == against.path.resolve():
        raise OptionError(f"against must be another run; got {str(against.path)!r} twice")
    if run.facts.class_names != against.facts.class_names:
        raise OptionError(
            f"against must have the classes of the run, {_shown(run)}; got {_shown(against)}"
        )


def _shown(run: Run) -> str:
    names = run.facts.class_names
    return f"{len(names)}: {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError("a report needs Plotly: pip install 'gnn[report]'") from error
    return get_plotlyjs()
