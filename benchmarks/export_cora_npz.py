"""Writes Cora as one `.npz` of plain arrays, for benchmarks that run where `gnn` does not.

The raw files are read under `$GNN_DATA_DIR/planetoid`:

    python benchmarks/export_cora_npz.py cora.npz
"""

from __future__ import annotations

import argparse

import numpy as np
import scipy.sparse

import gnn


def main() -> None:
    """Writes `words` (uint8, 0 or 1, `[n_node, n_words]`), `labels`, `senders` and `receivers`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("output", help="the .npz file to write")
    arguments = parser.parse_args()
    graph = gnn.datasets.planetoid("cora", normalize=False)
    (features,) = graph.features.values()
    words = scipy.sparse.csr_matrix(features).toarray() > 0
    np.savez_compressed(
        arguments.output,
        words=words.astype(np.uint8),
        labels=graph.labels,
        senders=graph.senders,
        receivers=graph.receivers,
    )


if __name__ == "__main__":
    main()
