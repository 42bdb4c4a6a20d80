"""Files and folders that are written whole or not at all, and replace nothing but our own."""

from __future__ import annotations

from gnn.files.links import followed
from gnn.files.manifest import MANIFEST, Manifest, read_manifest
from gnn.files.ownership import check_replaceable, is_empty, is_free, strangers, why_not_ours
from gnn.files.temporary import remove_temporaries
from gnn.files.whole import (
    check_file,
    clear_folder,
    put_folder,
    remove_folder,
    whole_file,
    whole_folder,
    write_manifest,
)

__all__ = [
    "MANIFEST",
    "Manifest",
    "check_file",
    "check_replaceable",
    "clear_folder",
    "followed",
    "is_empty",
    "is_free",
    "put_folder",
    "read_manifest",
    "remove_folder",
    "remove_temporaries",
    "strangers",
    "whole_file",
    "whole_folder",
    "why_not_ours",
    "write_manifest",
]
