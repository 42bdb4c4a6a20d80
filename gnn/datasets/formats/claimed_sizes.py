"""Sizes that a header claims, checked against the size of the file before memory is asked for."""

from __future__ import annotations

from pathlib import Path

from gnn.edges.checks import MOST_NODES
from gnn.tables.limits import most_bytes
from gnn.tables.text_files import COMPRESSIONS

# Nodes take memory though the file may say nothing of them: more than these need edges.
_FREE_NODES = 1_000_000
_NODES_AN_EDGE = 16


def check_claim(path: Path, line: int, claim: str, least_bytes: int) -> None:
    """Raises where a file is too small for what its header claims.

    Args:
      path: the file; of a compressed one the bytes count that it may unfold to.
      line: the line of the header.
      claim: what the header claims, for the message.
      least_bytes: how many bytes that takes at least.

    Raises:
      ValueError: the file is smaller. The message names the file, the line, the claim and what the
        file can hold.
    """
    size = path.stat().st_size
    compressed = path.suffix.lower() in COMPRESSIONS
    most = most_bytes(size) if compressed else size
    if least_bytes > most:
        holds = f"{size:,} bytes" + (f", {most:,} at most when decompressed" if compressed else "")
        raise ValueError(
            f"{path.name}, line {line}: the header claims {claim}, which take at least "
            f"{least_bytes:,} bytes; the file has {holds}"
        )


def check_nodes(path: Path, line: int, nodes: int, edges: int) -> None:
    """Raises where a header claims nodes that are too many, or nearly all without an edge.

    Args:
      path: the file.
      line: the line of the header.
      nodes: how many it claims.
      edges: how many edges it claims.

    Raises:
      ValueError: there are none, more than a graph can have, or more than a million and than 16 an
        edge.
    """
    most = min(MOST_NODES, max(_FREE_NODES, _NODES_AN_EDGE * edges))
    if not 0 < nodes <= most:
        raise ValueError(
            f"{path.name}, line {line}: the header claims {nodes:,} nodes; with {edges:,} edges "
            f"from 1 to {most:,} are believed"
        )
