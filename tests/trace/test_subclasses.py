"""Arrays that mean more than their elements are refused, wherever they come in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy
import pytest
from operator_samples import SAMPLES

import isthmus as im
from isthmus import nn, np, npx
from isthmus.errors import TraceError, UsageError

F32 = numpy.float32
ROWS = numpy.array([[2, 1], [1, 3]], F32)


class Metres(numpy.ndarray[Any, Any]):
    """A subclass that nobody knows."""


def masked(array: Any) -> Any:
    array = numpy.asarray(array)
    return numpy.ma.array(array, mask=numpy.arange(array.size).reshape(array.shape) % 2 == 0)


KINDS: dict[str, tuple[Any, str]] = {
    "masked": (masked(ROWS), r"MaskedArray given, but its mask would be lost; give x\.filled\(v"),
    "a masked element": (numpy.ma.masked, "MaskedConstant given, but its mask would be lost"),
    "matrix": (
        ROWS.view(numpy.matrix),
        r"matrix given, but its products of matrices would be lost; give numpy\.asarray\(x\)",
    ),
    "records": (ROWS.view(numpy.recarray), "recarray given, but its fields would be lost"),
    "unknown": (ROWS.view(Metres), r"Metres given, but what the subclass means would be lost"),
}

# Where an array comes in: each is called with one of a kind.
PLACES: dict[str, Callable[[Any], Any]] = {
    "an operator": lambda a: np.tanh(a),
    "the second operand": lambda a: np.add(ROWS, a),
    "by keyword": lambda a: np.clip(ROWS, min=a),
    "in a list": lambda a: np.concat([ROWS, a]),
    "in nested lists": lambda a: np.stack([[ROWS], [a]]),
    "a function": lambda a: np.flip(a),
    "asarray": lambda a: np.asarray(a),
    "an index": lambda a: np.getitem(ROWS, (a,)),
    "a composite": lambda a: npx.softmax(a),
    "a block": lambda a: nn.Activation("relu")(a),
    "a parameter": lambda a: nn.Parameter((2, 2), nn.zeros).set(a),
    "a gradient": lambda a: im.grad(lambda x: np.sum(x))(a),
    "jit": lambda a: im.jit(lambda x: x + 1)(a),
    "a constant": lambda a: im.trace(lambda x: x + a, im.spec("float32", [2, 2])),
    "a result": lambda a: im.trace(lambda x: [x, a], im.spec("float32", [2, 2])),
    "in a loop": lambda a: im.trace(
        lambda x: npx.foreach(lambda row, s: (row + a, s), x, np.zeros(()))[0],
        im.spec("float32", [2, 2]),
    ),
    "a namespace": lambda a: im.namespace("numpy").asarray(a),
    "a namespace's function": lambda a: im.namespace("cpu").sum(a),
    "beside a namespace's array": lambda a: im.namespace("cpu").ones((2, 2)) + a,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_what_means_more_is_refused(place: str, kind: str) -> None:
    array, message = KINDS[kind]
    with pytest.raises(UsageError, match=message) as caught:
        PLACES[place](array)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_their_own_operators_find_no_elements(kind: str) -> None:
    with pytest.raises((UsageError, TraceError)):  # a masked array asks for the elements first
        im.trace(lambda x: KINDS[kind][0] * x, im.spec("float32", [2, 2]))


@pytest.mark.parametrize("kind", KINDS)
def test_as_an_input(kind: str, device_backend: dict[str, Any]) -> None:
    array, message = KINDS[kind]
    run = im.compile(lambda x: np.sum(x), im.spec("float32", ["n", 2]), **device_backend)
    with pytest.raises(UsageError, match=f"x: {message}"):
        run(array)
    with pytest.raises(UsageError, match=f"x: {message}"):
        run.bind(array)


TAKES_ARRAYS = {
    op: sample
    for op, samples in SAMPLES.items()
    for sample in samples
    if any(isinstance(operand, numpy.ndarray) for operand in sample.operands)
}


@pytest.mark.parametrize("op", TAKES_ARRAYS, ids=str)
def test_every_operator_refuses_them(op: Any) -> None:
    sample = TAKES_ARRAYS[op]
    position = next(i for i, o in enumerate(sample.operands) if isinstance(o, numpy.ndarray))
    operands = list(sample.operands)
    operands[position] = masked(operands[position])
    with pytest.raises(UsageError, match="its mask would be lost"):
        op(*([operands] if op.variadic else operands), **sample.attributes)


def test_other_packages_objects_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("pandas.core.series")
    exec("class Series:\n    shape = (2,)\n    dtype = 'float32'\n", module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(UsageError, match=r"Series given, but its labels would be lost; give x\.to"):
        np.sum(module.Series())


def test_scipys_sparse_arrays_are_refused() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    for made in (sparse.csr_array(ROWS), sparse.coo_matrix(ROWS)):
        with pytest.raises(UsageError, match=r"arrays here are dense; give x\.toarray\(\)"):
            np.sum(made)


def test_a_mapped_file_is_an_array(tmp_path: Any) -> None:
    ROWS.tofile(tmp_path / "rows")
    array = numpy.memmap(tmp_path / "rows", F32, "r", shape=(2, 2))
    assert np.sum(array) == im.compile(np.sum, im.spec("float32", [2, 2]))(array) == 7
