"""The figures of a finished run on a split, and on each split of other data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gnn.evaluation.judgement import Judgement
from gnn.graphs.graph import Graph
from gnn.models.inference.layerwise_evaluation import judged_nodes
from gnn.runs.calibrating import temperature_on
from gnn.runs.figure_plots import check_plots, write_plots
from gnn.runs.figures import Surroundings, as_figures, judged
from gnn.runs.judged_splits import with_judged_splits
from gnn.runs.judging import Judge

if TYPE_CHECKING:  # It calls what is here.
    from gnn.runs.run import Run


def split_figures(
    judge: Judge,
    graph: Graph,
    splits: Sequence[str],
    class_names: Sequence[str],
    calibrated_on: dict[str, Any] | None = None,
) -> tuple[dict[str, dict[str, Any]], dict[str, Judgement], dict[str, Any] | None]:
    """Measures splits of a graph.

    Args:
        judge: of the model, on the graph.
        graph: with labels and these splits.
        splits: their names.
        class_names: by number.
        calibrated_on: the temperature that is known, as `temperature_on` gives it; None fits it on
            `"validation"`, if that is one of the splits.

    Returns:
        By split `accuracy`, `loss`, `nodes` and what `gnn.runs.figures.as_figures` gives; by split
        what that was made of, unless its logits are not finite; and the temperature.
    """
    measured = judge.measure(splits)
    if calibrated_on is None and "validation" in measured:
        calibrated_on = temperature_on(measured["validation"][1], graph, "validation")
    temperature = None if calibrated_on is None else float(calibrated_on["temperature"])
    surroundings = Surroundings(graph)
    figures, judgements = {}, {}
    for name, (metrics, logits) in measured.items():
        nodes = judged_nodes(graph, name)
        figures[name] = {key: metrics[key] for key in ("accuracy", "loss")} | {"nodes": len(nodes)}
        found = judged(logits, graph, nodes, surroundings, temperature)
        if found is not None:
            judgements[name] = found
            figures[name] |= as_figures(found, class_names)
    return figures, judgements, calibrated_on


def evaluate_run(
    run: Run,
    split: str | None,
    data: Any,
    inference: str | None,
    progress: bool,
    plots: str | os.PathLike[str] | None,
    overwrite: bool,
) -> dict[str, Any]:
    """What `gnn.runs.Run.evaluate` documents."""
    if plots is not None:
        check_plots(plots, overwrite=overwrite)
    graph = run.inputs.read(data, labels=True).graph
    if data is None:
        run.inputs.check_unchanged(graph)
    graph, chosen = with_judged_splits(graph, run.path, split, is_other=data is not None)
    judge = Judge(run.model, run.config, graph, inference, progress)
    named = list(graph.splits) if split is None and data is not None else [chosen]
    names, calibrated_on = run.facts.class_names, run.metrics.get("calibration")
    measured = named
    if calibrated_on is None and data is None and "validation" in graph.splits:
        # A run of old, which has not fitted a temperature.
        measured = list(dict.fromkeys([*named, "validation"]))
    figures, judgements, calibrated_on = split_figures(judge, graph, measured, names, calibrated_on)
    result = {"split": chosen, **figures[chosen], "inference": judge.inference}
    result["calibrated_on"] = None if calibrated_on is None else calibrated_on["nodes"]
    result["calibrated"] = bool(run.config.calibrate)
    lift = run.metrics.get("lift")
    if data is None and lift is not None and lift["split"] == chosen:
        result["lift"] = lift
    if plots is not None and chosen in judgements:
        result["plots"] = write_plots(judgements[chosen], names, plots, overwrite=overwrite)
    if len(named) > 1:
        result["splits"] = {name: figures[name] for name in named}
    return result
