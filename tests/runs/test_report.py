"""The page of a report: what is in it, what it is made of, and that a browser shows it."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.cli.main import main
from gnn.plots.plane import in_plane
from gnn.runs import OptionError, Run, RunConfig, load_run, report, train
from gnn.runs.looking import report as module
from gnn.runs.looking.charts import confusion, curves
from gnn.runs.looking.drawn import by_hash, drawn_nodes
from gnn.runs.looking.markdown import as_html
from gnn.runs.looking.sides import Side, feature_vectors
from gnn.runs.looking.thumbnails import thumbnails
from tests.runs.conftest import make_bare

HACK = "</script><script>window.hacked=1</script>"
IMAGE_HACK = '<img src="x" onerror="window.hacked=1">'
NODES = 40


def write_folder(folder: Path) -> Path:
    """40 nodes with pictures, numbers and titles, whose texts try to be markup."""
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    lines = ["id,photo,size,title,label,split"]
    for node in range(NODES):
        kind = node % 2
        pixels = np.full([8, 6, 3], 40 + 150 * kind) + rng.integers(0, 40, [8, 6, 3])
        (folder / f"images/{node}.png").write_bytes(
            tf.io.encode_png(pixels.astype(np.uint8)).numpy()
        )
        name = f"{HACK}{node}" if node < 2 else f"n{node}"
        label = ("pear", f'"{IMAGE_HACK.replace(chr(34), chr(34) * 2)}"')[kind]
        split = ("train", "train", "validation", "test")[node // 2 % 4]
        lines.append(
            f"{name},images/{node}.png,{kind + rng.normal() / 4:.3f},{HACK} no. {node},"
            f"{label},{split}"
        )
    (folder / "nodes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ids = [line.split(",")[0] for line in lines[1:]]
    edges = [f"{ids[node]},{ids[(node + 2) % NODES]}" for node in range(NODES)]
    (folder / "edges.csv").write_text("\n".join(["source,target", *edges]) + "\n")
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Small runs on the same nodes."""
    folder = tmp_path_factory.mktemp("report")
    data = write_folder(folder / "shop")
    given: dict[str, Any] = {"epochs": 2, "hidden_units": (4,), "baseline": False}
    with pytest.MonkeyPatch.context() as patch:
        make_bare(patch)
        return {
            model: train(
                RunConfig(data=str(data), model=model, output=str(folder / model), **given)
            )
            for model in ("mlp", "graph-regularization", "gcn")
        }


@pytest.fixture(scope="module")
def page(runs: dict[str, Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of one run against the other."""
    output = tmp_path_factory.mktemp("page") / "report.html"
    return report(runs["graph-regularization"], runs["mlp"], output=output, map="pca")


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.DOTALL
    )
    assert found is not None
    return json.loads(found[1])


def nearest(vectors: np.ndarray, row: int, k: int) -> list[int]:
    """By cosine, one pair at a time."""
    lengths = np.linalg.norm(vectors, axis=1)
    near = vectors @ vectors[row] / np.maximum(lengths * lengths[row], 1e-300)
    near[row] = -np.inf
    return np.argsort(-near, kind="stable")[:k].tolist()


def test_neighbors_are_those_of_either_embedding(page: Path, runs: dict[str, Run]) -> None:
    items = data_of(page)["items"]
    assert items["drawn"] == NODES
    for side, model in zip(items["sides"], ("graph-regularization", "mlp"), strict=True):
        embedded = runs[model].embed()
        assert [str(name) for name in embedded.ids] == items["ids"]
        vectors = embedded.vectors.astype(np.float64)
        for row in (0, 7, 39):
            apart = 1 - vectors @ vectors[row] / (
                np.maximum(np.linalg.norm(vectors, axis=1) * np.linalg.norm(vectors[row]), 1e-300)
            )
            # Equal distances may be found in either order.
            expected = np.sort(np.delete(apart, row))[:6]
            np.testing.assert_allclose(apart[side["neighbors"][row]], expected, atol=1e-6)
            np.testing.assert_allclose(side["distances"][row], expected, atol=6e-4)


def test_page_holds_what_is_known_of_the_nodes(page: Path, runs: dict[str, Run]) -> None:
    items = data_of(page)["items"]
    predicted = runs["graph-regularization"].predict()
    assert [items["classes"][k] for k in items["predicted"]] == predicted.classes
    assert [items["classes"][k] for k in items["labels"]] == [
        IMAGE_HACK if k % 2 else "pear" for k in range(NODES)
    ]
    assert items["split_names"][items["splits"][6]] == "test"
    assert {items["split_names"][items["splits"][row]] for row in items["queries"]} == {"test"}
    assert len(items["queries"]) == 8
    assert "no. 5" in items["texts"][5]
    picture = base64.b64decode(items["pictures"][3].split(",")[1])
    assert tf.io.decode_jpeg(picture).shape == (8, 6, 3)
    text = page.read_text(encoding="utf-8")
    for title in ("Query sheets", "Training", "Spread", "Calibration", "What differs", "Versions"):
        assert f">{title}" in text
    assert {"curve0", "curve1", "spread", "confusion0", "confusion1", "calibration1"} <= set(
        data_of(page)["charts"]
    )


def test_text_of_users_is_never_markup(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "window.hacked" in text
    assert HACK not in text
    assert IMAGE_HACK not in text
    # The data, plotly.js and our own script, and no other.
    assert text.count("<script") == 3 == text.count("</script>")
    assert not re.findall(r'(?:src|href)="(?!#|data:)', text.split("<script")[0])


def test_features_are_beside_a_run_alone_and_new_nodes_are_queries(
    runs: dict[str, Run], tmp_path: Path
) -> None:
    folder = Path(runs["mlp"].config.data or "")
    new = folder / "new.csv"
    new.write_text("id,photo,size,title\nfresh,images/4.png,0.1,one\nother,,1.0,\n")
    output = report(runs["mlp"], output=tmp_path / "new.html", new=new, map="pca", max_points=10)
    items = data_of(output)["items"]
    assert [side["name"] for side in items["sides"]] == ["mlp (this run)", "features alone"]
    assert items["drawn"] == 10 == len(items["x"])
    assert [items["ids"][row] for row in items["queries"]] == ["fresh", "other"]
    assert items["labels"][10:] == [-1, -1]
    assert [bool(uri) for uri in items["pictures"][10:]] == [True, False]
    assert all(row < 10 for side in items["sides"] for near in side["neighbors"] for row in near)
    assert "10 of 40 nodes are drawn" in output.read_text()
    fresh = runs["mlp"].embed(new).vectors[0].astype(np.float64)
    known = dict(zip(map(str, runs["mlp"].embed().ids), runs["mlp"].embed().vectors, strict=True))
    drawn = np.array([known[name] for name in items["ids"][:10]], np.float64)
    near = nearest(np.concatenate([drawn, fresh[None]]), 10, 1)
    assert items["sides"][0]["neighbors"][10][0] == near[0]


def test_a_graph_network_is_looked_at(runs: dict[str, Run], tmp_path: Path) -> None:
    items = data_of(report(runs["gcn"], runs["mlp"], output=tmp_path / "gcn.html", map="pca"))[
        "items"
    ]
    assert [side["name"] for side in items["sides"]] == ["gcn (this run)", "mlp (against)"]
    other = dataclasses.replace(
        runs["mlp"],
        config=dataclasses.replace(runs["mlp"].config, data=str(tmp_path)),
    )
    (tmp_path / "nodes.csv").write_text(
        "id,photo,size,title,label\n" + "".join(f"m{k},,{k},x,pear\n" for k in range(40))
    )
    shutil.copytree(runs["mlp"].path, tmp_path / "other")
    (tmp_path / "other/splits.csv").write_text("id,split\n")
    other = dataclasses.replace(other, path=tmp_path / "other")
    with pytest.raises(OptionError, match="against must be a run on the same nodes: .* has no"):
        report(runs["gcn"], other, output=tmp_path / "none.html")
    assert not (tmp_path / "none.html").exists()


def test_what_is_gone_is_said(
    runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(runs["mlp"].path, tmp_path / "old")
    (tmp_path / "old/README.md").unlink()
    run = load_run(tmp_path / "old")
    run = dataclasses.replace(
        run,
        config=dataclasses.replace(run.config, data="gone"),
        metrics={"epochs": 2, "best_epoch": 1},
    )
    text = report(run, output=tmp_path / "old.html").read_text(encoding="utf-8")
    for said in (
        "There is no map: the data of",
        "has no model card",
        "has kept no figures by class",
        "No run here has measured its spread",
        "No split was judged",
    ):
        assert said in text
    assert data_of(tmp_path / "old.html")["items"] is None
    run = runs["mlp"]
    monkeypatch.setattr(
        Run, "embed", lambda self, graph: (_ for _ in ()).throw(ValueError("no hidden layer"))
    )
    items = data_of(report(run, output=tmp_path / "logits.html", map="pca"))["items"]
    assert items["sides"][0]["note"] == "logits, for the model has no hidden layer"


def test_bad_arguments_write_nothing(
    runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, output = runs["mlp"], tmp_path / "report.html"
    with pytest.raises(OptionError, match="output must end in .html, got 'report.txt'"):
        report(run, output="report.txt")
    with pytest.raises(OptionError, match="map must be one of tsne, pca; got 'umap'"):
        report(run, output=output, map="umap")
    with pytest.raises(OptionError, match="max_points must be at most 10,000; got 20,000"):
        report(run, output=output, max_points=20_000)
    with pytest.raises(OptionError, match="against must be another run"):
        report(run, run, output=output)
    other = dataclasses.replace(
        runs["graph-regularization"], facts=dataclasses.replace(run.facts, class_names=("a", "b"))
    )
    with pytest.raises(OptionError, match="against must have the classes of the run, 2: .*a, b"):
        report(run, other, output=output)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "plotly.offline", None)
        with pytest.raises(ImportError, match="a report needs Plotly: pip install 'gnn.report.'"):
            report(run, output=output)
    with monkeypatch.context() as patch:
        patch.setattr(module, "whole_page", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            report(run, output=output, map="pca")
    assert not output.exists()
    output.write_text("mine")
    with pytest.raises(FileExistsError, match="overwrite replaces it"):
        report(run, output=output)
    assert output.read_text() == "mine"


def test_the_command_writes_the_page(
    runs: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "told.html"
    flags = ["--against", str(runs["graph-regularization"].path), "--map", "pca"]
    assert main(["report", str(runs["mlp"].path), *flags, "--output", str(output), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"output": str(output), "bytes": output.stat().st_size}
    assert main(["report", str(runs["mlp"].path), "--output", str(output)]) == 1


def test_nodes_are_drawn_by_their_ids() -> None:
    ids = [f"n{k}" for k in range(100)]
    nodes, queries = drawn_nodes(ids, 10, np.arange(50, 60), 3)
    assert len(nodes) == 10
    assert set(nodes[queries]) <= set(range(50, 60))
    assert len(queries) == 3
    drawn = {ids[node] for node in nodes}
    turned, _ = drawn_nodes(ids[::-1], 10, np.arange(40, 50), 3)
    assert {ids[::-1][node] for node in turned} == drawn
    order = [name for name in np.array(ids)[by_hash(ids)] if name != "n3"]
    without = [name for name in ids if name != "n3"]
    assert np.array(without)[by_hash(without)].tolist() == order


def test_pictures_keep_to_their_budget() -> None:
    images = np.random.default_rng(0).integers(0, 255, [4, 64, 32, 3]).astype(np.uint8)
    sources = [(images, np.arange(4))]
    whole = thumbnails(sources, 10**6)
    size = sum(map(len, whole.uris))
    decoded = tf.io.decode_jpeg(base64.b64decode(whole.uris[0].split(",")[1]))
    assert decoded.shape == (64, 32, 3)
    smaller = thumbnails(sources, size - 1)
    assert sum(map(len, smaller.uris)) < size
    assert smaller.notes == ("pictures shrunk to 48 pixels",)
    few = thumbnails(sources, 2500)
    kept = [bool(uri) for uri in few.uris]
    assert 0 < sum(kept) < 4
    assert kept == sorted(kept, reverse=True)
    assert sum(map(len, few.uris)) <= 2500
    assert few.notes[1] == f"{4 - sum(kept)} of 4 pictures left out: the file would be too large"


def test_small_pieces_by_hand() -> None:
    side = Side("x", np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0], [0.1, 1.0]]), "")
    columns, distances = side.neighbors(3, 5)
    assert columns.tolist()[:2] == [[2, 1], [2, 0]]
    assert columns[3].tolist() == [1, 2] or len(columns[3]) == 2
    np.testing.assert_allclose(distances[0], [1 - 0.5**0.5, 1.0])
    # Points that are all one, as those of outputs that have collapsed, are drawn as one.
    assert in_plane(np.ones([5, 3]), "tsne", 0)[0].tolist() == [[0.0, 0.0]] * 5
    figure = confusion([[0, 0, 0], [0, 3, 1], [0, 0, 0]], ["<a>", "b", "c"])
    assert figure["traces"][0]["z"] == [[0.75, 0.25], [0.0, 0.0]]
    assert figure["layout"]["xaxis"]["ticktext"] == ["b", "c"]
    (loss,) = curves({"run": {"loss": [1.0, float("nan")], "val_accuracy": []}})[:1]
    assert loss["traces"][0]["y"] == [1.0, None]
    card = as_html("## A\n\n| a | b |\n| --- | --- |\n| x \\| `y` | <b> |\n\n```python\n1 < 2\n```")
    assert "<h3>A</h3>" in card
    assert "<tr><td>x | <code>y</code></td><td>&lt;b&gt;</td></tr>" in card
    assert "<code>1 &lt; 2</code>" in card


def test_features_weigh_alike_and_wide_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy import sparse

    from gnn.graphs.graph import Graph
    from gnn.runs.looking import sides

    images = np.zeros([2, 32, 32, 1], np.uint8)
    images[0, :16], images[1, 16:] = 200, 200
    features = {"words": sparse.csr_array([[0.0, 9.0], [9.0, 0.0]]), "photo": images}
    graph = Graph.from_edges([], [], features)
    found = feature_vectors([(graph, np.array([1, 0]))], ["photo", "words"])
    assert found is not None
    assert found.shape == (2, 256 + 2)
    # The same length, and images that are each other's negative.
    np.testing.assert_allclose(np.linalg.norm(found[:, :256], axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(found[0, :256], -found[1, :256], rtol=1e-5)
    np.testing.assert_allclose(found[:, 256:], [[1, 0], [0, 1]])
    monkeypatch.setattr(sides, "_MOST_NUMBERS", 2 * 257)
    assert feature_vectors([(graph, np.array([1, 0]))], ["photo", "words"]) is None


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a window, by Debian's driver."""
    driver, program = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or program is None:
        pytest.skip("needs Debian's chromium and chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium, the extra dev")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (
        "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking "
        "disable-component-update disable-sync disable-dev-shm-usage"
    ).split():
        options.add_argument(f"--{flag}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    found = webdriver.Chrome(options=options, service=service)
    yield found
    found.quit()


def opened(browser: Any, page: Path, width: int, height: int) -> set[str]:
    """Opens a page, waits until it has drawn, and says what it has asked for."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get(page.as_uri())
    until = time.monotonic() + 60
    while not browser.execute_script("return document.body.dataset.ready"):
        assert time.monotonic() < until, browser.get_log("browser")
        time.sleep(0.05)
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return {
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
        and event["params"].get("documentURL") == page.as_uri()
    }


# A click at the place where the map shows a node, by the mouse.
PLACE = """
const map = document.getElementById("map"), row = arguments[0];
map.scrollIntoView();
const box = map.getBoundingClientRect(), {_size: size, xaxis, yaxis} = map._fullLayout;
const {x, y} = JSON.parse(document.getElementById("data").textContent).items;
return [box.left + size.l + xaxis.c2p(x[row]), box.top + size.t + yaxis.c2p(y[row])];
"""


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_browser_shows_the_page_and_a_click_the_neighbors(
    page: Path, browser: Any, width: int, height: int
) -> None:
    from selenium.webdriver import ActionChains

    asked = opened(browser, page, width, height)
    assert page.as_uri() in asked
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "blob"}
    assert [url for url in asked if url.startswith("file:")] == [page.as_uri()]
    items = data_of(page)["items"]
    x, y = np.array(items["x"]), np.array(items["y"])
    at = np.stack([x / np.ptp(x), y / np.ptp(y)], axis=1)
    gaps = np.linalg.norm(at[:, None] - at[None], axis=2) + 9 * np.eye(NODES)
    row = int(gaps.min(axis=1).argmax())  # No other covers it.
    left, top = browser.execute_script(PLACE, row)
    actions = ActionChains(browser)
    actions.w3c_actions.pointer_action.move_to_location(round(left), round(top))
    actions.perform()
    time.sleep(0.2)
    ActionChains(browser).click().perform()
    until = time.monotonic() + 20
    found: list[Any] = []
    while not found and time.monotonic() < until:
        found = browser.execute_script(
            'return [...document.querySelectorAll("#chosen .cards")].map('
            "cards => [...cards.children].map(card => Number(card.dataset.row)))"
        )
    assert found == [side["neighbors"][row] for side in items["sides"]]
    name = browser.execute_script('return document.querySelector("#chosen h3").textContent')
    assert name == items["ids"][row]
    # Nothing is wider than the page, and no text of users has run.
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width
    assert browser.execute_script("return window.hacked") is None
    assert browser.execute_script("return document.querySelectorAll('.sheet').length") == 8
    wrong = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not wrong


def test_browser_finds_a_node_by_the_keyboard(page: Path, browser: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    opened(browser, page, 1280, 900)
    browser.find_element(By.ID, "wanted").send_keys("n17", Keys.ENTER)
    shown = 'return document.querySelector("#chosen h3").textContent'
    assert browser.execute_script(shown) == "n17"
    first = browser.find_element(By.CSS_SELECTOR, "#chosen .card")
    name = first.find_element(By.TAG_NAME, "b").get_attribute("textContent")
    first.send_keys(Keys.ENTER)
    assert browser.execute_script(shown) == name
    browser.find_element(By.ID, "wanted").send_keys("nothing like it", Keys.ENTER)
    assert browser.find_element(By.ID, "found").text == "no such node is drawn"
