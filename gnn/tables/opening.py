"""Tables in files, opened by their suffix."""

from __future__ import annotations

import os
from pathlib import Path

from gnn.tables.arrow_files import open_arrow
from gnn.tables.csv_tables import open_csv
from gnn.tables.delimiters import check_delimiter
from gnn.tables.json_lines import open_json_lines
from gnn.tables.parquet_tables import open_parquet
from gnn.tables.table import Table
from gnn.tables.text_files import COMPRESSIONS, suffix_of

_DELIMITED = (".csv", ".tsv", ".txt")
_TYPED = {
    ".parquet": open_parquet,
    ".arrow": open_arrow,
    ".feather": open_arrow,
    ".jsonl": open_json_lines,
    ".ndjson": open_json_lines,
}
_BINARY = (open_parquet, open_arrow)
SUFFIXES = (*_DELIMITED, *_TYPED)


def open_table(
    path: str | os.PathLike[str], name: str | None = None, *, delimiter: str | None = None
) -> Table:
    r"""Opens a table by its suffix.

    CSV (`.csv`, `.tsv`, `.txt`) is UTF-8, with or without a byte order mark, and quoted as RFC 4180
    says; its first line names the columns. Cells are separated by what
    `gnn.tables.delimiters.find_delimiter` finds; blanks around them do not count. JSON lines are
    UTF-8, an object a line; its keys are the columns. Blank lines are skipped in both. Either may
    be compressed: `.csv.gz`, `.bz2`, `.xz`, `.zst`.

    Memory holds some rows at a time. What a file may unfold to is bounded by `gnn.tables.limits`.

    Args:
      path: a file that ends in one of `SUFFIXES`.
      name: what errors call it; None takes the name of the file.
      delimiter: what separates the cells of CSV, one character; None finds it out.

    Returns:
      The table, of which only the header is read.

    Raises:
      FileNotFoundError: if there is no such file.
      ImportError: if Parquet, Arrow or `.zst` is to be read without PyArrow.
      IsADirectoryError: if it is a folder.
      ValueError: for another suffix, a delimiter that is none or has no use, a file that is empty,
        damaged, not what its suffix says or beyond a limit, or two columns of one name. Further
        such errors come while the chunks are read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "edges.csv"
    ...     _ = path.write_text("source;target\na;b\na\nb;c\n")
    ...     table = open_table(path)
    ...     (chunk,) = table.chunks
    >>> table.header, list(chunk.columns["target"].text()), chunk.lines.tolist()
    (['source', 'target'], ['b', 'c'], [2, 4])
    >>> table.problems.malformed
    {3: '1 field, not 2'}
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"a table must be a file, got the folder {str(path)!r}")
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}")
    name = path.name if name is None else name
    check_delimiter(delimiter)
    suffix = suffix_of(path)
    if suffix in _DELIMITED:
        return open_csv(path, name, delimiter)
    opens = _TYPED.get(suffix)
    if opens is None:
        *most, last = SUFFIXES
        raise ValueError(f"a table must end in {', '.join(most)} or {last}, got {path.name!r}")
    if delimiter is not None:
        raise ValueError(f"delimiter has no use for {path.name!r}, got {delimiter!r}")
    if opens in _BINARY and path.suffix.lower() in COMPRESSIONS:
        raise ValueError(f"{name}: {suffix} is compressed inside; decompress {path.suffix} first")
    return opens(path, name)
