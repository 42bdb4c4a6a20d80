"""A table of every type of column: the answers in Python, by the command, and when served."""

from __future__ import annotations

import csv
import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.cli.main import main
from gnn.ops import images
from gnn.runs import Run, RunConfig, load_run, train
from gnn.tables.problems import TableWarning
from tests.runs.conftest import train_eagerly

COLUMNS = ("product_id", "the photo", "brand", "tags", "title", "price", "sold", "since")
HEADER = ",".join(COLUMNS)
# A gap in each column, a brand that is new, images that are broken, missing and empty.
NEW = [
    ("n0", "p1.png", "Alder", "a|b", "red cup", "1.5", "true", "2024-01-31"),
    ("n1", "broken.png", "Dune", "z", "green thing", "on request", "maybe", "soon"),
    ("n2", "", "", "", "", "", "", ""),
    ("n3", "nowhere.png", " Birch ", "NA", "NA", "NA", "FALSE", "2024-02-29T10:00"),
    ("n4", "empty.png", "alder", "b|b", "Cup; red!", "-3", "no", "2031-12-31"),
]


def write_shop(folder: Path) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir()
    lines = [f"{HEADER},kind"]
    clicks = ["session_id,product_id"]
    for k in range(24):
        kind = k % 2
        pixels = rng.integers(0, 60, (6, 6, 1)) + 180 * kind
        path = folder / f"p{k}.png"
        path.write_bytes(tf.io.encode_png(pixels.astype(np.uint8)).numpy())
        row = [
            f"id{k}",
            path.name if k != 4 else "broken.png",
            ("Alder", "Birch")[kind] if k % 7 else "",
            ("a|b", "b", "")[k % 3],
            ("red cup", "blue pot", "red pot")[k % 3],
            f"{k / 4 + 3 * kind}" if k % 5 else "NA",
            ("true", "false", "")[k % 3],
            f"2024-{1 + k % 12:02}-11" if k % 9 else "",
        ]
        label = ("cup", "pot")[kind] if k < 16 else ""
        lines.append(",".join([*row, label]))
        clicks += [f"s{k},id{k}", f"s{k},id{(k + 2) % 24}"] * 2
    (folder / "products.csv").write_text("\n".join(lines) + "\n")
    (folder / "clicks.csv").write_text("\n".join(clicks) + "\n")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n")
    (folder / "empty.png").write_bytes(b"")
    new = "\n".join(",".join(row) for row in NEW)
    (folder / "new.csv").write_text(f"{HEADER}\n{new}\n")


pytestmark = pytest.mark.filterwarnings("ignore::gnn.tables.problems.TableWarning")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("columns")
    write_shop(root / "shop")
    config = RunConfig(
        data=str(root / "shop"),
        nodes="products.csv",
        columns={"kind": "label", "brand": "category", "tags": "multi-category:|", "title": "text"},
        model="graph-regularization",
        session_config={"weighting": "count"},
        hidden_units=(4,),
        epochs=2,
        output=str(root / "run"),
    )
    with pytest.MonkeyPatch.context() as patch:
        train_eagerly(patch)
        return train(config)


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


ALONE = """
import sys
import numpy as np
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures
inputs = {name.replace(" ", "_"): tf.constant(cells) for name, cells in np.load(sys.argv[2]).items()}
found = {**served["serving_default"](**inputs), **served["embedding"](**inputs)}
assert "gnn" not in sys.modules
np.savez(sys.argv[3], **found)
"""


def sent(shop: Path) -> dict[str, Any]:
    """The rows of the new table as a client sends them, raw."""
    cells = dict(zip(COLUMNS, zip(*NEW, strict=True), strict=True))
    found: dict[str, Any] = {k: np.array([c.encode() for c in cells[k]]) for k in COLUMNS[2:]}
    images = [shop / name for name in cells["the photo"]]
    found["the photo"] = np.array(
        [path.read_bytes() if path.is_file() else b"" for path in images], object
    ).astype(bytes)
    found["price"] = np.array([1.5, np.nan, np.nan, np.nan, -3], np.float32)
    return found


def test_python_the_command_and_the_saved_model_agree(run: Run, tmp_path: Path) -> None:
    shop = Path(run.config.data or "")
    found = load_run(run.path).predict(shop / "new.csv")
    assert found.ids == [row[0] for row in NEW]
    assert found.filled == [
        "",
        "price;since;sold;the photo",
        "brand;price;since;sold;tags;the photo;title",
        "price;tags;the photo;title",
        "the photo",
    ]
    # By the command, from another folder: images are beside their table.
    output = tmp_path / "found.csv"
    assert (
        main(["predict", str(run.path), "--input", str(shop / "new.csv"), "--output", str(output)])
        == 0
    )
    rows = rows_of(output)
    assert [row["filled"] for row in rows] == found.filled
    by_command = [[float(row[f"probability_{k}"]) for k in found.class_names] for row in rows]
    np.testing.assert_allclose(by_command, found.probabilities, atol=1e-5)
    assert [row["class"] for row in rows] == found.classes

    np.savez(tmp_path / "sent.npz", **sent(shop))
    served = [str(run.path / "saved_model"), str(tmp_path / "sent.npz"), str(tmp_path / "o.npz")]
    subprocess.run([sys.executable, "-c", ALONE, *served], check=True)
    answer = np.load(tmp_path / "o.npz", allow_pickle=True)
    np.testing.assert_allclose(answer["probabilities"], found.probabilities, atol=1e-5)
    assert [name.decode() for name in answer["classes"]] == found.classes
    np.testing.assert_allclose(answer["embedding"], run.embed(shop / "new.csv").vectors, atol=1e-5)
    card = (run.path / "saved_model" / "assets" / "README.md").read_text()
    assert card == (run.path / "README.md").read_text()
    assert "the photo: 24 images, 1 broken: broken.png (these bytes begin as no JPEG" in card
    assert (
        "| the photo | image | 0.0% |" in card
        and "| tags | multi-category ('|') |" in card.replace("\\|", "|")
    )


def test_what_is_new_is_told(run: Run) -> None:
    drift = run.predict(Path(run.config.data or "") / "new.csv").drift
    assert drift is not None
    said = drift.lines()
    assert any(line.startswith("brand: ") and "'Dune' (1)" in line for line in said)
    assert any(line.startswith("since: ") and "1 rows above" in line for line in said)
    assert any(line.startswith("price: 60.0% gaps") for line in said)


def test_statistics_rest_on_nodes_that_are_not_judged(run: Run) -> None:
    """The vocabulary and the mean are those of the nodes in no split but train."""
    held_out = {
        row["id"]
        for row in rows_of(run.path / "splits.csv")
        if row["split"] in ("validation", "test")
    }
    assert len(held_out) == 8  # A fifth of each kind's 8, rounded up, to validate and to test.
    table = rows_of(Path(run.config.data or "") / "products.csv")
    prices = [
        float(row["price"])
        for row in table
        if row["product_id"] not in held_out and row["price"] != "NA"
    ]
    encoder = run.encoder
    assert encoder is not None
    place = encoder.feature_names["columns"].index("price")
    mean = np.mean(prices)
    raw = {
        name: tf.constant(cells[:1]) for name, cells in sent(Path(run.config.data or "")).items()
    }
    raw["price"] = tf.constant([mean], tf.float32)
    assert abs(float(encoder(raw)["columns"][0, place])) < 1e-5


def test_a_row_that_was_given_is_a_row_that_comes_out(run: Run, tmp_path: Path) -> None:
    """Ids of a table alone join nothing: they may be missing, or there twice."""
    table = tmp_path / "new.csv"
    rows = ["x,,Alder,,,1,,", "x,,Alder,,,1,,", ",,Birch,,,2,,", "NA,,Birch,,,2,,"]
    table.write_text("\n".join([HEADER, *rows]) + "\n")
    found = run.predict(table)
    assert found.ids == ["x", "x", "", ""]
    np.testing.assert_allclose(found.probabilities[0], found.probabilities[1], rtol=1e-6)
    assert len(run.embed(table).vectors) == 4


def test_images_are_read_once_and_broken_ones_told(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, read = Path(run.config.data or ""), []
    of_files = images.read_images
    monkeypatch.setattr(
        images, "read_images", lambda paths, **k: read.append(len(paths)) or of_files(paths, **k)
    )
    with pytest.warns(
        TableWarning, match="^the photo: 5 images, 1 gap, 3 broken: broken.png "
    ) as told:
        run.predict(shop / "new.csv")
    assert read == [len(NEW)]
    assert any(str(warning.message).endswith(f"start from {str(shop)!r}") for warning in told)


def test_strict_runs_take_no_broken_image(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^the photo: 24 images, 1 broken: broken.png "):
        train(dataclasses.replace(run.config, strict=True, output=str(tmp_path / "run")))
    assert not (tmp_path / "run").exists()


def test_images_of_which_none_is_there(run: Run, tmp_path: Path) -> None:
    for name in ("products.csv", "clicks.csv"):
        shutil.copy(Path(run.config.data or "") / name, tmp_path)
    config = dataclasses.replace(run.config, data=str(tmp_path), output=str(tmp_path / "run"))
    with pytest.raises(
        ValueError, match="no image can be read: the photo: 24 images, 24 broken: p0"
    ):
        train(config)
