"""What a subcommand found, and what it says on the way."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any


@dataclasses.dataclass(frozen=True)
class Result:
    """What a subcommand found.

    Attributes:
        data: for `--json`.
        text: for a person.
    """

    data: Any
    text: str


def say(text: str) -> None:
    """Says a line on standard error."""
    print(text, file=sys.stderr, flush=True)
