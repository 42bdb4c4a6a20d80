"""How much a file may unfold to, and what a table may claim to have.

A file is read in blocks, so its size costs time and no memory. What a few bytes stand for is
another matter: it is refused once it is more than any sound table has.
"""

from __future__ import annotations

# Bytes that a compressed file may unfold to: so many for each of its own, where there are more than
# are free, and never more than the most. Deflate itself gives at most 1,032 for one, and a table of
# zeros comes close to it; others give a million.
RATIO = 1000
FREE_BYTES = 1 << 26
MOST_BYTES = 1 << 38
# Rows that a Parquet or Arrow file may claim: so many for each byte, or those that are free.
ROW_RATIO = 250
FREE_ROWS = 1 << 24
LONGEST_LINE = 1 << 24
MOST_COLUMNS = 100_000


def most_bytes(size: int) -> int:
    """How many bytes a compressed file of `size` bytes may unfold to.

    >>> most_bytes(1_000_000)
    1000000000
    """
    return min(MOST_BYTES, max(FREE_BYTES, RATIO * size))


def check_rows(name: str, rows: int, size: int) -> None:
    """Refuses a file that claims more rows than its bytes can tell.

    Args:
      name: what errors call it.
      rows: the rows that it claims, or has given so far.
      size: its bytes.

    Raises:
      ValueError: if there are too many.
    """
    most = max(FREE_ROWS, ROW_RATIO * size)
    if rows > most:
        raise ValueError(
            f"{name} claims {rows:,} rows in {size:,} bytes; at most {most:,} are believed"
        )


def check_columns(name: str, columns: int) -> None:
    """Refuses a table of more than `MOST_COLUMNS` columns.

    Args:
      name: what errors call it.
      columns: how many it has.

    Raises:
      ValueError: if there are too many.
    """
    if columns > MOST_COLUMNS:
        raise ValueError(f"{name} has more than {MOST_COLUMNS:,} columns, the most that are read")


def check_line(name: str, line: int, size: int) -> None:
    """Refuses a line, or a row over several lines, of more than `LONGEST_LINE` bytes.

    Args:
      name: what errors call the file.
      line: the number of the line.
      size: the bytes that it has so far.

    Raises:
      ValueError: if they are too many.
    """
    if size > LONGEST_LINE:
        raise ValueError(
            f"{name}, line {line}: the row is longer than {LONGEST_LINE:,} bytes, the most that is "
            "read"
        )
