"""Files and folders appear whole or not at all, also when their writer is killed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gnn.files import (
    MANIFEST,
    Manifest,
    check_replaceable,
    put_folder,
    remove_folder,
    whole,
    whole_file,
    whole_folder,
    write_manifest,
    writers,
)

PACKAGE = Path(__file__).parents[1] / "gnn"
# It takes `gnn.files` without what `import gnn` takes seconds for.
_ALONE = """
import sys, time, types
sys.modules["gnn"] = types.ModuleType("gnn")
sys.modules["gnn"].__path__ = [sys.argv[1]]
from gnn import files
"""
# Writes half of what it should, says so, and waits to be killed.
_WRITER = f"""{_ALONE}
kind = ["thing"] if sys.argv[2] == "whole_folder" else []
with getattr(files, sys.argv[2])(sys.argv[3], *kind) as partial:
    target = partial / "a.txt" if partial.is_dir() else partial
    target.write_text("half")
    print("writing", flush=True)
    time.sleep(600)
"""
# Replaces a folder over and over: as whole_folder does, or as a run, whose parts lie beside it.
_REPLACER = f"""{_ALONE}
from pathlib import Path
path, beside = Path(sys.argv[2]), Path(sys.argv[2] + ".partial")
number = 0
while True:
    number += 1
    if number % 2:
        with files.whole_folder(path, "thing", overwrite=True) as partial:
            for name in "abcd":
                (partial / name).write_text(str(number))
    else:
        if beside.exists():
            files.remove_folder(beside, "thing")
        with files.whole_folder(beside, "thing") as partial:
            for name in "abcd":
                (partial / name).write_text(str(number))
        files.put_folder(beside, path, "thing", overwrite=True)
    print(number, flush=True)
"""


def folder_of(path: Path, overwrite: bool = False):
    return whole_folder(path, "thing", overwrite=overwrite)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != MANIFEST}


@pytest.fixture(params=[True, False], ids=["atomic", "in two steps"])
def atomic(request, monkeypatch):
    """Whether the system can exchange two names."""
    if not request.param:
        monkeypatch.setattr(whole, "_exchange", lambda one, other: False)
    return request.param


def ended_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


# Files.


def test_a_file_is_replaced_whole_and_only_when_asked(tmp_path):
    path = tmp_path / "new" / "a.txt"
    for text in ("first", "second"):
        with whole_file(path, overwrite=text == "second") as partial:
            partial.write_text(text)
            assert partial.suffix == ".txt"
            assert path.exists() == (text == "second")
        assert path.read_text() == text
    with pytest.raises(FileExistsError, match="a.txt': it exists already"), whole_file(path):
        pass
    assert path.read_text() == "second" and names(path.parent) == {"a.txt"}


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="disk full"), whole_file(path, overwrite=True) as partial:
        partial.write_text("half")
        raise OSError("disk full")
    assert path.read_text() == "old" and names(tmp_path) == {"a.txt"}


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_file_that_appears_meanwhile_is_not_replaced_unasked(tmp_path, monkeypatch, hard_links):
    if not hard_links:
        monkeypatch.setattr(whole.os, "link", lambda *names: (_ for _ in ()).throw(OSError))
    path = tmp_path / "a.txt"
    with pytest.raises(FileExistsError, match="a.txt"), whole_file(path) as mine:
        mine.write_text("mine")
        path.write_text("theirs")
    assert path.read_text() == "theirs" and names(tmp_path) == {"a.txt"}
    with whole_file(tmp_path / "b.txt") as mine:
        mine.write_text("mine")
    assert names(tmp_path) == {"a.txt", "b.txt"}


def test_what_is_no_regular_file_is_never_replaced_by_one(tmp_path):
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        with whole_file(tmp_path, overwrite=True):
            pass
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileExistsError, match="pipe': it is no regular file"):
        with whole_file(tmp_path / "pipe", overwrite=True):
            pass
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_link_to_a_file_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "disk").mkdir()
    link, end = tmp_path / "link.txt", tmp_path / "disk" / "a.txt"
    link.symlink_to(end)  # It leads nowhere yet.
    for text in ("first", "second"):
        with whole_file(link, overwrite=text == "second") as partial:
            partial.write_text(text)
        assert link.is_symlink() and end.read_text() == text
    with pytest.raises(FileExistsError, match="link.txt': it exists already"), whole_file(link):
        pass
    assert names(tmp_path) == {"disk", "link.txt"} and names(tmp_path / "disk") == {"a.txt"}


def test_links_that_go_round_are_refused(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for write in (whole_file, folder_of):
        with pytest.raises(OSError, match="leads round in a circle"):
            with write(tmp_path / "a", overwrite=True):
                pass
    assert (tmp_path / "a").is_symlink() and (tmp_path / "b").is_symlink()


# Folders.


def test_a_folder_is_replaced_only_when_asked_and_whole(tmp_path, atomic):
    path = tmp_path / "run"
    with folder_of(path) as partial:
        (partial / "a").write_text("old")
        (partial / "empty" / "inner").mkdir(parents=True)
        assert not path.exists()
    with pytest.raises(FileExistsError, match="exists already"), folder_of(path):
        pass
    with pytest.raises(OSError, match="disk full"), folder_of(path, overwrite=True) as partial:
        (partial / "b").write_text("half")
        raise OSError("disk full")
    assert names(path) == {"a", "empty"}
    with folder_of(path, overwrite=True) as partial:
        (partial / "b").write_text("new")
    assert names(path) == {"b"} and names(tmp_path) == {"run"}
    assert json.loads((path / MANIFEST).read_text()) == {
        "format": "gnn.manifest",
        "version": 1,
        "kind": "thing",
        "files": ["b"],
        "folders": {},
    }


@pytest.mark.parametrize("name", ["old", "new", MANIFEST, "a[1]*"])
def test_a_folder_of_any_name(tmp_path, name, atomic):
    for text in ("first", "second"):
        with folder_of(tmp_path / name, overwrite=True) as partial:
            (partial / name).write_text(text) if name != MANIFEST else None
            (partial / text).touch()
    assert "second" in names(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(FileExistsError, match="it is a file"):
        with folder_of(tmp_path / "a", overwrite=True):
            pass


def test_an_empty_folder_may_be_written_into(tmp_path, atomic):
    (tmp_path / "a").mkdir()
    with folder_of(tmp_path / "a") as partial:
        (partial / "new").touch()
    assert names(tmp_path / "a") == {"new"} and names(tmp_path) == {"a"}


def test_an_exchange_swaps_two_folders(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "one").touch()
    if whole._exchange(tmp_path / "a", tmp_path / "b"):
        assert names(tmp_path / "b") == {"one"} and names(tmp_path / "a") == set()
    else:
        assert names(tmp_path / "a") == {"one"}


@pytest.mark.parametrize("dangling", [False, True])
def test_of_a_link_the_folder_behind_it_is_replaced(tmp_path, atomic, dangling):
    link, end = tmp_path / "link", tmp_path / "disk" / "run"
    link.symlink_to(end)
    if not dangling:
        with folder_of(end) as partial:
            (partial / "old").touch()
    with folder_of(link, overwrite=True) as partial:
        (partial / "new").touch()
    assert link.is_symlink() and names(link) == {"new"}
    assert names(tmp_path) == {"disk", "link"} and names(tmp_path / "disk") == {"run"}


def test_a_finished_folder_takes_the_place_that_a_link_leads_to(tmp_path, atomic):
    for name in ("disk", "done"):
        with folder_of(tmp_path / name) as partial:
            (partial / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    put_folder(tmp_path / "done", tmp_path / "link", "thing", overwrite=True)
    assert (tmp_path / "link").is_symlink() and names(tmp_path / "link") == {"done"}
    assert names(tmp_path) == {"disk", "link"}


@pytest.mark.parametrize("where", [".", "..", "new/.."])
def test_a_folder_that_the_process_works_in_is_not_replaced(tmp_path, monkeypatch, where):
    (tmp_path / "outer" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "outer" / "here")
    with pytest.raises(FileExistsError, match="this process works in it"):
        with folder_of(Path(where), overwrite=True):
            pass
    assert names(tmp_path) == {"outer"} and names(Path()) == set()


def test_a_mount_point_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path).name == "disk")
    with pytest.raises(FileExistsError, match="it is a mount point"):
        with folder_of(tmp_path / "disk", overwrite=True):
            pass


def test_a_folder_within_one_of_ours_blocks_its_replacement_by_name(tmp_path):
    """Also the file that is being written in it at this moment."""
    path = tmp_path / "a"
    with folder_of(path):
        pass
    with whole_file(path / "mine.npy") as mine:
        mine.write_text("mine")
        with pytest.raises(FileExistsError, match="it holds '.mine.npy.partial-"):
            check_replaceable(path, "thing", overwrite=True)
    with folder_of(path / "inner"):
        pass
    with pytest.raises(FileExistsError, match="it holds 'inner/', 'mine.npy', which gnn did not"):
        with folder_of(path, overwrite=True):
            pass
    assert names(path) == {"mine.npy", "inner"}


def test_what_is_added_in_the_last_moment_is_not_lost(tmp_path, atomic, monkeypatch):
    """Between the look at the older folder and its removal."""
    path = tmp_path / "run"
    with folder_of(path) as partial:
        (partial / "old").touch()
    swap = whole._swap

    def add_and_swap(partial, path, aside):
        (path / "notes.txt").write_text("mine")
        return swap(partial, path, aside)

    monkeypatch.setattr(whole, "_swap", add_and_swap)
    with pytest.raises(FileExistsError, match="it holds 'notes.txt'"):
        with folder_of(path, overwrite=True) as partial:
            (partial / "new").touch()
    assert names(path) == {"old", "notes.txt"} and names(tmp_path) == {"run"}


def test_a_folder_that_appears_meanwhile_is_not_replaced_unasked(tmp_path):
    path = tmp_path / "run"
    with pytest.raises(FileExistsError, match="another process has written it meanwhile"):
        with folder_of(path) as mine:
            (mine / "mine").touch()
            with folder_of(path) as other:
                (other / "other").touch()
    assert names(path) == {"other"} and names(tmp_path) == {"run"}


def test_folders_with_manifests_of_their_own_are_replaced_with_the_one_they_lie_in(tmp_path):
    path = tmp_path / "run"
    write_manifest(path, Manifest("thing", folders={"step-*": "step", "model": "export"}))
    for name, kind in (("step-1", "step"), ("step-2", "step"), ("model", "export")):
        with whole_folder(path / name, kind) as partial:
            (partial / "a").touch()
    (path / "step-3").mkdir()  # Empty: nothing is lost with it.
    with folder_of(path, overwrite=True) as partial:
        (partial / "new").touch()
    assert names(path) == {"new"} and names(tmp_path) == {"run"}
    write_manifest(path, Manifest("thing", frozenset({"new"}), {"step-*": "step"}))
    with whole_folder(path / "step-1", "a user's graph"):
        pass
    with pytest.raises(FileExistsError, match="it holds 'step-1/'"):
        check_replaceable(path, "thing", overwrite=True)


# What a killed process leaves.


@pytest.mark.parametrize("function", ["whole_file", "whole_folder"])
def test_a_killed_writer_leaves_nothing_and_is_tidied_up_after(tmp_path, function):
    path = tmp_path / "result[1]"

    def write(text, overwrite=False):
        make = whole_file if function == "whole_file" else folder_of
        with make(path, overwrite=overwrite) as mine:
            (mine / "a.txt" if mine.is_dir() else mine).write_text(text)

    command = [sys.executable, "-c", _WRITER, str(PACKAGE), function, str(path)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline() == "writing\n"
    # Another writer of the same path does not touch what a living one is at.
    write("mine")
    assert len(names(tmp_path)) == 2
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert len(names(tmp_path)) == 2
    write("again", overwrite=True)
    assert names(tmp_path) == {path.name}


def test_a_replacement_that_is_killed_leaves_the_old_folder_or_the_new_one(tmp_path):
    path = tmp_path / "run"
    draw = random.Random(0)
    for _ in range(20):
        command = [sys.executable, "-c", _REPLACER, str(PACKAGE), str(path)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert writer.stdout.readline()
        time.sleep(draw.uniform(0, 0.02))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert names(path) == {*"abcd"}
        assert len({(path / name).read_text() for name in "abcd"}) == 1
        check_replaceable(path, "thing", overwrite=True)  # Its manifest came with it.
    for name in ("run", "run.partial"):  # Whoever writes next tidies up.
        with folder_of(tmp_path / name, overwrite=True):
            pass
    assert remove_folder(tmp_path / "run.partial", "thing")
    assert names(tmp_path) == {"run"}


def left_over(tmp_path: Path, **contents: str) -> Path:
    """The temporary folder of a dead process that was replacing `run`."""
    left = tmp_path / f".run.partial-{writers.socket.gethostname()}-{ended_process()}-x"
    (left / "new").mkdir(parents=True)
    for name, text in contents.items():
        (left / name).write_text(text)
    return left


def manifest_text(kind: str, files=(), folders=()) -> str:
    return Manifest(kind, frozenset(files), dict(folders)).to_json()


REPLACING = manifest_text("temporary", folders={"new/*": "thing", "old": "thing"})


def test_what_was_put_aside_when_killed_is_put_back(tmp_path):
    path = tmp_path / "run"
    left = left_over(tmp_path)
    write_manifest(left / "old", Manifest("thing", frozenset({"a"})))
    (left / "old" / "a").write_text("old")
    (left / MANIFEST).write_text(REPLACING)
    with pytest.raises(FileExistsError, match="meanwhile"), folder_of(path):
        pass
    assert (path / "a").read_text() == "old" and names(tmp_path) == {"run"}


def test_an_older_folder_that_was_being_removed_goes_as_far_as_it_is_ours(tmp_path):
    for notes in (False, True):
        left = left_over(tmp_path)
        (left / MANIFEST).write_text(REPLACING)
        write_manifest(left / "new" / "run", Manifest("thing", frozenset({"a", "b"})))
        (left / "new" / "run" / "b").touch()  # "a" was removed already.
        if notes:
            (left / "new" / "run" / "notes.txt").write_text("mine")
        with folder_of(tmp_path / "run", overwrite=True):
            pass
        if notes:
            assert (left / "new" / "run" / "notes.txt").read_text() == "mine"
        else:
            assert names(tmp_path) == {"run"}


@pytest.mark.parametrize(
    "manifest",
    [
        None,
        "",
        "{",
        manifest_text("run", ["new"]),
        manifest_text("temporary", ["new"]).replace('"new"', '"../mine"'),
        manifest_text("temporary", ["new"]).replace('"version": 1', '"version": 2'),
    ],
)
def test_a_folder_with_the_name_of_a_temporary_one_goes_by_its_manifest(tmp_path, manifest):
    left = left_over(tmp_path)
    (left / "new" / "thesis.txt").write_text("mine")
    (tmp_path / "mine").write_text("mine")
    if manifest is not None:
        (left / MANIFEST).write_text(manifest)
    for write in (whole_file, folder_of):
        with write(tmp_path / "run") as partial:
            partial.touch()
        shutil.rmtree(tmp_path / "run") if (tmp_path / "run").is_dir() else os.unlink(
            tmp_path / "run"
        )
    assert (left / "new" / "thesis.txt").read_text() == (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("stage", ["made", "named", "removed"])
def test_a_process_killed_at_its_temporary_folder_leaves_none_for_ever(tmp_path, stage):
    left = left_over(tmp_path)
    (left / "new").rmdir()
    if stage == "named":
        (left / f"{MANIFEST}.new").write_text('{"for')
    if stage == "removed":
        (left / MANIFEST).write_text(manifest_text("temporary", ["new"]))
    with folder_of(tmp_path / "run"):
        pass
    assert names(tmp_path) == {"run"}


def test_an_interrupt_amid_a_replacement_leaves_the_old_folder(tmp_path, monkeypatch):
    path = tmp_path / "run"
    with folder_of(path) as partial:
        (partial / "old").touch()
    replace = os.replace

    def interrupted(one, other):
        if Path(other) == path and Path(one).name != "old":
            raise KeyboardInterrupt
        replace(one, other)

    monkeypatch.setattr(whole, "_exchange", lambda one, other: False)
    monkeypatch.setattr(whole.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), folder_of(path, overwrite=True) as partial:
        (partial / "new").touch()
    assert names(path) == {"old"} and names(tmp_path) == {"run"}


@pytest.mark.parametrize("other", ["node-{pid}", "node-20240101123456"])
def test_a_living_writer_on_a_host_with_a_longer_name_is_left_alone(tmp_path, monkeypatch, other):
    pid = ended_process()
    monkeypatch.setattr(writers.socket, "gethostname", lambda: other.format(pid=pid))
    with whole_file(tmp_path / "a", overwrite=True) as theirs:
        theirs.write_text("theirs")
        monkeypatch.setattr(writers.socket, "gethostname", lambda: "node")
        with whole_file(tmp_path / "a") as mine:
            mine.write_text("mine")
        assert (tmp_path / "a").read_text() == "mine"
    assert (tmp_path / "a").read_text() == "theirs" and names(tmp_path) == {"a"}


def test_the_final_name_obeys_the_umask(tmp_path):
    mask = os.umask(0o027)
    try:
        with folder_of(tmp_path / "run") as partial:
            (partial / "a").touch()
    finally:
        os.umask(mask)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o750
