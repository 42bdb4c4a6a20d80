"""The words for yes and no in tables, in lower case."""

from __future__ import annotations

YES = ("1", "1.0", "on", "t", "true", "y", "yes")
NO = ("0", "0.0", "f", "false", "n", "no", "off")
