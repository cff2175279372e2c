"""Sizes are a ring of polynomials: what arithmetic says, evaluation at any sizes confirms."""

from __future__ import annotations

import operator
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim, equal, same
from isthmus.graph.shapes import broadcast, evaluate, product, same_shape
from isthmus.graph.size_text import parse

NAMES = ("batch", "seq", "h")
n: Any = parse("n")
m: Any = parse("m")

leaf = st.sampled_from(NAMES).map(parse) | st.integers(-3, 5)
sizes_of_names = st.fixed_dictionaries({name: st.integers(0, 40) for name in NAMES})


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    ring = st.tuples(st.sampled_from([operator.add, operator.sub, operator.mul]), inner, inner)
    quotient = st.tuples(inner, st.integers(1, 6))
    return ring.map(lambda t: t[0](t[1], t[2])) | quotient.map(lambda t: t[0] // t[1])


expressions = st.recursive(leaf, _combined, max_leaves=8)
RING: list[Callable[[Any, Any], Any]] = [operator.add, operator.sub, operator.mul]


@pytest.mark.parametrize("combine", RING)
@given(left=expressions, right=expressions, sizes=sizes_of_names)
def test_arithmetic_is_that_of_the_numbers(
    combine: Callable[[Any, Any], Any], left: Any, right: Any, sizes: dict[str, int]
) -> None:
    wanted = combine(evaluate(left, sizes), evaluate(right, sizes))
    assert evaluate(combine(left, right), sizes) == wanted


@given(left=expressions, divisor=st.integers(1, 9), sizes=sizes_of_names)
def test_floor_division_and_remainder(left: Any, divisor: int, sizes: dict[str, int]) -> None:
    number = evaluate(left, sizes)
    assert evaluate(left // divisor, sizes) == number // divisor
    assert evaluate(left % divisor, sizes) == number % divisor


@given(a=expressions, b=expressions, c=expressions)
def test_ring_laws_hold_as_expressions(a: Any, b: Any, c: Any) -> None:
    assert same(a + b, b + a) and same(a * b, b * a)
    assert same((a + b) + c, a + (b + c)) and same((a * b) * c, a * (b * c))
    assert same(a * (b + c), a * b + a * c)
    assert same(a - a, 0) and same(a + 0, a) and same(a * 1, a) and same(a * 0, 0)
    assert same(-a, 0 - a)


@given(a=expressions, b=expressions)
def test_a_factor_divides(a: Any, b: Any) -> None:
    assume(isinstance(a * b, Dim) and isinstance(b, Dim) and len(b.terms) == 1)
    assert same((a * b) // b, a)


@given(size=expressions)
def test_text_is_read_back(size: Any) -> None:
    assert same(parse(str(size)) if isinstance(size, Dim) else size, size)


@given(a=expressions, b=expressions, sizes=sizes_of_names)
def test_decided_comparisons_are_true(a: Any, b: Any, sizes: dict[str, int]) -> None:
    x, y = evaluate(a, sizes), evaluate(b, sizes)
    for compare in (operator.eq, operator.lt, operator.le, operator.gt, operator.ge):
        try:
            found = compare(a, b)
        except DimensionError:
            assert isinstance(a - b, Dim)
        else:
            assert found == compare(x, y)


@given(a=expressions, b=expressions)
def test_same_sizes_have_the_same_hash(a: Any, b: Any) -> None:
    assert hash(a + b) == hash(b + a)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (2 * n + 4, "2*n + 4"),
        (n * m - n, "m*n - n"),
        ((2 * n + 4) // 2, "n + 2"),
        ((n + 1) // 2, "((n + 1)//2)"),
        (n - n + 3, "3"),
        (-n, "-n"),
    ],
)
def test_written(size: int | Dim, text: str) -> None:
    assert str(size) == text


@pytest.mark.parametrize(
    "compare",
    [
        lambda: n == m,
        lambda: n != m,
        lambda: n < 3,
        lambda: n >= m,
        lambda: n == 2 * n,
        lambda: equal(n, 1),
        lambda: max(n, 3),
        lambda: n in [m, n],
    ],
)
def test_undecided_comparisons_raise(compare: Callable[[], Any]) -> None:
    with pytest.raises(DimensionError, match=r"not decided by the names .* give numbers"):
        compare()


@pytest.mark.parametrize("convert", [int, float, bool, range, operator.index])
def test_a_size_is_no_number(convert: Callable[[Any], Any]) -> None:
    with pytest.raises(DimensionError, match="'n' is not a number while tracing; pass it on"):
        convert(n)


@pytest.mark.parametrize(
    ("combine", "message"),
    [
        (lambda: n * 0.5, r"the size 'n' beside 0\.5: .* such as np\.multiply\(a, size\)"),
        (lambda: 1.5 + n, r"beside 1\.5: sizes are whole numbers"),
        (lambda: n - numpy.float64(1), "sizes are whole numbers"),
        (lambda: n // 2.0, "sizes are whole numbers"),
        (lambda: numpy.ones(2) * n, "sizes are whole numbers; call the function"),
        (lambda: n * numpy.ones(2), "sizes are whole numbers; call the function"),
        (lambda: n / 2, r"\(n\) / \(2\) is no whole number; write // for a size"),
        (lambda: 1 / n, "is no whole number"),
    ],
)
def test_fractions_are_refused_not_truncated(combine: Callable[[], Any], message: str) -> None:
    with pytest.raises(DimensionError, match=message):
        combine()


def test_what_is_no_number_is_a_type_error() -> None:
    for other in ("text", None, [1], numpy.float32(1)):
        with pytest.raises(TypeError):
            n - other


@pytest.mark.parametrize("divisor", [0, -2, m, n + 1])
def test_what_cannot_be_divided_by(divisor: Any) -> None:
    with pytest.raises(DimensionError, match="divide by a positive int, or by a dimension"):
        n // divisor


def test_numpy_ints_are_ints() -> None:
    two: Any = numpy.int64(2)
    assert same(n * two, 2 * n) and same(two + n, n + 2) and same(n - two, n - 2)
    assert (n - n + 2) == two
    with pytest.raises(DimensionError):
        assert n == two


def test_an_array_takes_over() -> None:
    assert np.multiply(numpy.ones(2), n).shape == (2,)


# Shapes


def test_broadcasting() -> None:
    assert same_shape(broadcast((n, 1), (3,)), (n, 3))
    assert same_shape(broadcast((n, m), (1, m), ()), (n, m))
    assert broadcast((2, 1), (0,)) == (2, 0)
    with pytest.raises(DimensionError, match="sizes 2 and 3 do not broadcast"):
        broadcast((2,), (3,))
    with pytest.raises(DimensionError, match="n == m"):
        broadcast((n,), (m,))


def test_quotients_of_different_names_are_different_expressions() -> None:
    assert not same(n // 2, m // 2) and not same(n // 2, n // 3) and same(n // 2, n // 2)
    assert same((n // 2) * (m // 2) // (m // 2), n // 2)


def test_product_of_a_shape() -> None:
    assert same(product((n, 2, m)), 2 * n * m)
    assert product(()) == 1


@pytest.mark.parametrize("text", ["n", "2*n", "n + 1", "2 * n * m - 3", "(n + 1)//2", "7", " n "])
def test_texts_that_are_sizes(text: str) -> None:
    assert evaluate(parse(text), {"n": 5, "m": 3}) == eval(text.strip(), {"n": 5, "m": 3})


@pytest.mark.parametrize(
    "text", ["", "a b", "n+", "2.5", "'n'", "f(n)", "n ^ 2", "n / 2", "n.m", "3//0", "n//0"]
)
def test_texts_that_are_none(text: str) -> None:
    with pytest.raises(DimensionError):
        parse(text)


@pytest.mark.parametrize("size", [-1, 2.5, None, [3], "-1", "2 - 3"])
def test_what_is_no_size(size: Any) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        parse(size)


def test_other_libraries_take_a_size_for_a_whole_number() -> None:
    assert isinstance(n, Integral)
    with pytest.raises(DimensionError, match="'n' is not a number while tracing"):
        int(n)


def test_the_text_of_a_rest() -> None:
    rest = parse("n % 3")
    assert isinstance(rest, Dim)
    assert [rest.evaluate({"n": n}) for n in range(7)] == [0, 1, 2, 0, 1, 2, 0]
