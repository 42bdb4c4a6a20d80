"""Runs on a folder with a log: what is made of it, kept, and read again."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gnn
from gnn.datasets import folder_log, from_folder
from gnn.runs import OptionError, Run, RunConfig, adopt, load_run, train
from gnn.runs.data_loading import load_data
from gnn.runs.encoding import encoded
from tests.runs.conftest import SHORT, make_bare, write_shop

OPTIONS: dict[str, Any] = {"model": "gcn", **SHORT, "epochs": 2}
MLP = {**OPTIONS, "model": "mlp"}


def write_log(folder: Path) -> Path:
    """The shop, with sessions of two neighbors on the ring, each twice, in place of its edges."""
    write_shop(folder)
    (folder / "edges.csv").unlink()
    records = [
        f"{2 * node + again},n{item % 60}"
        for node in range(60)
        for again in range(2)
        for item in (node, node + 2)
    ]
    (folder / "sessions.csv").write_text("\n".join(["session,item", *records]) + "\n")
    return folder


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("data") / "log")


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        make_bare(patch)
        yield patch


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def run(log: Path, patch: pytest.MonkeyPatch, said: list[str]) -> Run:
    config = RunConfig(data=str(log), output=str(log.parent / "auto"), **OPTIONS)
    return train(config, report=said.append)


def test_a_run_makes_a_graph_keeps_it_and_says_so(run: Run, log: Path, said: list[str]) -> None:
    """A product is in four sessions, and with each of its two neighbors in two of them."""
    config = gnn.SessionGraphConfig().to_dict()
    assert run.config.session_config == config
    kept = gnn.graphs.open_graph(run.path / "log_graph")
    assert set(kept.weights.tolist()) == {0.5} and kept.num_edges == 120
    assert kept.notes["config"] == config and kept.notes["report"]["sessions"] == 120
    assert dict(kept.features) == {} and set(kept.splits) == {"train", "validation", "test"}
    assert "edge homophily  1.000" in kept.info()
    assert said[:2] == [
        "sessions.csv gave 120 edges, and 0 of 60 nodes have none",
        "240 records in 120 sessions: weights by cosine",
    ]
    assert "sessions.csv gave 120 edges" in (run.path / "log.txt").read_text()
    assert f"graph       {run.path / 'log_graph'}, made of a log" in run.info()
    manifest = json.loads((run.path / "gnn_manifest.json").read_text())
    assert manifest["folders"] == {"log_graph": "graph"}


def test_the_kept_graph_is_not_built_again(
    run: Run, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = load_run(run.path).evaluate("test")
    monkeypatch.delattr(folder_log, "session_edges")
    again = load_run(run.path)
    assert again.evaluate("test") == expected
    assert len(again.predict().ids) == 60 == len(again.embed().vectors)
    same = load_data(run.config, run.facts.columns, run=run.path)
    assert run.facts.is_of(encoded(same.graph, same, run.encoder))


def test_a_log_that_has_changed_is_noticed(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    folder = write_log(tmp_path / "log")
    config = RunConfig(data=str(folder), output=str(tmp_path / "run"), **MLP)
    train(config)
    made = train(dataclasses.replace(config, overwrite=True))
    assert {path.name for path in tmp_path.iterdir()} == {"log", "run"}
    assert adopt(made.path).others == ()
    found = made.evaluate("test")
    with (folder / "sessions.csv").open("a") as file:
        file.write("new,n0\nnew,n1\nnewer,n0\nnewer,n1\n")
    with pytest.raises(ValueError, match="have changed since it was trained"):
        load_run(made.path).evaluate()
    shutil.rmtree(made.path / "log_graph")  # Then it is made again of the log.
    write_log(folder)
    assert load_run(made.path).evaluate("test") == found


def test_a_run_of_before_counts(log: Path, tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    counted = RunConfig(
        data=str(log),
        output=str(tmp_path / "old"),
        session_config={"weighting": "count"},
        **MLP,
    )
    made = train(counted)
    found = made.evaluate("test")
    shutil.rmtree(made.path / "log_graph")
    config = json.loads((made.path / "config.json").read_text())
    del config["config"]["session_config"]
    (made.path / "config.json").write_text(json.dumps(config))
    old = load_run(made.path)
    assert old.config.session_config is None
    assert old.evaluate("test") == found
    assert "made of a log" not in old.info()
    graph = load_data(old.config, run=old.path).graph
    expected = from_folder(log, session_config={"weighting": "count"})
    np.testing.assert_array_equal(graph.weights, expected.weights)
    assert set(expected.weights.tolist()) == {2.0}


def test_a_stopped_run_is_carried_on_with_its_graph(
    log: Path, tmp_path: Path, patch: pytest.MonkeyPatch, run: Run
) -> None:
    config = RunConfig(data=str(log), output=str(tmp_path / "run"), **OPTIONS)

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as stopping:
        stopping.setattr("gnn.runs.trainer.write_results", stop)
        with pytest.raises(KeyboardInterrupt, match="Carry on with"):
            train(config)
    assert (tmp_path / "run.partial" / "log_graph" / "schema.json").is_file()
    resumed = RunConfig(output=config.output, resume=True, session_config={"weighting": "auto"})
    with pytest.MonkeyPatch.context() as reading:
        reading.delattr(folder_log, "session_edges")
        other = RunConfig(output=config.output, resume=True, session_config={"min_count": 3})
        with pytest.raises(OptionError, match="cannot resume .* session_config"):
            train(other)
        done = train(resumed)
    np.testing.assert_array_equal(done.predict().probabilities, run.predict().probabilities)


def test_fields_for_data_without_a_log_are_an_error(shop: Path) -> None:
    fields = {"weighting": "npmi"}
    for data in ({"data": str(shop)}, {"dataset": "digits"}):
        with pytest.raises(OptionError, match=r"session_config is for a log, sessions.csv, and .*"):
            train(RunConfig(session_config=fields, model="mlp", **data))
