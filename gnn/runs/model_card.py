"""The model card of a run: what it is, what it was trained on, how good it is, and its limits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gnn.edges.edges import counted
from gnn.graphs.graph import Graph
from gnn.runs.figure_texts import calibration_notes, interval_text, lift_text
from gnn.runs.run_config import NETWORK_NAMES, SAMPLED, RunConfig
from gnn.tables.schema import Schema

_CLASSES_SHOWN = 50
_FEW_LABELS = 5


def model_card(
    config: RunConfig,
    graph: Graph,
    metrics: Mapping[str, Any],
    versions: Mapping[str, str],
    *,
    class_names: Sequence[str],
    schema: Schema | None = None,
    inputs: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Writes the card as Markdown.

    Args:
        config: resolved.
        graph: what was trained on, with its splits.
        metrics: of the run: epochs, and accuracy and loss a split.
        versions: of what it was computed with.
        class_names: by number.
        schema: of the table of nodes; None where the data have none.
        inputs: column -> its input in the SavedModel; None where no columns are served.
        notes: what was done to the data: splits drawn, rows left out.

    Returns:
        The text.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})
    >>> card = model_card(
    ...     RunConfig(data="shop", model="mlp"), graph, {"epochs": 3, "best_epoch": 2}, {},
    ...     class_names=["cat", "dog"],
    ... )
    >>> card.splitlines()[0]
    '# mlp on shop'
    """
    data = config.dataset or config.data or "data"
    sections = {
        "Classes": _classes(graph, class_names),
        "Figures": _figures(graph, metrics),
        "Data": _data(graph, notes),
        "Columns": [] if schema is None else _columns(schema),
        "Serving": [] if schema is None or not inputs else _serving(config, schema, inputs),
        "Limits": _limits(config, graph, metrics, class_names),
        "Options": _table(["option", "value"], _options(config)),
        "Versions": _table(["package", "version"], versions.items()),
    }
    head = [
        f"# {config.model} on {data}",
        "",
        "A classifier of nodes, trained by `gnn train`. "
        + (
            "It needs each node's neighbors."
            if config.model in NETWORK_NAMES
            else "It takes the features of a node alone."
        ),
    ]
    parts = [["", f"## {title}", "", *lines] for title, lines in sections.items() if lines]
    return "\n".join([*head, *(line for part in parts for line in part)]) + "\n"


def _classes(graph: Graph, names: Sequence[str]) -> list[str]:
    assert graph.labels is not None
    train = graph.labels[graph.split("train")]
    counts = np.bincount(train[train >= 0], minlength=len(names))
    rows = [
        (name, str(count)) for name, count in zip(names, counts[: len(names)].tolist(), strict=True)
    ]
    lines = _table(["class", "labeled nodes to train on"], rows[:_CLASSES_SHOWN])
    more = len(rows) - _CLASSES_SHOWN
    return [*lines, "", f"and {more:,} more"] if more > 0 else lines


def _figures(graph: Graph, metrics: Mapping[str, Any]) -> list[str]:
    rows = []
    for split in ("validation", "test"):
        if split in metrics:
            found = metrics[split]
            count = found.get("nodes") or len(graph.split(split))
            rows.append(
                (
                    split,
                    str(count),
                    f"{found['accuracy']:.4f}",
                    interval_text(found["accuracy"], count),
                    f"{found['loss']:.4f}",
                )
            )
    lines = _table(["split", "nodes", "accuracy", "95% interval", "loss"], rows) if rows else []
    said = f"Epochs: {metrics['epochs']}, the best was {metrics['best_epoch']}."
    if metrics.get("inference") == SAMPLED:
        said += " Estimated on sampled neighbors."
    if "lift" in metrics:
        worth = lift_text(metrics["lift"])
        said += f"\n\n{worth[:1].upper()}{worth[1:]}."
    return [*lines, *([""] if lines else []), *said.split("\n")]


def _data(graph: Graph, notes: Sequence[str]) -> list[str]:
    splits = ", ".join(f"{name} {len(nodes):,}" for name, nodes in graph.splits.items())
    lines = [
        f"- {counted(graph.num_nodes, 'node')}, {counted(graph.num_edges, 'edge')}",
        f"- splits: {splits}",
    ]
    made = graph.notes.get("edges")
    return [*lines, *([f"- edges: {made}"] if made else []), *(f"- {note}" for note in notes)]


def _columns(schema: Schema) -> list[str]:
    rows = (
        (
            name,
            column.type + (f" ({column.separator!r})" if column.separator else ""),
            "" if column.gaps is None else f"{column.gaps:.1%}",
            column.reason,
        )
        for name, column in schema.columns.items()
    )
    return _table(["column", "type", "gaps", "why"], rows)


def _serving(config: RunConfig, schema: Schema, inputs: Mapping[str, str]) -> list[str]:
    """How the SavedModel is called, by columns."""
    kinds = {
        "number": ("a number, NaN for a gap", "[1.5]"),
        "vector": ("numbers, NaN for a gap", "[[...]]"),
        "image": ("the bytes of a file, empty for a gap", "[image_bytes]"),
    }
    text = ("text, empty for a gap", '["..."]')
    described = {name: kinds.get(schema.columns[name].type, text) for name in inputs}
    rows = [(f"`{inputs[name]}`", name, described[name][0]) for name in inputs]
    call = ", ".join(f"{inputs[name]}=tf.constant({described[name][1]})" for name in inputs)
    graph = "The keys of the graph come with them. " if config.model in NETWORK_NAMES else ""
    return [
        *_table(["input", "column", "a row"], rows),
        "",
        "```python",
        'served = tf.saved_model.load("saved_model").signatures["serving_default"]',
        f"answer = served({call})",
        'answer["classes"], answer["probabilities"], answer["logits"]',
        "```",
        "",
        f"Each input has an entry a row; a price that is no number is NaN. {graph}The signature "
        "`embedding` takes the same.",
    ]


def _limits(
    config: RunConfig, graph: Graph, metrics: Mapping[str, Any], names: Sequence[str]
) -> list[str]:
    assert graph.labels is not None
    lines = [
        "- It answers with one of the classes above, also for what is none of them.",
        *calibration_notes(config, metrics),
    ]
    train = graph.labels[graph.split("train")]
    counts = np.bincount(train[train >= 0], minlength=len(names))
    few = [str(name) for name, count in zip(names, counts, strict=False) if count < _FEW_LABELS]
    if few:
        shown = ", ".join(few[:_CLASSES_SHOWN])
        lines.append(f"- Fewer than {_FEW_LABELS} labeled nodes to train on: {shown}.")
    if "validation" in metrics:
        count = len(graph.split("validation"))
        within = interval_text(metrics["validation"]["accuracy"], count)
        lines.append(
            f"- {counted(count, 'node')} chose the epoch: its accuracy lies within {within}, and "
            "is flattered by the choice."
        )
    if "test" not in metrics:
        lines.append("- No test split: no figure here is free of choices made by it.")
    if config.model in NETWORK_NAMES:
        lines.append("- A node without neighbors is judged by its features alone.")
    return lines


def _options(config: RunConfig) -> Iterator[tuple[str, str]]:
    for name, value in config.to_dict().items():
        yield name, f"`{json.dumps(value)}`"


def _table(titles: Sequence[str], rows: Any) -> list[str]:
    lines = [" | ".join(map(_cell, row)) for row in rows]
    head = [" | ".join(titles), " | ".join("---" for _ in titles)]
    return [f"| {line} |" for line in [*head, *lines]]


def _cell(text: Any) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")
