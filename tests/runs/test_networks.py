"""The networks by name: all of them resolve, build and train, with what their papers have."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from gnn import Graph
from gnn.runs import OptionError, RunConfig, train
from gnn.runs.compiling import best_epoch, compile_model
from gnn.runs.feeding import evaluation_batches
from gnn.runs.networks import NETWORKS, build_network, hops_of
from gnn.runs.recipes import build_model, resolve
from gnn.runs.run_config import MODELS, NETWORK_NAMES
from gnn.training.best_epoch import BestEpoch
from tests.runs.conftest import make_bare

PLANETOID = ("cora", "citeseer", "pubmed")


def tiny() -> Graph:
    return Graph.from_edges(
        [0, 1, 2], [1, 2, 3], np.eye(6), labels=[0, 1] * 3, splits={"train": [0, 1, 2, 3]}
    )


def test_the_names_of_the_command_are_those_of_the_networks() -> None:
    assert NETWORK_NAMES == tuple(NETWORKS)
    assert MODELS == (*NETWORK_NAMES, "graph-regularization", "distilled", "mlp")
    assert len({network.model for network in NETWORKS.values()}) == len(NETWORKS)


@pytest.mark.parametrize("dataset", [*PLANETOID, None])
@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_options_resolve_and_reach_the_model(name: str, dataset: str | None) -> None:
    data = {"dataset": dataset} if dataset else {"data": "folder"}
    config = resolve(RunConfig(model=name, l2=0.125, dropout=0.25, **data), tiny())
    assert config.recipe == ("citation" if dataset else "general")
    assert resolve(config, tiny()) == config  # Everything is settled.
    model = build_model(config, tiny())
    assert type(model) is NETWORKS[name].model
    settings = model.get_config()
    assert (settings["num_classes"], settings["dropout_rate"]) == (2, 0.25)
    assert settings["kernel_regularizer"]["config"]["l2"] == 0.125
    hidden = settings.get("hidden_units")
    if hidden is not None:
        assert tuple(np.atleast_1d(hidden)) == config.hidden_units
    assert config.fanout is not None and len(config.fanout) > 0
    assert config.scaling == ("rows" if dataset else "standardize")


# What papers and the authors' code have; weight decay as the factor of squared weights.
PAPERS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("gcn", "cora", {"hidden_units": (16,), "dropout": 0.5, "l2": 2.5e-4, "epochs": 200}, {}),
    ("gat", "cora", {"learning_rate": 0.005, "dropout": 0.6, "patience": 100}, {"heads": 8}),
    ("sgc", "cora", {"learning_rate": 0.2, "epochs": 100, "dropout": 0.0}, {"hops": 2}),
    ("sgc", "citeseer", {"epochs": 150, "l2": 2.3546e-5 / 2}, {"hops": 2}),
    ("appnp", "cora", {"hidden_units": (64,), "l2": 2.5e-3}, {"hops": 10, "teleport": 0.1}),
    ("dagnn", "cora", {"dropout": 0.8, "l2": 2.5e-3}, {"hops": 10}),
    ("dagnn", "citeseer", {"dropout": 0.5, "l2": 1e-2}, {"hops": 10}),
    ("dagnn", "pubmed", {"dropout": 0.8}, {"hops": 20}),
    ("gcnii", "cora", {"hidden_units": (64,), "dropout": 0.6}, {"depth": 64, "identity": 0.5}),
    ("gcnii", "citeseer", {"hidden_units": (256,), "dropout": 0.7}, {"depth": 32, "identity": 0.6}),
    ("gcnii", "pubmed", {"hidden_units": (256,), "dropout": 0.5}, {"depth": 16, "identity": 0.4}),
    ("grand", "cora", {"dropout": 0.5}, {"hops": 8, "draws": 4, "input_dropout": 0.5}),
    ("grand", "citeseer", {"dropout": 0.2}, {"hops": 2, "draws": 2, "input_dropout": 0.0}),
    ("grand", "citeseer", {}, {"consistency": 0.7, "temperature": 0.3}),
    ("grand", "pubmed", {"dropout": 0.8}, {"hops": 5, "input_dropout": 0.6, "temperature": 0.2}),
]


@pytest.mark.parametrize(("name", "dataset", "options", "arguments"), PAPERS)
def test_settings_of_the_papers(
    name: str, dataset: str, options: dict[str, Any], arguments: dict[str, Any]
) -> None:
    config = resolve(RunConfig(dataset=dataset, model=name), tiny())
    assert {key: getattr(config, key) for key in options} == options
    settings = build_model(config, tiny()).get_config()
    assert {key: settings[key] for key in arguments} == arguments


@pytest.mark.parametrize(
    ("name", "dataset", "hops"),
    [
        ("gcn", "cora", 2),
        ("gat", None, 2),
        ("sgc", "pubmed", 2),
        ("appnp", "cora", 10),
        ("dagnn", "cora", 10),
        ("dagnn", "pubmed", 20),
        ("gcnii", "cora", 64),
        ("gcnii", "citeseer", 32),
        ("grand", "citeseer", 2),
    ],
)
def test_neighbors_are_taken_as_far_as_the_model_looks(
    name: str, dataset: str | None, hops: int
) -> None:
    assert hops_of(name, (16,), dataset) == hops
    if dataset:
        assert resolve(RunConfig(dataset=dataset, model=name), tiny()).fanout == (-1,) * hops
    # The stages that look at neighbors: all but those before, between and after.
    model = build_network(name, dataset, () if name == "sgc" else (16,), num_classes=2)
    assert len(model.stages()) >= hops


def test_networks_that_look_far_sample_few_hops_in_general() -> None:
    for name, hops in {"gcn": 2, "sgc": 2, "appnp": 3, "gcnii": 3, "grand": 3}.items():
        assert resolve(RunConfig(data="folder", model=name), tiny()).fanout == (10,) * hops


def test_arguments_given_come_before_those_of_the_data() -> None:
    model = build_network("grand", "citeseer", (5,), num_classes=2, draws=3)
    assert (model.draws, model.propagation.hops, model.hidden_units) == (3, 2, (5,))


def test_simple_convolution_has_no_use_for_hidden_units() -> None:
    for data in ({"dataset": "cora"}, {"data": "folder"}):
        with pytest.raises(OptionError, match="hidden_units has no use for the model 'sgc'"):
            resolve(RunConfig(model="sgc", hidden_units=(8,), **data), tiny())


@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_two_epochs_of_training(
    name: str, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bare(monkeypatch)
    if name == "gcnii":  # 64 layers take long.
        monkeypatch.setitem(
            NETWORKS, name, dataclasses.replace(NETWORKS[name], arguments={"depth": 3})
        )
    options: dict[str, Any] = {"epochs": 2, "baseline": False}
    options |= {} if name == "sgc" else {"hidden_units": (8,)}
    output = tmp_path / "run"
    run = train(RunConfig(data=str(shop), model=name, output=str(output), **options))
    assert run.config.model == name and len(run.history["loss"]) == 2
    assert type(run.model) is NETWORKS[name].model  # As it was saved and loaded.
    assert np.isfinite([run.metrics["test"][key] for key in ("accuracy", "loss")]).all()
    np.testing.assert_allclose(run.predict().probabilities.sum(axis=1), np.ones(60), rtol=1e-5)


# The best epoch.


@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_what_says_which_epoch_was_best(name: str) -> None:
    # The loss without weight decay and the like, as in the authors' code.
    by_loss = name in ("sgc", "dagnn", "gcnii", "grand")
    config = resolve(RunConfig(dataset="cora", model=name), tiny())
    chosen = best_epoch(config)
    assert chosen.monitor == ("val_cross_entropy" if by_loss else "val_accuracy")
    assert (chosen.mode, chosen.patience) == ("min" if by_loss else "max", config.patience)
    assert best_epoch(config, validates=False).monitor == "loss"
    general = resolve(RunConfig(data="folder", model=name), tiny())
    assert best_epoch(general).monitor == "val_accuracy"


def test_a_data_set_may_be_judged_otherwise() -> None:
    config = resolve(RunConfig(dataset="citeseer", model="gcnii", hidden_units=(4,)), tiny())
    assert best_epoch(config).monitor == "val_accuracy"
    model = build_model(config, tiny())
    compile_model(model, config)
    model.run_eagerly = True
    batches = evaluation_batches(config, tiny(), "train")
    # What lets a training go on is measured.
    assert "cross_entropy" in model.evaluate(batches, verbose=0, return_dict=True)


EPOCHS = [
    {"val_accuracy": accuracy, "val_loss": loss, "val_cross_entropy": entropy}
    for accuracy, loss, entropy in [
        (0.5, 0.7, 0.4),
        (0.8, 0.9, 0.5),
        (0.8, 0.6, 0.6),
        (0.7, 0.2, 0.3),
        (0.8, 0.6, 0.1),
        (0.7, 0.3, 0.1),
    ]
]


@pytest.mark.parametrize(
    ("arguments", "best"),
    [
        ({"monitor": "val_accuracy"}, 1),
        ({"monitor": "val_accuracy", "ties": True}, 2),
        ({"monitor": "val_loss"}, 3),
        ({"monitor": "val_loss", "ties": True}, 3),
        ({"monitor": "val_cross_entropy"}, 4),
    ],
)
def test_the_weights_of_the_best_epoch_come_back(arguments: dict[str, Any], best: int) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    callback = BestEpoch(patience=100, **arguments)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, logs in enumerate(EPOCHS):
        model.set_weights([np.full([1, 1], float(epoch))])
        callback.on_epoch_end(epoch, logs)
    callback.on_train_end()
    assert callback.best_epoch == best
    assert float(model.get_weights()[0][0, 0]) == best


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        ({"patience": 3}, 5),  # The best is epoch 2; 3, 4 and 5 are no better.
        ({"patience": 1}, 3),
        # Epoch 3 has a lower loss than any before it, and 4 the accuracy of the best.
        ({"patience": 1, "also": "val_loss"}, 5),
    ],
)
def test_training_ends_after_so_many_epochs_without_a_better_one(
    arguments: dict[str, Any], last: int
) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    callback = BestEpoch(ties=True, **arguments)
    callback.set_model(model)
    callback.on_train_begin()
    model.stop_training, stopped = False, []
    for epoch, logs in enumerate(EPOCHS):
        callback.on_epoch_end(epoch, logs)
        stopped.append(model.stop_training)
    assert stopped.index(True) == last
    assert callback.best_epoch == 2
