"""Mapped files: read-only, kept after the file is replaced, and not resident once let go."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest

from isthmus.graph.foreign import is_shared
from isthmus.system import files, mapping
from isthmus.system.mapping import (
    WINDOW_BYTES,
    MappedFile,
    file_of,
    large_files,
    letting_go,
    map_file,
    offset_in,
    read_once,
)

LETTING_GO = """\
import sys
from pathlib import Path
import numpy
from isthmus.system.mapping import large_files, letting_go, map_file, read_once

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssFile"))) * 1024

array = map_file(sys.argv[1])
before = resident()
with letting_go(large_files([array[:10]])):
    total = int(array[::512].sum())
print(total, resident() - before)
most, passed = 0, 0
for part in read_once(array[100:], 4 << 20):
    passed += int(part[412::512].sum())
    most = max(most, resident() - before)
print(passed + int(array[0]), most)
kept = int(array[::512].sum())
print(kept, resident() - before)
"""


def test_a_file_is_its_bytes_and_nobody_writes_to_them(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    array = map_file(path)
    assert array.tobytes() == b"abc" and array.dtype == numpy.uint8
    assert not array.flags.writeable and is_shared(array)
    with pytest.raises(ValueError, match=r"read-only|WRITEABLE"):
        array[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


def test_an_empty_file_is_an_empty_array(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert map_file(path).shape == (0,)


def test_what_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        map_file(tmp_path / "absent")


def test_a_file_that_is_replaced_or_removed_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    array = map_file(path)
    files.write_bytes(path, b"newer")
    assert array.tobytes() == b"old" and map_file(path).tobytes() == b"newer"
    path.unlink()
    assert array.tobytes() == b"old"


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what is resident")
def test_pages_are_let_go_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "large"
    size = WINDOW_BYTES + 2**20
    with path.open("wb") as file:
        file.write(numpy.random.default_rng(0).bytes(2**20))
        file.truncate(size)
    command = [sys.executable, "-c", LETTING_GO, str(path)]
    lines = subprocess.check_output(command, text=True).splitlines()
    (total, after), (passed, most), (again, kept) = (map(int, line.split()) for line in lines)
    assert total == passed == again
    assert after < 8 * 2**20 and most < 16 * 2**20 and size // 2 < kept


def test_other_arrays_are_left_alone(tmp_path: Path) -> None:
    """Private pages of a map for writing would be lost."""
    path = tmp_path / "theirs"
    path.write_bytes(bytes(WINDOW_BYTES + 8))
    theirs = numpy.memmap(path, numpy.uint8, mode="c")
    theirs[0] = 7
    assert large_files([theirs, numpy.ones(3)]) == []
    with letting_go([]):
        pass
    assert all(part.size for part in read_once(theirs, 2**20))
    assert theirs[0] == 7
    assert isinstance(theirs.base, mmap.mmap)


def test_small_files_stay(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(bytes(2**20))
    assert large_files([map_file(path)]) == []


def test_a_single_reading_gives_all_bytes_in_order(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 41)
    array = map_file(path)
    for content in (array, array[5:], array[:0], numpy.arange(99, dtype=numpy.uint8)):
        parts = list(read_once(content, 1000))
        assert all(part.size == 1000 for part in parts[:-1])
        assert b"".join(part.tobytes() for part in parts) == content.tobytes()


def test_an_array_knows_its_place_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    array = map_file(path)
    file = file_of(array)
    assert file is not None
    assert [offset_in(file, part) for part in (array, array[7:], array[90:])] == [0, 7, 90]


def stamp(path: Path) -> str | None:
    file = file_of(map_file(path)[1:].reshape(-1, 1))
    assert isinstance(file, MappedFile)
    return file.stamp()


def test_a_file_has_a_stamp_once_it_has_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert stamp(path) is None
    monkeypatch.setattr(mapping, "SETTLED_SECONDS", -1)
    first = stamp(path)
    assert first is not None and stamp(path) == first


def test_whatever_changes_a_file_changes_its_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its size and the time of its last writing are made what they were."""
    monkeypatch.setattr(mapping, "SETTLED_SECONDS", -1)
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    stamps = {stamp(path)}
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    for content in (b"abd", b"abe"):
        time.sleep(0.02)  # the system's clock of files has ticks of 10 ms at most
        path.write_bytes(content)
        os.utime(path, ns=times)
        stamps.add(stamp(path))
    time.sleep(0.02)
    files.write_bytes(path, b"abe")
    stamps.add(stamp(path))
    assert len(stamps) == 4 and None not in stamps


def test_a_file_that_changed_since_it_was_mapped_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "SETTLED_SECONDS", -1)
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    file = file_of(map_file(path))
    assert file is not None and file.is_unchanged()
    time.sleep(0.02)
    path.write_bytes(b"abd")
    assert not file.is_unchanged() and file.stamp() is None


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads Linux's /proc")
def test_descriptors_are_closed_with_the_arrays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        map_file(path)
    assert len(os.listdir("/proc/self/fd")) < before + 50


def test_other_arrays_are_of_no_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert file_of(numpy.ones(3)) is None
    assert file_of(numpy.memmap(path, numpy.uint8, mode="r")) is None
