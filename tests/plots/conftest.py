"""Pictures are drawn to memory, and closed after every test."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import pytest

matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    """Renders what the test drew, for some errors come only then, and closes it."""
    yield
    try:
        for number in pyplot.get_fignums():
            pyplot.figure(number).canvas.draw()
    finally:
        pyplot.close("all")
