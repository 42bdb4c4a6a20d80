"""Files and folders appear whole or not at all, also when their writer is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gnn import files

# Writes half of what it should, says so, and waits to be killed.
_WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import importlib.util
spec = importlib.util.spec_from_file_location("files", sys.argv[2])
files = importlib.util.module_from_spec(spec)
spec.loader.exec_module(files)
with getattr(files, sys.argv[3])(sys.argv[4]) as partial:
    target = partial / "a.txt" if partial.is_dir() else partial
    target.write_text("half")
    print("writing", flush=True)
    time.sleep(600)
"""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    for text in ("first", "second"):
        with files.whole_file(path) as partial:
            partial.write_text(text)
            assert partial.suffix == ".txt"
            assert path.exists() == (text == "second")
        assert path.read_text() == text
    assert names(path.parent) == {"a.txt"}


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="disk full"), files.whole_file(path) as partial:
        partial.write_text("half")
        raise OSError("disk full")
    assert path.read_text() == "old" and names(tmp_path) == {"a.txt"}


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="it is a folder"), files.whole_file(tmp_path):
        pass


@pytest.mark.parametrize("atomic", [True, False])
def test_a_folder_is_replaced_only_when_asked_and_whole(tmp_path, monkeypatch, atomic):
    if not atomic:
        monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    path = tmp_path / "run"
    with files.whole_folder(path) as partial:
        (partial / "a").write_text("old")
        assert not path.exists()
    with pytest.raises(FileExistsError, match="exists already"), files.whole_folder(path):
        pass
    with pytest.raises(OSError, match="disk full"):
        with files.whole_folder(path, overwrite=True) as partial:
            (partial / "b").write_text("half")
            raise OSError("disk full")
    assert names(path) == {"a"}
    with files.whole_folder(path, overwrite=True) as partial:
        (partial / "b").write_text("new")
    assert names(path) == {"b"} and names(tmp_path) == {"run"}


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(FileExistsError, match="it is a file"):
        with files.whole_folder(tmp_path / "a", overwrite=True):
            pass


def test_an_exchange_swaps_two_folders(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "one").touch()
    if files._exchange(tmp_path / "a", tmp_path / "b"):
        assert names(tmp_path / "b") == {"one"} and names(tmp_path / "a") == set()
    else:
        assert names(tmp_path / "a") == {"one"}


@pytest.mark.parametrize("function", ["whole_file", "whole_folder"])
def test_a_killed_writer_leaves_nothing_and_is_tidied_up_after(tmp_path, function):
    path = tmp_path / "result[1]"
    command = [sys.executable, "-c", _WRITER, str(tmp_path), files.__file__, function, str(path)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline() == "writing\n"
    # Another writer of the same path does not touch what a living one is at.
    with files.whole_file(path) if function == "whole_file" else files.whole_folder(path) as mine:
        (mine / "a.txt" if mine.is_dir() else mine).write_text("mine")
        assert len(names(tmp_path)) == 2
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert len(names(tmp_path)) == 2
    again = (
        files.whole_file(path)
        if function == "whole_file"
        else files.whole_folder(path, overwrite=True)
    )
    with again as partial:
        (partial / "a.txt" if partial.is_dir() else partial).write_text("again")
    assert names(tmp_path) == {path.name}


def test_what_was_put_aside_when_killed_is_put_back(tmp_path):
    path = tmp_path / "run"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f".run.partial-{files.socket.gethostname()}-{ended.pid}-x"
    (left / "old").mkdir(parents=True)
    (left / "old" / "a").write_text("old")
    with pytest.raises(OSError), files.whole_folder(path):
        raise OSError
    assert (path / "a").read_text() == "old" and names(tmp_path) == {"run"}


def test_an_interrupt_amid_a_replacement_leaves_the_old_folder(tmp_path, monkeypatch):
    path = tmp_path / "run"
    path.mkdir()
    (path / "old").touch()
    replace = os.replace

    def interrupted(one, other):
        if Path(other) == path and Path(one).name != "old":
            raise KeyboardInterrupt
        replace(one, other)

    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    monkeypatch.setattr(files.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), files.whole_folder(path, overwrite=True) as partial:
        (partial / "new").touch()
    assert names(path) == {"old"} and names(tmp_path) == {"run"}


def test_a_folder_that_appears_meanwhile_is_not_replaced_unasked(tmp_path):
    path = tmp_path / "run"
    with pytest.raises(FileExistsError, match="another process has written it meanwhile"):
        with files.whole_folder(path) as mine:
            (mine / "mine").touch()
            with files.whole_folder(path) as other:
                (other / "other").touch()
    assert names(path) == {"other"} and names(tmp_path) == {"run"}


def test_of_a_link_the_folder_behind_it_is_replaced(tmp_path):
    (tmp_path / "disk" / "run").mkdir(parents=True)
    (tmp_path / "disk" / "run" / "old").touch()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk" / "run")
    with files.whole_folder(link, overwrite=True) as partial:
        (partial / "new").touch()
    assert link.is_symlink() and names(link) == {"new"}
    assert names(tmp_path) == {"disk", "link"} and names(tmp_path / "disk") == {"run"}


@pytest.mark.parametrize("atomic", [True, False])
def test_a_finished_folder_takes_the_place_of_a_link(tmp_path, monkeypatch, atomic):
    if not atomic:
        monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "old").touch()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    (tmp_path / "done").mkdir()
    files.put_folder(tmp_path / "done", tmp_path / "link")
    assert names(tmp_path) == {"disk", "link"} and names(tmp_path / "disk") == {"old"}
    assert names(tmp_path / "link") == set()


@pytest.mark.parametrize("other", ["node-{pid}", "node-20240101123456"])
def test_a_living_writer_on_a_host_with_a_longer_name_is_left_alone(tmp_path, monkeypatch, other):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    monkeypatch.setattr(files.socket, "gethostname", lambda: other.format(pid=ended.pid))
    with files.whole_file(tmp_path / "a") as theirs:
        theirs.write_text("theirs")
        monkeypatch.setattr(files.socket, "gethostname", lambda: "node")
        with files.whole_file(tmp_path / "a") as mine:
            mine.write_text("mine")
        assert (tmp_path / "a").read_text() == "mine"
    assert (tmp_path / "a").read_text() == "theirs" and names(tmp_path) == {"a"}


def test_the_final_name_obeys_the_umask(tmp_path):
    mask = os.umask(0o027)
    try:
        with files.whole_folder(tmp_path / "run") as partial:
            (partial / "a").touch()
    finally:
        os.umask(mask)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o750
