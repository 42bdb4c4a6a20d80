"""From a finished run to an index folder, which embeds new rows by itself."""

from __future__ import annotations

import os
from typing import Any

from gnn.files import check_replaceable
from gnn.models.inference.exact import needs_graph
from gnn.retrieval.encoders import Encoder
from gnn.retrieval.index_files import KIND
from gnn.retrieval.retrieval_index import RetrievalIndex
from gnn.runs.run import Run
from gnn.runs.run_folder import SAVED_MODEL


def index_run(
    run: Run,
    output: str | os.PathLike[str],
    *,
    data: Any = None,
    dataset: str | None = None,
    overwrite: bool = False,
    progress: bool = False,
    **options: Any,
) -> RetrievalIndex:
    """Embeds nodes by a run, and writes an index of them with the SavedModel of the run.

    Args:
        run: as `gnn.runs.load_run` opens it.
        output: the folder to write.
        data: the nodes, as `Run.predict` takes them; None is what the run was trained on.
        dataset: a named data set in place of `data`.
        overwrite: whether an older index is replaced.
        progress: whether to show a bar on a terminal.
        **options: of `gnn.RetrievalIndex.from_vectors`.

    Returns:
        The index. One of a graph network has no model, since it would need neighbors.

    Raises:
        FileExistsError: something is there that is not to be replaced.
        ImportError: FAISS is not installed.
        ValueError: the data do not fit the run, two nodes have one id, or an option is out of
            range.
    """
    check_replaceable(output, KIND, overwrite=overwrite)
    found = run.embed(data, dataset=dataset, progress=progress)
    index = RetrievalIndex.from_vectors(found.vectors, found.ids, **options)
    columns = run.facts.columns
    index.notes |= {"run": str(run.path), "columns": None if columns is None else columns.to_dict()}
    if not needs_graph(run.model):
        index.encoder = Encoder(run.path / SAVED_MODEL)
    index.save(output, overwrite=overwrite)
    return index
