"""All formats of the field that are known, and which of them a file is."""

from __future__ import annotations

from collections.abc import Sequence

from gnn.datasets.formats.file_format import FileFormat, Sample

FORMATS: tuple[FileFormat, ...] = ()


def format_named(name: str) -> FileFormat:
    """The format of a name.

    Raises:
      ValueError: there is none; the message names those there are.
    """
    for each in FORMATS:
        if each.name == name:
            return each
    known = sorted(each.name for each in FORMATS)
    raise ValueError(f"format must be 'auto' or one of {known}, got {name!r}")


def format_of(sample: Sample, formats: Sequence[FileFormat] = FORMATS) -> FileFormat | None:
    """The one format that claims a sample; None where none does.

    Raises:
      ValueError: several do; the message names them.
    """
    claimed = [each for each in formats if each.claims(sample)]
    if len(claimed) > 1:
        names = " or ".join(repr(each.name) for each in claimed)
        raise ValueError(f"{sample.path.name} could be {names}: say which by format=")
    return claimed[0] if claimed else None
