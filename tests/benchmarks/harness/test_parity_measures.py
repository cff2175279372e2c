"""Parity: what is compared, and that what cannot be compared is said."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus.benchmarks.harness.parity import compared, cosine, relative_error
from isthmus.errors import UsageError


def array(*values: float) -> Any:
    return numpy.array(values, numpy.float32)


def test_the_error_is_relative_to_the_largest_of_each_output_and_the_worst_counts() -> None:
    reference = [[array(1, -4), array(10)], [array(2, 2), array(100)]]
    found = [[array(1, -4.4), array(10.5)], [array(2, 2), array(101)]]
    parity = compared(found, reference)
    assert parity["max_rel_error"] == pytest.approx(0.1)
    assert parity["samples"] == 2
    assert parity["top1_agreement"] is None


@pytest.mark.parametrize(
    ("found", "reference", "error"),
    [
        (array(numpy.nan, 0), array(1, 0), numpy.inf),
        (array(1, numpy.inf), array(1, 1), numpy.inf),
        (array(1, 1), array(1, numpy.inf), numpy.inf),
        (array(1, 1), array(1, numpy.nan), numpy.inf),
        (array(1.5, numpy.inf), array(1, numpy.inf), 0.5),  # infinity is no measure of size
        (array(-numpy.inf, numpy.nan), array(-numpy.inf, numpy.nan), 0.0),
        (array(0, 0), array(0, 0), 0.0),
        (array(), array(), 0.0),
        (numpy.array([True, False]), numpy.array([True, True]), 1.0),
        (numpy.array([2**31 - 1], numpy.int32), numpy.array([-(2**31)], numpy.int32), 2.0),
    ],
)
def test_what_is_not_finite_is_no_small_error(found: Any, reference: Any, error: float) -> None:
    assert relative_error(found, reference) == pytest.approx(error, rel=1e-6)


def test_the_cosine_is_the_least_over_outputs() -> None:
    parity = compared([[array(1, 0), array(1, 1)]], [[array(2, 0), array(1, 0)]])
    assert parity["cosine"] == pytest.approx(2**-0.5)
    assert cosine(array(1, 2), array(-1, -2)) == pytest.approx(-1)
    assert cosine(array(0, 0), array(0, 0)) == 1
    assert cosine(array(0, 0), array(1, 0)) == 0


def test_no_cosine_is_given_where_one_is_not_known() -> None:
    assert compared([[array(numpy.nan)], [array(1)]], [[array(1)], [array(1)]])["cosine"] is None


def test_top_1_is_the_share_of_rows_of_classes() -> None:
    reference = numpy.eye(4, 12, dtype=numpy.float32)
    found = reference.copy()
    found[3] = found[0]
    parity = compared([[found], [reference]], [[reference], [reference]], classes=True)
    assert parity["top1_agreement"] == pytest.approx(7 / 8)


@pytest.mark.parametrize("shape", [(2, 9), (2, 3, 12), (12,)])
def test_few_columns_are_no_classes(shape: tuple[int, ...]) -> None:
    outputs = [[numpy.ones(shape)]]
    assert compared(outputs, outputs, classes=True)["top1_agreement"] is None


@pytest.mark.parametrize(
    ("found", "reference", "message"),
    [
        ([[array(1, 2)]], [[array(1)]], r"output 0 of set 0 is \[2\], the reference's is \[1\]"),
        ([[array(1)]], [[array(1), array(1)]], "1 outputs, the reference has 2"),
        ([[array(1)]], [[array(1)]] * 2, "1 sets of outputs, the reference has 2"),
        ([], [], "no outputs to compare"),
    ],
)
def test_what_are_no_pairs_is_an_error(found: Any, reference: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compared(found, reference)
