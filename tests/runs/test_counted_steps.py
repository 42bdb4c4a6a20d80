"""Steps of an epoch that are counted, over data that repeats, are fed by id as others are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gnn
from gnn.data.by_id import form_of
from gnn.models.base.data_checks import inputs_of
from gnn.models.base.fed_by_id import TablesInUse
from gnn.runs.fitting import fit
from gnn.runs.recipes import resolve
from gnn.runs.run_config import RunConfig


def test_counted_steps_come_by_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fed, feed = [], TablesInUse.feed

    def heard(tables: TablesInUse, model: Any, function: str, x: Any, *args: Any) -> Any:
        found = feed(tables, model, function, x, *args)
        if function == "train":
            fed.append(form_of(inputs_of(found.element_spec)) is not None)
        return found

    monkeypatch.setattr(TablesInUse, "feed", heard)
    rng = np.random.default_rng(0)
    graph = gnn.Graph.from_edges(
        *rng.integers(0, 20, (2, 60)),
        rng.standard_normal((20, 4)),
        labels=np.arange(20) % 2,
        splits={"train": np.arange(12), "validation": np.arange(12, 20)},
    )
    asked = RunConfig(
        model="graph-regularization", batch_size=5, fanout=(1,), steps_per_epoch=4, epochs=2
    )
    fitted = fit(resolve(asked, graph), graph, tmp_path)
    assert fed == [True] and int(fitted.model.optimizer.iterations) == 8
