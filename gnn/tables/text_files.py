"""Text files in UTF-8, plain or compressed; what is wrong with one names it."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO, cast

import numpy as np

from gnn.tables import limits

GZIP = ".gz"
_KINDS = {GZIP: "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "Zstandard"}
COMPRESSIONS = tuple(_KINDS)
_DAMAGES = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError)
_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BUFFER = 1 << 20
_LF = ord("\n")


def suffix_of(path: Path) -> str:
    """The last suffix in lower case, where that of a compression does not count.

    >>> suffix_of(Path("clicks.CSV.gz")), suffix_of(Path("clicks.zst")), suffix_of(Path("clicks"))
    ('.csv', '', '')
    """
    is_packed = path.suffix.lower() in _KINDS
    return Path(path.stem if is_packed else path.name).suffix.lower()


@contextlib.contextmanager
def open_bytes(path: Path, name: str) -> Iterator[BinaryIO]:
    """The bytes of a file, decompressed where its name ends in one of `COMPRESSIONS`.

    Args:
      path: the file.
      name: what errors call it.

    Raises:
      ImportError: if it is a `.zst` file, and PyArrow is not installed.
      ValueError: in the block, for a compressed file that is damaged, ends too early, or unfolds
        to more than `gnn.tables.limits.most_bytes`.
    """
    suffix = path.suffix.lower()
    if suffix not in _KINDS:
        with open(path, "rb") as plain:
            yield plain
        return
    unpacked = _Unpacked(_unpacking(path, suffix, name), path, name)
    with io.BufferedReader(unpacked, _BUFFER) as file:
        yield cast(BinaryIO, file)


@contextlib.contextmanager
def open_text(path: Path, name: str) -> Iterator[TextIO]:
    """The file as text of which each line keeps its end.

    Args:
      path: as for `open_bytes`.
      name: what errors call it.

    Raises:
      ImportError: as `open_bytes`.
      ValueError: in the block, for what is not UTF-8 (it names the line); and as `open_bytes`.
    """
    try:
        with (
            open_bytes(path, name) as file,
            io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text,
        ):
            yield text
    except UnicodeDecodeError:
        for start, block in line_blocks(path, name, _BUFFER):
            decoded(block, name, start)
        raise


def line_blocks(path: Path, name: str, size: int) -> Iterator[tuple[int, bytes]]:
    """A file of text in blocks of whole lines, without a byte order mark.

    Args:
      path: as for `open_bytes`.
      name: what errors call it.
      size: about how many bytes a block has.

    Yields:
      How many lines there are before a block, and the block.

    Raises:
      ImportError: as `open_bytes`.
      ValueError: for UTF-16, a NUL byte, or a line of more than `gnn.tables.limits.LONGEST_LINE`
        bytes; and as `open_bytes`.
    """
    start, rest = 0, b""
    with open_bytes(path, name) as file:
        while block := file.read(size):
            if not start and not rest:
                if block.startswith(_UTF_16):
                    raise ValueError(f"{name}, line 1: not UTF-8 but UTF-16; save it as UTF-8")
                block = block.removeprefix(_MARK)
            if b"\0" in block:
                line = start + num_lines(rest + block[: block.index(b"\0")]) + 1
                raise ValueError(
                    f"{name}, line {line}: a NUL byte, which text in UTF-8 has not; is it UTF-16, "
                    "or no text?"
                )
            end = block.rfind(b"\n") + 1
            if end:  # The lines are copied once.
                block, rest = b"".join([rest, memoryview(block)[:end]]), block[end:]
            else:
                block = rest + block
                end = _end_of_lines(block)
                if not end:
                    limits.check_line(name, start + 1, len(block))
                block, rest = block[:end], block[end:]
            if block:
                yield start, block
                start += num_lines(block)
    if rest:
        yield start, rest


def decoded(block: bytes, name: str, start: int) -> str:
    r"""A block of lines as text.

    Args:
      block: the bytes.
      name: what errors call the file.
      start: how many lines there are before it.

    Raises:
      ValueError: if it is not UTF-8. The message names the line.

    >>> decoded(b"a\nb\xff\n", "a.csv", 10)
    Traceback (most recent call last):
    ...
    ValueError: a.csv, line 12: not UTF-8 (invalid start byte)
    """
    try:
        return block.decode()
    except UnicodeDecodeError as error:
        line = start + num_lines(block[: error.start]) + 1
        raise ValueError(f"{name}, line {line}: not UTF-8 ({error.reason})") from error


def num_lines(block: bytes) -> int:
    r"""How many line ends there are: LF, CR LF or CR alone.

    >>> num_lines(b"a\nb\r\nc\rd")
    3
    """
    # NumPy counts four times as fast as `bytes`.
    ends = int(np.count_nonzero(np.frombuffer(block, np.uint8) == _LF))
    if b"\r" in block:
        ends += block.count(b"\r") - block.count(b"\r\n")
    return ends


def _end_of_lines(block: bytes) -> int:
    """Where the last whole line ends; 0 if there is none."""
    end = block.rfind(b"\n") + 1
    # The LF of a CR may come with the next block.
    return end or block.rfind(b"\r", 0, -1) + 1


class _Unpacked(io.RawIOBase):
    """What a compressed file unfolds to, as long as that is not too much."""

    def __init__(self, file: IO[bytes], path: Path, name: str) -> None:
        self._file, self._name, self._kind = file, name, _KINDS[path.suffix.lower()]
        self._size = path.stat().st_size
        self._most, self._count = limits.most_bytes(self._size), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except _DAMAGES as error:
            raise ValueError(f"{self._name} is not a whole {self._kind} file: {error}") from error
        self._count += len(data)
        if self._count > self._most:
            raise ValueError(
                f"{self._name} unfolds to more than {self._most:,} bytes from {self._size:,}, the "
                f"most that is read; decompress it yourself if you trust it"
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _unpacking(path: Path, suffix: str, name: str) -> IO[bytes]:
    if suffix == GZIP:
        return cast(IO[bytes], gzip.open(path, "rb"))
    if suffix == ".bz2":
        return bz2.open(path, "rb")
    if suffix == ".xz":
        return lzma.open(path, "rb")
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(f"reading {name} needs PyArrow: pip install gnn[parquet]") from error
    return cast(IO[bytes], pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), "zstd"))
