"""Downloads: whole, checked, tried again, and never half there; from a server on the loopback."""

from __future__ import annotations

import errno
import hashlib
import http.server
import io
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gnn.datasets import download, groceries, planetoid

ROOT = Path(__file__).parents[2]
BODY = b"citrus fruit,yogurt\n" * 5000


class Server(http.server.ThreadingHTTPServer):
    """Answers the requests by `answers`, one after the other, the last one forever."""

    answers: list[Callable[[http.server.BaseHTTPRequestHandler], None]]
    requests: list[str]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.answers, server.requests = [send()], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr(download, "_HOST", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(download, "_SECONDS_BETWEEN", 0)
        yield server
        server.shutdown()
        thread.join()


def send(
    body: bytes = BODY,
    status: int = 200,
    length: int | None = None,
    between: Callable[[], object] = lambda: None,
) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    """An answer; `between` is called in the middle of the body, and `length` is what it claims."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        between()
        try:
            handler.wfile.write(body[len(body) // 2 :])
        except OSError:  # The other side is gone.
            pass

    return answer


def wanted(name: str = "sets/a.csv", body: bytes = BODY) -> download.PublicFile:
    return download.PublicFile(name, f"owner/set s/{name}", hashlib.sha256(body).hexdigest())


def found(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_only_what_is_missing_is_downloaded(tmp_path: Path, server: Server) -> None:
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "b.csv").write_bytes(b"mine, whatever it is")
    paths = download.local_files([wanted(), wanted("sets/b.csv")], tmp_path)
    assert [path.read_bytes() for path in paths] == [BODY, b"mine, whatever it is"]
    assert server.requests == ["/owner/set%20s/sets/a.csv"]
    assert found(tmp_path) == {"sets", "sets/a.csv", "sets/b.csv"}
    # Nothing is asked for a second time.
    assert download.local_files([wanted(), wanted("sets/b.csv")], tmp_path) == paths
    assert len(server.requests) == 1


def test_a_body_of_unknown_length(tmp_path: Path, server: Server) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(BODY)

    server.answers = [answer]
    (path,) = download.local_files([wanted()], tmp_path)
    assert path.read_bytes() == BODY


def hang_up(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


@pytest.mark.parametrize(
    "transient",
    [send(b"", 503), send(b"", 429), send(BODY[:-1], length=len(BODY)), hang_up],
    ids=["503", "429", "truncated", "hung up"],
)
def test_what_may_pass_is_tried_again(
    tmp_path: Path, server: Server, transient: Callable[..., None]
) -> None:
    server.answers = [transient, transient, send()]
    (path,) = download.local_files([wanted()], tmp_path)
    assert path.read_bytes() == BODY
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("answer", "attempts", "error", "message"),
    [
        (send(b"", 404), 1, ConnectionError, "HTTP status 404 Not Found"),
        (send(b"", 503), 3, ConnectionError, r"\(3 attempts\): HTTP status 503"),
        (
            send(BODY[:40], length=100),
            3,
            ConnectionError,
            r"\(3 attempts\): the body ended after 40 of 100 bytes",
        ),
        (hang_up, 3, ConnectionError, "closed connection"),
        (
            send(b"<html>Log in to this network</html>"),
            1,
            ValueError,
            f"must have the SHA-256 {hashlib.sha256(BODY).hexdigest()}; got [0-9a-f]{{64}} of 35 ",
        ),
    ],
    ids=["404", "503", "truncated", "hung up", "checksum"],
)
def test_what_does_not_come_is_told_and_not_kept(
    tmp_path: Path,
    server: Server,
    answer: Callable[..., None],
    attempts: int,
    error: type[Exception],
    message: str,
) -> None:
    server.answers = [answer]
    with pytest.raises(error, match=message) as caught:
        download.local_files([wanted()], tmp_path / "data")
    text = str(caught.value)
    assert f"a.csv from {download._HOST}/owner/set%20s/sets/a.csv" in text
    assert f"put the file at {tmp_path / 'data' / 'sets' / 'a.csv'}" in text
    assert "GNN_DATA_DIR or data_dir to a folder that has sets/a.csv" in text
    assert len(server.requests) == attempts
    assert found(tmp_path) == set()


def test_no_network(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.server_close()
    with pytest.raises(ConnectionError, match=r"a\.csv from http.*: .*[Rr]efused.*GNN_DATA_DIR"):
        download.local_files([wanted()], tmp_path)
    # A name that no name server may ever know (RFC 2606).
    monkeypatch.setattr(download, "_HOST", "http://nothing.invalid")
    with pytest.raises(
        ConnectionError, match=r"a\.csv from http://nothing\.invalid/.*no such host"
    ):
        download.local_files([wanted()], tmp_path)
    assert found(tmp_path) == set()


def test_no_answer(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_TIMEOUT", 0.05)
    over = threading.Event()
    server.answers = [send(between=over.wait)]
    with pytest.raises(ConnectionError, match=r"\(3 attempts\): no answer for 0.05 seconds"):
        download.local_files([wanted()], tmp_path)
    over.set()
    assert found(tmp_path) == set()


def test_a_full_disk(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_half(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(OSError, match=r"cannot write .*a\.csv, downloaded from http") as caught:
        download.local_files([wanted()], tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert "No space left on device. Make room, or set" in str(caught.value)
    assert found(tmp_path) == {"sets"}


def test_a_folder_that_cannot_be_made(tmp_path: Path, server: Server) -> None:
    (tmp_path / "sets").write_text("a file in its place")
    with pytest.raises(OSError, match=r"cannot write .*a\.csv, .*GNN_DATA_DIR or data_dir"):
        download.local_files([wanted()], tmp_path)
    assert found(tmp_path) == {"sets"}


def test_a_killed_download_begins_again(tmp_path: Path, server: Server) -> None:
    halfway, over = threading.Event(), threading.Event()

    def wait() -> None:
        halfway.set()
        over.wait()

    server.answers = [send(between=wait), send()]
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from gnn.datasets import download
download._HOST = {download._HOST!r}
download.local_files([download.{wanted()!r}], {str(tmp_path)!r})
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    try:
        assert halfway.wait(120)
        process.kill()
        process.communicate()
    finally:
        over.set()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "sets" / "a.csv").exists()
    (path,) = download.local_files([wanted()], tmp_path)
    assert path.read_bytes() == BODY
    assert found(tmp_path) == {"sets", "sets/a.csv"}


def test_two_at_once_both_end_well(tmp_path: Path, server: Server) -> None:
    # Neither gets its second half before the other has asked, too.
    both = threading.Barrier(2, timeout=60)
    server.answers = [send(between=both.wait)]
    results: list[list[Path]] = []
    threads = [
        threading.Thread(target=lambda: results.append(download.local_files([wanted()], tmp_path)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() for paths in results for path in paths] == [BODY] * 2
    assert found(tmp_path) == {"sets", "sets/a.csv"}
    assert len(server.requests) == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal, True), (io.StringIO, False)])
def test_progress_is_for_terminals(
    tmp_path: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    stream: type[io.StringIO],
    shown: bool,
) -> None:
    monkeypatch.setattr(sys, "stderr", stream())
    download.local_files([wanted()], tmp_path)
    text = sys.stderr.getvalue()  # type: ignore[attr-defined]
    # 100,000 bytes, and the bar is wiped when the file is there.
    assert ("sets/a.csv" in text and "100k" in text) == shown
    assert bool(text) == shown


def test_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("GNN_DATA_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert download.data_folder() == tmp_path / "home" / ".cache" / "gnn"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert download.data_folder() == tmp_path / "home" / ".cache" / "gnn"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert download.data_folder() == tmp_path / "cache" / "gnn"
    monkeypatch.setenv("GNN_DATA_DIR", str(tmp_path / "data"))
    assert download.data_folder() == tmp_path / "data"
    assert download.data_folder(tmp_path / "mine") == tmp_path / "mine"
    assert not any(tmp_path.iterdir())


def test_a_file_for_a_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data"
    path.write_text("")
    with pytest.raises(NotADirectoryError, match="data_dir must be a folder; got '.*data', which"):
        download.local_files([wanted()], path)
    monkeypatch.setenv("GNN_DATA_DIR", str(path))
    with pytest.raises(NotADirectoryError, match="GNN_DATA_DIR must be a folder; got '.*data'"):
        download.local_files([wanted()])


def test_checksums_are_those_of_the_real_files(data_dir: Path) -> None:
    pinned = {
        f"planetoid/ind.{name}.{part}": checksum
        for name in ("cora", "citeseer")
        for part, checksum in sys.modules[planetoid.__module__]._SHA256[name].items()
    }
    pinned["groceries.csv"] = sys.modules[groceries.__module__]._BASKETS.sha256
    assert len(pinned) == 17
    for name, checksum in pinned.items():
        assert hashlib.sha256((data_dir / name).read_bytes()).hexdigest() == checksum, name
