"""A version of a program: what is joined and what is not; settings and files that are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
from server_programs import texts, tokens

import isthmus as im
from isthmus import np
from isthmus.errors import FileError, UsageError
from isthmus.program.requests.batches import Failure
from isthmus.serve.server.served import Served
from isthmus.serve.server.settings import Settings, checked, name_of


def settings(path: Path, **more: Any) -> Settings:
    return Settings(program=str(path), name="net", threads=1, **more)


def served(path: Path, **more: Any) -> Served:
    return Served(path, 1, settings(path, **more))


def run(one: Served, requests: list[dict[str, Any]]) -> tuple[list[Any], list[list[int]]]:
    """The outcome of each request, and which were computed together."""
    items = [one.item(arrays) for arrays in requests]
    groups = one.groups(items)
    outcomes: dict[int, Any] = {}
    for group in groups:
        outcomes |= zip(group, one.run([items[place] for place in group]), strict=True)
    return [outcomes[place] for place in range(len(items))], groups


def test_texts_of_like_lengths_are_one_run_each(tmp_path: Path) -> None:
    program = texts(tmp_path / "t.im")
    one = served(tmp_path / "t.im")
    assert one.alone == "" and one.inputs == {"input_ids": "INT32", "attention_mask": "INT32"}
    requests = [tokens(length, length) for length in (5, 200, 6, 199, 7, 201)]
    outcomes, groups = run(one, requests)
    assert sorted(map(sorted, groups)) == [[0, 2, 4], [1, 3, 5]]
    for outcome, arrays in zip(outcomes, requests, strict=True):
        for found, wanted in zip(outcome, program(**arrays).values(), strict=True):
            assert found.shape == wanted.shape
            numpy.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_no_more_rows_are_joined_than_a_batch_has(tmp_path: Path) -> None:
    texts(tmp_path / "t.im")
    one = served(tmp_path / "t.im", batch=4)
    _, groups = run(one, [tokens(5, seed, rows=3) for seed in range(3)])
    assert [len(group) for group in groups] == [1, 1, 1]
    _, groups = run(one, [tokens(5, seed, rows=2) for seed in range(4)])
    assert [len(group) for group in groups] == [2, 2]


def test_without_padding_equal_lengths_alone_are_joined(tmp_path: Path) -> None:
    im.compile(
        lambda x: np.sum(x, axis=1), {"x": im.spec("float32", ["batch", "n"])}, threads=1
    ).save(tmp_path / "s.im")
    arrays = [{"x": numpy.ones((1, n), numpy.float32)} for n in (2, 3, 2)]
    outcomes, groups = run(served(tmp_path / "s.im"), arrays)
    assert sorted(map(sorted, groups)) == [[0, 2], [1]]
    assert [float(outcome[0][0]) for outcome in outcomes] == [2, 3, 2]
    _, groups = run(served(tmp_path / "s.im", pad={"x": 0.0}), arrays)
    assert sorted(map(sorted, groups)) == [[0, 1, 2]]


@pytest.mark.parametrize(
    "mixes",
    [
        lambda x: x - np.mean(x, axis=0, keepdims=True),
        lambda x: np.cumsum(x, axis=0),
        lambda x: np.flip(x, axis=0),
    ],
)
def test_a_program_that_mixes_a_batch_has_its_requests_alone(tmp_path: Path, mixes: Any) -> None:
    program = im.compile(mixes, {"x": im.spec("float32", ["batch", 3])}, threads=1)
    program.save(tmp_path / "m.im")
    one = served(tmp_path / "m.im")
    random = numpy.random.default_rng(0)
    for _ in range(2):
        arrays = [{"x": random.random((2, 3)).astype(numpy.float32)} for _ in range(4)]
        outcomes, groups = run(one, arrays)
        for outcome, given in zip(outcomes, arrays, strict=True):
            numpy.testing.assert_allclose(outcome[0], program(**given), rtol=1e-6)
    assert "depends on the items" in one.alone
    assert [len(group) for group in groups] == [1] * 4


def test_padding_that_shows_is_found(tmp_path: Path) -> None:
    program = im.compile(
        lambda x: np.mean(x, axis=1), {"x": im.spec("float32", ["batch", "n"])}, threads=1
    )
    program.save(tmp_path / "m.im")
    arrays = [{"x": numpy.full((1, n), n, numpy.float32)} for n in (2, 3, 4)]
    outcomes, _ = run(served(tmp_path / "m.im", pad={"x": 0.0}), arrays)
    assert [float(outcome[0][0]) for outcome in outcomes] == [2, 3, 4]


def test_a_program_without_a_batch_is_served_all_the_same(tmp_path: Path) -> None:
    program = im.compile(
        lambda pair: {"sum": pair[0] + pair[1], "more": (pair[0],)},
        ((im.spec("float32", [2]), im.spec("float32", [2])),),
        threads=1,
    )
    program.save(tmp_path / "p.im")
    one = served(tmp_path / "p.im")
    assert one.alone
    x = numpy.array([1, 2], numpy.float32)
    outcomes, groups = run(one, [dict.fromkeys(one.types, x)] * 2)
    assert groups == [[0], [1]]
    assert dict(zip(one.results, outcomes[0], strict=True))["sum"].tolist() == [2, 4]


def test_what_fails_fails_alone(tmp_path: Path) -> None:
    texts(tmp_path / "t.im")
    one = served(tmp_path / "t.im")
    requests = [tokens(4, seed) for seed in range(3)]
    requests[1]["input_ids"][0, 0] = 1000
    outcomes, _ = run(one, requests)
    assert [isinstance(outcome, Failure) for outcome in outcomes] == [False, True, False]
    assert not one.alone


def test_an_onnx_file_is_served(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    im.export(lambda x: 2 * x, {"x": im.spec("float32", ["batch", 2])}, tmp_path / "d.onnx")
    one = served(tmp_path / "d.onnx")
    x = numpy.array([[1, 2]], numpy.float32)
    outcomes, groups = run(one, [{"x": x}, {"x": x}])
    assert len(groups) == 1 and outcomes[1][0].tolist() == [[2, 4]]


def test_what_the_protocol_lacks_is_said(tmp_path: Path) -> None:
    im.compile(lambda x: x, {"x": im.spec("complex64", ["n"])}, backend="numpy").save(
        tmp_path / "c.im"
    )
    with pytest.raises(UsageError, match="x is complex64, which the protocol lacks"):
        served(tmp_path / "c.im", backend="numpy")
    with pytest.raises(FileError):
        served(tmp_path / "absent.im")
    texts(tmp_path / "t.im")
    with pytest.raises(UsageError, match="settled on real inputs"):
        served(tmp_path / "t.im", precision="int8")
    with pytest.raises(UsageError, match="no input 'z'"):
        served(tmp_path / "t.im", pad={"z": 0.0})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("name", ""), ("name", "a/b"), ("name", "a b"), ("name", "../x")),
        *(("batch", 0), ("queue", -1), ("streams", True), ("body_bytes", 0)),
        *(("deadline_ms", 0.0), ("deadline_ms", float("nan")), ("wait_ms", -1.0)),
        ("held_bytes", 1),
    ],
)
def test_settings_that_mean_nothing_are_refused(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match="give"):
        checked(replace(settings(Path("net.im")), **{name: value}))


@pytest.mark.parametrize(
    ("file", "name"),
    [("net.im", "net"), ("/a/my net (2).onnx", "my-net--2-"), ("..im", "model"), ("é.im", "model")],
)
def test_a_file_has_a_name(file: str, name: str) -> None:
    assert name_of(file) == name
    checked(replace(settings(Path(file)), name=name_of(file)))
