"""What is remembered on disk, and by everything that decides."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.tuning import memory
from isthmus.tuning.identity import digest_of, key_of

pytestmark = pytest.mark.usefixtures("cache")


def test_it_is_found_by_its_key_alone(cache: Path) -> None:
    assert memory.recall("a") is None
    memory.keep("a", {"x": 1})
    assert memory.recall("a") == {"x": 1} and memory.recall("b") is None
    (entry,) = cache.rglob("*.entry")
    entry.rename(entry.with_name("b.entry"))
    assert memory.recall("b") is None


def test_every_damaged_byte_is_found(cache: Path) -> None:
    memory.keep("a", {"x": 1})
    (entry,) = cache.rglob("*.entry")
    whole = entry.read_bytes()
    for place in (0, 20, 60, len(whole.rstrip(b"\0")) - 1):
        entry.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert memory.recall("a") is None
    memory.keep("a", {"x": 2})
    assert memory.recall("a") == {"x": 2}


def test_those_used_longest_ago_make_room(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.keep("a", {})
    (entry,) = cache.rglob("*.entry")
    monkeypatch.setattr(memory, "MOST_BYTES", 2 * entry.stat().st_size)
    for key in "bcd":
        memory.keep(key, {})
    assert len(list(cache.rglob("*.entry"))) == 2 and memory.recall("d") == {}


@pytest.mark.parametrize("off", ["off", "0", ""])
def test_without_a_cache_nothing_is_remembered(off: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_CACHE", off)
    memory.keep("a", {})
    assert memory.recall("a") is None


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
