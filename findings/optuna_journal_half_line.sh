#!/usr/bin/env bash
# Finding: an Optuna study in a journal file whose last line is half written, as a killed or full
# machine leaves it, loads once. The next trial is appended to the half line, fails with an error
# that does not speak of it, and from then on the study does not load at all.
#
# Optuna 5.0.0, Python 3.11.
#
# `JournalFileBackend` reads a last line without its line feed as one that another process is still
# writing, and leaves it for later. But who appends does not look whether the file ends a line:
#
#     cut by 20 bytes:   trials COMPLETE, RUNNING: the last line is passed over
#     study.ask():       AttributeError, "'JournalStorageReplayResult' object has no attribute
#                        '_last_created_trial_id_by_this_process'"
#     load_study again:  trials COMPLETE, RUNNING
#     study.ask():       JSONDecodeError, now and for every process that opens the study
#
# What one would expect: the half line is cut off, or ended, before the next one is written, as logs
# of databases do; one record is lost, and the study goes on.
# Workaround: before opening, cut the file after its last line feed, while no process uses it.
#
# The script exits with 1 where the behavior has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet optuna==5.0.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

optuna.logging.set_verbosity(optuna.logging.ERROR)
journal = Path("journal.log")
space = {"x": optuna.distributions.FloatDistribution(0.0, 1.0)}


def storage():
    return JournalStorage(JournalFileBackend(str(journal)))


def one_more():
    try:
        study = optuna.load_study(study_name="study", storage=storage())
        found = [trial.state.name for trial in study.trials]
    except Exception as error:
        return "not loaded", type(error).__name__
    try:
        study.tell(study.ask(space), 1.0)
    except Exception as error:
        return found, type(error).__name__
    return found, "one more trial"


study = optuna.create_study(study_name="study", storage=storage())
for value in (0.0, 1.0):
    study.tell(study.ask(space), value)
whole = journal.read_bytes()
journal.write_bytes(whole[:-20])
found = [one_more() for _ in range(3)]
journal.write_bytes(whole[: whole[:-1].rindex(b"\n") + 1])
found.append(one_more())
expected = [
    (["COMPLETE", "RUNNING"], "AttributeError"),
    (["COMPLETE", "RUNNING"], "JSONDecodeError"),
    ("not loaded", "JSONDecodeError"),
    (["COMPLETE", "RUNNING"], "one more trial"),
]
print("optuna", optuna.__version__)
for line in found:
    print(*line)
if found != expected:
    print("the behavior has changed; it was", expected)
    sys.exit(1)
print("as found: one half line, and the study is lost at the next trial; cut after a line, it is not")
PYTHON
