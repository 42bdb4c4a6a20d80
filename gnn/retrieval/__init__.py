"""An index of embeddings: exact or approximate search, kept in a folder, and remedies for hubs."""

from __future__ import annotations

from gnn.retrieval.hubs import InverseGraphConvolution, hubness
from gnn.retrieval.relative_representation import RelativeRepresentation
from gnn.retrieval.retrieval_index import RetrievalIndex
from gnn.retrieval.search_result import SearchResult

__all__ = [
    "InverseGraphConvolution",
    "RelativeRepresentation",
    "RetrievalIndex",
    "SearchResult",
    "hubness",
]
