"""Files of public data sets: where they lie on this machine, and how the missing ones get there."""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from tqdm import tqdm

from gnn import files

# Tests put a server of their own here.
_HOST = "https://raw.githubusercontent.com"
_TIMEOUT = 30.0
_ATTEMPTS = 3
# Doubled after each attempt.
_SECONDS_BETWEEN = 1.0
_CHUNK = 1 << 16
_STATUS_TO_RETRY = {408, 429, 500, 502, 503, 504}


@dataclasses.dataclass(frozen=True)
class PublicFile:
    """One file of a public repository on GitHub.

    Attributes:
      path: where it lies in the data folder, as `"planetoid/ind.cora.x"`.
      source: where it comes from, as `"owner/repository/commit/path"`.
      sha256: the checksum of what comes from there, in hexadecimal.
    """

    path: str
    source: str
    sha256: str

    @property
    def url(self) -> str:
        """The address it is downloaded from."""
        return f"{_HOST}/{quote(self.source)}"


def data_folder(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Finds the folder that data sets are read from and downloaded to.

    Args:
      data_dir: the folder; None takes the environment variable `GNN_DATA_DIR`, and where that is
        not set `gnn` in the user's cache folder: `XDG_CACHE_HOME`, or else `~/.cache`.

    Returns:
      The folder; it need not exist.

    Raises:
      NotADirectoryError: if it is a file.

    >>> data_folder("my_data").name
    'my_data'
    """
    given = data_dir if data_dir is not None else os.environ.get("GNN_DATA_DIR")
    if given:
        folder = Path(given)
    else:
        cache = os.environ.get("XDG_CACHE_HOME", "")
        # The XDG specification has relative paths ignored.
        folder = (Path(cache) if os.path.isabs(cache) else Path.home() / ".cache") / "gnn"
    if folder.exists() and not folder.is_dir():
        name = "GNN_DATA_DIR" if data_dir is None else "data_dir"
        raise NotADirectoryError(f"{name} must be a folder; got {str(folder)!r}, which is a file")
    return folder


def local_files(
    wanted: Iterable[PublicFile], data_dir: str | os.PathLike[str] | None = None
) -> list[Path]:
    """Gives the paths of files in the data folder, and downloads those that are not there.

    A file that is there is taken as it is. A download has its SHA-256 checked and appears under
    its name whole or not at all, also when the process is killed; the next call then begins that
    file again. Several processes may do this at once. Connections that break, time out or meet a
    busy server are tried again twice. On a terminal, a bar shows the progress.

    Args:
      wanted: the files, each at most a few megabytes: a download is held in memory until checked.
      data_dir: as in `data_folder`.

    Returns:
      Their paths, in the same order.

    Raises:
      NotADirectoryError: if the data folder is a file.
      ConnectionError: if a file cannot be downloaded. Like the next two, it names the file, the
        address and what to do.
      ValueError: if a download has another checksum than the file that was published.
      OSError: if a file cannot be written, or the disk is full.
    """
    folder = data_folder(data_dir)
    paths = []
    for file in wanted:
        path = folder / file.path
        if not path.is_file():
            _store(path, _download(file, path), file)
        paths.append(path)
    return paths


def _download(file: PublicFile, path: Path) -> bytes:
    """The checked contents of a file."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            content = _read(file)
            break
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()  # It holds the connection.
            if attempt == _ATTEMPTS or not _may_pass(error):
                tries = "" if attempt == 1 else f" ({attempt} attempts)"
                raise ConnectionError(
                    f"cannot download {path.name} from {file.url}{tries}: {_reason(error)}. "
                    f"{_advice(file, path)}"
                ) from error
        time.sleep(_SECONDS_BETWEEN * 2 ** (attempt - 1))
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise ValueError(
            f"{path.name} from {file.url} must have the SHA-256 {file.sha256}; got {found} of "
            f"{len(content)} bytes, which were not kept. {_advice(file, path)}"
        )
    return content


def _read(file: PublicFile) -> bytes:
    request = urllib.request.Request(file.url, headers={"User-Agent": "gnn"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        # disable=None: no bar where there is no terminal.
        bar = tqdm(
            total=total, desc=file.path, unit="B", unit_scale=True, disable=None, leave=False
        )
        chunks = []
        with bar:
            while chunk := response.read(_CHUNK):
                chunks.append(chunk)
                bar.update(len(chunk))
    content = b"".join(chunks)
    if total is not None and len(content) != total:
        raise http.client.IncompleteRead(content, total - len(content))
    return content


def _may_pass(error: Exception) -> bool:
    """Whether another attempt may go better."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in _STATUS_TO_RETRY
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    # A refused connection or an unknown host says that there is no network, or no such server.
    broken = (TimeoutError, ConnectionResetError, ConnectionAbortedError, http.client.HTTPException)
    return isinstance(error, broken)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code} {error.reason}".rstrip()
    if isinstance(error, http.client.IncompleteRead):
        total = len(error.partial) + (error.expected or 0)
        return f"the body ended after {len(error.partial)} of {total} bytes"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, TimeoutError):
        return f"no answer for {_TIMEOUT:g} seconds"
    if isinstance(error, socket.gaierror):
        return f"no network, or no such host: {error.strerror}"
    return str(error) or type(error).__name__


def _store(path: Path, content: bytes, file: PublicFile) -> None:
    try:
        with files.whole_file(path, overwrite=True) as partial:
            partial.write_bytes(content)
    except OSError as error:
        message = (
            f"cannot write {path}, downloaded from {file.url}: {error.strerror or error}. Make "
            f"room, or set the environment variable GNN_DATA_DIR or data_dir to a folder that can "
            f"be written"
        )
        # With its number, it is of the subclass that the number stands for: PermissionError, say.
        raise OSError(*filter(None, [error.errno]), message) from error


def _advice(file: PublicFile, path: Path) -> str:
    return (
        f"Try again later, put the file at {path} yourself, or set the environment variable "
        f"GNN_DATA_DIR or data_dir to a folder that has {file.path}"
    )
