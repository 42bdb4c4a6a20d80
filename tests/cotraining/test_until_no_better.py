"""When a training ends, and what it keeps."""

import keras
import pytest

from gnn.cotraining.cotrain_config import FitConfig
from gnn.cotraining.until_no_better import until_no_better


def run_through(scores, **config):
    """Trains through the given scores; each chunk sets the weight to its number."""
    weight = keras.Variable(-1.0)

    def run(chunk):
        weight.assign(chunk)
        return 10.0 - chunk, scores[chunk]

    return until_no_better(run, [weight], FitConfig(**config), perfect=1.0), float(weight)


@pytest.mark.parametrize(
    ("scores", "config", "steps", "best"),
    [
        # The best is at chunk 1 (step 4); 6 steps bring nothing better.
        ([0.1, 0.5, 0.4, 0.5, 0.3, 0.9], {"patience": 6}, 10, 1),
        # A least number of steps carries it to the better one.
        ([0.1, 0.5, 0.4, 0.5, 0.3, 0.9, 0], {"patience": 2, "min_steps": 14}, 14, 5),
        ([0.1, 0.2, 0.3, 0.4], {"patience": 50, "max_steps": 8}, 8, 3),
        ([0.1, 1.0, 0.3], {"patience": 50}, 4, 1),
        ([1.0, 0.2, 0.3], {"patience": 50, "min_steps": 5}, 6, 0),
    ],
)
def test_the_best_step_is_kept(scores, config, steps, best):
    settings = {"min_steps": 1, "evaluate_every": 2, **config}
    fitted, weight = run_through(scores, **settings)
    assert (fitted.steps, weight) == (steps, best)
    assert fitted.best_score == scores[best]
    assert fitted.best_step == 2 * (best + 1)
    assert fitted.losses == tuple(10.0 - i for i in range(steps // 2))


def test_without_validation_the_last_step_is_kept():
    fitted, weight = run_through([None] * 9, min_steps=5, evaluate_every=2)
    assert (fitted.steps, fitted.best_step, fitted.best_score, weight) == (6, 6, None, 2)
