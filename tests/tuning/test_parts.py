"""Which samples settle integers, and which judge: never the same where there are enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.tuning.parts import Parts, parts_of
from isthmus.tuning.work import Work, work_of


def f32(*shape: int, first: int = 0) -> Any:
    count = numpy.prod(shape, dtype=int)
    return numpy.arange(first, first + count, dtype=numpy.float32).reshape(shape)


def batched(function: Any, samples: Sequence[Any], *sizes: Any, **options: Any) -> Work:
    """The work of a function of one array with an axis of this name or others."""
    return work_of(function, samples, im.spec("float32", sizes), **options)


def divided(work: Work) -> Parts:
    return parts_of(work, settles=True)


@pytest.mark.parametrize("count", [8, 9, 32])
def test_every_second_sample_settles_and_the_others_judge(count: int) -> None:
    samples = [f32(2, 3, first=place) for place in range(count)]
    work = work_of(np.tanh, samples)
    parts = divided(work)
    judging = [part.place for part in parts.judging]
    assert judging == list(range(1, count, 2)) and parts.apart
    settling = parts.settling_sets(work.sets)
    for one, sample in zip(settling, samples[::2], strict=True):
        numpy.testing.assert_array_equal(one["x"], sample)
    outputs = [[sample] for sample in samples]
    assert parts.judged(range(count), outputs) == outputs[1::2]
    assert parts.judged([1, 5], [outputs[1], outputs[5]]) == [outputs[1], outputs[5]]
    told = {"unit": "samples", "apart": True, "stride": 2, "settling": len(settling)}
    assert parts.document(judging) == {**told, "judging": count // 2}
    assert parts.document([1, 5]) == {**told, "judging": 2}


@pytest.mark.parametrize(("count", "settling"), [(33, 11), (65, 13), (160, 16), (1000, 16)])
def test_of_many_samples_most_judge(count: int, settling: int) -> None:
    work = work_of(np.tanh, [f32(2, first=place) for place in range(count)])
    parts = divided(work)
    places = [part.place for part in parts.settling]
    assert len(places) == settling and places == list(range(0, count, parts.stride))
    assert len(parts.judging) == count - settling
    assert not {part.place for part in parts.judging} & set(places)


def test_where_nothing_is_settled_all_samples_judge() -> None:
    parts = parts_of(work_of(np.tanh, [f32(2)] * 9), settles=False)
    assert [part.place for part in parts.judging] == list(range(9)) and not parts.settling


def test_few_samples_do_both() -> None:
    work = work_of(np.tanh, [f32(2)] * 7)
    parts = divided(work)
    assert not parts.apart and parts.settling == parts.judging
    assert len(parts.settling_sets(work.sets)) == 7
    assert parts.document(range(7)) == {
        "unit": "samples", "apart": False, "stride": 1, "settling": 7, "judging": 7,
    }  # fmt: skip


def test_of_one_batch_every_second_row_settles() -> None:
    x = f32(64, 3)
    work = batched(np.tanh, [x], "batch", 3)
    parts = divided(work)
    (one,) = parts.settling_sets(work.sets)
    numpy.testing.assert_array_equal(one["x"], x[::2])
    ((judged,),) = parts.judged([0], [[x]])
    numpy.testing.assert_array_equal(judged, x[1::2])
    told = {"unit": "rows", "apart": True, "stride": 2, "settling": 32, "judging": 32}
    assert parts.document([0]) == told


def test_rows_are_counted_through_all_samples() -> None:
    samples = [f32(3, 2), f32(1, 2, first=6), f32(5, 2, first=8)]
    work = batched(np.tanh, samples, "batch", 2)
    parts = divided(work)
    every = numpy.concatenate(samples)
    settling = [one["x"] for one in parts.settling_sets(work.sets)]
    numpy.testing.assert_array_equal(numpy.concatenate(settling), every[::2])
    judged = [one[0] for one in parts.judged([0, 1, 2], [[x] for x in samples])]
    numpy.testing.assert_array_equal(numpy.concatenate(judged), every[1::2])


def test_rows_are_found_wherever_the_axis_is() -> None:
    def net(x: Any, y: Any) -> Any:
        return {"b": x.T, "a": y + x}

    x = f32(2, 10)
    specs = (im.spec("float32", [2, "batch"]),) * 2
    work = work_of(net, [(x, x)], specs)
    parts = divided(work)
    (one,) = parts.settling_sets(work.sets)
    for array in one.values():
        numpy.testing.assert_array_equal(array, x[:, ::2])
    leaves = list(im.compile(net, specs, backend="numpy")(x, x).values())
    (judged,) = parts.judged([0], [leaves])
    for found, whole in zip(judged, leaves, strict=True):
        axis = whole.shape.index(10)
        numpy.testing.assert_array_equal(found, numpy.take(whole, range(1, 10, 2), axis))


TOGETHER: dict[str, Any] = {
    "too few rows": lambda: batched(np.tanh, [f32(7, 3)], "batch", 3),
    "another name": lambda: batched(np.tanh, [f32(64, 3)], "n", 3),
    "no name": lambda: work_of(np.tanh, [f32(64, 3)]),
    "a result without it": lambda: batched(np.sum, [f32(64, 3)], "batch", 3),
    "a result that mixes it": lambda: batched(lambda x: x.reshape(-1), [f32(64, 3)], "batch", 3),
    "a square of it": lambda: batched(lambda x: x @ x.T, [f32(64, 3)], "batch", 3),
    "a constraint": lambda: batched(
        np.tanh, [f32(8, 3)], "batch", 3, constraints=["batch % 8 == 0"]
    ),
}


@pytest.mark.parametrize("work", TOGETHER.values(), ids=TOGETHER.keys())
def test_rows_that_are_not_known_to_be_apart_stay_together(work: Any) -> None:
    parts = divided(work())
    assert not parts.apart and parts.unit == "samples"
