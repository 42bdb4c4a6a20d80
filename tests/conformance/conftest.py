"""Fixtures of the general checks; tests of one row follow each other and share its training."""

from __future__ import annotations

import pytest

from tests.conformance.registry import ROWS, Row
from tests.conformance.training import Trained, train


@pytest.fixture(scope="session", params=ROWS, ids=lambda row: row.name)
def row(request: pytest.FixtureRequest) -> Row:
    """A row of the registry."""
    return request.param


@pytest.fixture(scope="session")
def trained(row: Row) -> Trained:
    """The row's model after 20 steps; not to be trained on."""
    return train(row)
