"""The options of a run that say what its data are and how they are read."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from gnn.configs.label_kinds import LABEL_KINDS

PLANETOID = ("cora", "citeseer", "pubmed")
DATASETS = (*PLANETOID, "digits", "groceries")
EDGE_COLUMNS = ("source_column", "target_column", "weight_column")
# How the tables of a folder are read.
OF_FOLDER = (
    "nodes",
    "labels",
    "edges",
    "sessions",
    "columns",
    "exclude",
    "schema",
    "strict",
    *EDGE_COLUMNS,
    "label_kind",
)
# The group of what the command has other flags for.
LOG = "log"


def option(
    group: str,
    about: str,
    *,
    choices: tuple[str, ...] = (),
    low: float = -math.inf,
    below: float = math.inf,
    words: tuple[str, ...] = (),
) -> Any:
    """A field that is None unless it is given, with what a flag and a check need to know.

    `words` are what a number may be instead.
    """
    metadata = {"group": group, "about": about, "choices": choices, "low": low, "below": below}
    metadata["words"] = words
    return dataclasses.field(default=None, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataOptions:
    """What to train on; `gnn.runs.RunConfig` has the rest.

    Attributes:
        dataset: a named data set, such as `"cora"`.
        data: a folder that `gnn.datasets.from_folder` reads, or a folder of images, a graph folder,
            or what `gnn.datasets.read` knows; one of `dataset` and `data`.
        nodes, labels, edges, sessions: which table of the folder is which, by the name of its file;
            without them it shows in their columns.
        source_column, target_column, weight_column: of the edges, where it does not show in their
            names which they are.
        columns: what columns of nodes hold: name to a type, as `gnn.Schema.of` takes them; what is
            not given is guessed.
        exclude: columns of nodes that are left out.
        schema: a YAML or JSON file with what `columns` has, which goes over it.
        strict: whether a malformed row of the folder, or a cell that is none of its type, is an
            error.
        directed: whether the edges of `edges.csv` are taken without their reverses.
        session_config: which edges a log, `sessions.csv`, gives: a dict of fields of
            `gnn.SessionGraphConfig`, or such an object. Without it they are those of
            `gnn.SessionGraphConfig()`.
        label_kind: what the labels of the folder are; see `gnn.datasets.from_folder`. A run trains
            on classes.
        image_size: height and width that the images of a folder get, or one number for both.
        image_channels: 1 for gray, 3 for color; what the images are where it is not given.
        keep_aspect: what becomes of images of another aspect ratio: `"stretch"`, `"pad"`, `"crop"`.
        validation_share, test_share: of the labeled nodes, where the data have no such splits.

    Example:

    >>> DataOptions(dataset="cora").dataset
    'cora'
    """

    dataset: str | None = option("data", "a named data set", choices=DATASETS)
    data: str | None = option(
        "data", "a folder of tables or images, a graph, or a file of the field"
    )
    nodes: str | None = option("data", "the table of nodes in the folder")
    labels: str | None = option("data", "the table of labels in the folder")
    edges: str | None = option("data", "the table of edges in the folder")
    sessions: str | None = option("data", "the log in the folder")
    source_column: str | None = option("data", "the column of edges with the ids they come from")
    target_column: str | None = option("data", "the column of edges with the ids they go to")
    weight_column: str | None = option("data", "the column of edges with their weights")
    columns: dict[str, Any] | None = option(
        "data", "what a column of nodes holds, such as price=number; may be repeated"
    )
    exclude: tuple[str, ...] | None = option("data", "columns of nodes that are left out")
    schema: str | None = option("data", "a YAML or JSON file with the types of columns")
    strict: bool | None = option("data", "make malformed rows and wrong cells an error")
    directed: bool | None = option("data", "take the edges of edges.csv as directed")
    session_config: dict[str, Any] | None = option(
        LOG, "which edges a log gives, as fields of gnn.SessionGraphConfig"
    )
    label_kind: str | None = option(
        "data", "what the labels of the folder are", choices=LABEL_KINDS
    )
    image_size: tuple[int, ...] | None = option(
        "data", "height and width of the images of the folder, or one for both [64]", low=1
    )
    image_channels: int | None = option(
        "data", "1 for gray, 3 for color images [as they are]", low=1, below=4
    )
    keep_aspect: str | None = option(
        "data",
        "what becomes of images of another aspect ratio [stretch]",
        choices=("stretch", "pad", "crop"),
    )
    validation_share: float | None = option(
        "data", "labeled nodes to validate on, where the data say none", low=0, below=1
    )
    test_share: float | None = option(
        "data", "labeled nodes to test on, where the data have no splits", low=0, below=1
    )
