"""Every public layer and model has a row, and every row shows the class that it says it shows."""

from __future__ import annotations

import inspect
from types import ModuleType, SimpleNamespace
from typing import Any

import keras
import pytest

from gnn import layers, models
from tests.conformance.registry import EACH, ROWS, TOGETHER, Row


def without_row(module: ModuleType | Any) -> list[str]:
    shown = {kind for row in ROWS for kind in row.kinds}
    public = [getattr(module, name) for name in module.__all__]
    classes = [thing for thing in public if inspect.isclass(thing)]
    return [
        kind.__name__
        for kind in classes
        if issubclass(kind, keras.layers.Layer) and kind not in shown
    ]


@pytest.mark.parametrize("module", [layers, models], ids=["layers", "models"])
def test_every_public_class_has_a_row(module: ModuleType) -> None:
    assert without_row(module) == []


def test_a_class_without_a_row_is_found() -> None:
    class Planted(layers.GCNConv):
        pass

    module = SimpleNamespace(
        __all__=["GCNConv", "Planted"], GCNConv=layers.GCNConv, Planted=Planted
    )
    assert without_row(module) == ["Planted"]


@pytest.mark.parametrize("each", [*EACH, *TOGETHER], ids=lambda row: row.name)
def test_row_holds_its_classes(each: Row) -> None:
    layers = list(each.make(0.0)._flatten_layers())
    for kind in each.kinds:
        assert any(isinstance(layer, kind) for layer in layers), kind


def test_row_names_are_unique() -> None:
    names = [row.name for row in (*EACH, *TOGETHER)]
    assert sorted(set(names)) == sorted(names)


def test_each_row_trains_once() -> None:
    trained = [part.name for row in ROWS for part in row.parts or (row,)]
    assert sorted(trained) == sorted(row.name for row in EACH)
