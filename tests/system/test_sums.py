"""Sums tell arrays apart: any byte, any order, and whoever made them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from isthmus.system.sums import ROW, SMALL, array_sum, check_sum

SECRET = bytes(range(32))
LARGE = SMALL + 8 * ROW + 5  # bytes: whole rows and a rest
Array = numpy.ndarray[Any, Any]


def drawn(size: int = LARGE) -> Array:
    return numpy.random.default_rng(0).integers(0, 256, size).astype(numpy.uint8)


@pytest.mark.parametrize("size", [0, 1, 7, 8, SMALL - 1, SMALL, SMALL + 1, LARGE])
def test_equal_bytes_have_equal_sums_wherever_they_lie(size: int) -> None:
    array = drawn(size)
    shifted = numpy.empty(size + 3, numpy.uint8)[3:]
    shifted[:] = array
    assert array_sum(array, SECRET) == array_sum(shifted, SECRET)
    assert array_sum(array, SECRET) != array_sum(array, bytes(32))


@pytest.mark.parametrize("place", [0, 1, 8 * ROW, SMALL, LARGE - 6, LARGE - 1])
@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_bit_is_seen(place: int, bit: int) -> None:
    array = drawn()
    before = array_sum(array, SECRET), check_sum(array, SECRET)
    array[place] ^= 1 << bit
    assert array_sum(array, SECRET) != before[0] and check_sum(array, SECRET) != before[1]


def swapped(x: Array) -> Array:
    return x[::-1]


def two_signs(x: Array) -> Array:
    """In the upper halves of two words of one row, where a product modulo 2^64 keeps one bit."""
    y = x.copy()
    y[[1, 3]] *= -1
    return y


def four_signs(x: Array) -> Array:
    y = x.copy()
    y[[0, 1, 2, 3]] *= -1
    return y


def exchanged(x: Array) -> Array:
    """Two rows and two columns of a matrix, whose sums stay as they are."""
    y = x.copy()
    y[[0, 5]], y[[4096, 4101]] = x[[5, 0]], x[[4101, 4096]]
    return y


@pytest.mark.parametrize("change", [swapped, two_signs, four_signs, exchanged])
def test_what_keeps_plain_sums_is_seen(change: Callable[[Array], Array]) -> None:
    x = numpy.random.default_rng(1).standard_normal(3 * SMALL).astype(numpy.float32)
    assert array_sum(change(x), SECRET) != array_sum(x, SECRET)


def test_permutations_of_an_identity_matrix_differ() -> None:
    x = numpy.eye(300, dtype=numpy.float32)
    assert array_sum(x, SECRET) != array_sum(x[[1, 0, *range(2, 300)]], SECRET)


def test_length_is_part_of_it() -> None:
    zeros = numpy.zeros(2 * SMALL, numpy.uint8)
    sums = {array_sum(zeros[:size], SECRET) for size in (0, 1, 8, SMALL, SMALL + 8, 2 * SMALL)}
    assert len(sums) == 6


def test_strided_arrays_are_read_in_c_order() -> None:
    x = drawn(4 * SMALL).reshape(4, -1)
    assert array_sum(x.T, SECRET) == array_sum(numpy.ascontiguousarray(x.T), SECRET)
    assert array_sum(x[::-1], SECRET) == array_sum(x[::-1].copy(), SECRET)
