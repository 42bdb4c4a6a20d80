"""Fixtures of the general checks; tests of one row follow each other and share its training."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import pytest

from tests.conformance.registry import ROWS, Row
from tests.conformance.training import Trained, batches, train


@pytest.fixture(scope="session", params=ROWS, ids=lambda row: row.name)
def row(request: pytest.FixtureRequest) -> Iterator[Row]:
    """A row of the registry; what it left behind, such as data sets with functions, goes after."""
    yield request.param
    batches.cache_clear()
    keras.backend.clear_session()


@pytest.fixture(scope="module", autouse=True)
def fresh_session() -> None:
    """Nothing: the tests of a row, in several files, share its data; `row` clears after them."""


@pytest.fixture(scope="session")
def trained(row: Row) -> Trained:
    """The row's model after 20 steps; not to be trained on."""
    return train(row)
