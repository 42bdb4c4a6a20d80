"""Options in a YAML or JSON file, and what is wrong with them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class OptionError(ValueError):
    """An option that is out of range, unknown, missing, or of no use here."""


def read_options(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads one mapping of options from a file.

    Args:
        path: a file whose name ends in `.json`, `.yaml` or `.yml`.

    Raises:
        FileNotFoundError: there is no such file.
        ImportError: it is YAML, and PyYAML is not installed.
        TypeError: it holds no mapping.
        OptionError: another suffix, or a file that cannot be parsed.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "shop.yaml")
    ...     _ = path.write_text("min_count: 2")
    ...     read_options(path)
    {'min_count': 2}
    """
    path = Path(path)
    if path.suffix not in (".json", ".yaml", ".yml"):
        raise OptionError(f"config must be a .json, .yaml or .yml file, got {str(path)!r}")
    text = path.read_text(encoding="utf-8")
    values = _parse_json(path, text) if path.suffix == ".json" else _parse_yaml(path, text)
    if values is None:
        values = {}
    if not isinstance(values, Mapping):
        raise TypeError(f"{path} must hold a mapping of options, got {type(values).__name__}")
    return dict(values)


def _parse_json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise OptionError(f"{path}, line {error.lineno}: {error.msg}") from error


def _parse_yaml(path: Path, text: str) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise ImportError(f"{path}: YAML needs PyYAML: pip install pyyaml") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise OptionError(f"{path}{where}: {problem}") from error
