"""What can become of edges that are listed more than once."""

from __future__ import annotations

MERGES = ("sum", "max", "first", "keep")
