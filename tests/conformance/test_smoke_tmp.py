from __future__ import annotations
import pytest
import gnn
from tests.conformance.registry import ROWS
@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_a(row):
    m = row.compiled(0.5)
    ds = lambda s: gnn.data.neighborhoods(row.graph, s, batch_size=8, fanout=(3,2), unlabeled="rest" if s=="train" else None, seed=0)
    h = m.fit(ds("train"), validation_data=ds("validation"), epochs=2, verbose=0)
    print(row.name, h.history)
