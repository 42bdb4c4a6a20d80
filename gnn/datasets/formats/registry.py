"""All formats of the field that are known, and which of them a file is."""

from __future__ import annotations

from collections.abc import Sequence

from gnn.datasets.formats.benchmark_npz import BENCHMARK_NPZ
from gnn.datasets.formats.dgl_csv import DGL_CSV
from gnn.datasets.formats.dot import DOT
from gnn.datasets.formats.edge_list import EDGE_LIST
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.gephi import GEPHI
from gnn.datasets.formats.gexf import GEXF
from gnn.datasets.formats.glove import GLOVE
from gnn.datasets.formats.gml import GML
from gnn.datasets.formats.graphml import GRAPHML
from gnn.datasets.formats.konect import KONECT
from gnn.datasets.formats.linqs import LINQS
from gnn.datasets.formats.logs import DIGINETICA, MOVIELENS, OTTO, RETAILROCKET, YOOCHOOSE
from gnn.datasets.formats.matrix_market import MATRIX_MARKET
from gnn.datasets.formats.metis import METIS
from gnn.datasets.formats.neo4j import NEO4J
from gnn.datasets.formats.node_link import NODE_LINK
from gnn.datasets.formats.nsl_tsv import NSL_TSV
from gnn.datasets.formats.ogb import OGB
from gnn.datasets.formats.pajek import PAJEK
from gnn.datasets.formats.recbole import RECBOLE
from gnn.datasets.formats.snap import SNAP
from gnn.datasets.formats.svmlight import SVMLIGHT
from gnn.datasets.formats.tfgnn import TF_GNN
from gnn.datasets.formats.tudataset import TUDATASET
from gnn.datasets.formats.word2vec import WORD2VEC_BINARY, WORD2VEC_TEXT

FORMATS: tuple[FileFormat, ...] = (
    # Tables.
    DGL_CSV,
    GEPHI,
    NEO4J,
    TF_GNN,
    OGB,
    RECBOLE,
    # Edges.
    SNAP,
    KONECT,
    LINQS,
    NSL_TSV,
    METIS,
    MATRIX_MARKET,
    EDGE_LIST,
    # Graphs of editors.
    GRAPHML,
    GEXF,
    GML,
    PAJEK,
    DOT,
    NODE_LINK,
    # Arrays.
    BENCHMARK_NPZ,
    TUDATASET,
    # Features.
    SVMLIGHT,
    GLOVE,
    WORD2VEC_TEXT,
    WORD2VEC_BINARY,
    # Logs.
    YOOCHOOSE,
    DIGINETICA,
    RETAILROCKET,
    OTTO,
    MOVIELENS,
)


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
