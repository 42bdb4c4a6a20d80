"""Programs that lie beside the tests, as modules."""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path


def script(name: str) -> types.ModuleType:
    """The program of this name, which has run up to its `if __name__`."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{name}.py is no program")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
