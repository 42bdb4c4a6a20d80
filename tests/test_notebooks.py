"""The notebooks run from top to bottom, and are stored as they should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbclient
import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.fixture(scope="module")
def client() -> Iterator[nbclient.NotebookClient]:
    """One kernel for all: to start it and import TensorFlow costs as much as a notebook."""
    client = nbclient.NotebookClient(nbformat.v4.new_notebook(), timeout=600, kernel_name="python3")
    with client.setup_kernel():
        yield client


def test_it_runs_from_top_to_bottom(
    path: Path, tmp_path: Path, client: nbclient.NotebookClient
) -> None:
    client.nb = nbformat.read(path, as_version=4)
    # As in a kernel of its own: no name is left of the notebook before.
    begin = nbformat.v4.new_code_cell(f"%reset -f\n%cd -q {tmp_path}")
    client.nb.cells.insert(0, begin)
    for index, cell in enumerate(client.nb.cells):
        client.execute_cell(cell, index)
    ran = [cell for cell in client.nb.cells if cell.cell_type == "code"]
    assert len(ran) > 1 and all(cell.execution_count for cell in ran)


def test_it_is_stored_small_and_without_errors(path: Path) -> None:
    assert path.stat().st_size < 200_000
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", "store no warnings and logs"
