"""The entry of the command `gnn`: exit codes, and what goes to which stream."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from gnn.cli.commands import COMMANDS
from gnn.cli.parser import build_parser
from gnn.cli.quiet import import_tensorflow
from gnn.runs.config_files import OptionError

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    The result goes to standard output, everything else to standard error; with `--json` the result
    is one JSON document.

    Args:
        argv: the arguments; None takes those of the process.

    Returns:
        The exit code: 0; 1 for a failure, said in one line; 2 for wrong usage; 130 where it was
        interrupted.

    Example:

    >>> main(["datasets"])  # doctest: +SKIP
    0
    """
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as error:
        return int(error.code or OK)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.showwarning = _show_warning
            import_tensorflow()
            from gnn.runs.tables import as_json

            result = COMMANDS[arguments.command](arguments)
        print(as_json(result.data) if arguments.json else result.text, flush=True)
    except BrokenPipeError:
        # Whoever read has enough, as `head` does; Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt as error:
        print(f"gnn: {error or 'interrupted'}", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if arguments.debug:
            traceback.print_exc()
        print(f"gnn: error: {_one_line(error)}", file=sys.stderr)
        return USAGE if isinstance(error, OptionError) else FAILED
    return OK


def _one_line(error: Exception) -> str:
    # A KeyError puts its message in quotes.
    key_error = isinstance(error, KeyError) and len(error.args) == 1
    text = " ".join(str(error.args[0] if key_error else error).split())
    return text or type(error).__name__


def _show_warning(message: Any, *rest: Any, **options: Any) -> None:
    print(f"gnn: warning: {' '.join(str(message).split())}", file=sys.stderr)
