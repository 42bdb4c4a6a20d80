"""docs/spark.md runs: its Python blocks, but for those that need another cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.test_readme import blocks

PAGE = Path(__file__).parents[2] / "docs/spark.md"


def test_the_page_runs(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    clicks = zip(rng.integers(0, 50, 200).tolist(), rng.integers(0, 9, 200).tolist(), strict=True)
    products = [(id, id % 2, "train" if id < 6 else "test", 0.5 * id) for id in range(9)]
    vectors = [(id, rng.normal(size=3).tolist()) for id in range(9)]
    tables = {
        "clicks": spark.createDataFrame(list(clicks), "session long, item long"),
        "products": spark.createDataFrame(products, "id long, label long, split string, x double"),
        "vectors": spark.createDataFrame(vectors, "id long, embedding array<double>"),
    }
    monkeypatch.chdir(tmp_path)
    spark.conf.set("spark.sql.adaptive.enabled", "true")  # As the page says, and Spark by itself.
    for name, table in tables.items():
        table.write.parquet(str(tmp_path / name))
    code = [
        # Spark's own process has its own current folder.
        block.text.replace('parquet("', f'parquet("{tmp_path}/')
        for block in blocks(PAGE.read_text(encoding="utf-8"))
        if block.language == "python" and "needs a cluster" not in block.before
    ]
    assert len(code) == 3
    exec("\n".join(code), {"spark": spark})
    made, shop, found = capsys.readouterr().out.splitlines()
    assert made.startswith("200 records: weights by cosine")
    assert shop == "9 ['features'] ['test', 'train']"
    assert found == "10 nearest neighbors of each by cosine, exact"
    assert not (tmp_path / "work").exists()
    spark.conf.set("spark.sql.adaptive.enabled", "false")
