"""The settings of co-training."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Mapping
from typing import Any, Literal

from gnn.configs import PairWeights, as_pair_weights
from gnn.configs.arguments import check_count


@dataclasses.dataclass(frozen=True)
class FitConfig:
    """How long a model is trained in a round of co-training, and on how much at once.

    It is judged on the validation data every `evaluate_every` steps, and stopped when `patience`
    steps have brought nothing better; the weights of the best step are restored. Without
    validation data it is trained for `min_steps` steps.

    Attributes:
        learning_rate: of Adam; not looked at where the model comes compiled with an optimizer.
        batch_size: labeled nodes of a step of the classifier, pairs of a step of the agreement
            model; None: all of them.
        min_steps: the least number of steps.
        patience: steps without a better one, after which it stops.
        max_steps: the most steps, rounded up to whole `evaluate_every`.
        evaluate_every: steps from one look at the validation data to the next.
        monitor: what says on the validation data which step is better, `"accuracy"` as in the
            authors' code, or `"cross_entropy"`, which has fewer ties and moves less by chance.

    Raises:
        TypeError: a number is of another kind.
        ValueError: a number is out of range, or the monitor is unknown.

    Example:

    >>> FitConfig(patience=500).patience
    500
    """

    learning_rate: float = 0.001
    batch_size: int | None = 128
    min_steps: int = 200
    patience: int = 2000
    max_steps: int = 100_000
    evaluate_every: int = 5
    monitor: Literal["accuracy", "cross_entropy"] = "accuracy"

    def __post_init__(self) -> None:
        if self.monitor not in ("accuracy", "cross_entropy"):
            raise ValueError(f"monitor must be 'accuracy' or 'cross_entropy'; got {self.monitor!r}")
        _check_real("learning_rate", self.learning_rate, least=0.0, above=True)
        for name in ("min_steps", "max_steps", "evaluate_every", "batch_size"):
            if name != "batch_size" or self.batch_size is not None:
                check_count(name, getattr(self, name), least=1)
        check_count("patience", self.patience, least=0)
        if self.max_steps < self.min_steps:
            raise ValueError(
                f"max_steps must be at least min_steps, {self.min_steps}; got {self.max_steps}"
            )


@dataclasses.dataclass(frozen=True)
class CoTrainConfig:
    """The settings of `gnn.CoTrainer`; the defaults are those of the authors' code.

    Attributes:
        rounds: the most rounds after the first, which has no agreement.
        labels_per_round: the most nodes that are given a label after a round.
        min_confidence: the probability that a label must exceed to be given.
        keep_proportions: whether the labels given keep the proportions of the classes among the
            training nodes: each class gets its share of `labels_per_round`, rounded down.
        pair_weights: a `gnn.PairWeights`, or a dict of one: how much pairs count by whether their
            nodes are labeled.
        pairs_per_step: pairs of each kind that a step draws.
        agreement_floor: float in `[0, 1)`, taken off every agreement, to no less than 0; 0.5 has
            pairs count only where agreement is the more probable.
        predict_jointly: whether it is the classifier and the student of a `gnn.BeliefAgreement`
            together, a `gnn.JointClassifier`, that predict, from the first round with a student on:
            that give labels, teach the next student and, with it, judge edges, have the accuracies
            of the history and are kept.
        use_graph: whether pairs are edges. If not (GAM* of the paper), they are random pairs of
            nodes.
        classifier: a `FitConfig` of the classifier, or a dict of what is to differ from the
            default.
        agreement: the same of the agreement model, whose default has `evaluate_every=10`, as the
            authors' code.
        validation_share: of the labeled edges, by which the agreement model is judged as it trains.
        validation_pairs: where that share holds fewer pairs, it is labeled nodes of which the share
            is held out, and the agreement model is judged on so many random pairs in which one of
            them is, half of them of equal labels. 0 keeps to edges, however few the share holds, as
            the authors' code does where there is a graph.
        seed: of weights, dropout, batches and pairs.

    Raises:
        TypeError: a setting is of another kind.
        ValueError: a setting is out of range.

    Example:

    >>> config = CoTrainConfig(labels_per_round=50, classifier={"patience": 500})
    >>> config.classifier.patience, config.pair_weights.unlabeled_unlabeled
    (500, 0.05)
    """

    rounds: int = 200
    labels_per_round: int = 200
    min_confidence: float = 0.4
    keep_proportions: bool = True
    pair_weights: PairWeights = PairWeights()
    pairs_per_step: int = 128
    agreement_floor: float = 0.0
    predict_jointly: bool = False
    use_graph: bool = True
    classifier: FitConfig = dataclasses.field(default_factory=FitConfig)
    agreement: FitConfig = dataclasses.field(default_factory=lambda: FitConfig(evaluate_every=10))
    validation_share: float = 0.1
    validation_pairs: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (
            ("rounds", 0), ("labels_per_round", 0), ("pairs_per_step", 1),
            ("validation_pairs", 0), ("seed", 0),
        ):  # fmt: skip
            check_count(name, getattr(self, name), least)
        _check_real("min_confidence", self.min_confidence, 0.0, below=1.0)
        _check_real("agreement_floor", self.agreement_floor, 0.0, below=1.0)
        _check_real("validation_share", self.validation_share, 0.0, below=1.0)
        for name in ("keep_proportions", "predict_jointly", "use_graph"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False; got {getattr(self, name)!r}")
        object.__setattr__(self, "pair_weights", as_pair_weights(self.pair_weights))
        fits = (("classifier", FitConfig()), ("agreement", FitConfig(evaluate_every=10)))
        for name, default in fits:
            object.__setattr__(self, name, _as_fit_config(name, getattr(self, name), default))

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values that JSON can hold."""
        return dataclasses.asdict(self)


def as_cotrain_config(value: Any) -> CoTrainConfig:
    """Returns a `CoTrainConfig`: the value, one made of a dict, or for None the defaults.

    Raises:
        TypeError: `value` is something else, or a field is.
        ValueError: a key is unknown, or a field is out of range.

    Example:

    >>> as_cotrain_config({"rounds": 3}).rounds
    3
    """
    if value is None:
        return CoTrainConfig()
    if isinstance(value, CoTrainConfig):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"config must be a CoTrainConfig, a dict of one, or None; got {value!r}")
    return CoTrainConfig(**_known("CoTrainConfig", CoTrainConfig, value))


def _as_fit_config(name: str, value: Any, default: FitConfig) -> FitConfig:
    if isinstance(value, FitConfig):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a FitConfig or a dict of one; got {value!r}")
    return dataclasses.replace(default, **_known("FitConfig", FitConfig, value))


def _known(name: str, cls: type, value: Mapping[str, Any]) -> dict[str, Any]:
    fields = [field.name for field in dataclasses.fields(cls)]
    unknown = [key for key in value if key not in fields]
    if unknown:
        raise ValueError(f"{name} has no field {unknown[0]!r}; it has {fields}")
    return dict(value)


def _check_real(
    name: str, value: Any, least: float, below: float = math.inf, above: bool = False
) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number; got {value!r}")
    number = float(value)
    if not least <= number < below or (above and number == least):
        low = f"above {least}" if above else f"at least {least}"
        high = "finite" if below == math.inf else f"below {below}"
        raise ValueError(f"{name} must be {low} and {high}; got {value}")
