"""Training from a configuration to a run folder, with snapshots on the way."""

from __future__ import annotations

import dataclasses
import json
import shlex
import time
from typing import Any

from gnn.files import check_replaceable, is_empty
from gnn.runs import run_folder
from gnn.runs.adoption import carry_on
from gnn.runs.baseline import lift
from gnn.runs.calibrating import served_temperature
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import with_absolute_paths
from gnn.runs.distilling import lesson_of
from gnn.runs.edge_checks import told_of_harm
from gnn.runs.encoding import served_inputs
from gnn.runs.evaluating import split_figures
from gnn.runs.figure_texts import accuracy_text, lift_text
from gnn.runs.fitting import fit
from gnn.runs.log_graph import write_log_graph
from gnn.runs.model_card import model_card
from gnn.runs.preparing import Prepared, prepare
from gnn.runs.reporting import Report, RunLog
from gnn.runs.results import write_results
from gnn.runs.run import Run, load_run
from gnn.runs.run_config import DISTILLED, RunConfig
from gnn.runs.run_data import (
    DataFacts,
    stored_facts,
    write_splits,
)
from gnn.runs.run_folder import RunFolder
from gnn.runs.versions import current_versions, stored_versions, version_changes
from gnn.training.seeding import as_in_new_process
from gnn.training.snapshots import has_snapshot, read_position


def train(config: RunConfig, *, report: Report | None = None, progress: bool = False) -> Run:
    """Trains a model and writes its run folder.

    While it trains, everything lies in `OUTPUT.partial`; once whole, that is renamed to `OUTPUT`.
    An older run of that name stays as it is until then. A process that is killed is carried on from
    its last snapshot by the same call with `resume=True`, and ends with the weights that it would
    have had without the stop (on the same machine, if `steps_per_epoch` goes a whole number of
    times through the data).

    Of a log, `sessions.csv`, it makes edges by `session_config`, reports what it made, and keeps
    the graph in the run.

    Args:
        config: with a data set or folder, and a model; the rest may be left open. With `resume`,
            the options of the stopped run need not be given again.
        report: is called with each line that the log gets.
        progress: whether to show a bar on a terminal.

    Returns:
        The finished run.

    Raises:
        FileExistsError: there is such a run and neither `overwrite` nor `resume` is set, or a
            stopped one, or another process trains there; or the folder holds something else than a
            run, which is never replaced.
        FileNotFoundError: there are no such data.
        FloatingPointError: the loss is no finite number any more.
        KeyboardInterrupt: as pressed; the message says how to carry on.
        ValueError: the data cannot be trained on, an option does not fit, or, with `resume`,
            differs from those of the stopped run.
        OSError: the folder cannot be written.

    Example:

    >>> run = train(RunConfig(dataset="digits", model="mlp"))  # doctest: +SKIP
    >>> run.metrics["test"]["accuracy"]  # doctest: +SKIP
    0.85
    """
    config = with_absolute_paths(config)
    folder = _folder(config)
    say = RunLog(report)
    folder.check_partial_is_ours()
    folder.remove_remains()
    is_there = folder.path.is_dir() and not is_empty(folder.path)
    if config.resume and is_there and not folder.partial.is_dir():
        run = load_run(folder.path)
        run_folder.carried_on(run.config, config, folder.path)
        say(f"{folder.path} is finished already")
        return run
    resumes = bool(config.resume) and folder.is_begun
    if resumes:
        config = run_folder.carried_on(
            run_folder.read_config(folder.partial), config, folder.partial
        )
    elif config.resume and config.dataset is None and config.data is None:
        raise FileNotFoundError(
            f"there is no run to carry on in {str(folder.path)!r}: name a dataset or data to start"
        )
    folder = dataclasses.replace(folder, overwrites=bool(config.overwrite))
    _check_free(folder, config, resumes)
    begun = folder.partial if resumes else None
    prepared = None if resumes and folder.is_written else prepare(config, begun)
    with run_folder.locked(folder):
        try:
            # While the data were read, another process may have trained there.
            _check_free(folder, config, resumes)
            if resumes and not folder.is_begun:
                raise FileExistsError(f"another process has removed {str(folder.partial)!r}")
            if resumes:
                carry_on(folder)
            if prepared is not None:
                config = prepared.config
                if resumes:
                    _check_same_data(folder, prepared.facts)
                else:
                    _begin(folder, prepared)
                say.open(folder.partial / run_folder.LOG)
                for note in _version_notes(folder) if resumes else prepared.notes:
                    say(note)
                with as_in_new_process(config.seed or 0):
                    _train_into(folder, prepared, say, progress)
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(_how_to_resume(folder)) from error
        except Exception as error:
            say(f"failed: {error}", aloud=False)
            raise
        finally:
            say.close()
            if folder.partial.is_dir() and not folder.is_worth_keeping:
                # Nothing in it can be carried on.
                folder.discard()
        # Again, for a training takes long.
        _check_path(folder, config)
        folder.finish()
    return load_run(folder.path)


def _folder(config: RunConfig) -> RunFolder:
    if config.output is None and not (config.model and (config.dataset or config.data)):
        missing = "model" if config.dataset or config.data else "dataset or data"
        raise OptionError(f"{missing} must be given (or output and resume, to carry on a run)")
    return run_folder.folder_of(config)


def _check_free(folder: RunFolder, config: RunConfig, resumes: bool) -> None:
    """Raises where a run, or one that could be carried on, would be lost unasked."""
    _check_path(folder, config)
    if not (config.overwrite or config.resume) and folder.is_worth_keeping:
        raise FileExistsError(
            f"{str(folder.partial)!r} holds a run that was stopped: add resume to carry it on, or "
            "overwrite to start anew"
        )
    if not resumes:
        folder.check_partial_is_replaceable()


def _check_path(folder: RunFolder, config: RunConfig) -> None:
    """Raises where something would be lost unasked when the run gets its final name."""
    if folder.path.exists() and not folder.path.is_dir():
        raise FileExistsError(f"the output {str(folder.path)!r} is a file")
    if folder.path.exists() and not config.overwrite and not is_empty(folder.path):
        raise FileExistsError(
            f"the run {str(folder.path)!r} exists already: add overwrite to replace it, or choose "
            "another output"
        )
    check_replaceable(folder.path, run_folder.KIND, overwrite=bool(config.overwrite))


def _begin(folder: RunFolder, prepared: Prepared) -> None:
    folder.begin()
    run_folder.write_json(folder.partial / run_folder.DATA, prepared.facts.to_dict())
    write_splits(folder.partial / run_folder.SPLITS, prepared.graph)
    write_log_graph(folder.partial, prepared.graph)
    if prepared.encoder is not None:
        prepared.encoder.save(folder.partial / run_folder.ENCODER)
    run_folder.write_config(folder, prepared.config, current_versions())


def _version_notes(folder: RunFolder) -> list[str]:
    stored = stored_versions(folder.partial / run_folder.CONFIG)
    changes = version_changes(stored, current_versions())
    if not changes:
        return []
    return [f"begun with other versions, and may not end as it would have with them: {changes}"]


def _check_same_data(folder: RunFolder, facts: DataFacts) -> None:
    if stored_facts(folder.partial).fingerprint != facts.fingerprint:
        raise ValueError(
            f"cannot resume {str(folder.partial)!r}: the data have changed since it was begun. "
            "Start anew with overwrite"
        )


def _train_into(folder: RunFolder, prepared: Prepared, say: RunLog, progress: bool) -> None:
    """Fits, and writes everything that a run folder holds."""
    config, graph = prepared.config, prepared.graph
    started = time.perf_counter()
    done = read_position(folder.state)
    if done is not None:
        say(f"carried on after {done}")
    else:
        count = len(graph.split("train"))
        say(f"training {config.model} on {config.dataset or config.data}: {count} labeled nodes")
        say(f"options: {json.dumps(config.to_dict())}", aloud=False)
    lesson = None
    if config.model == DISTILLED:
        lesson = lesson_of(prepared, folder.partial, say, progress)
    fitted = fit(config, graph, folder.state, progress, lesson)
    judge = fitted.judge
    if judge.estimates:
        say(f"validated and tested {judge.estimates}")
    harm = told_of_harm(say, fitted.harm)
    names = prepared.facts.class_names
    metrics: dict[str, Any] = {"epochs": fitted.epochs, "best_epoch": fitted.best_epoch}
    metrics["inference"] = judge.inference
    metrics |= {} if lesson is None else {"teacher": lesson.teacher}
    judged = [name for name in ("validation", "test") if name in graph.splits]
    figures, judgements, calibrated_on = split_figures(judge, graph, judged, names)
    metrics |= figures
    metrics |= {} if calibrated_on is None else {"calibration": calibrated_on}
    for name, found in figures.items():
        text = accuracy_text(found["accuracy"], found["nodes"])
        say(f"{name}: {text}, loss {found['loss']:.4f}")
    if config.baseline:
        worth = lift(prepared, judgements, folder.partial / run_folder.BASELINE_STATE, progress)
        if worth is not None:
            metrics["lift"] = worth
            say(lift_text(worth))
    say(f"{fitted.epochs} epochs, the best was {fitted.best_epoch}")
    card = model_card(
        config,
        graph,
        metrics,
        current_versions(),
        class_names=names,
        schema=None if prepared.facts.columns is None else prepared.facts.columns.schema,
        inputs=served_inputs(prepared.encoder),
        notes=[*prepared.notes, *([] if lesson is None else [lesson.note]), *harm],
    )
    write_results(
        folder.partial,
        fitted.model,
        graph,
        fitted.history,
        say,
        class_names=names,
        encoder=prepared.encoder,
        card=card,
        temperature=served_temperature(config, metrics),
    )
    metrics["seconds"] = round(time.perf_counter() - started, 2)
    # Last: that it is there says that all else is.
    run_folder.write_json(folder.partial / run_folder.METRICS, metrics)


def _how_to_resume(folder: RunFolder) -> str:
    if not has_snapshot(folder.state):
        if not folder.is_worth_keeping:
            return "interrupted before the first snapshot; nothing was kept"
        return (
            f"interrupted; {folder.partial} holds the training of the teacher. Carry on with: gnn "
            f"train --output {shlex.quote(str(folder.path))} --resume"
        )
    return (
        f"interrupted; {folder.partial} holds the training up to {read_position(folder.state)}. "
        f"Carry on with: gnn train --output {shlex.quote(str(folder.path))} --resume"
    )
