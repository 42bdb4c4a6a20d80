"""Data sets, each as one `gnn.Graph`."""

from gnn.datasets.digits import digits, digits_sessions
from gnn.datasets.planetoid import planetoid

__all__ = ["digits", "digits_sessions", "planetoid"]
