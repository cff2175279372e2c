"""Integers of eight bits and back: what the operators compute, refuse, and are inside programs."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.errors import DimensionError, UsageError
from isthmus.rewrite.gradient import grad

RANDOM = numpy.random.default_rng(5)
ROWS = RANDOM.standard_normal((3, 4), numpy.float32) * 40
EACH = numpy.array([0.5, 1, 2, 4], numpy.float32)
ZEROS = numpy.array([0, 3, 128, 255], numpy.uint8)


def pair(x: Any) -> Any:
    """The nearest of the numbers that integers stand for."""
    return npx.dequantize(npx.quantize(x, 0.5, 3), 0.5, numpy.array(3, "int8"))


def test_halves_go_to_even_numbers_and_what_is_beyond_to_the_last() -> None:
    x = numpy.array([0.5, 1.5, -0.5, -2.5, 400, -400, numpy.inf, -numpy.inf], numpy.float32)
    assert npx.quantize(x, 1).tolist() == [0, 2, 0, -2, 127, -128, 127, -128]
    assert npx.quantize(x, 1, 1, dtype="uint8").tolist() == [1, 3, 1, 0, 255, 0, 255, 0]


def test_a_nan_is_the_lowest_number(any_backend: dict[str, Any]) -> None:
    x = numpy.full(37, numpy.nan, numpy.float32)
    for dtype, lowest in (("int8", -128), ("uint8", 0)):
        run = im.compile(
            lambda x, d=dtype: npx.quantize(x, 0.5, 3, dtype=d), im.spec("float32", [37]),
            **any_backend,
        )  # fmt: skip
        assert set(run(x).tolist()) == {lowest}


def test_the_formula_of_each_place_along_an_axis() -> None:
    q = npx.quantize(ROWS, EACH, ZEROS, axis=-1, dtype="uint8")
    wanted = numpy.clip(numpy.rint(ROWS / EACH) + ZEROS, 0, 255)
    numpy.testing.assert_array_equal(q, wanted.astype("uint8"), strict=True)
    back = npx.dequantize(q, EACH, ZEROS, axis=1)
    numpy.testing.assert_array_equal(back, (wanted - ZEROS).astype("float32") * EACH, strict=True)
    inside = (wanted > 0) & (wanted < 255)
    assert (abs(back - ROWS)[inside] <= numpy.broadcast_to(EACH / 2, ROWS.shape)[inside]).all()


@pytest.mark.parametrize("n", [3, "n"], ids=["static", "named"])
def test_a_pair_is_its_body(n: int | str, any_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        q = npx.quantize(x, EACH, ZEROS, axis=1, dtype="uint8")
        return npx.dequantize(q, EACH, ZEROS, axis=-1), pair(x)

    run = im.compile(function, im.spec("float32", [n, 4]), **any_backend)
    for found, wanted in zip(run(ROWS), function(ROWS), strict=True):
        numpy.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("shape", [(), (0, 4), (1,)], ids=str)
def test_nothing_and_one_number(shape: tuple[int, ...], any_backend: dict[str, Any]) -> None:
    x = numpy.full(shape, 2.3, numpy.float32)
    found = im.compile(pair, im.spec("float32", shape), **any_backend)(x)
    numpy.testing.assert_array_equal(found, numpy.asarray(pair(x)), strict=True)


@pytest.mark.parametrize("order", [">", "<"])
def test_the_byte_order_of_operands_does_not_matter(order: str) -> None:
    q = npx.quantize(ROWS.astype(f"{order}f4"), EACH.astype(f"{order}f4"), axis=1)
    numpy.testing.assert_array_equal(q, npx.quantize(ROWS, EACH, axis=1), strict=True)
    whole = numpy.array([-7, 70000], f"{order}i4")
    found = npx.dequantize(whole, numpy.array(0.5, f"{order}f4"))
    numpy.testing.assert_array_equal(found, numpy.array([-3.5, 35000], "float32"), strict=True)


def test_strides_downwards_and_views(any_backend: dict[str, Any]) -> None:
    run = im.compile(pair, im.spec("float32", [4, 3]), **any_backend)
    for view in (ROWS.T, ROWS.T[::-1, ::-1]):
        numpy.testing.assert_allclose(run(view), pair(view), rtol=1e-6)


def test_inside_a_loop_and_a_branch(any_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        _, last = npx.foreach(lambda row, s: (row, s + pair(row)), x, np.zeros(4, "float32"))
        return npx.cond(np.sum(x) > 0, lambda: pair(last), lambda: last)

    run = im.compile(function, im.spec("float32", ["n", 4]), **any_backend)
    for x in (ROWS, -ROWS):
        total = sum(pair(row) for row in x)
        wanted = pair(total) if x.sum() > 0 else total
        numpy.testing.assert_allclose(run(x), wanted, rtol=1e-6)


def test_in_a_namespace_and_compiled_on_the_way() -> None:
    there = im.namespace("cpu").asarray(ROWS)
    numpy.testing.assert_allclose(numpy.asarray(pair(there)), pair(ROWS), rtol=1e-6)
    numpy.testing.assert_allclose(im.jit(pair)(ROWS), pair(ROWS), rtol=1e-6)


def test_scales_that_are_computed(any_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        scale = np.max(np.abs(x)) / 127
        return npx.dequantize(npx.quantize(x, scale), scale)

    run = im.compile(function, im.spec("float32", ["n", 4]), **any_backend)
    numpy.testing.assert_allclose(run(ROWS), function(ROWS), rtol=1e-5)


def test_integers_that_are_used_otherwise_stay_integers(any_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        q = npx.quantize(x, 0.5)
        return q, npx.dequantize(q, 0.5), np.astype(q, "int32") + 1

    found = im.compile(function, im.spec("float32", [3, 4]), **any_backend)(ROWS)
    for one, wanted in zip(found, function(ROWS), strict=True):
        numpy.testing.assert_array_equal(one, wanted, strict=True)


def test_a_saved_program_keeps_its_integers(tmp_path: Any, any_backend: dict[str, Any]) -> None:
    net = im.nn.Dense(5, 4)
    net.initialize()
    options = {**any_backend, "precision": "int8", "samples": [ROWS]}
    run = im.compile(net, im.spec("float32", ["n", 4]), **options)
    run.save(tmp_path / "dense.im")
    again = im.load(tmp_path / "dense.im", **any_backend)
    kinds = [constant.array.dtype.name for constant in again.traced.graph.constants()]
    assert "int8" in kinds and "int32" in kinds
    numpy.testing.assert_array_equal(again(ROWS), run(ROWS), strict=True)


def test_the_gradient_of_a_scale() -> None:
    whole = numpy.array([[1, -2], [3, 4]], "int8")
    found = grad(lambda scale: np.sum(npx.dequantize(whole, scale, 1, axis=0)))(EACH[:2])
    numpy.testing.assert_array_equal(found, numpy.array([-3, 5], "float32"), strict=True)


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "dtype": (lambda x: npx.quantize(x, 1, dtype="int16"), UsageError, "int8 or uint8"),
    "ints": (lambda x: npx.quantize(np.astype(x, "int32"), 1), UsageError, "floats"),
    "zero scale": (lambda x: npx.quantize(x, 0.0), UsageError, "positive"),
    "negative scale": (lambda x: npx.dequantize(x, -1.0), UsageError, "positive"),
    "scale of nan": (lambda x: npx.quantize(x, numpy.nan), UsageError, "positive"),
    "zero point": (lambda x: npx.quantize(x, 1, 128), UsageError, "whole numbers of int8"),
    "zero point of floats": (lambda x: npx.quantize(x, 1, 0.5), UsageError, "whole numbers"),
    "scales": (lambda x: npx.quantize(x, EACH, axis=0), DimensionError, "axis 0"),
    "no axis": (lambda x: npx.quantize(x, EACH), DimensionError, "without axis="),
    "axis": (lambda x: npx.quantize(x, EACH, axis=2), UsageError, "2 axes"),
    "floats back": (lambda x: npx.dequantize(x, 1.0), UsageError, "give"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_at_once_and_while_tracing(name: str) -> None:
    function, kind, said = REFUSED[name]
    with pytest.raises(kind, match=said):
        function(ROWS)
    with pytest.raises(kind, match=said):
        im.trace(function, im.spec("float32", [3, 4]))
