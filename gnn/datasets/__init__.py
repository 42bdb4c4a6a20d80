"""Data sets, each as one `gnn.Graph`."""

from gnn.datasets.digits import digits as digits
from gnn.datasets.digits import digits_sessions as digits_sessions
from gnn.datasets.planetoid import planetoid as planetoid
