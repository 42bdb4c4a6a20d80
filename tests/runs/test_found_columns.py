"""A run keeps the columns that were found in its log, and is carried on without naming them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnn.configs import SessionGraphConfig
from gnn.edges.records.log_presets import columns_of_log
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import load_data
from gnn.runs.run_config import RunConfig
from gnn.runs.run_folder import carried_on

STORED = {
    **SessionGraphConfig("npmi").to_dict(),
    "session_column": "visit_id",
    "item_column": "sku",
}


def test_a_run_is_carried_on_whether_its_columns_are_named_or_not() -> None:
    stored, where = RunConfig(session_config=STORED), Path("runs/x")
    for asked in ({"weighting": "npmi"}, {"weighting": "npmi", "item_column": "sku"}, STORED):
        found = carried_on(stored, RunConfig(session_config=asked), where)
        assert found.session_config == STORED
    for other in ({"weighting": "count"}, {"weighting": "npmi", "item_column": "ean"}):
        with pytest.raises(OptionError, match="cannot resume .* session_config"):
            carried_on(stored, RunConfig(session_config=other), where)


def test_the_graph_of_a_folder_keeps_what_was_found(tmp_path: Path) -> None:
    rows = ["u1,5,a", "u1,65,b", "u1,9000,c", "u2,5,b", "u2,6,c"]
    (tmp_path / "clicks.csv").write_text("\n".join(["user_id,timestamp,sku", *rows]))
    (tmp_path / "products.csv").write_text("sku,price\na,1\nb,2\nc,3\n")
    graph = load_data(RunConfig(data=str(tmp_path), session_config={"weighting": "count"})).graph
    assert graph.ids.tolist() == ["a", "b", "c"]
    assert set(zip(graph.senders, graph.receivers, strict=True)) == {(0, 1), (1, 0), (1, 2), (2, 1)}
    config = graph.notes["config"]
    assert (config["user_column"], config["time_column"]) == ("user_id", "timestamp")
    assert (config["item_column"], config["session_gap"]) == ("sku", 1800)
    # What was found is found again, and nothing else.
    again = SessionGraphConfig(**config)
    assert columns_of_log(["user_id", "timestamp", "sku"], again) == (again, [])
