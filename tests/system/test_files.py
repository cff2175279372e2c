"""A file is whole or as it was; what cannot be written is told before the work."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from isthmus.errors import FileError
from isthmus.system import files

KILLED = """\
import os, signal, sys
from isthmus.system import files
with files.replacing(sys.argv[1]) as partial:
    partial.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_text_is_utf_8_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "größe.txt"
    path.write_text("older and longer")
    files.write_text(path, "×≤", durable=True)
    assert path.read_bytes() == "×≤".encode()
    assert names(tmp_path) == ["größe.txt"]


@pytest.mark.parametrize("problem", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_after_an_error_the_old_file_is_there_and_nothing_else(
    tmp_path: Path, problem: BaseException
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(problem)), files.replacing(path) as partial:
        partial.write_text("half")
        raise problem
    assert path.read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_a_kill_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    subprocess.run([sys.executable, "-c", KILLED, str(path)])
    assert path.read_text() == "old"


def test_files_beside_come_with_it(tmp_path: Path) -> None:
    with files.replacing(tmp_path / "a.xml") as partial:
        partial.write_text("graph")
        partial.with_suffix(".bin").write_text("weights")
        assert names(tmp_path) == [partial.parent.name]
    assert names(tmp_path) == ["a.bin", "a.xml"]


def test_a_link_and_permissions_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    files.write_text(link, "new")
    assert link.is_symlink() and target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_pipe_is_written_in_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    files.try_file(pipe)
    files.write_text(pipe, "told")
    assert os.read(reader, 10) == b"told"
    os.close(reader)


def test_standard_output_that_is_a_file_is_added_to(tmp_path: Path) -> None:
    code = (
        "from isthmus.system import files; print('said', flush=True); "
        "files.try_file(__import__('pathlib').Path('/dev/stdout')); "
        "files.write_text('/dev/stdout', 'written\\n'); print('more')"
    )
    with (tmp_path / "out").open("a") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "said\nwritten\nmore\n"


def test_a_place_that_can_be_written_is_left_as_it_is(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("kept")
    files.try_file(kept)
    files.try_file(tmp_path / "new.txt")
    files.try_file(tmp_path / "a" / "b" / "new.txt", makes_folders=True)
    files.try_folder(tmp_path / "report" / "inside")
    files.try_folder(tmp_path)
    assert names(tmp_path) == ["kept.txt"] and kept.read_text() == "kept"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("folder", "it is a folder"),
        ("no/x.txt", "there is no folder .*no; create it first"),
        ("file/x.txt", "cannot be written"),
        ("x" * 300, "cannot be written .*too long"),
        ("a\0b", "cannot be written"),
    ],
)
def test_what_is_no_place_for_a_file_is_refused(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=words):
        files.try_file(tmp_path / name)


@pytest.mark.parametrize("name", ["file", "file/report", "x" * 300])
def test_what_is_no_place_for_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        files.try_folder(tmp_path / name)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_folder_that_takes_no_file_is_refused_whatever_its_permissions_say() -> None:
    with pytest.raises(FileError, match="cannot be written"):
        files.try_file(Path("/proc/self/x.txt"))
    with pytest.raises(FileError, match="cannot be written"):
        files.try_folder(Path("/proc/self/report"))


def test_two_names_of_one_file(tmp_path: Path) -> None:
    one = tmp_path / "one.txt"
    assert files.same_file(one, tmp_path / "." / "one.txt")
    one.write_text("")
    (tmp_path / "other.txt").symlink_to(one)
    assert files.same_file(one, tmp_path / "other.txt")
    assert not files.same_file(one, tmp_path / "third.txt")
