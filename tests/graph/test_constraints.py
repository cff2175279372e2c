"""What constraints on named sizes decide, and that every call is checked against them."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import isthmus
from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.constraints import assuming, constraints
from isthmus.graph.dims import Dim, bounds
from isthmus.graph.size_text import parse

FLOATS = isthmus.spec("float32", ["n", "m"])


def padded(x: Any) -> Any:
    """Eight columns: cut or filled up, as the constraint says."""
    if x.shape[1] <= 8:
        return np.concat([x, np.zeros((x.shape[0], 8 - x.shape[1]), "float32")], axis=1)
    return x[:, :8]


def test_a_constraint_decides_a_branch(device_backend: dict[str, Any]) -> None:
    with pytest.raises(DimensionError, match=r"'m <= 8' is not decided .*constraints=\['n"):
        isthmus.trace(padded, FLOATS)
    run = isthmus.compile(padded, FLOATS, constraints=["m <= 8"], **device_backend)
    for m in (0, 5, 8):
        found = run(numpy.ones((2, m), numpy.float32))
        assert found.shape == (2, 8) and found.sum() == 2 * m
    with pytest.raises(DimensionError, match="m=9: the constraint m <= 8 does not hold; give"):
        run(numpy.ones((2, 9), numpy.float32))
    cut = isthmus.compile(padded, FLOATS, constraints=["m > 8"], **device_backend)
    assert cut(numpy.ones((2, 9), numpy.float32)).shape == (2, 8)


def test_constraints_survive_a_file(tmp_path: Any) -> None:
    run = isthmus.compile(padded, FLOATS, constraints=["m <= 8"], backend="numpy")
    run.save(tmp_path / "padded.im")
    again = isthmus.load(tmp_path / "padded.im", backend="numpy")
    with pytest.raises(DimensionError, match="the constraint m <= 8 does not hold"):
        again(numpy.ones((2, 9), numpy.float32))


@pytest.mark.parametrize(
    "text", ["n", "n = 3", "n < n", "n <= 3 <= 4", "n <= [1]", "<= 3", "n <= k-"]
)
def test_what_is_no_constraint(text: str) -> None:
    with pytest.raises(UsageError, match=r"write (one such as|a name such as|another)"):
        constraints([text])


def halved(x: Any) -> Any:
    """Means of neighbouring columns, in pairs."""
    return np.mean(np.reshape(x, (x.shape[0], -1, 2)), axis=2)


def test_divisible_sizes(tmp_path: Any, device_backend: dict[str, Any]) -> None:
    with pytest.raises(DimensionError, match="is not a whole number of sizes"):
        isthmus.trace(halved, FLOATS)
    run = isthmus.compile(halved, FLOATS, constraints=["m % 2 == 0"], **device_backend)
    x = numpy.arange(12, dtype=numpy.float32).reshape(2, 6)
    run.save(tmp_path / "halved.im")
    again = isthmus.load(tmp_path / "halved.im", **device_backend)
    for each in (run, again):
        numpy.testing.assert_array_equal(each(x), x.reshape(2, 3, 2).mean(axis=2))
        with pytest.raises(DimensionError, match="m=5: the constraint m % 2 == 0 does not hold"):
            each(x[:, :5])
    isthmus.export(halved, FLOATS, tmp_path / "halved.xml", constraints=["m % 2 == 0"])


@pytest.mark.parametrize(
    ("shape", "texts", "wanted"),
    [
        (("n", -1, 2), ["m % 4 == 0"], "float32[n, 2*((m)//4), 2]"),
        (("n//2", 2, "m//3", 3), ["n % 2 == 0", "m % 3 == 0"], "float32[((n)//2), 2, ((m)//3), 3]"),
        (("n", "n"), ["n == m"], "float32[n, n]"),
        (("n", 3), ["m == 3"], "float32[n, 3]"),
    ],
)
def test_equalities_decide_reshapes(shape: Any, texts: list[str], wanted: str) -> None:
    sizes = tuple(parse(size) if isinstance(size, str) else size for size in shape)
    found = isthmus.eval_shape(lambda x: np.reshape(x, sizes), FLOATS, constraints=texts)
    assert str(found) == wanted


def test_the_rest_of_a_division_that_leaves_none() -> None:
    def padded_to_pairs(x: Any) -> Any:
        return np.zeros((x.shape[1] % 2 + 3,))

    found = isthmus.eval_shape(padded_to_pairs, FLOATS, constraints=["m % 2 == 0"])
    assert found.shape == (3,)


def test_a_constraint_on_no_size_of_the_specs_is_refused() -> None:
    with pytest.raises(UsageError, match="constraint 'k <= 2' on k; the specs name m, n"):
        isthmus.trace(padded, FLOATS, constraints=["m <= 8", "k <= 2"])


NAMES = ("a", "b")
TEXTS = [
    "a <= 7",
    "a >= 2",
    "b > a",
    "b <= a + 3",
    "2*a >= b",
    "b < 9",
    "a >= b - 1",
    "a % 2 == 0",
    "a == b",
]
SIZES = ["a - 1", "b - a", "2*b - a", "a - 8", "b + a - 2", "7 - b", "a*b", "3*a - 2*b + 1"]


@given(st.lists(st.sampled_from(TEXTS), max_size=4), st.sampled_from(SIZES))
def test_bounds_hold_for_all_sizes_that_satisfy_the_constraints(texts: list[str], of: str) -> None:
    size = parse(of)
    assert isinstance(size, Dim)
    known = constraints(texts)
    with assuming(known):
        least, greatest = bounds(size)
    for a in range(12):
        for b in range(12):
            sizes = {"a": a, "b": b}
            if all(c.size.evaluate(sizes) >= 0 for c in known if isinstance(c.size, Dim)):
                assert least <= size.evaluate(sizes) <= greatest


def test_eval_shape_nests_as_the_function_returns() -> None:
    def function(x: Any, y: Any) -> Any:
        return {"sum": np.sum(x, axis=0), "both": (x + y, np.reshape(x, (-1,)))}

    found = isthmus.eval_shape(function, (FLOATS, isthmus.spec("float64", ["m"])))
    assert str(found["sum"]) == "float32[m]"
    assert [str(t) for t in found["both"]] == ["float64[n, m]", "float32[m*n]"]
    assert (
        str(isthmus.eval_shape(lambda x: x[:8], FLOATS, constraints=["n >= 8"])) == "float32[8, m]"
    )
