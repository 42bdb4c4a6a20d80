"""Fixtures of the general checks; tests of one row follow each other and share its training."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.registry import EACH, ROWS, Row
from tests.conformance.training import Alone, Trained, batches, train
from tests.conftest import let_go


@pytest.fixture(scope="session", params=ROWS, ids=lambda row: row.name)
def row(request: pytest.FixtureRequest) -> Iterator[Row]:
    """A row of the registry; what it left behind, such as data sets with functions, goes after."""
    yield request.param
    batches.cache_clear()
    let_go()


@pytest.fixture(scope="module", autouse=True)
def fresh_session() -> None:
    """Nothing: the tests of a row, in several files, share its data; `row` clears after them."""


@pytest.fixture(scope="session")
def trained(row: Row) -> Trained:
    """The row's model after some epochs; not to be trained on."""
    return train(row)


@pytest.fixture(scope="session", params=EACH, ids=lambda row: row.name)
def alone(request: pytest.FixtureRequest) -> Alone:
    """A class by itself, in a new model: what shows without a step that is traced."""
    return Alone(request.param, request.param.compiled())
