"""The history of runs: nothing that was written is lost, and nothing broken is taken for a run."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import TESTS
from stored_runs import FACTS, machine, moment, record

from isthmus.errors import FileError
from isthmus.reports.files.history import store
from isthmus.reports.files.history.store_record import LATENCY, Kept, Record, machine_name

WRITER = """
import sys
sys.path[:0] = [sys.argv[1]]
from stored_runs import record
from isthmus.reports.files.history import store
begin, end = map(int, sys.argv[3:])
for day in range(begin, end):
    store.append(sys.argv[2], record(day))
"""

KILLED = """
import os, random, signal, sys, time
sys.path[:0] = [sys.argv[1]]
from stored_runs import record
from isthmus.reports.files.history import store
began = time.monotonic()
store.append(sys.argv[2], record(0))
took = time.monotonic() - began
for trial in range(1, 31):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        for day in range(1000 * trial, 1000 * trial + 1000):
            os.write(writer, (store.append(sys.argv[2], record(day)).name + "\\n").encode())
    os.close(writer)
    with os.fdopen(reader) as said:
        for _ in range(trial % 3):
            print(said.readline(), end="")
        time.sleep(random.Random(trial).uniform(0, 2 * took))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(said.read(), end="")
"""


def script(text: str, *arguments: object) -> subprocess.Popen[str]:
    here = str(TESTS / "tables")
    command = [sys.executable, "-c", text, here, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*/*.json")
    return path


def test_runs_are_read_as_they_were_stored_oldest_first(tmp_path: Path) -> None:
    runs = [record(day, 10 + day) for day in range(5)]
    for run in random.Random(0).sample(runs, 5):
        assert store.append(tmp_path / "new" / "history", run).is_file()
    found = store.read(tmp_path / "new" / "history", machine())
    assert (found.records, found.warnings) == (tuple(runs), ())
    assert [kept.log(LATENCY) for kept in found.records[3].benchmarks] == [math.log(13)]


def test_the_same_run_is_stored_once(tmp_path: Path) -> None:
    paths = {store.append(tmp_path, record(3)) for _ in range(3)}
    assert len(paths) == 1 and len(list(tmp_path.rglob("*"))) == 2
    assert store.append(tmp_path, record(3, 11.0)) not in paths


def test_a_file_is_named_by_when_and_what_and_never_leaves_its_folder(tmp_path: Path) -> None:
    hostile = record(3, commit="../../../etc", machine=machine(cpu_model="../X <b>\u00e9"))
    for run, name in ((record(3), "2026-09-04T100000-000000000003-"), (hostile, "2026-09-04T1")):
        path = store.append(tmp_path, run)
        assert path.name.startswith(name) and path.parent.parent == tmp_path
        assert path.read_text().count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {
        machine_name(machine()),
        machine_name(hostile.machine),
    }


def test_machines_are_kept_apart_and_the_same_one_together(tmp_path: Path) -> None:
    alike = [machine(memory_gib=7.6), machine(memory_gib=7.4), machine(instance_type="c7i.large")]
    other = [machine(cores=4), machine(flags=["avx2", "avx512f"])]
    for day, one in enumerate((*alike, *other)):
        store.append(tmp_path, record(day, machine=one))
    assert [run.measured for run in store.read(tmp_path, machine()).records] == [
        moment(day) for day in range(3)
    ]
    assert len(store.read(tmp_path).records) == 5 and len(store.machines(tmp_path)) == 5
    assert store.read(tmp_path, machine(cpu_model="EPYC")).records == ()


def test_a_run_in_the_folder_of_another_machine_is_named(tmp_path: Path) -> None:
    store.append(tmp_path, record(1))
    strange = store.append(tmp_path, record(2, machine=machine(cores=64)))
    strange = strange.rename(next(tmp_path.glob(f"{machine_name(machine())}/")) / strange.name)
    found = store.read(tmp_path, machine())
    assert len(found.records) == 1
    assert str(strange) in found.warnings[0] and "another machine" in found.warnings[0]


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    writers = [script(WRITER, tmp_path, begin, begin + 30) for begin in (0, 20, 40)]
    said = [(writer.communicate(), writer.returncode) for writer in writers]
    assert [code for _, code in said] == [0, 0, 0]
    found = store.read(tmp_path, machine())
    assert [run.measured for run in found.records] == [moment(day) for day in range(70)]
    assert found.warnings == ()


def test_a_kill_at_any_moment_loses_nothing_that_was_written(tmp_path: Path) -> None:
    with script(KILLED, tmp_path) as killer:
        told, _ = killer.communicate()
    found = store.read(tmp_path, machine())
    stored = {Path(run.path).name for run in found.records}
    assert killer.returncode == 0 and len(told.split()) >= 30
    assert set(told.split()) <= stored and found.warnings == ()


def test_a_file_cut_at_any_byte_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    store.append(tmp_path, record(0))
    path = store.append(tmp_path, record(1))
    store.append(tmp_path, record(2))
    content = path.read_bytes()
    for length in range(len(content) - 1):  # the last byte ends the line, and no more
        path.write_bytes(content[:length])
        found = store.read(tmp_path, machine())
        assert [run.measured for run in found.records] == [moment(0), moment(2)]
        assert len(found.warnings) == 1 and f"{path}: is cut" in found.warnings[0]
    store.append(tmp_path, record(1))
    assert len(store.read(tmp_path, machine()).records) == 3


@given(at=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_changed_byte_is_found(at: int, byte: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = store.append(name, record(1))
        content = bytearray(path.read_bytes().strip())
        at %= len(content)
        changed, content[at] = content[at] != byte, byte
        path.write_bytes(content)
        found = store.read(name)
        assert (len(found.records), len(found.warnings)) == ((0, 1) if changed else (1, 0))


def test_what_a_killed_writer_left_is_no_run_and_is_removed_later(tmp_path: Path) -> None:
    path = store.append(tmp_path, record(1))
    whole, fresh = path.read_text(), path.with_name(f".{path.name}.0123")
    old = path.with_name(f".{path.name}.4567")
    for left in (fresh, old):
        left.write_text(whole[:40])
    os.utime(old, (time.time() - 7200,) * 2)
    assert len(store.read(tmp_path).records) == 1 and store.read(tmp_path).warnings == ()
    store.append(tmp_path, record(2))
    assert fresh.exists() and not old.exists()


def test_line_ends_of_another_system_change_nothing(tmp_path: Path) -> None:
    path = store.append(tmp_path, record(1))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert store.read(tmp_path).records == (record(1),)


def broken(path: Path, kind: str) -> None:
    """Put something else in a record's place."""
    content = path.read_text()
    path.unlink()
    match kind:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "renamed":
            path.with_name("2026-09-02T100000-unknown-0123456789abcdef.json").write_text(content)
        case "bytes":
            path.write_bytes(b"\xff\xfe\x00")
        case _:
            path.write_text("")


@pytest.mark.parametrize("kind", ["folder", "fifo", "renamed", "bytes", "empty"])
def test_what_is_no_record_is_named_and_not_fatal(tmp_path: Path, kind: str) -> None:
    store.append(tmp_path, record(0))
    broken(store.append(tmp_path, record(1)), kind)
    found = store.read(tmp_path, machine())
    assert found.records == (record(0),)
    assert len(found.warnings) == 1 and str(tmp_path) in found.warnings[0]
    assert "restore it" in found.warnings[0]


@pytest.mark.parametrize("said", ['{"format":2}', "[]", "{}", "7", '{"format":1,"benchmarks":3}'])
def test_a_whole_file_of_another_kind_is_named(tmp_path: Path, said: str) -> None:
    from hashlib import sha256

    home = store.append(tmp_path, record(0)).parent
    name = f"2026-09-02T100000-unknown-{sha256(said.encode()).hexdigest()[:16]}.json"
    (home / name).write_text(said)
    found = store.read(tmp_path, machine())
    assert found.records == (record(0),) and name in found.warnings[0]


def test_a_folder_that_is_not_there_holds_no_run(tmp_path: Path) -> None:
    assert store.read(tmp_path / "nope", machine()) == store.History(())
    assert store.machines(tmp_path / "nope") == ()
    assert not (tmp_path / "nope").exists()


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    store.read(tmp_path)  # hidden things are nobody's affair
    (tmp_path / "package.json").write_text("{}")
    for use in (lambda: store.read(tmp_path), lambda: store.append(tmp_path, record(0))):
        with pytest.raises(
            FileError, match=r"is no history of runs \(it has package\.json\); name"
        ):
            use()
    assert not list(tmp_path.glob("xeon*"))


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    for use in (lambda: store.read(path), lambda: store.append(path, record(0))):
        with pytest.raises(FileError, match=r"file: Not a directory; name a folder"):
            use()


def test_what_json_cannot_say_is_refused_or_spelt_out(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be stored"):
        store.append(tmp_path, record(0, machine=machine(quota=math.nan)))
    kept = Kept("a", "a", "cpu", FACTS, {}, math.inf)
    store.append(tmp_path, record(1, benchmarks=(kept,)))
    assert store.read(tmp_path).records[0].benchmarks == (kept,)


NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
VALUES = st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=8).map(tuple)


@given(
    st.lists(
        st.builds(
            Kept,
            name=NAMES,
            workload=NAMES,
            variant=NAMES,
            facts=st.dictionaries(NAMES, st.integers(1, 99) | NAMES, max_size=3),
            values=st.dictionaries(NAMES, VALUES, max_size=3),
            parity=st.none() | st.floats(0, 1),
        ),
        max_size=3,
    )
)
def test_every_record_comes_back_as_it_went(benchmarks: list[Kept]) -> None:
    run = record(0, benchmarks=tuple(benchmarks))
    with tempfile.TemporaryDirectory() as name:
        store.append(name, run)
        assert store.read(name) == store.History((run,))


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.hooksPath=/dev/null")
    alone: dict[str, Any] = {"env": os.environ | {"GIT_CONFIG_GLOBAL": os.devnull}}
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, **alone)


def stored(folder: Path, *runs: Record) -> None:
    for run in runs:
        store.append(folder / "history", run)
    git(folder, "add", ".")
    git(folder, "commit", "-m", "measured")


def test_branches_merge_without_a_conflict(tmp_path: Path) -> None:
    git(tmp_path, "init", "-b", "main")
    stored(tmp_path, record(0))
    git(tmp_path, "switch", "-c", "other")
    stored(tmp_path, record(1), record(2), record(3, machine=machine(cores=8)))
    git(tmp_path, "switch", "main")
    stored(tmp_path, record(2), record(4))  # the run of day 2 on both
    git(tmp_path, "merge", "other", "-m", "both")
    found = store.read(tmp_path / "history", machine())
    assert [run.measured for run in found.records] == [moment(day) for day in (0, 1, 2, 4)]
    assert found.warnings == () and len(store.machines(tmp_path / "history")) == 2


def test_a_record_holds_no_samples(tmp_path: Path) -> None:
    store.append(tmp_path, record(0))
    said = json.loads(only_file(tmp_path).read_text())
    assert set(said) == {
        *("format", "measured", "commit", "dirty", "machine", "versions", "benchmarks"),
    }
    assert set(said["benchmarks"][0]) == {
        *("name", "workload", "variant", "facts", "values", "parity"),
    }
