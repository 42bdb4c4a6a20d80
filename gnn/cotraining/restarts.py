"""A model that is begun again, with other first weights, and not traced again."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np


class Restarts:
    """One model, whose variables are set to those of a new one made by the same function.

    What TensorFlow has compiled for the model stays valid. The new weights, and the seeds of
    dropout, are a function of the seed alone.

    Args:
        make: a function that makes a new Keras layer each time.
        argument: how errors call it.
        build: calls a layer once, which makes its weights.
        seed: integers, of the first weights.

    Attributes:
        model: the one that stays.

    Raises:
        TypeError: `make` is no function, or does not return a Keras layer.

    Example:

    >>> build = lambda layer: layer(np.ones([1, 2]))
    >>> restarts = Restarts(lambda: keras.layers.Dense(1), "classifier_fn", build, (0, 0))
    >>> first = restarts.model.kernel.numpy()
    >>> restarts.restart(0, 1)
    >>> bool((first == restarts.model.kernel.numpy()).all())
    False
    """

    def __init__(
        self,
        make: Callable[[], Any],
        argument: str,
        build: Callable[[Any], Any],
        seed: tuple[int, ...] = (0,),
    ):
        if isinstance(make, keras.layers.Layer) or not callable(make):
            raise TypeError(
                f"{argument} must be a function without arguments that returns a new Keras layer "
                f"or model each time; got {make!r}"
            )
        self._make, self._argument, self._build = make, argument, build
        self.model = self._made(*seed)

    def restart(self, *seed: int) -> None:
        """Sets the model's variables to those of a new one.

        Args:
            *seed: integers.

        Raises:
            ValueError: the function returned the same layer again, or one with trainable
                variables of it, or one of other variables.
        """
        new = self._made(*seed)
        mine, theirs = self.model.variables, new.variables
        # A layer of both may hold what training leaves alone, as an adapted Normalization does.
        trained = {id(variable) for variable in self.model.trainable_variables}
        shared = [variable.path for variable in theirs if id(variable) in trained]
        if new is self.model or shared:
            what = repr(new.name) if new is self.model else f"the variable {shared[0]!r}"
            raise ValueError(
                f"{self._argument} must make a new model each time: co-training begins each round "
                f"with new weights. It returned {what} twice"
            )
        if [tuple(v.shape) for v in mine] != [tuple(v.shape) for v in theirs]:
            raise ValueError(f"{self._argument} returned models of different variables")
        for variable, other in zip(mine, theirs, strict=True):
            variable.assign(other)

    def _made(self, *seed: int) -> Any:
        with seeded(*seed):
            model = self._make()
            if not isinstance(model, keras.layers.Layer):
                raise TypeError(
                    f"{self._argument} must return a Keras layer or model; got "
                    f"{type(model).__name__}"
                )
            self._build(model)
        return model


@contextlib.contextmanager
def seeded(*seed: int) -> Iterator[None]:
    """Seeds Python and NumPy, from which Keras draws its own seeds, and puts them back after.

    Example:

    >>> with seeded(1, 2):
    ...     first = random.random()
    >>> with seeded(1, 2):
    ...     print(random.random() == first)
    True
    """
    python, numpy = random.getstate(), np.random.get_state()
    number = int(np.random.SeedSequence(seed).generate_state(1)[0])
    random.seed(number)
    np.random.seed(number)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
