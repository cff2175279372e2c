"""Functions that make and move elements are NumPy's: eagerly, traced, for named sizes, compiled.

A case is a function of a namespace and arrays; called with `numpy` it is its own oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.size_text import parse
from isthmus.program.compiling import compile
from isthmus.trace.tracing import spec

Case = Callable[..., Any]

A = numpy.arange(24, dtype=numpy.float32).reshape(2, 3, 4) - 7
B = numpy.arange(12, dtype=numpy.int32).reshape(3, 4) * 3 - 5
V = numpy.array([3.0, numpy.nan, -0.0, numpy.inf, 5], numpy.float32)
S = numpy.arange(16, dtype=numpy.float32).reshape(4, 4)
W = numpy.array([0, 0, 1, 0, 2, 0, 0], numpy.int64)
C = numpy.array([1 + 2j, 3 - 1j, 0], numpy.complex64)
T = numpy.array([True, False, True, False])
POINT = numpy.array(2.5, numpy.float32)
ONES = numpy.ones((1, 3, 1), numpy.float32)

# Of the elements of one array or more: name -> function and arrays.
MOVED: dict[str, tuple[Case, tuple[Any, ...]]] = {
    "append": (lambda np, x: np.append(x, 5), (B,)),
    "append rows": (lambda np, x: np.append(x, x[:1], axis=0), (B,)),
    "array": (lambda np, x: np.array(x, ndmin=4), (A,)),
    "array of a dtype": (lambda np, x: np.array(x, dtype="int8"), (A,)),
    "array_split": (lambda np, x: np.array_split(x, 3), (V,)),
    "array_split at": (lambda np, x: np.array_split(x, [1, 3], axis=1), (B,)),
    "asarray": (lambda np, x: np.asarray(x, dtype="float64"), (A,)),
    "astype": (lambda np, x: np.astype(x, "int32", copy=False), (A,)),
    "atleast_1d": (lambda np, x, y: np.atleast_1d(x, y), (POINT, V)),
    "atleast_2d": (lambda np, x, y, z: np.atleast_2d(x, y, z), (POINT, V, A)),
    "atleast_3d": (lambda np, x, y, z, w: np.atleast_3d(x, y, z, w), (POINT, V, B, A)),
    "broadcast_arrays": (lambda np, x, y: np.broadcast_arrays(x, y), (ONES, B)),
    "broadcast_to": (lambda np, x: np.broadcast_to(x, (2, 3, 4)), (ONES,)),
    "choose": (lambda np, i, x, y: np.choose(i, [x, y, 0.0]), (B % 3, B * 1.0, B[0] * 2.0)),
    "choose clip": (lambda np, i, x: np.choose(i, x, mode="clip"), (B[:, 0], A[:, :, 0])),
    "choose wrap": (lambda np, i, x: np.choose(i, [x, -x], mode="wrap"), (B, B)),
    "column_stack": (lambda np, x, y: np.column_stack((x, y)), (B[:, 0], B)),
    "compress": (lambda np, x, m: np.compress(m, x, axis=1), (B, T)),
    "compress flat": (lambda np, x: np.compress([0, 1, 1], x), (B,)),
    "concat": (lambda np, x, y: np.concat((x, y)), (B, B * 0.5)),
    "concat flat": (lambda np, x, y: np.concatenate([x, y], axis=None), (B, A)),
    "concat as": (lambda np, x, y: np.concatenate([x, y], dtype="float64"), (B, B)),
    "copy": (lambda np, x: np.copy(x), (A,)),
    "delete": (lambda np, x: np.delete(x, 1, axis=0), (B,)),
    "delete the last": (lambda np, x: np.delete(x, -1, axis=0), (B,)),
    "delete several": (lambda np, x: np.delete(x, [1, -1, 1], axis=1), (B,)),
    "delete a slice": (lambda np, x: np.delete(x, slice(None, None, 3)), (B,)),
    "delete by mask": (lambda np, x: np.delete(x, [True, False, True], axis=0), (B,)),
    "diag": (lambda np, x: np.diag(x), (V,)),
    "diag above": (lambda np, x: np.diag(x, 2), (V,)),
    "diag below": (lambda np, x: np.diag(x, -1), (V,)),
    "diag of a matrix": (lambda np, x: np.diag(x, 1), (B,)),
    "diag beyond": (lambda np, x: np.diag(x, -9), (B,)),
    "diagflat": (lambda np, x: np.diagflat(x, -1), (B,)),
    "diagonal": (lambda np, x: np.diagonal(x), (B,)),
    "diagonal of axes": (lambda np, x: np.diagonal(x, -1, 2, 0), (A,)),
    "dsplit": (lambda np, x: np.dsplit(x, 2), (A,)),
    "dstack": (lambda np, x, y: np.dstack((x, y)), (B, B)),
    "empty_like": (lambda np, x: np.empty_like(x) * 0, (B,)),
    "expand_dims": (lambda np, x: np.expand_dims(x, (0, -1)), (B,)),
    "extract": (lambda np, x: np.extract(x % 2 == 0, x), (B,)),
    "flip": (lambda np, x: np.flip(x), (A,)),
    "flip axes": (lambda np, x: np.flip(x, axis=(0, -1)), (A,)),
    "fliplr": (lambda np, x: np.fliplr(x), (B,)),
    "flipud": (lambda np, x: np.flipud(x), (B,)),
    "full_like": (lambda np, x: np.full_like(x, 7), (A,)),
    "full_like of an array": (lambda np, x, v: np.full_like(x, v), (B, B[0] * 1.5)),
    "full_like of a shape": (lambda np, x: np.full_like(x, 7, dtype=bool, shape=(2, 2)), (A,)),
    "geomspace": (lambda np, x: np.geomspace(x, 100.0, 5), (numpy.array([1.0, 2]),)),
    "hsplit": (lambda np, x: np.hsplit(x, [1, 3]), (B,)),
    "hsplit of a vector": (lambda np, x: np.hsplit(x, 5), (V,)),
    "hstack": (lambda np, x, y: np.hstack((x, y)), (B, B[:, :1])),
    "hstack of vectors": (lambda np, x, y: np.hstack((x, y)), (POINT, V)),
    "insert": (lambda np, x: np.insert(x, 1, 9.7), (B,)),
    "insert a row": (lambda np, x: np.insert(x, -1, x[0], axis=0), (B,)),
    "insert columns": (lambda np, x: np.insert(x, 1, x[:, :2].T, axis=1), (B,)),
    "insert one of several": (lambda np, x: np.insert(x, [1], x[:, :2], axis=1), (B,)),
    "insert several": (lambda np, x: np.insert(x, [2, 0, 2], [7, 8, 9], axis=1), (B,)),
    "insert at a mask": (
        lambda np, x: np.insert(x, numpy.array([True, False, True, False]), 4, axis=1), (B,)
    ),
    "linspace": (lambda np, x, y: np.linspace(x, y, 5, axis=-1), (B, B * 2)),
    "linspace to a number": (lambda np, x: np.linspace(x, 1, 4, endpoint=False), (V[:1],)),
    "linspace with its step": (lambda np, x: np.linspace(x, 3.0, 4, retstep=True), (V[:1],)),
    "logspace": (lambda np, x: np.logspace(x, 2.0, 3), (V[2:3],)),
    "logspace of bases": (lambda np, x: np.logspace(0.0, 2.0, 3, base=x), (S[0] + 1,)),
    "matrix_transpose": (lambda np, x: np.matrix_transpose(x), (A,)),
    "meshgrid": (lambda np, x, y, z: np.meshgrid(x, y, z), (V, B[0], T)),
    "meshgrid ij": (lambda np, x, y: np.meshgrid(x, y, indexing="ij", sparse=True), (V, T)),
    "moveaxis": (lambda np, x: np.moveaxis(x, 0, -1), (A,)),
    "moveaxis several": (lambda np, x: np.moveaxis(x, (0, 2), (-1, 0)), (A,)),
    "ones_like": (lambda np, x: np.ones_like(x), (T,)),
    "pad": (lambda np, x: np.pad(x, 2), (B,)),
    "pad with numbers": (
        lambda np, x: np.pad(x, ((1, 0), (2, 3)), constant_values=((1, 2), (3, 4.7))), (B,)
    ),
    "pad a dict": (lambda np, x: np.pad(x, {-1: (1, 2)}), (B,)),
    "pad edge": (lambda np, x: np.pad(x, (3, 1), mode="edge"), (B,)),
    "pad empty": (lambda np, x: np.pad(x, 1, mode="empty")[1:-1, 1:-1], (B,)),
    "pad linear_ramp": (lambda np, x: np.pad(x, 2, mode="linear_ramp", end_values=4), (S,)),
    "pad mean": (lambda np, x: np.pad(x, 2, mode="mean", stat_length=2), (B,)),
    "pad odd": (lambda np, x: np.pad(x, 2, mode="reflect", reflect_type="odd"), (B,)),
    "pad reflect": (lambda np, x: np.pad(x, 5, mode="reflect"), (B,)),
    "pad symmetric": (lambda np, x: np.pad(x, ((0, 0), (4, 9)), mode="symmetric"), (B,)),
    "pad wrap": (lambda np, x: np.pad(x, 6, mode="wrap"), (B,)),
    "permute_dims": (lambda np, x: np.permute_dims(x, (1, -1, 0)), (A,)),
    "ravel": (lambda np, x: np.ravel(x), (A,)),
    "ravel by columns": (lambda np, x: np.ravel(x, order="F"), (A,)),
    "ravel_multi_index": (
        lambda np, i, j: np.ravel_multi_index((i, j), (3, 4)), (B % 3, abs(B[:1]) % 4)
    ),
    "ravel_multi_index wrap": (
        lambda np, i: np.ravel_multi_index(i, (3, 4), mode=("wrap", "clip"), order="F"), (B[:2],)
    ),
    "repeat": (lambda np, x: np.repeat(x, 2), (B,)),
    "repeat rows": (lambda np, x: np.repeat(x, 3, axis=0), (B,)),
    "repeat each": (lambda np, x: np.repeat(x, [0, 2, 1], axis=0), (B,)),
    "repeat as often as": (lambda np, x, n: np.repeat(x, n, axis=0), (B, W[2:5])),
    "repeat never": (lambda np, x: np.repeat(x, 0, axis=1), (B,)),
    "reshape": (lambda np, x: np.reshape(x, (4, -1)), (A,)),
    "reshape by columns": (lambda np, x: np.reshape(x, (4, -1), order="F"), (A,)),
    "resize": (lambda np, x: np.resize(x, (3, 7)), (B,)),
    "resize smaller": (lambda np, x: np.resize(x, 5), (B,)),
    "roll": (lambda np, x: np.roll(x, 5), (B,)),
    "roll an axis": (lambda np, x: np.roll(x, -1, axis=1), (B,)),
    "roll axes": (lambda np, x: np.roll(x, (1, 2, 7), axis=(0, 1, 0)), (B,)),
    "rollaxis": (lambda np, x: np.rollaxis(x, 2), (A,)),
    "rollaxis to the end": (lambda np, x: np.rollaxis(x, 0, 3), (A,)),
    "rot90": (lambda np, x: np.rot90(x), (A,)),
    "rot90 twice": (lambda np, x: np.rot90(x, 2, axes=(1, 2)), (A,)),
    "rot90 back": (lambda np, x: np.rot90(x, -1, axes=(2, 0)), (A,)),
    "rot90 whole": (lambda np, x: np.rot90(x, 4), (A,)),
    "select": (lambda np, x: np.select([x > 9, x > 0], [x, x * 10], -1), (B,)),
    "select floats": (lambda np, x, m: np.select([m, m], [x, 1.5]), (B, T)),
    "split": (lambda np, x: np.split(x, 2, axis=-1), (A,)),
    "split at": (lambda np, x: np.split(x, [1, 2], axis=1), (A,)),
    "squeeze": (lambda np, x: np.squeeze(x), (ONES,)),
    "squeeze axes": (lambda np, x: np.squeeze(x, axis=(0, -1)), (ONES,)),
    "stack": (lambda np, x, y: np.stack((x, y), axis=1), (B, B * 0.5)),
    "swapaxes": (lambda np, x: np.swapaxes(x, 0, -1), (A,)),
    "take": (lambda np, x: np.take(x, [[0, -1], [2, 0]], axis=1), (A,)),
    "take flat": (lambda np, x: np.take(x, [0, -1, 5]), (A,)),
    "take clip": (lambda np, x, i: np.take(x, i, axis=0, mode="clip"), (B, B)),
    "take wrap": (lambda np, x, i: np.take(x, i, mode="wrap"), (B, B)),
    "take_along_axis": (lambda np, x, i: np.take_along_axis(x, i, axis=0), (B, B % 3)),
    "take_along_axis spread": (lambda np, x, i: np.take_along_axis(x, i), (B, B[:1, :2] % 4)),
    "take_along_axis flat": (lambda np, x, i: np.take_along_axis(x, i, axis=None), (B, W)),
    "tile": (lambda np, x: np.tile(x, 2), (B,)),
    "tile axes": (lambda np, x: np.tile(x, (2, 1, 3)), (B,)),
    "tile few": (lambda np, x: np.tile(x, (2,)), (POINT,)),
    "transpose": (lambda np, x: np.transpose(x), (A,)),
    "tril": (lambda np, x: np.tril(x, 1), (numpy.where(A > 0, numpy.inf, A),)),
    "tril of a vector": (lambda np, x: np.tril(x), (V,)),
    "triu": (lambda np, x: np.triu(x, -1), (B,)),
    "triu of NaN": (lambda np, x: np.triu(x), (S * numpy.float32("nan"),)),
    "trim_zeros": (lambda np, x: np.trim_zeros(x), (W,)),
    "trim_zeros front": (lambda np, x: np.trim_zeros(x, "f"), (W,)),
    "trim_zeros of axes": (lambda np, x: np.trim_zeros(x), (numpy.diag(W[1:]),)),
    "trim_zeros of zeros": (lambda np, x: np.trim_zeros(x, "b"), (W * 0,)),
    "unravel_index": (lambda np, x: np.unravel_index(x, (3, 7)), (W * 5,)),
    "unstack": (lambda np, x: np.unstack(x, axis=1), (A,)),
    "vsplit": (lambda np, x: np.vsplit(x, 2), (A,)),
    "vstack": (lambda np, x, y: np.vstack((x, y)), (B, B[0])),
    "zeros_like": (lambda np, x: np.zeros_like(x, dtype="int8"), (A,)),
    "complex": (lambda np, x: np.tril(np.diag(np.tile(np.flip(x), 2), 1)), (C,)),
}  # fmt: skip

# Of sizes and numbers alone.
MADE: dict[str, Case] = {
    "arange": lambda np: np.arange(5),
    "arange of floats": lambda np: np.arange(0.5, 3, 0.4),
    "arange down": lambda np: np.arange(5, 0, -2, dtype="float32"),
    "array of lists": lambda np: np.array([[1, 2], [3, 4.5]], "float32"),
    "asarray of a number": lambda np: np.asarray(3),
    "broadcast_shapes": lambda np: np.asarray(np.broadcast_shapes((2, 1), (3,), 1)),
    "diag_indices": lambda np: np.diag_indices(3, 3),
    "diag_indices_from": lambda np: np.diag_indices_from(S),
    "empty": lambda np: np.empty((2, 3), "int32") * 0,
    "eye": lambda np: np.eye(3),
    "eye off": lambda np: np.eye(3, M=4, k=-1, dtype="int8"),
    "eye far": lambda np: np.eye(3, k=10**12, dtype=bool),
    "full": lambda np: np.full((2, 3), 7),
    "full of floats": lambda np: np.full(3, numpy.float32(1.5)),
    "full of an array": lambda np: np.full((2, 3), [1, 2, 3], dtype="float32"),
    "full of a complex number": lambda np: np.full(2, 1j),
    "geomspace": lambda np: np.geomspace(1, 256, 9),
    "geomspace down": lambda np: np.geomspace(-1000, -1, 4, endpoint=False),
    "identity": lambda np: np.identity(3, "float32"),
    "indices": lambda np: np.indices((2, 3)),
    "indices sparse": lambda np: np.indices((2, 3), dtype="int32", sparse=True),
    "ix_": lambda np: np.ix_([0, 2], [True, False, True], []),
    "linspace": lambda np: np.linspace(0, 1, 7),
    "linspace of ints": lambda np: np.linspace(-2, 5, 4, dtype="int32"),
    "linspace of one": lambda np: np.linspace(3, 4, 1, retstep=True),
    "linspace of none": lambda np: np.linspace(3, 4, 0, endpoint=False),
    "linspace complex": lambda np: np.linspace(0, 1j, 3),
    "linspace float32": lambda np: np.linspace(numpy.float32(0.1), 1, 5),
    "linspace tiny": lambda np: np.linspace(0, 5e-324, 3),
    "logspace": lambda np: np.logspace(0, 3, 4, base=2, dtype="float32"),
    "ndim": lambda np: np.asarray([np.ndim([[1]]), np.size(B, 0), *np.shape(B)]),
    "ones": lambda np: np.ones(3, dtype="int32"),
    "size": lambda np: np.asarray([np.size(A), np.size(A, (0, -1)), np.size(3)]),
    "tri": lambda np: np.tri(3, 5, 1, "int32"),
    "tril_indices": lambda np: np.tril_indices(3, 1, 4),
    "tril_indices_from": lambda np: np.tril_indices_from(B, -1),
    "trim_zeros of a list": lambda np: np.asarray(np.trim_zeros([0, 1, 0])),
    "triu_indices": lambda np: np.triu_indices(3),
    "triu_indices_from": lambda np: np.triu_indices_from(B, 1),
    "zeros": lambda np: np.zeros((2, 0, 3)),
}


def check(found: Any, wanted: Any, tolerance: float = 0) -> None:
    """The same kind of sequence of arrays, each of the same type, with the same elements."""
    if isinstance(wanted, list | tuple):
        assert type(found) is type(wanted) and len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            check(one, other, tolerance)
        return
    found, wanted = numpy.asarray(found), numpy.asarray(wanted)
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    numpy.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


def expected(function: Case, arrays: tuple[Any, ...]) -> Any:
    with numpy.errstate(all="ignore"):
        return function(numpy, *arrays)


def compiled(function: Case, types: Any, **options: Any) -> Any:
    return compile(lambda *arrays: function(np, *arrays), types, **options)


@pytest.mark.parametrize("name", MADE)
def test_made(name: str) -> None:
    check(MADE[name](np), expected(MADE[name], ()))


@pytest.mark.parametrize("name", MOVED)
def test_on_numpys_arrays(name: str) -> None:
    function, arrays = MOVED[name]
    kept = [array.copy() for array in arrays]
    with numpy.errstate(all="ignore"):
        check(function(np, *arrays), expected(function, arrays))
    numpy.testing.assert_array_equal(arrays[0], kept[0])


@pytest.mark.parametrize("name", MOVED)
def test_traced(name: str) -> None:
    function, arrays = MOVED[name]
    types = tuple(spec(array.dtype, array.shape) for array in arrays)
    check(compiled(function, types, backend="numpy")(*arrays), expected(function, arrays))


@pytest.mark.parametrize("name", MOVED)
def test_compiled(name: str, device_backend: dict[str, Any]) -> None:
    function, arrays = MOVED[name]
    types = tuple(spec(array.dtype, array.shape) for array in arrays)
    check(compiled(function, types, **device_backend)(*arrays), expected(function, arrays), 1e-6)


# What a size that is only named leaves open: whether it divides, is smaller than another, is 1.
UNDECIDED = {
    "array_split", "broadcast_to", "choose clip", "compress flat", "delete several",
    "delete a slice", "delete by mask", "diag of a matrix", "diag beyond", "diagonal",
    "diagonal of axes", "dsplit", "hsplit of a vector", "insert one of several", "insert several",
    "insert at a mask", "ravel_multi_index wrap", "repeat each", "reshape", "reshape by columns",
    "resize", "resize smaller", "split", "squeeze", "unstack", "vsplit",
}  # fmt: skip


@pytest.mark.parametrize("name", MOVED)
def test_named_sizes(name: str) -> None:
    """The sizes of every axis are named, equal ones the same."""
    function, arrays = MOVED[name]
    types = tuple(spec(a.dtype, [_named(size) for size in a.shape]) for a in arrays)
    if name in UNDECIDED:
        with pytest.raises((DimensionError, UsageError)):
            compiled(function, types, backend="numpy")
        return
    check(compiled(function, types, backend="numpy")(*arrays), expected(function, arrays))


def _named(size: int) -> Any:
    return 1 if size == 1 else parse(f"n{size}")
