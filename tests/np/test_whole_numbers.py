"""NumPy's integers and 0-d arrays are what ints are, wherever an attribute is a whole number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from whole_calls import ALL, NETWORK, ONLY_KNOWN, SIZES, Whole

import isthmus as im
from isthmus import nn, np, npx
from isthmus.errors import TraceError, WrongKind
from isthmus.graph import tree
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Type

X = numpy.random.default_rng(0).standard_normal(SIZES, numpy.float32)
FORMS: dict[str, Whole] = {"int64": numpy.int64, "int8": numpy.int8, "0-d": numpy.array}
KNOWN, NAMED = im.spec("float32", SIZES), im.spec("float32", ("n", *SIZES[1:]))
Call = Callable[[Any, Whole], Any]


def arrays(outcome: Any) -> list[Any]:
    nest = tuple(outcome) if isinstance(outcome, list) else outcome
    return [numpy.asarray(leaf) for _, leaf in tree.leaves(nest)]


def check(found: Any, wanted: Any) -> None:
    for one, other in zip(arrays(found), arrays(wanted), strict=True):
        assert one.dtype == other.dtype
        numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5, strict=True)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ALL)
def test_eager_calls(name: str, form: str) -> None:
    check(ALL[name](X, FORMS[form]), ALL[name](X, int))


@pytest.mark.parametrize("form", ["int64", "0-d"])
@pytest.mark.parametrize("name", ALL)
def test_recorded_attributes_are_pythons(name: str, form: str) -> None:
    for types in (KNOWN,) if name in ONLY_KNOWN else (KNOWN, NAMED):
        traced = im.trace(lambda x: ALL[name](x, FORMS[form]), types)
        plain = im.trace(lambda x: ALL[name](x, int), types)
        for value, other in zip(traced.graph.outputs, plain.graph.outputs, strict=True):
            assert unnumbered(value.type) == unnumbered(other.type)
        for node in traced.graph.all_nodes():
            for part in parts([*node.attributes.values(), *(r.type.shape for r in node.results)]):
                assert type(part).__module__ != "numpy" or isinstance(part, numpy.dtype), node


def unnumbered(of: Type) -> str:
    """A type's text; names that the tracer gives are counted on."""
    return re.sub(r"__\d+", "", str(of))


def parts(value: Any) -> Iterator[Any]:
    """What an attribute consists of."""
    if isinstance(value, tuple | list):
        for one in value:
            yield from parts(one)
    elif isinstance(value, slice):
        yield from parts((value.start, value.stop, value.step))
    elif isinstance(value, Dim):
        yield from (factor for _, factor in value.terms)
    else:
        yield value


@pytest.mark.parametrize("name", ["sum several", "reshape", "getitem slices", "npx.max_pool"])
def test_saved_programs(name: str, tmp_path: Path, device_backend: dict[str, Any]) -> None:
    run = im.compile(lambda x: ALL[name](x, numpy.int64), NAMED, **device_backend)
    run.save(tmp_path / "program.im")
    check(im.load(tmp_path / "program.im", **device_backend)(X), ALL[name](X, int))


@pytest.mark.parametrize("name", ALL)
def test_compiled_saved_and_held(name: str, tmp_path: Path, device_backend: dict[str, Any]) -> None:
    wanted = ALL[name](X, int)
    for types in (KNOWN,) if name in ONLY_KNOWN else (KNOWN, NAMED):
        run = im.compile(lambda x: ALL[name](x, numpy.array), types, **device_backend)
        check(run(X), wanted)
        run.save(tmp_path / "program.im")
        check(im.load(tmp_path / "program.im", **device_backend)(X), wanted)
    xp = im.namespace("cpu")
    check(ALL[name](xp.asarray(X), numpy.int64), wanted)


def test_arrays_of_a_namespace_are_whole_numbers() -> None:
    xp = im.namespace("numpy")
    x, one = xp.asarray(X), xp.asarray(1)
    check(xp.sum(x, axis=one), X.sum(axis=1))
    check(x[one, one:, :one], X[1, 1:, :1])
    check(xp.reshape(x, (one * 6, 4)), X.reshape(6, 4))


def test_assignments_and_loops(device_backend: dict[str, Any]) -> None:
    def assigned(x: Any) -> Any:
        x = np.copy(x)
        x[numpy.int64(1) : numpy.array(3), numpy.int8(0)] = 7
        outputs, _ = npx.foreach(
            lambda row, last: (np.sum(row, axis=numpy.int64(0)) + last[numpy.int32(1) :], last),
            x,
            np.zeros(numpy.array(2), "float32"),
        )
        return outputs

    wanted = X.copy()
    wanted[1:3, 0] = 7
    check(im.compile(assigned, NAMED, **device_backend)(X), wanted.sum(axis=1))


def test_truth_values_and_layers() -> None:
    array: Any = numpy.array
    number: Any = numpy.int64
    true: Any = numpy.bool_(True)
    kept = im.eval_shape(lambda x: np.sum(x, axis=1, keepdims=true), KNOWN)
    assert kept.shape == (4, 1, 3)
    net = nn.Sequential(
        nn.Conv2D(number(4), number(2), array(3), padding=number(1)),
        nn.MaxPool2D(number(2), strides=array(2)),
        nn.Flatten(),
        nn.Dense(number(5), number(16)),
    )
    net.initialize(0)
    image = im.spec("float32", ("n", number(2), array(4), 4))
    assert im.eval_shape(net, image).shape[1] == 5


REFUSED: dict[str, Call] = {
    "axis": lambda x, i: np.sum(x, axis=i(1)),
    "axis of a function": lambda x, i: np.flip(x, axis=i(1)),
    "diagonal": lambda x, i: np.tril(x, k=i(1)),
    "number of sections": lambda x, i: np.split(x, i(2)),
    "shape": lambda x, i: np.reshape(x, (i(4), 6)),
    "slice": lambda x, i: x[i(1) :],
    "window": lambda x, i: NETWORK["max_pool"](x, i),
}


@pytest.mark.parametrize("form", [float, numpy.float32])
@pytest.mark.parametrize("name", REFUSED)
def test_other_numbers_are_type_errors(name: str, form: Any) -> None:
    with pytest.raises(TypeError):
        REFUSED[name](X, form)
    with pytest.raises(TypeError):
        im.trace(lambda x: REFUSED[name](x, form), NAMED)


def test_messages_say_which_number() -> None:
    with pytest.raises(
        WrongKind, match=r"np.tril: k=1.5 where a whole number is needed; give an int"
    ):
        im.trace(lambda x: np.tril(x, k=1.5), NAMED)  # type: ignore[arg-type]
    types = (NAMED, im.spec("int32"))
    with pytest.raises(TraceError, match="its value is not known yet"):
        im.trace(lambda x, i: np.sum(x, axis=i), types)
