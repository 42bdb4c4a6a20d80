"""The model card: its figures, intervals and limits, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.graphs.graph import Graph
from gnn.runs.model_card import model_card
from gnn.runs.run_config import RunConfig
from gnn.tables.schema import Column, Schema

METRICS = {
    "epochs": 7,
    "best_epoch": 4,
    "validation": {"accuracy": 0.5, "loss": 0.75},
    "test": {"accuracy": 1.0, "loss": 0.25},
}


def card(metrics: dict[str, Any] = METRICS, model: str = "mlp", **options: Any) -> list[str]:
    graph = Graph.from_edges(
        [0],
        [1],
        np.eye(12),
        labels=[0] * 6 + [1] * 6,
        splits={"train": [0, 1, 2, 3, 4, 6], "validation": [5, 7, 8, 9], "test": [10]},
    )
    text = model_card(
        RunConfig(data="shop", model=model, hidden_units=(8,)),
        graph,
        metrics,
        {"gnn": "1.0"},
        class_names=["cat", "dog"],
        **options,
    )
    return text.splitlines()


def test_figures_have_their_nodes_and_intervals() -> None:
    lines = card()
    assert "| validation | 4 | 0.5000 | 0.150 to 0.850 | 0.7500 |" in lines
    assert "| test | 1 | 1.0000 | 0.207 to 1.000 | 0.2500 |" in lines
    assert "Epochs: 7, the best was 4." in lines
    assert "- splits: train 6, validation 4, test 1" in lines
    assert "| cat | 5 |" in lines
    assert "| dog | 1 |" in lines


def test_limits_say_what_is_thin() -> None:
    lines = card()
    assert "- Fewer than 5 labeled nodes to train on: dog." in lines
    assert not any("No test split" in line for line in lines)
    assert not any("without neighbors" in line for line in lines)
    untested = card({key: METRICS[key] for key in ("epochs", "best_epoch", "validation")}, "gcn")
    assert "- No test split: no figure here is free of choices made by it." in untested
    assert "- A node without neighbors is judged by its features alone." in untested


def test_columns_options_versions_and_notes() -> None:
    columns = {"price": Column("number", reason="9 of 10 are numbers | so", gaps=0.125)}
    columns["tags"] = Column("multi-category", separator=";")
    lines = card(schema=Schema(columns), notes=["drew 6 nodes"])
    assert "| price | number | 12.5% | 9 of 10 are numbers \\| so |" in lines
    assert "| tags | multi-category (';') |  |  |" in lines
    assert "| hidden_units | `[8]` |" in lines
    assert "| gnn | 1.0 |" in lines
    assert "- drew 6 nodes" in lines
    assert "## Columns" not in card() and "## Serving" not in card()
    served = card(schema=Schema(columns), inputs={"price": "price", "tags": "tags"})
    assert "| `price` | price | a number, NaN for a gap |" in served
    assert 'answer = served(price=tf.constant([1.5]), tags=tf.constant(["..."]))' in served
