"""The trials of a search in a journal that is appended to: a kill at any moment loses no trial.

Optuna's journal is a file with a JSON line an operation, each flushed to the disk. Three things are
done about it here. A kill in the midst of a line leaves a piece of it, after which Optuna would
write the next line and then read neither: the piece is cut off. The lock of its files stays behind
a killed process and is waited for: the folder is locked already, so there is none. And a trial
stands in the journal with all its parameters by one line, or not at all: these are drawn
beforehand, by a sampler whose seed is that of the search and the number of the trial, so that a
search that was stopped draws what it would have drawn.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.runs.search_spaces import Space, distributions, params_of, setting_of

if TYPE_CHECKING:
    import optuna

_STUDY = "gnn"
_STARTUP_TRIALS = 8
_SETTING, _RESULT, _WHY = "setting", "result ", "why"


class TrialLog:
    """The trials of one search, in a file.

    Args:
        path: of the journal, in a folder that no other process works in.
        space: what is tried.
        seed: of what is drawn.

    Raises:
        ImportError: Optuna is not installed.
        ValueError: the file is damaged.
    """

    def __init__(self, path: Path, space: Space, seed: int):
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        mend(path)
        self._space, self._seed = space, seed
        self._optuna = optuna
        with _quiet():
            try:
                self._storage = JournalStorage(
                    JournalFileBackend(str(path), lock_obj=_no_lock(str(path)))
                )
                # To make it again would leave another line in the journal.
                if not self._storage.get_all_studies():
                    optuna.create_study(
                        storage=self._storage, study_name=_STUDY, direction="maximize"
                    )
                self._study = optuna.load_study(
                    storage=self._storage,
                    study_name=_STUDY,
                    sampler=optuna.samplers.RandomSampler(seed=seed),
                    pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2),
                )
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path} is damaged: {error}") from error

    @property
    def trials(self) -> list[optuna.trial.FrozenTrial]:
        """All trials, by number."""
        return self._study.get_trials(deepcopy=False)

    @property
    def finished(self) -> list[optuna.trial.FrozenTrial]:
        """Those that ended: complete, pruned or failed."""
        return [trial for trial in self.trials if trial.state.is_finished()]

    def next(self, default: Mapping[str, Any]) -> optuna.trial.Trial:
        """The trial that was running when the process was stopped, or else a new one.

        Args:
            default: what the options of the space are without a search: the first trial's.
        """
        for trial in self.trials:
            if not trial.state.is_finished():
                return self._trial(trial.number)
        number = len(self.trials)
        if number == 0:
            params, setting = params_of(self._space, default), {}
        else:
            params = self._draw(number)
            setting = setting_of(self._space, params)
        known = distributions(self._space)
        template = self._optuna.trial.create_trial(
            state=self._optuna.trial.TrialState.RUNNING,
            params=params,
            distributions={name: known[name] for name in params},
            user_attrs={_SETTING: setting},
        )
        self._storage.create_new_trial(self._study_id, template_trial=template)
        return self._trial(number)

    def complete(self, trial: optuna.trial.Trial, value: float) -> None:
        """Ends a trial that was trained to its end."""
        self._study.tell(trial.number, value)

    def prune(self, trial: optuna.trial.Trial) -> None:
        """Ends a trial that was behind the others."""
        self._study.tell(trial.number, state=self._optuna.trial.TrialState.PRUNED)

    def fail(self, trial: optuna.trial.Trial, why: str) -> None:
        """Ends a trial that could not be trained."""
        trial.set_user_attr(_WHY, why)
        self._study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)

    def _draw(self, number: int) -> dict[str, Any]:
        optuna = self._optuna
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        sampler = optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=_STARTUP_TRIALS, multivariate=False
        )
        with _quiet():
            study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials(self.finished)
        return dict(study.ask(distributions(self._space)).params)

    @property
    def _study_id(self) -> int:
        return self._storage.get_study_id_from_name(_STUDY)

    def _trial(self, number: int) -> optuna.trial.Trial:
        found = self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
        return self._optuna.trial.Trial(self._study, found)


def setting(trial: optuna.trial.FrozenTrial | optuna.trial.Trial) -> dict[str, Any]:
    """The options that a trial gives; none of the first one, which is the recipe's."""
    return dict(trial.user_attrs[_SETTING])


def results(
    trial: optuna.trial.FrozenTrial | optuna.trial.Trial,
) -> dict[str, tuple[float, float]]:
    """The accuracy and the loss on validation of each training of a trial that ended."""
    return {
        name.removeprefix(_RESULT): (float(value[0]), float(value[1]))
        for name, value in trial.user_attrs.items()
        if name.startswith(_RESULT)
    }


def why_failed(trial: optuna.trial.FrozenTrial) -> str:
    """Why a trial that failed could not be trained."""
    return str(trial.user_attrs[_WHY])


def add_result(trial: optuna.trial.Trial, name: str, accuracy: float, loss: float) -> None:
    """Keeps what a training of a trial ended with."""
    trial.set_user_attr(_RESULT + name, [accuracy, loss])


def check_optuna() -> None:
    """Raises where there is no Optuna.

    Raises:
        ImportError: the message names the extra.
    """
    try:
        importlib.import_module("optuna")
    except ImportError as error:
        raise ImportError("gnn tune needs Optuna: pip install 'gnn[tune]'") from error


def mend(path: Path) -> None:
    r"""Cuts off what a killed process had begun to write at the end of a file of lines.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "trials.log")
    ...     _ = path.write_text("whole\nbeg")
    ...     mend(path)
    ...     path.read_text()
    'whole\n'
    """
    if not path.is_file():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)


def _no_lock(path: str) -> Any:
    from optuna.storages.journal import JournalFileSymlinkLock

    class NoLock(JournalFileSymlinkLock):
        def acquire(self) -> bool:
            return True

        def release(self) -> None:
            return None

    return NoLock(path)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Optuna says that it has made a study; its level is afterwards what it was."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)
