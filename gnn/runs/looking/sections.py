"""The tables of a report: figures of splits and classes, and the settings side by side."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gnn.runs.figure_texts import lift_text, nodes_text
from gnn.runs.judged_splits import split_sizes
from gnn.runs.run import Run

_MOST_CLASSES = 200


def names_of(run: Run, against: Run | None) -> list[str]:
    """What the page calls the runs: by their folders, with more of the path where these are equal.

    Args:
        run: the run.
        against: another one, or None.
    """
    runs = [run] if against is None else [run, against]
    names = [each.path.resolve().name for each in runs]
    if len(set(names)) < len(names):
        names = ["/".join(each.path.resolve().parts[-2:]) for each in runs]
    if len(set(names)) < len(names):
        names = [str(each.path.resolve()) for each in runs]
    return names


def overview(runs: Sequence[Run], names: Sequence[str]) -> Iterable[str]:
    """How good each run is on its splits, and what the graph is worth.

    Args:
        runs: one or two.
        names: of the runs.
    """
    rows = []
    for run, name in zip(runs, names, strict=True):
        for split in ("validation", "test"):
            if split in run.metrics:
                found = run.metrics[split]
                count = found.get("nodes") or split_sizes(run.path)[split]
                within = f"{found['accuracy']:.4f} {nodes_text(found['accuracy'], count)}"
                rows.append([name, split, within, f"{found['loss']:.4f}"])
    if not rows:
        yield note("No split was judged.")
    else:
        yield from table(["run", "split", "accuracy (95% interval)", "loss"], rows, 2)
    for run, name in zip(runs, names, strict=True):
        if "lift" in run.metrics:
            yield note(f"{name}: {lift_text(run.metrics['lift'])}.")


def judged_split(run: Run) -> str | None:
    """The split whose figures by class a run has kept; None of runs of old, and of no split."""
    kept = (name for name in ("test", "validation") if run.metrics.get(name, {}).get("classes"))
    return next(kept, None)


def per_class(runs: Sequence[Run], names: Sequence[str], split: str) -> Iterable[str]:
    """Precision, recall and F1 of each class, of each run.

    Args:
        runs: one or two of the same data.
        names: of the runs.
        split: the one that is shown.
    """
    found: list[dict[str, Any]] = []
    titles, kept = ["class", "nodes"], []
    for run, name in zip(runs, names, strict=True):
        classes = run.metrics.get(split, {}).get("classes")
        if classes is None:
            yield note(f"{name} has no figures by class on {split}.")
            continue
        kept.append({row["class"]: row for row in classes})
        titles.append(f"{name}: precision / recall / F1")
        found = found or classes
    # Classes without nodes, and never given, say nothing.
    shown = [
        row
        for row in found
        if row["nodes"] or any(k[row["class"]]["predicted"] for k in kept if row["class"] in k)
    ]
    if len(shown) > _MOST_CLASSES:
        shown = sorted(shown, key=lambda row: -row["nodes"])[:_MOST_CLASSES]
    rows = []
    for row in shown:
        cells = [row["class"], str(row["nodes"])]
        for classes_of in kept:
            figures = classes_of.get(row["class"], {})
            told = [_number(figures.get(key)) for key in ("precision", "recall", "f1")]
            cells.append(" / ".join(told))
        rows.append(cells)
    yield from table(titles, rows, 1)
    if len(shown) < len(found):
        yield note(
            f"{len(shown):,} of {len(found):,} classes: those that have nodes, the largest where "
            "there are many."
        )


def most_confused(run: Run, split: str) -> Iterable[str]:
    """The pairs of classes that are confused most, as a table."""
    pairs = run.metrics[split].get("most_confused") or []
    if pairs:
        rows = [[pair["class"], pair["given"], str(pair["nodes"])] for pair in pairs]
        yield from table(["true class", "class given", "nodes"], rows, 2)


def settings(runs: Sequence[Run], names: Sequence[str]) -> Iterable[str]:
    """Every option of each run; those that differ come first.

    Args:
        runs: one or two.
        names: of the runs.
    """
    options = [run.config.to_dict() for run in runs]
    keys = list(dict.fromkeys(key for each in options for key in each))
    differ = [key for key in keys if any(each.get(key) != options[0].get(key) for each in options)]
    same = [key for key in keys if key not in differ]
    if len(runs) > 1:
        yield "<h3>What differs</h3>"
        yield from table(["option", *names], [_option(key, options) for key in differ], 9)
        yield f"<details><summary>{len(same)} options are the same</summary>"
        yield from table(["option", "value"], [_option(key, options[:1]) for key in same], 9)
        yield "</details>"
    else:
        yield from table(["option", "value"], [_option(key, options) for key in keys], 9)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> Iterable[str]:
    """A table of text, escaped; the columns after the first `texts` are numbers.

    Example:

    >>> print("".join(table(["a", "b"], [["<", "1"]], 1)).split("<tbody>")[1].split("</tbody>")[0])
    <tr><td class="" data-title="a">&lt;</td><td class="number" data-title="b">1</td></tr>
    """
    kinds = ["" if place < texts else "number" for place in range(len(titles))]
    yield '<div class="wide"><table class="cells"><thead><tr>'
    yield from (
        f'<th class="{k}">{escape(title)}</th>' for k, title in zip(kinds, titles, strict=True)
    )
    yield "</tr></thead><tbody>"
    for row in rows:
        yield "<tr>"
        for kind, title, cell in zip(kinds, titles, row, strict=True):
            yield f'<td class="{kind}" data-title="{escape(title)}">{escape(cell)}</td>'
        yield "</tr>"
    yield "</tbody></table></div>"


def note(text: str) -> str:
    """A paragraph of text, escaped."""
    return f'<p class="note">{escape(text)}</p>'


def escape(text: str) -> str:
    """Text as HTML has it, also within quotes, whatever was in it."""
    return html.escape(text.encode("utf-8", "replace").decode(), quote=True)


def _option(key: str, options: Sequence[Mapping[str, Any]]) -> list[str]:
    cells = [json.dumps(each[key], ensure_ascii=False) if key in each else "-" for each in options]
    return [key, *cells]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
