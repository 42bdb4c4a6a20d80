"""The text of a file, no more of it than a stated limit."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from gnn.tables.text_files import open_bytes

# Of a file, decompressed. A cell or an edge takes at least eight bytes in most formats, so that a
# file may make `limit_of` of them: a few bytes cannot ask for a table of billions.
MAX_BYTES = 2**28
_PIECE = 2**16


def limit_of(max_bytes: int) -> int:
    """How many edges, nodes or cells a file of so many bytes may make.

    >>> limit_of(MAX_BYTES)
    33554432
    """
    return max(1, max_bytes // 8)


def byte_pieces(path: Path, max_bytes: int = MAX_BYTES) -> Iterator[bytes]:
    """The bytes of a file in pieces, decompressed as `gnn.tables.text_files.open_bytes` does.

    Args:
      path: the file.
      max_bytes: how many there may be, decompressed.

    Raises:
      FileNotFoundError: there is no such file.
      ImportError: as `open_bytes`.
      ValueError: there are more bytes, or as `open_bytes`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}")
    read = 0
    with open_bytes(path, path.name) as file:
        while piece := file.read(_PIECE):
            read += len(piece)
            if read > max_bytes:
                raise ValueError(f"{path.name} holds more than {max_bytes:,} bytes (max_bytes)")
            yield piece


def text_pieces(path: Path, max_bytes: int = MAX_BYTES, encoding: str = "") -> Iterator[str]:
    """The text of a file in pieces.

    Args:
      path: as in `byte_pieces`.
      max_bytes: as in `byte_pieces`.
      encoding: of the file; "" takes UTF-16 where it begins with its mark, and else UTF-8.

    Raises:
      FileNotFoundError: as `byte_pieces`.
      ValueError: as `byte_pieces`, and for bytes that are no text in the encoding; it names the
        line.
    """
    decoder, lines = None, 1
    for piece in byte_pieces(path, max_bytes):
        if decoder is None:
            utf16 = piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            encoding = encoding or ("utf-16" if utf16 else "utf-8-sig")
            decoder = codecs.getincrementaldecoder(encoding)()
        text = _decoded(decoder, piece, path.name, lines)
        lines += text.count("\n")
        yield text
    if decoder is not None:
        yield _decoded(decoder, b"", path.name, lines, final=True)


def read_text(path: Path, max_bytes: int = MAX_BYTES, encoding: str = "") -> str:
    """The whole text of a file.

    Args:
      path: as in `text_pieces`.
      max_bytes: as in `text_pieces`.
      encoding: as in `text_pieces`.

    Raises:
      FileNotFoundError: as `text_pieces`.
      ValueError: as `text_pieces`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.dot")
    ...     _ = path.write_text("graph {}")
    ...     read_text(path)
    'graph {}'
    """
    return "".join(text_pieces(path, max_bytes, encoding))


def _decoded(
    decoder: codecs.IncrementalDecoder, piece: bytes, name: str, line: int, final: bool = False
) -> str:
    try:
        return decoder.decode(piece, final)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise ValueError(f"{name}, line {line}: not {error.encoding} ({error.reason})") from error
