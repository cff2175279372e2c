"""What is remembered on disk: bounded, whole or not at all, and by everything that decides."""

from __future__ import annotations

import os
from pathlib import Path

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.tuning import memory
from isthmus.tuning.identity import digest_of, key_of

pytestmark = pytest.mark.usefixtures("cache")


def test_it_is_found_by_its_key_alone() -> None:
    assert memory.recall("a") is None
    memory.keep("a", {"x": 1})
    assert memory.recall("a") == {"x": 1} and memory.recall("b") is None


def test_a_file_of_another_key_is_none() -> None:
    memory.keep("a", {"x": 1})
    (memory.folder() / "a.json").rename(memory.folder() / "b.json")
    assert memory.recall("b") is None


def test_those_used_longest_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 3)
    for place, key in enumerate("abc"):
        memory.keep(key, {})
        os.utime(memory.folder() / f"{key}.json", (place, place))
    assert memory.recall("a") == {}  # used last, now
    memory.keep("d", {})
    assert sorted(path.stem for path in memory.folder().glob("*.json")) == ["a", "c", "d"]


def test_a_relative_folder_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The specification of XDG_CACHE_HOME says so."""
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert memory.folder() == tmp_path / ".cache" / "isthmus" / "tune"


def test_the_key_is_of_all_that_decides() -> None:
    keys = [
        key_of("program", "samples", {"objective": "latency"}),
        key_of("other", "samples", {"objective": "latency"}),
        key_of("program", "other", {"objective": "latency"}),
        key_of("program", "samples", {"objective": "dollars"}),
    ]
    assert len(set(keys)) == 4
    assert keys[0] == key_of("program", "samples", {"objective": "latency"})


def test_the_digest_of_a_program_is_of_its_graph_and_weights_not_of_its_lines() -> None:
    weight = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    spec = im.spec("float32", ["n", 2])
    one = im.trace(lambda x: np.tanh(x @ weight), spec)
    same = im.trace(
        lambda x: np.tanh(x @ weight.copy()),
        spec,
    )
    assert digest_of(one) == digest_of(same)
    others = [
        im.trace(lambda x: np.tanh(x @ (weight + 1)), spec),
        im.trace(lambda x: np.sin(x @ weight), spec),
        im.trace(lambda x: np.tanh(x @ weight), im.spec("float32", [3, 2])),
        im.trace(lambda x: np.tanh(x @ weight), im.spec("float64", ["n", 2])),
    ]
    assert len({digest_of(one), *map(digest_of, others)}) == 5


def test_loops_have_a_digest() -> None:
    def looped(x: object) -> object:
        return im.npx.foreach(lambda row, s: (row + s, s), x, np.zeros((2,), "float32"))[0]

    traced = im.trace(looped, im.spec("float32", ["n", 2]))
    assert digest_of(traced) == digest_of(im.trace(looped, im.spec("float32", ["n", 2])))
