"""How far outputs are apart: floats, integers, NaN, numbers without axes, nothing at all."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus.tuning.agreement import Mismatch, agreement

NAN, INF = numpy.nan, numpy.inf


def f64(*values: Any) -> Any:
    return numpy.array(values if len(values) != 1 else values[0], numpy.float64)


def test_equal_outputs_are_perfect() -> None:
    x = numpy.random.default_rng(0).standard_normal((3, 5))
    found = agreement([[x, x[0]]], [[x, x[0]]])
    assert (found.relative_error, found.top1, found.spoilt, found.samples) == (0, 1, 0, 1)
    assert found.cosine == pytest.approx(1, abs=1e-15)


def test_the_cosine_is_the_least_of_an_item() -> None:
    a, b = f64([[1.0, 0.0], [1.0, 0.0]]), f64([[1.0, 0.0], [1.0, 1.0]])
    assert agreement([[a]], [[b]]).cosine == pytest.approx(1 / numpy.sqrt(2))
    assert agreement([[a], [a]], [[a], [b]]).cosine == pytest.approx(1 / numpy.sqrt(2))


def test_an_item_is_all_that_lies_below_the_first_axis() -> None:
    a = numpy.ones((1, 2, 2))
    b = f64([[[1.0, 1.0], [0.0, 0.0]]])
    assert agreement([[b]], [[a]]).cosine == pytest.approx(1 / numpy.sqrt(2))


def test_single_numbers_are_not_compared_by_their_sign_alone() -> None:
    assert agreement([[f64(3.0)]], [[f64(4.0)]]).cosine == pytest.approx(0.75)
    assert agreement([[numpy.array([3.0])]], [[numpy.array([4.0])]]).cosine == pytest.approx(0.75)
    column = numpy.array([[1.0], [2.0], [-2.0]])
    assert agreement([[-column]], [[column]]).cosine == pytest.approx(-1)


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1.0, 1e200, 1e308])
def test_no_magnitude_is_too_large_or_small(scale: float) -> None:
    a, b = f64([[3.0, 4.0]]) * (scale / 4), f64([[4.0, 3.0]]) * (scale / 4)
    assert agreement([[a]], [[b]]).cosine == pytest.approx(24 / 25, rel=1e-2)


def test_zeros() -> None:
    zero, one = numpy.zeros((1, 4)), numpy.ones((1, 4))
    assert agreement([[zero]], [[zero]]).cosine == 1
    assert agreement([[one]], [[zero]]).cosine == 0
    assert agreement([[zero]], [[one]]).cosine == 0
    assert agreement([[one]], [[zero]]).relative_error > 1e20


def test_top1_is_of_rows_and_their_largest() -> None:
    b = f64([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    a = f64([[1.0, 2.0, 3.0], [1.0, 2.0, 1.5]])
    assert agreement([[a]], [[b]]).top1 == 0.5
    assert agreement([[a[0]]], [[b[0]]]).top1 == 1
    assert agreement([[f64(1.0)]], [[f64(1.0)]]).top1 is None
    assert agreement([[f64([[1.0], [2.0]])]], [[f64([[1.0], [3.0]])]]).top1 is None


@pytest.mark.parametrize(
    ("found", "reference", "spoilt"),
    [
        ([1.0, NAN], [1.0, 2.0], 1),
        ([1.0, INF], [1.0, 2.0], 1),
        ([1.0, 2.0], [1.0, NAN], 1),
        ([NAN, NAN], [1.0, 2.0], 2),
        ([1.0, NAN], [1.0, NAN], 0),
        ([1.0, INF], [1.0, INF], 0),
        ([1.0, -INF], [1.0, INF], 1),
        ([1.0, NAN], [1.0, INF], 1),
    ],
)
def test_nan_and_infinity_are_counted_where_they_differ(
    found: Any, reference: Any, spoilt: int
) -> None:
    figures = agreement([[f64(found)]], [[f64(reference)]])
    assert figures.spoilt == spoilt
    assert numpy.isfinite([figures.cosine, figures.relative_error]).all()


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "bool"])
def test_integers_agree_where_they_are_equal(dtype: str) -> None:
    a, b = numpy.array([[0, 1, 1, 0]], dtype), numpy.array([[0, 1, 1, 1]], dtype)
    figures = agreement([[a]], [[b]])
    assert (figures.cosine, figures.top1, figures.spoilt) == (0.75, 0.75, 0)
    assert figures.relative_error == 1


def test_a_wrong_label_is_seen_though_its_cosine_would_be_1() -> None:
    assert agreement([[numpy.array([7])]], [[numpy.array([5])]]).cosine == 0


def test_complex_numbers_are_pairs() -> None:
    a = numpy.array([[1j, 1.0]])
    assert agreement([[a]], [[a]]).cosine == pytest.approx(1)
    assert agreement([[a.conj()]], [[a]]).cosine == pytest.approx(0)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
def test_every_kind_of_float(dtype: str) -> None:
    x = numpy.linspace(1, 2, 8).astype(dtype).reshape(2, 4)
    figures = agreement([[x[:, ::-1]]], [[x]])
    assert figures.top1 == 0 and 0.8 < figures.cosine < 1 and figures.relative_error > 0.1


def test_nothing_agrees_with_nothing() -> None:
    empty = numpy.zeros((0, 3))
    assert agreement([[empty]], [[empty]]).cosine == 1


@pytest.mark.parametrize(
    ("found", "reference", "words"),
    [
        ([], [[f64(1.0)]], "0 results where the reference has 1"),
        ([[]], [[f64(1.0)]], "0 outputs where the reference has 1"),
        ([[f64([1.0, 2.0])]], [[f64(1.0)]], r"output 0 is \[2\], the reference's \[\]"),
    ],
)
def test_what_cannot_be_compared_is_said(found: Any, reference: Any, words: str) -> None:
    with pytest.raises(Mismatch, match=words):
        agreement(found, reference)
