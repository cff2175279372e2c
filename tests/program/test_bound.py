"""Programs bound to arrays: new elements in, new elements out, the same arrays."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import compile, np, spec
from isthmus.errors import IndexOutside, UsageError


def both(x: Any, y: Any) -> dict[str, Any]:
    return {"sum": x + y, "parts": [np.tanh(x), x[:, :1]]}


def test_a_bound_program_computes_what_the_program_does(device_backend: dict[str, Any]) -> None:
    kinds = (spec("float32", ["n", "m"]), spec("float32", ["m"]))
    program = compile(both, kinds, **device_backend)
    random = numpy.random.default_rng(0)
    x, y = random.random((3, 5), numpy.float32), random.random(5, numpy.float32)
    bound = program.bind(x, y)
    kept = bound.result["sum"]
    for _ in range(3):
        x[...] = random.random((3, 5), numpy.float32)
        y[...] = random.random(5, numpy.float32)
        found, wanted = bound(), program(x, y)
        assert found["sum"] is kept
        numpy.testing.assert_array_equal(found["sum"], wanted["sum"])
        for a, b in zip(found["parts"], wanted["parts"], strict=True):
            numpy.testing.assert_array_equal(a, b)


def test_two_bound_programs_do_not_share_results(device_backend: dict[str, Any]) -> None:
    program = compile(lambda x: x * 2, spec("float32", ["n"]), **device_backend)
    a, b = numpy.ones(3, numpy.float32), numpy.full(3, 5, numpy.float32)
    first, second = program.bind(a), program.bind(b)
    second()
    assert first().tolist() == [2, 2, 2]
    assert second.result.tolist() == [10, 10, 10]


def test_parts_on_the_host_are_computed_again(device_backend: dict[str, Any]) -> None:
    program = compile(
        lambda x: np.tanh(np.astype(np.astype(x, "float64") * 2, "float32")),
        spec("float32", [4]),
        **device_backend,
    )
    x = numpy.zeros(4, numpy.float32)
    bound = program.bind(x)
    x[...] = 0.25
    numpy.testing.assert_allclose(bound(), numpy.tanh(numpy.full(4, 0.5)), rtol=1e-6)


def test_indices_are_checked_at_every_call(device_backend: dict[str, Any]) -> None:
    table = numpy.arange(6, dtype=numpy.float32)
    program = compile(lambda i: np.take(table, i), spec("int32", [2]), **device_backend)
    indices = numpy.array([1, -1], numpy.int32)
    bound = program.bind(indices)
    assert bound().tolist() == [1, 5]
    indices[0] = 6
    with pytest.raises(IndexOutside, match="index 6 is out of bounds"):
        bound()


def test_an_empty_axis_is_computed_by_numpy(device_backend: dict[str, Any]) -> None:
    program = compile(lambda x: np.sum(x, axis=0), spec("float32", ["n", 3]), **device_backend)
    assert program.bind(numpy.zeros((0, 3), numpy.float32))().tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "array",
    [numpy.zeros((4, 4), numpy.float32)[:, ::2], numpy.broadcast_to(numpy.float32(0), (4, 2))],
    ids=["strided", "read-only"],
)
def test_what_cannot_be_shared_is_refused(array: Any) -> None:
    program = compile(lambda x: x + 1, spec("float32", [4, 2]))
    with pytest.raises(UsageError, match=r"x: bind needs a writeable array in C order"):
        program.bind(array)
    assert (program(array) == 1).all()


def test_what_is_given_back_unchanged_follows_its_array(device_backend: dict[str, Any]) -> None:
    program = compile(
        lambda x, y: (x, y, x > y, np.sum(x), x + y), (spec("float32", ["n"]),) * 2,
        **device_backend,
    )  # fmt: skip
    x, y = numpy.array([1, 5], numpy.float32), numpy.array([2, 3], numpy.float32)
    bound = program.bind(x, y)
    for scale in (1, 3):
        x *= scale
        for found, wanted in zip(bound(), (x, y, x > y, x.sum(), x + y), strict=True):
            numpy.testing.assert_array_equal(found, wanted)


def test_a_size_that_values_decide_may_change(device_backend: dict[str, Any]) -> None:
    program = compile(lambda x: np.tanh(x[x > 0]), spec("float32", ["n"]), **device_backend)
    x = numpy.array([1, -1, 2], numpy.float32)
    bound = program.bind(x)
    for values in ([1, -1, 2], [-1, -1, 3], [1, 2, 3]):
        x[:] = values
        numpy.testing.assert_allclose(bound(), numpy.tanh(x[x > 0]), rtol=1e-6)
