"""The configurations: validation, conversion from NSL's and from dictionaries, round trips."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import attr
import numpy as np
import pytest

from gnn import nsl
from gnn.configs import (
    DistanceConfig,
    DistanceType,
    GraphNeighborConfig,
    GraphRegConfig,
    TransformType,
    as_distance_config,
    as_graph_reg_config,
    as_neighbor_config,
)

CONFIGS = {
    "neighbors": (GraphNeighborConfig("n_", "_w", 3), as_neighbor_config),
    "distance": (DistanceConfig("cosine", "softmax", -1), as_distance_config),
    "defaults": (GraphRegConfig(), as_graph_reg_config),
    "all": (
        GraphRegConfig(
            GraphNeighborConfig("n_", "_w", 3), 0.5, DistanceConfig("kl_divergence", "softmax", 2)
        ),
        as_graph_reg_config,
    ),
}
every_config = pytest.mark.parametrize(
    ("config", "convert"), list(CONFIGS.values()), ids=list(CONFIGS)
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(DistanceType, nsl.configs.DistanceType), (TransformType, nsl.configs.TransformType)],
)
def test_enums_are_those_of_nsl(ours: Any, theirs: Any) -> None:
    assert {m.name: m.value for m in ours} == {m.name: m.value for m in theirs}


def test_defaults_are_those_of_nsl() -> None:
    assert as_graph_reg_config(nsl.configs.GraphRegConfig()) == GraphRegConfig()
    assert GraphRegConfig() == GraphRegConfig(
        GraphNeighborConfig("NL_nbr_", "_weight", 0),
        0.01,
        DistanceConfig(DistanceType.L2, TransformType.NONE, None),
    )


def test_members_and_their_values_mean_the_same() -> None:
    by_value = DistanceConfig("cosine", "softmax")
    assert by_value == DistanceConfig(DistanceType.COSINE, TransformType.SOFTMAX)
    assert by_value.distance_type is DistanceType.COSINE
    assert by_value.transform_fn is TransformType.SOFTMAX


@pytest.mark.parametrize("none", [None, "none", TransformType.NONE, nsl.configs.TransformType.NONE])
def test_every_way_to_say_no_transform(none: Any) -> None:
    assert DistanceConfig(transform_fn=none).transform_fn is TransformType.NONE


def test_numpy_scalars_become_plain_numbers() -> None:
    config = GraphRegConfig(
        GraphNeighborConfig(max_neighbors=np.int64(3)),
        np.float64(0.5),
        DistanceConfig(sum_over_axis=np.int32(-1)),
    )
    plain = config.to_dict()
    assert type(plain["multiplier"]) is float
    assert type(plain["neighbor_config"]["max_neighbors"]) is int
    assert type(plain["distance_config"]["sum_over_axis"]) is int


def test_configs_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        GraphRegConfig().multiplier = 1.0
    assert hash(GraphRegConfig()) == hash(GraphRegConfig())


@pytest.mark.parametrize(
    ("cls", "field", "value", "error", "message"),
    [
        (GraphRegConfig, "multiplier", -0.5, ValueError, "multiplier .* at least 0, got -0.5"),
        (GraphRegConfig, "multiplier", float("nan"), ValueError, "multiplier .* got nan"),
        (GraphRegConfig, "multiplier", float("inf"), ValueError, "multiplier .* finite.* got inf"),
        (GraphRegConfig, "multiplier", "0.1", TypeError, "a number or 'auto', got '0.1'"),
        (GraphRegConfig, "multiplier", True, TypeError, "a number or 'auto', got True"),
        (GraphRegConfig, "contrast", -1, ValueError, "contrast .* at least 0, got -1.0"),
        (GraphRegConfig, "neighbor_config", 3, TypeError, "GraphNeighborConfig .* got 3 of type"),
        (GraphRegConfig, "distance_config", "l2", TypeError, "DistanceConfig .* 'l2' of type str"),
        (GraphNeighborConfig, "max_neighbors", -1, ValueError, "max_neighbors .* 0, got -1"),
        (GraphNeighborConfig, "max_neighbors", 2.0, TypeError, "max_neighbors .* integer, got 2.0"),
        (GraphNeighborConfig, "max_neighbors", True, TypeError, "max_neighbors .* got True"),
        (GraphNeighborConfig, "prefix", "", ValueError, "prefix must not be empty"),
        (GraphNeighborConfig, "prefix", 1, TypeError, "prefix must be a string, got 1"),
        (GraphNeighborConfig, "weight_suffix", None, TypeError, "weight_suffix .* got None"),
        (DistanceConfig, "distance_type", "l3", ValueError, r"\['l1', 'l2', .*\], got 'l3'"),
        (DistanceConfig, "distance_type", None, ValueError, "distance_type .* got None"),
        (DistanceConfig, "transform_fn", "relu", ValueError, r"'none'\], got 'relu'"),
        (DistanceConfig, "sum_over_axis", 0, ValueError, "sum_over_axis must not be 0"),
        (DistanceConfig, "sum_over_axis", 1.0, TypeError, "sum_over_axis .* integer, got 1.0"),
    ],
)
def test_bad_fields_are_named(
    cls: Any, field: str, value: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        cls(**{field: value})


@every_config
def test_dictionaries_survive_json(config: Any, convert: Any) -> None:
    assert convert(json.loads(json.dumps(config.to_dict()))) == config


@every_config
def test_our_own_are_returned_as_they_are(config: Any, convert: Any) -> None:
    assert convert(config) is config


@pytest.mark.parametrize("distance_type", list(nsl.configs.DistanceType))
@pytest.mark.parametrize("transform_fn", list(nsl.configs.TransformType))
def test_nsl_objects_convert(distance_type: Any, transform_fn: Any) -> None:
    theirs = nsl.configs.make_graph_reg_config(
        neighbor_prefix="n_",
        neighbor_weight_suffix="_w",
        max_neighbors=2,
        multiplier=0.25,
        distance_type=distance_type,
        sum_over_axis=-1,
        transform_fn=transform_fn,
    )
    ours = GraphRegConfig(
        GraphNeighborConfig("n_", "_w", 2),
        0.25,
        DistanceConfig(distance_type.value, transform_fn.value, -1),
    )
    assert as_graph_reg_config(theirs) == ours
    assert as_neighbor_config(theirs.neighbor_config) == ours.neighbor_config
    assert as_distance_config(theirs.distance_config) == ours.distance_config
    # As a dictionary too, in which NSL's `reduction` and enum members occur.
    assert as_graph_reg_config(attr.asdict(theirs)) == ours
    assert GraphRegConfig(theirs.neighbor_config, 0.25, theirs.distance_config) == ours


def test_a_string_set_on_an_nsl_object_counts() -> None:
    theirs = nsl.configs.DistanceConfig()
    theirs.transform_fn = "softmax"  # NSL converts on construction only.
    assert as_distance_config(theirs).transform_fn is TransformType.SOFTMAX


@pytest.mark.parametrize(
    "whole",
    [
        GraphRegConfig(GraphNeighborConfig(max_neighbors=3)),
        nsl.configs.make_graph_reg_config(max_neighbors=3),
        {"neighbor_config": {"max_neighbors": 3}},
        {"max_neighbors": 3},
    ],
    ids=["ours", "nsl", "nested", "flat"],
)
def test_the_neighbor_config_is_found_in_the_whole(whole: Any) -> None:
    assert as_neighbor_config(whole) == GraphNeighborConfig(max_neighbors=3)


@pytest.mark.parametrize(
    "part", [GraphNeighborConfig(), nsl.configs.GraphNeighborConfig()], ids=["ours", "nsl"]
)
def test_a_neighbor_config_is_no_graph_reg_config(part: Any) -> None:
    with pytest.raises(TypeError, match=r"got a GraphNeighborConfig: wrap it"):
        as_graph_reg_config(part)


@pytest.mark.parametrize("convert", [as_graph_reg_config, as_neighbor_config, as_distance_config])
@pytest.mark.parametrize("value", [None, 0.1, "l2", GraphRegConfig, object()])
def test_anything_else_is_named_with_its_type(convert: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=f"of type {type(value).__name__}$"):
        convert(value)


@pytest.mark.parametrize(
    ("convert", "value", "message"),
    [
        (as_graph_reg_config, {"multipler": 1}, "no field 'multipler'; it has .*'multiplier'"),
        (as_graph_reg_config, {"reduction": "none"}, "GraphRegConfig has no field 'reduction'"),
        (as_neighbor_config, {"max_nbrs": 1}, "GraphNeighborConfig has no field 'max_nbrs'"),
        (as_distance_config, {"distance": "l2"}, "DistanceConfig has no field 'distance'"),
    ],
)
def test_unknown_keys_are_named(convert: Any, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        convert(value)
