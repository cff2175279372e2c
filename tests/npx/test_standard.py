"""A composite goes whole to a runtime only where it is the runtime's operation of that name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from backends import BACKENDS, each_backend

import isthmus as im
from isthmus import npx
from isthmus.errors import UsageError

FLOAT = numpy.float32
RANDOM = numpy.random.default_rng(5)


def x(*shape: int) -> Any:
    return RANDOM.normal(size=shape).astype(FLOAT) * 2


def over(function: Callable[..., Any], axis: Any) -> Callable[..., Any]:
    return lambda a: function(a, axis=axis)


def positive(*shape: int) -> Any:
    return abs(x(*shape)) + 1


by_row: Any = numpy.array([0.5, 1, 2, 0], FLOAT)  # an array where one number is usual
AXES: list[Any] = [None, 0, -1, (1,), (0, 1), (0, -1), (0, 1, 2), (), [0, 2]]
CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{f"softmax {axis}": (over(npx.softmax, axis), (x(2, 3, 4),)) for axis in AXES},
    **{f"log_softmax {axis}": (over(npx.log_softmax, axis), (x(2, 3, 4),)) for axis in AXES},
    "elu of int": (lambda a: npx.elu(a, alpha=0), (x(3, 4),)),
    "elu by row": (lambda a: npx.elu(a, alpha=by_row), (x(3, 4),)),
    "leaky_relu of int": (lambda a: npx.leaky_relu(a, slope=2), (x(3, 4),)),
    "leaky_relu by row": (lambda a: npx.leaky_relu(a, slope=by_row), (x(3, 4),)),
    "gelu tanh": (lambda a: npx.gelu(a, approximate="tanh"), (x(3, 4),)),
    "gelu none": (lambda a: npx.gelu(a, approximate="none"), (x(3, 4),)),
    "layer_norm of int": (lambda a, g: npx.layer_norm(a, g, g, epsilon=1), (x(3, 4), x(4))),
    "layer_norm below 0": (lambda a, g: npx.layer_norm(a, g, g, epsilon=-0.5), (x(3, 4), x(4))),
    "layer_norm of one": (npx.layer_norm, (x(2, 3, 4), x(1), x(2, 1, 4))),
    "batch_norm of int": (
        lambda a, *s: npx.batch_norm(a, *s, epsilon=1),
        (x(2, 3, 4, 4), x(3), x(3), x(3), positive(3)),
    ),
    "batch_norm of one": (npx.batch_norm, (x(2, 3, 4, 4), x(1), x(3), x(1), positive(1))),
    "batch_norm below 0": (
        lambda a, *s: npx.batch_norm(a, *s, epsilon=-0.5),
        (x(2, 3, 4, 4), x(3), x(3), x(3), positive(3)),
    ),
    "fully_connected, one row": (npx.fully_connected, (x(2, 4), x(1, 4), x(3))),
    "fully_connected, bias of rows": (npx.fully_connected, (x(2, 4), x(3, 4), x(5, 2, 3))),
    "fully_connected, many weights": (npx.fully_connected, (x(2, 3, 4), x(2, 5, 4), x(5))),
    "fully_connected, a number": (npx.fully_connected, (x(2, 4), x(3, 4), x())),
}


@each_backend
@pytest.mark.parametrize("name", CALLS)
def test_every_call_is_numpys(name: str, backend: str) -> None:
    function, arrays = CALLS[name]
    wanted = function(*arrays)
    specs = tuple(im.spec(array.dtype, array.shape) for array in arrays)
    found = im.compile(function, specs, **BACKENDS[backend])(*arrays)
    assert found.shape == wanted.shape
    numpy.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("axis", [0, None, (0, 1)])
@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
def test_exported(axis: Any, suffix: str, tmp_path: Any) -> None:
    path, a = tmp_path / f"softmax{suffix}", x(2, 3)
    im.export(over(npx.softmax, axis), im.spec("float32", ("n", 3)), path)
    numpy.testing.assert_allclose(run_file(path, a), npx.softmax(a, axis=axis), rtol=1e-5)


def run_file(path: Any, array: Any) -> Any:
    """The file's one output, by the runtime whose format it is."""
    if path.suffix == ".xml":
        import openvino

        return openvino.Core().compile_model(path, "CPU")(array)[0]
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: array})[0]


def test_one_axis_stays_whole() -> None:
    whole = im.compile(npx.softmax, im.spec("float32", (2, 3)), backend="cpu").explain()
    assert "Softmax" in whole


@pytest.mark.parametrize("function", [npx.softmax, npx.log_softmax])
def test_an_array_without_axes(function: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="axis -1 of an array with 0 axes"):
        function(FLOAT(1))
    with pytest.raises(UsageError, match="axis -1 of an array with 0 axes"):
        im.compile(function, im.spec("float32"), backend="cpu")
    assert function(numpy.array(3, FLOAT), axis=None) in (0, 1)


@pytest.mark.parametrize("function", [npx.softmax, npx.log_softmax])
def test_lists_and_complex_numbers_are_taken(function: Callable[..., Any]) -> None:
    rows = [[1.0, 2.0], [3.0, 3.0]]
    numpy.testing.assert_array_equal(function(rows), function(numpy.array(rows)))
    numpy.testing.assert_allclose(function(numpy.array(rows) + 0j), function(rows))


@pytest.mark.parametrize("word", ["erf", None, 2])
def test_gelu_refuses_other_words(word: Any) -> None:
    with pytest.raises(UsageError, match="give True or 'tanh', or False or 'none'"):
        npx.gelu(x(3), approximate=word)
    with pytest.raises(UsageError, match="give True or 'tanh', or False or 'none'"):
        im.trace(lambda a: npx.gelu(a, approximate=word), im.spec("float32", (3,)))
