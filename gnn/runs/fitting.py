"""The fit of a run's model: its batches, its validation and its best epoch, with any callbacks."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from gnn.graphs.graph import Graph
from gnn.runs.compiling import best_epoch
from gnn.runs.feeding import training_batches
from gnn.runs.judging import Judge, Validation
from gnn.runs.reporting import FiniteLoss
from gnn.runs.run_config import RunConfig
from gnn.training.exact_resume import ExactResume


class Fitting:
    """What fits a compiled model, once or with snapshots, and measures it.

    Args:
        model: compiled.
        config: resolved.
        graph: the data, with all splits.

    Attributes:
        best: which epoch was the best; the model has its weights afterwards.
        judge: measures the model.
    """

    def __init__(self, model: keras.Model, config: RunConfig, graph: Graph):
        self._model, self._config, self._graph = model, config, graph
        self._validates = "validation" in graph.splits
        self.best = best_epoch(config, self._validates)
        self.judge = Judge(model, config, graph)

    def fit(
        self, resume: ExactResume | None = None, callbacks: Sequence[keras.callbacks.Callback] = ()
    ) -> dict[str, list[float]]:
        """Fits, and returns the history.

        Args:
            resume: keeps snapshots of the model and of `best`, which it has to hold; None keeps
                none.
            callbacks: come last.

        Raises:
            FloatingPointError: the loss is no finite number any more.
        """
        data = self.judge.validation_data()
        validation = Validation(self.judge, validates=self._validates and data is None)
        batches = training_batches(self._config, self._graph)
        batches = batches if resume is None else resume.batches(batches)
        steps = self._config.steps_per_epoch
        return self._model.fit(
            batches.repeat() if steps else batches,
            validation_data=data,
            epochs=self._config.epochs,
            steps_per_epoch=steps or None,
            callbacks=[FiniteLoss(), validation, resume or self.best, *callbacks],
            shuffle=False,
            verbose=0,
        ).history
