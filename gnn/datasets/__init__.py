"""Data sets, each as one `gnn.Graph`."""

from gnn.datasets.digits import digits, digits_sessions
from gnn.datasets.folder_reading import FolderData
from gnn.datasets.formats.labeled_graphs import LabeledGraphs
from gnn.datasets.from_folder import from_folder, read_folder
from gnn.datasets.groceries import groceries, groceries_sessions
from gnn.datasets.image_folder import from_image_folder
from gnn.datasets.node_schema import NodeSchema
from gnn.datasets.node_tables import NodeTable, read_nodes
from gnn.datasets.planetoid import planetoid
from gnn.datasets.reading import read
from gnn.tables.problems import Problems, TableWarning

__all__ = [
    "FolderData",
    "LabeledGraphs",
    "NodeSchema",
    "NodeTable",
    "Problems",
    "TableWarning",
    "digits",
    "digits_sessions",
    "from_folder",
    "from_image_folder",
    "groceries",
    "groceries_sessions",
    "planetoid",
    "read",
    "read_folder",
    "read_nodes",
]
