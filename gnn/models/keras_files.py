"""`.keras` files, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gnn.files import whole_file


def save_whole(save: Callable[..., None], filepath: Any, overwrite: bool, **options: Any) -> None:
    """Calls Keras' `save` on another name, and renames the file when it is whole.

    Of a link, the file that it leads to is replaced. Remote files, other formats and the question
    that Keras asks where a file may not be replaced are left to Keras.

    Args:
        save: the method of the model's base class.
        filepath: the final name.
        overwrite: whether a file that is there is replaced.
        options: for `save`.

    Raises:
        IsADirectoryError: `filepath` is a folder.
        OSError: it cannot be written; an older file is left as it was.
    """
    path = Path(filepath)
    is_local = "://" not in os.fspath(filepath) and path.parent.is_dir()
    if path.suffix != ".keras" or not is_local or (path.exists() and not overwrite):
        save(filepath, overwrite=overwrite, **options)
        return
    with whole_file(path, overwrite=overwrite) as partial:
        save(partial, **options)
