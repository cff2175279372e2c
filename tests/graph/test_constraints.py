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
from isthmus.graph.constraints import assuming, constraint
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


@pytest.mark.parametrize("text", ["n", "n == 3", "n <= 3 <= 4", "n <= [1]", "<= 3", "n <= k-"])
def test_what_is_no_constraint(text: str) -> None:
    with pytest.raises(UsageError, match=r"write (one|a name) such as"):
        constraint(text)


NAMES = ("a", "b")
TEXTS = ["a <= 7", "a >= 2", "b > a", "b <= a + 3", "2*a >= b", "b < 9", "a >= b - 1"]
SIZES = ["a - 1", "b - a", "2*b - a", "a - 8", "b + a - 2", "7 - b", "a*b", "3*a - 2*b + 1"]


@given(st.lists(st.sampled_from(TEXTS), max_size=4), st.sampled_from(SIZES))
def test_bounds_hold_for_all_sizes_that_satisfy_the_constraints(texts: list[str], of: str) -> None:
    size = parse(of)
    assert isinstance(size, Dim)
    known = [constraint(text) for text in texts]
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
