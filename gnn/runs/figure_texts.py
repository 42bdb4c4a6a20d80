"""The figures of a run for a person to read: every accuracy with its interval beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gnn.edges.edges import counted
from gnn.evaluation.intervals import share_interval
from gnn.runs.calibrating import FEW_NODES
from gnn.runs.run_config import RunConfig

_CLASSES_SHOWN = 50
_CONFUSED_SHOWN = 5
_LONGEST_NAME = 32


def accuracy_text(accuracy: float, nodes: int) -> str:
    """An accuracy with its 95% interval, and the nodes that it was counted on.

    Example:

    >>> accuracy_text(0.85, 20)
    'accuracy 0.8500 (0.640 to 0.948 of 20 nodes)'
    """
    return f"accuracy {accuracy:.4f} {nodes_text(accuracy, nodes)}"


def nodes_text(accuracy: float, nodes: int) -> str:
    """The 95% interval of an accuracy, and the nodes that it is due to.

    Example:

    >>> nodes_text(0.85, 20)
    '(0.640 to 0.948 of 20 nodes)'
    """
    return f"({interval_text(accuracy, nodes)} of {counted(nodes, 'node')})"


def interval_text(accuracy: float, nodes: int) -> str:
    """The 95% interval of an accuracy.

    Example:

    >>> interval_text(0.5, 4)
    '0.150 to 0.850'
    """
    low, high = accuracy_interval(accuracy, nodes)
    return f"{low:.3f} to {high:.3f}"


def accuracy_interval(accuracy: float, nodes: int) -> tuple[float, float]:
    """The 95% interval of an accuracy, which a mean in float32 may have a little above 1.

    Example:

    >>> [round(end, 3) for end in accuracy_interval(1.0000001, 4)]
    [0.51, 1.0]
    """
    return share_interval(min(max(accuracy, 0.0), 1.0), nodes)


def lift_text(lift: Mapping[str, Any]) -> str:
    """What the graph is worth, as `gnn.runs.baseline.lift` found it.

    Example:

    >>> found = {"with_graph": 0.93, "without_graph": 0.81, "difference": 0.12, "split": "test",
    ...          "interval": [0.09, 0.15], "nodes": 500, "helps": True}
    >>> lift_text(found)
    'with the graph 0.930, without 0.810: +0.120 (0.090 to 0.150) on 500 test nodes'
    """
    low, high = lift["interval"]
    text = (
        f"with the graph {lift['with_graph']:.3f}, without {lift['without_graph']:.3f}: "
        f"{lift['difference']:+.3f} ({low:.3f} to {high:.3f}) on {lift['nodes']:,} {lift['split']} "
        "nodes"
    )
    if lift["helps"]:
        return text
    worse = "does harm" if high < 0 else "does not help, as far as so many nodes can tell"
    return f"{text}: on these data the graph {worse}"


def calibration_lines(figures: Mapping[str, Any], fitted_on: int | None, served: bool) -> list[str]:
    """How far probabilities hold, before and after the temperature.

    Args:
        figures: of a split, as `gnn.runs.figures.as_figures` gives them.
        fitted_on: how many validation nodes the temperature rests on; None where it has none.
        served: whether probabilities are served with it.
    """
    found = figures["calibration"]
    lines = [f"calibration error {_calibration_text(found['before'])}"]
    if found["after"] is not None:
        rests = "" if fitted_on is None else f", fitted on {counted(fitted_on, 'validation node')}"
        rests += " (few)" if fitted_on is not None and fitted_on < FEW_NODES else ""
        how = "served so" if served else "served without it: --calibrate serves it"
        lines.append(
            f"at temperature {found['temperature']:.3g}{rests}: "
            f"{_calibration_text(found['after'])}; {how}"
        )
    return lines


def calibration_notes(config: RunConfig, metrics: Mapping[str, Any]) -> list[str]:
    """What the model card says of probabilities, as items of a list.

    Args:
        config: resolved.
        metrics: of the run.

    Example:

    >>> calibration_notes(RunConfig(), {})
    ['- Probabilities are the softmax of the logits; they were not calibrated.']
    """
    found = metrics.get("calibration")
    if found is None:
        return ["- Probabilities are the softmax of the logits; they were not calibrated."]
    at = f"at temperature {found['temperature']:.3g}"
    if config.calibrate:
        line = f"- Probabilities are served {at} (softmax of the logits / T); classes are the same."
    else:
        line = (
            f"- Probabilities are the softmax of the logits, not calibrated ({at} they would be)."
        )
    rests = f"It was fitted on {counted(found['nodes'], 'validation node')}"
    rests += ", few: it is a guess." if found["nodes"] < FEW_NODES else "."
    lines = [f"{line} {rests}"]
    # Where the temperature was fitted, the error after it is flattered.
    split = next((name for name in ("test", "validation") if name in metrics), None)
    measured = metrics.get(split or "", {}).get("calibration")
    if measured is not None and measured["after"] is not None:
        before, after = measured["before"]["error"], measured["after"]["error"]
        lines.append(
            f"- Calibration error on the {split} nodes: {before:.3f} before the temperature, "
            f"{after:.3f} after it."
        )
    return lines


def _calibration_text(found: Mapping[str, float]) -> str:
    return (
        f"{found['error']:.3f}, negative log-likelihood {found['negative_log_likelihood']:.3f}, "
        f"Brier score {found['brier']:.3f}"
    )


def class_lines(figures: Mapping[str, Any]) -> list[str]:
    """A table of the classes, their means, and which are confused most often."""
    classes = figures["classes"]
    rows = [
        (_short(row["class"]), f"{row['nodes']:,}", *(_share(row[key]) for key in _KEYS))
        for row in classes[:_CLASSES_SHOWN]
    ]
    for name in ("macro", "weighted"):
        rows.append((f"{name} mean", "", *(_share(figures[name][key]) for key in _KEYS)))
    lines = _aligned([("class", "nodes", *_KEYS), *rows])
    if len(classes) > _CLASSES_SHOWN:
        lines.insert(-2, f"and {len(classes) - _CLASSES_SHOWN:,} more: --json has all")
    confused = [
        f"{_short(row['class'])} as {_short(row['given'])} ({row['nodes']:,})"
        for row in figures["most_confused"][:_CONFUSED_SHOWN]
    ]
    return [*lines, *([f"most often taken: {', '.join(confused)}"] if confused else [])]


_KEYS = ("precision", "recall", "f1")


def slice_lines(slices: Sequence[Mapping[str, Any]], by: str) -> list[str]:
    """A table of the accuracy by what surrounds a node.

    Args:
        slices: as `gnn.runs.figures.as_figures` gives them.
        by: `"degree"` or `"homophily"`.
    """
    rows = []
    for part in slices:
        if not part["nodes"]:
            continue
        low, high = part["interval"]
        interval = f"({low:.3f} to {high:.3f})"
        rows.append((part["name"], f"{part['nodes']:,}", f"{part['accuracy']:.4f}", interval))
    titles = {"degree": "edges received", "homophily": "neighbors of its class"}
    return _aligned([(titles[by], "nodes", "accuracy", ""), *rows])


def figure_lines(
    name: str,
    figures: Mapping[str, Any],
    *,
    fitted_on: int | None = None,
    served: bool = False,
) -> list[str]:
    """All figures of a split: a line with the accuracy, and indented what lies behind it.

    Args:
        name: of the split.
        figures: `accuracy`, `loss`, `nodes`, and what `gnn.runs.figures.as_figures` gives, unless
            the logits were not finite.
        fitted_on: as in `calibration_lines`.
        served: likewise.
    """
    head = f"{name}: {accuracy_text(figures['accuracy'], figures['nodes'])}"
    head += f", loss {figures['loss']:.4f}"
    if "classes" not in figures:
        return [f"{head} (no more figures: some outputs are not finite)"]
    parts = [class_lines(figures), calibration_lines(figures, fitted_on, served)]
    for by in ("degree", "homophily"):
        slices = figures[f"by_{by}"]
        if slices is not None:
            parts.append(slice_lines(slices, by))
    return [head, *(f"  {line}".rstrip() for part in parts for line in ["", *part])]


def evaluation_text(found: Mapping[str, Any]) -> str:
    """What `gnn.runs.Run.evaluate` found, for a person.

    Args:
        found: what it returns.
    """
    lines: list[str] = []
    for name, figures in found.get("splits", {found["split"]: found}).items():
        lines += [""] if lines else []
        lines += figure_lines(
            name, figures, fitted_on=found["calibrated_on"], served=found["calibrated"]
        )
    if "lift" in found:
        lines += ["", f"  {lift_text(found['lift'])}"]
    lines += [f"wrote {path}" for path in found.get("plots", [])]
    return "\n".join(lines)


def _short(name: str) -> str:
    name = " ".join(str(name).split())
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns side by side: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
