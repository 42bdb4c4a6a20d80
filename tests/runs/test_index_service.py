"""An index of a run: by the command, and over HTTP, right and wrong requests."""

from __future__ import annotations

import asyncio
import base64
import json
import shlex
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer

from gnn.cli.main import main
from gnn.retrieval import RetrievalIndex
from gnn.runs import Run, RunConfig, ServedIndex, load_run, open_index, service, train
from gnn.runs.service import IndexService
from gnn.runs.service_requests import Limits
from tests.runs.conftest import train_eagerly
from tests.runs.test_columns_served import COLUMNS, NEW, write_shop

pytestmark = pytest.mark.filterwarnings("ignore::gnn.tables.problems.TableWarning")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop, a run on it, and its index."""
    root = tmp_path_factory.mktemp("index")
    write_shop(root / "shop")
    columns = {"kind": "label", "brand": "category", "tags": "multi-category:|", "title": "text"}
    config = RunConfig(
        data=str(root / "shop"),
        nodes="products.csv",
        columns=columns,
        model="mlp",
        hidden_units=(4,),
        epochs=1,
        baseline=False,
        output=str(root / "run"),
    )
    with pytest.MonkeyPatch.context() as patch:
        train_eagerly(patch)
        train(config)
    assert main(["index", str(root / "run"), "--output", str(root / "index")]) == 0
    return root


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return load_run(folder / "run")


@pytest.fixture(scope="module")
def served(folder: Path) -> ServedIndex:
    return open_index(folder / "index")


def expected(run: Run, k: int) -> list[list[str]]:
    """What the run's own vectors say of the new rows."""
    items, queries = run.embed(), run.embed(run.path.parent / "shop" / "new.csv")
    return (
        RetrievalIndex.from_vectors(items.vectors, items.ids)
        .search(queries.vectors, k)
        .ids.tolist()
    )


def command(text: str, capsys: Capture) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(shlex.split(text))
    return (code, *capsys.readouterr())


def test_the_command_finds_what_the_vectors_of_the_run_say(
    folder: Path, run: Run, capsys: Capture
) -> None:
    new = folder / "shop" / "new.csv"
    code, out, err = command(f"search {folder / 'index'} --input {new} --k 3 --json", capsys)
    assert code == 0, err
    hits = json.loads(out)
    right = expected(run, 3)
    assert [hit["query"] for hit in hits] == [row[0] for row in NEW for _ in range(3)]
    assert [hit["id"] for hit in hits] == [name for names in right for name in names]
    assert [hit["rank"] for hit in hits] == [1, 2, 3] * 5
    found = folder / "found.csv"
    code, out, _ = command(f"search {folder / 'index'} --ids id3 --k 2 --output {found}", capsys)
    assert code == 0 and "wrote 2 hits of 1 queries" in out
    assert found.read_text().splitlines()[0] == "query,rank,id,score"
    assert "id3," not in [line.split(",", 2)[2] for line in found.read_text().splitlines()[1:]]
    code, _, err = command(f"search {folder / 'index'} --ids nobody", capsys)
    assert (code, err) == (1, "gnn: error: there is no item with the id 'nobody'\n")
    code, _, err = command(f"index {run.path} --output {folder / 'index'}", capsys)
    assert code == 1 and "it exists already" in err
    assert "24 of 4 numbers" in command(f"info {folder / 'index'}", capsys)[1]
    again = f"index {run.path} --output {folder / 'other'} --method hnsw --metric l2"
    code, out, _ = command(f"{again} --against-hubs 0.5 --data {new} --neighbors 8", capsys)
    assert code == 0 and "HNSW: neighbors 8" in out and "InverseGraphConvolution" in out


def test_serve_tells_where_and_stops(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = service._import_aiohttp()

    def run_app(
        app: Any, *, host: str, port: int, print: Callable[..., None], **kwargs: Any
    ) -> None:
        print(f"======== Running on http://{host}:{port} ========\n(Press CTRL+C to quit)")

    monkeypatch.setattr(web, "run_app", run_app)
    code, out, err = command(f"serve {folder / 'index'} --port 9", capsys)
    assert (code, out) == (0, "stopped\n")
    assert err == "serving 24 items on http://127.0.0.1:9\n"
    code, _, err = command(f"serve {folder / 'index'} --threads 0", capsys)
    assert (code, err) == (2, "gnn: error: threads must be above 0, got 0\n")


def ask(
    served: ServedIndex, work: Callable[[TestClient[Any, Any]], Awaitable[None]], **limits: Any
) -> IndexService:
    """Does something with a client of the service."""
    serving = IndexService(served, Limits(**limits))

    async def asked() -> None:
        async with TestClient(TestServer(serving.application())) as client:
            await work(client)

    asyncio.run(asked())
    return serving


def json_row(row: tuple[str, ...], shop: Path) -> dict[str, Any]:
    """A row as a service is asked: without its id, the image as Base64, gaps as null."""
    found: dict[str, Any] = dict(zip(COLUMNS[1:], row[1:], strict=True))
    path = shop / found["the photo"]
    content = path.read_bytes() if path.is_file() else b""
    found["the photo"] = base64.b64encode(content).decode()
    return {name: value or None for name, value in found.items()}


def test_right_requests(folder: Path, run: Run, served: ServedIndex) -> None:
    rows = [json_row(row, folder / "shop") for row in NEW]
    vectors = run.embed(folder / "shop" / "new.csv").vectors
    right = expected(run, 3)

    async def work(client: TestClient[Any, Any]) -> None:
        health = await (await client.get("/health")).json()
        assert health == {"status": "ok", "items": 24, "embeds": True, "waiting": 0}
        embedded = await (await client.post("/embed", json={"rows": rows})).json()
        np.testing.assert_allclose(embedded["vectors"], vectors, atol=1e-5)
        for asked in ({"rows": rows}, {"vectors": vectors.tolist()}):
            answer = await client.post("/search", json={**asked, "k": 3})
            found = (await answer.json())["results"]
            assert [[hit["id"] for hit in hits] for hits in found] == right
        answer = await client.post("/search", json={"ids": ["id5"], "filter": ["id5", "id7"]})
        (hits,) = (await answer.json())["results"]
        assert [hit["id"] for hit in hits] == ["id7"]
        answers = await asyncio.gather(
            *(client.post("/search", json={"rows": [row], "k": 3}) for row in rows * 3)
        )
        for answer, names in zip(answers, right * 3, strict=True):
            assert [hit["id"] for hit in (await answer.json())["results"][0]] == names

    assert ask(served, work)._waiting == 0


WRONG = [
    ("/search", b"", 400, "Expecting value"),
    ("/search", b"\xff\xfe\x00", 400, "codec can't decode"),
    ("/search", b"[" * 100_000, 400, "recursion"),
    ("/search", b"[1]", 400, "the request must be a JSON object"),
    ("/search", b"{}", 400, "exactly one of vectors, rows, ids must be given, got none"),
    ("/search", b'{"ids": ["id1"], "rows": [{}]}', 400, "exactly one of"),
    ("/search", b'{"ids": []}', 400, "ids must be a list of at least one"),
    ("/search", b'{"ids": ["nobody"]}', 400, "there is no item with the id 'nobody'"),
    ("/search", b'{"ids": [[1]]}', 400, "an id must be an integer or a text"),
    ("/search", b'{"ids": ["id1"], "k": 0}', 400, "k must be an integer from 1 to 1000, got 0"),
    ("/search", b'{"ids": ["id1"], "k": true}', 400, "k must be an integer"),
    ("/search", b'{"ids": ["id1"], "filter": "id2"}', 400, "filter must be a list of ids"),
    ("/search", b'{"ids": ["id1"], "depth": 1}', 400, "the key 'depth' is unknown"),
    ("/search", b'{"vectors": [[1, 2]]}', 400, "queries must have width 4, got 2"),
    ("/search", b'{"vectors": [[NaN, 0, 0, 0]]}', 400, "NaN is no JSON"),
    ("/search", b'{"vectors": [[1e999, 0, 0, 0]]}', 400, "queries must be finite; row 0 is not"),
    ("/search", b'{"vectors": [[1], [2, 3]]}', 400, "vectors must be lists of numbers"),
    ("/search", b'{"vectors": [["a", 0, 0, 0]]}', 400, "vectors must be lists of numbers"),
    ("/search", b'{"vectors": [{"a": 1}]}', 400, "vectors must be lists of numbers"),
    ("/search", b'{"ids": ["id1", "id1", "id1", "id1", "id1", "id1"]}', 413, "at most 5, got 6"),
    ("/search", b'"' + b"x" * 200_000 + b'"', 413, "a request has at most 120000 bytes"),
    ("/embed", b'{"rows": [1]}', 400, "row 0 must be an object of columns, got 1"),
    ("/embed", b'{"rows": [{"colour": 1}]}', 400, "row 0 has the unknown column 'colour'"),
    ("/embed", b'{"rows": [{"the photo": "?"}]}', 400, "an image must be the bytes of its file"),
    ("/embed", b'{"rows": [{"price": [1]}]}', 400, "row 0, column 'price': got [1]"),
    ("/nowhere", b"{}", 404, "Not Found"),
    ("/health", b"{}", 405, "Method Not Allowed"),
]


def test_wrong_requests_are_told_why_and_harm_nothing(served: ServedIndex) -> None:
    async def work(client: TestClient[Any, Any]) -> None:
        for path, content, status, message in WRONG:
            answer = await client.post(path, data=content)
            told = (await answer.json())["error"]
            assert (answer.status, message in told) == (status, True), (content[:80], told)
        answer = await client.post("/search", json={"ids": ["id1"], "k": 2})
        assert answer.status == 200

    assert ask(served, work, max_rows=5, max_body=120_000)._waiting == 0


def test_failures_time_and_crowds_have_answers(
    served: ServedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = threading.Event()

    def slow(*arguments: Any) -> bytes:
        going.wait(10)
        return b"{}"

    def broken(*arguments: Any) -> bytes:
        raise RuntimeError("secret")

    async def work(client: TestClient[Any, Any]) -> None:
        monkeypatch.setattr(service, "answer", broken)
        answer = await client.post("/search", json={})
        assert (answer.status, await answer.json()) == (
            500,
            {"error": "the service failed: RuntimeError"},
        )
        monkeypatch.setattr(service, "answer", slow)
        first = asyncio.create_task(client.post("/search", json={}))
        while (await (await client.get("/health")).json())["waiting"] == 0:
            await asyncio.sleep(0.01)
        crowded = await client.post("/search", json={})
        assert (crowded.status, crowded.headers["Retry-After"]) == (503, "1")
        assert "too many requests" in (await crowded.json())["error"]
        late = await first
        assert late.status == 503 and "took too long" in (await late.json())["error"]
        going.set()

    ask(served, work, max_waiting=1, timeout=0.3)


def test_an_index_of_vectors_embeds_no_rows() -> None:
    plain = ServedIndex(RetrievalIndex.from_vectors(np.eye(3)))

    async def work(client: TestClient[Any, Any]) -> None:
        answer = await client.post("/embed", json={"rows": [{}]})
        assert answer.status == 400
        assert "the index embeds no new rows" in (await answer.json())["error"]

    ask(plain, work)
