"""A store finds what was put there, whole, or nothing; and keeps to its bounds and to its owner."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from isthmus.system.store import PAGE, Store

MIB = 2**20
CONTENT = bytes(range(256)) * 400

# Writes entries whose content follows from their facts, until it is killed.
WRITER = """\
import random, sys
from pathlib import Path
from isthmus.system.store import Store
store = Store(Path(sys.argv[1]), 2**24)
print("ready", flush=True)
while True:
    seed = random.randrange(1000)
    content = random.Random(seed).randbytes(200_000)
    def write(file):
        for start in range(0, len(content), 5_000):
            file.write(content[start : start + 5_000])
    store.put(f"key{seed % 3}", {"seed": seed}, write)
"""


def put(store: Store, key: str = "key", content: bytes = CONTENT) -> bool:
    return store.put(key, {"size": len(content)}, lambda file: file.write(content))


def entry(store: Store) -> Path:
    (found,) = store.entries()
    return found.path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "new" / "store", 4 * MIB)


def test_what_was_put_is_found(store: Store) -> None:
    assert store.get("key") is None and not store.folder.exists()
    assert put(store)
    found = store.get("key")
    assert found is not None
    assert found.content.tobytes() == CONTENT and found.facts == {"size": len(CONTENT)}
    assert not found.content.flags.writeable and found.content.ctypes.data % PAGE == 0
    assert store.get("other") is None


def test_the_latest_is_found_and_an_earlier_one_stays_readable(store: Store) -> None:
    put(store, content=b"one")
    earlier = store.get("key")
    put(store, content=b"two!")
    later = store.get("key")
    assert earlier is not None and earlier.content.tobytes() == b"one"
    assert later is not None and later.content.tobytes() == b"two!"


def test_a_writer_may_go_back_in_its_file(store: Store) -> None:
    def write(file: IO[bytes]) -> None:
        file.write(b"....content")
        assert file.tell() == 11
        assert file.seek(0, os.SEEK_CUR) == 11
        file.seek(0)
        file.write(b"head")
        file.seek(0, os.SEEK_END)
        file.write(b"!")

    assert store.put("key", {}, write)
    found = store.get("key")
    assert found is not None and found.content.tobytes() == b"headcontent!"


def test_folders_and_files_are_the_owners(store: Store) -> None:
    put(store)
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in store.folder.iterdir()} == {0o600}


def flip(place: int) -> Callable[[bytes], bytes]:
    def damaged(content: bytes) -> bytes:
        position = place % len(content)
        return content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :]

    return damaged


def moved(content: bytes) -> bytes:
    return content[:PAGE] + content[PAGE + 8 : PAGE + 16] + content[PAGE : PAGE + 8]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    **{f"byte {place}": flip(place) for place in (0, 15, 16, 47, 48, 56, 64, 70, 100, PAGE, -1)},
    "empty": lambda content: b"",
    "short head": lambda content: content[:20],
    "no content": lambda content: content[:PAGE],
    "one byte less": lambda content: content[:-1],
    "one byte more": lambda content: content + b"\0",
    "zeros": lambda content: bytes(len(content)),
    "words moved": lambda content: moved(content) + content[PAGE + 16 :],
    "another version": lambda content: content.replace(b"store 1", b"store 2", 1),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_damaged_is_not_found_and_removed(store: Store, name: str) -> None:
    put(store)
    path = entry(store)
    path.write_bytes(DAMAGE[name](path.read_bytes()))
    assert store.get("key") is None
    assert not path.exists()
    assert put(store) and store.get("key") is not None


def test_the_entry_of_another_key_is_not_taken(store: Store) -> None:
    put(store, "other")
    entry(store).rename(store.folder / "key.entry")
    assert store.get("key") is None


def test_entries_of_another_secret_are_not_taken(store: Store) -> None:
    put(store)
    (store.folder / "secret").unlink()
    assert store.get("key") is None  # nobody makes one only to look
    put(store, "other")
    assert store.get("key") is None and store.get("other") is not None


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_secret_is_made_anew(store: Store, content: bytes) -> None:
    put(store)
    (store.folder / "secret").write_bytes(content)
    assert store.get("key") is None
    assert put(store) and store.get("key") is not None


def test_the_entries_used_longest_ago_make_room(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", 100_000)
    for number, key in enumerate("abc"):
        put(store, key, bytes(25_000))
        os.utime(store.folder / f"{key}.entry", (number, number))
    assert store.get("a") is not None  # used just now
    put(store, "d", bytes(25_000))
    assert [store.get(key) is not None for key in "abcd"] == [True, False, True, True]
    assert sum(each.size_bytes for each in store.entries()) <= 100_000


def test_what_is_larger_than_the_store_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", 10_000)
    assert not put(store, content=bytes(10_001))
    assert store.entries() == [] and not list(store.folder.glob("*.partial"))
    assert not Store(tmp_path / "none", 0).put("key", {}, lambda file: file.write(b"x"))


def test_an_error_of_the_writer_is_its_own_and_leaves_nothing(store: Store) -> None:
    def fail(file: IO[bytes]) -> None:
        file.write(b"half")
        raise RuntimeError("no export")

    with pytest.raises(RuntimeError, match="no export"):
        store.put("key", {}, fail)
    assert [path.name for path in store.folder.iterdir()] == ["secret"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_disk_keeps_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, "first")

    def on_a_full_disk(**_: object) -> tuple[int, str]:
        place = store.folder / "full.partial"
        place.touch()
        return os.open("/dev/full", os.O_RDWR), str(place)

    monkeypatch.setattr("tempfile.mkstemp", on_a_full_disk)
    assert not put(store)
    monkeypatch.undo()
    assert store.get("key") is None and store.get("first") is not None
    assert not list(store.folder.glob("*.partial"))


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_that_others_may_write_to_is_not_used(store: Store, mode: int) -> None:
    put(store)
    store.folder.chmod(mode)
    assert store.unsafe() == "others may write to it"
    assert store.get("key") is None and not put(store)


def test_a_file_that_others_may_write_to_is_not_taken(store: Store) -> None:
    put(store)
    entry(store).chmod(0o666)
    assert store.get("key") is None


def test_a_link_in_place_of_an_entry_is_not_followed(store: Store, tmp_path: Path) -> None:
    put(store)
    path = entry(store)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert store.get("key") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_folder_that_cannot_be_read_is_as_none(store: Store) -> None:
    put(store)
    store.folder.chmod(0)
    try:
        assert store.get("key") is None and not put(store)
    finally:
        store.folder.chmod(0o700)


@pytest.mark.skipif(not hasattr(os, "chown") or os.geteuid() != 0, reason="needs the superuser")
def test_a_folder_of_another_user_is_not_used(store: Store) -> None:
    put(store)
    os.chown(store.folder, 12345, -1)
    assert store.unsafe() == "it belongs to user 12345"
    assert store.get("key") is None and not put(store)


def test_a_file_in_place_of_the_folder_keeps_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    assert Store(path, MIB).unsafe() == "it is no folder"
    inside = Store(path / "store", MIB)
    assert not put(inside) and inside.get("key") is None and inside.entries() == []


def test_what_a_killed_writer_left_is_removed_and_what_is_being_written_is_not(
    store: Store,
) -> None:
    put(store)
    left = store.folder / "dead.partial"
    left.write_bytes(b"half")
    with store._partial() as (_, written):
        put(store, "other")
        assert written.exists() and not left.exists()


def test_clear_removes_all_but_what_is_mapped_stays(store: Store) -> None:
    put(store)
    found = store.get("key")
    (store.folder / "dead.partial").touch()
    store.clear()
    assert store.entries() == [] and found is not None and found.content.tobytes() == CONTENT
    assert [path.name for path in store.folder.iterdir()] == ["secret"]


def checked(store: Store) -> int:
    """How many entries are found; each is what its facts say."""
    found = [each for each in (store.get(f"key{i}") for i in range(3)) if each is not None]
    for each in found:
        assert each.content.tobytes() == random.Random(each.facts["seed"]).randbytes(200_000)
    return len(found)


def test_kills_at_any_moment_and_writers_at_once_leave_whole_entries(tmp_path: Path) -> None:
    store, drawn, seen = Store(tmp_path / "store", 2**24), random.Random(0), 0
    command = [sys.executable, "-c", WRITER, str(store.folder)]
    for _ in range(20):
        writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for writer in writers:
            assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        for writer in writers:
            time.sleep(drawn.uniform(0, 0.02))
            seen += checked(store)
            writer.send_signal(signal.SIGKILL)
        for writer in writers:
            writer.communicate()
        seen += checked(store)
    assert seen > 20
    assert put(store) and not list(store.folder.glob("*.partial"))
