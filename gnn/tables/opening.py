"""Tables in files, opened by their suffix."""

from __future__ import annotations

import os
from pathlib import Path

from gnn.tables.csv_tables import open_csv
from gnn.tables.json_lines import open_json_lines
from gnn.tables.parquet_tables import open_parquet
from gnn.tables.table import Table
from gnn.tables.text_files import suffix_of

_FORMATS = {
    ".csv": open_csv,
    ".parquet": open_parquet,
    ".jsonl": open_json_lines,
    ".ndjson": open_json_lines,
}
SUFFIXES = tuple(_FORMATS)


def open_table(path: str | os.PathLike[str], name: str | None = None) -> Table:
    r"""Opens a table by its suffix.

    CSV is UTF-8, with or without a byte order mark, separated by commas and quoted as RFC 4180
    says; its first line names the columns. JSON lines are UTF-8, an object a line; its keys are the
    columns. Blank lines are skipped in both. Either may be compressed, `.csv.gz` and so on.

    Args:
      path: a file that ends in `.csv`, `.parquet`, `.jsonl` or `.ndjson`.
      name: what errors call it; None takes the name of the file.

    Returns:
      The table, of which only the header is read.

    Raises:
      FileNotFoundError: if there is no such file.
      ImportError: if Parquet is to be read without PyArrow.
      ValueError: for another suffix, a file that is empty or not what its suffix says, or two
        columns of one name. While the chunks are read: for text that is not UTF-8, a quote that is
        not closed, or a damaged file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "edges.csv"
    ...     _ = path.write_text("source,target\na,b\na\nb,c\n")
    ...     table = open_table(path)
    ...     (chunk,) = table.chunks
    >>> table.header, chunk.columns["target"].text(), chunk.lines.tolist()
    (['source', 'target'], ('b', 'c'), [2, 4])
    >>> table.problems.malformed
    {3: '1 field, not 2'}
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}")
    opens = _FORMATS.get(suffix_of(path))
    if opens is None:
        *most, last = SUFFIXES
        raise ValueError(f"a table must end in {', '.join(most)} or {last}, got {path.name!r}")
    return opens(path, path.name if name is None else name)
