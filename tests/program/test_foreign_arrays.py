"""Arrays of every form that NumPy has, as constants, inputs, parameters: the numbers are right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import nn, np, npx
from isthmus.errors import UsageError

Array = numpy.ndarray[Any, Any]
ELEMENTS = (numpy.arange(12).reshape(4, 3) - 5) * 3


def _unaligned(a: Array) -> Array:
    found = numpy.zeros(a.nbytes + 1, numpy.uint8)[1:].view(a.dtype).reshape(a.shape)
    found[...] = a
    return found


def _read_only(a: Array) -> Array:
    found = a.copy()
    found.flags.writeable = False
    return found


def _field(a: Array) -> Array:
    records = numpy.zeros(a.shape, [("padding", numpy.uint8), ("value", a.dtype)])
    records["value"] = a
    return records["value"]


def _swapped(a: Array) -> Array:
    return a.astype(a.dtype.newbyteorder(">"))


FORMS: dict[str, Callable[[Array], Array]] = {
    "other byte order": _swapped,
    "other byte order, every second row": lambda a: numpy.repeat(_swapped(a), 2, axis=0)[::2],
    "by columns": numpy.asfortranarray,
    "backwards": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "every second row": lambda a: numpy.repeat(a, 2, axis=0)[::2],
    "not aligned": _unaligned,
    "read-only": _read_only,
    "a field of records": _field,
    "broadcast": lambda a: numpy.broadcast_to(a[:1], a.shape),
}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Callable[[Array], Array]:
    return FORMS[request.param]


def assert_same(found: Any, wanted: Array) -> None:
    assert found.dtype.isnative
    numpy.testing.assert_array_equal(found, wanted.astype(found.dtype), strict=True)
    assert found.dtype == wanted.dtype.newbyteorder("=")


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "float64", "bool", "complex64"])
def test_a_constant_has_its_elements(
    dtype: str, form: Callable[[Array], Array], any_backend: dict[str, Any]
) -> None:
    array = form(ELEMENTS.astype(dtype))
    run = im.compile(lambda i: np.take(array, i, axis=0), im.spec("int32", ["n"]), **any_backend)
    assert_same(run(numpy.array([2, 0], numpy.int32)), array[[2, 0]])


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64"])
def test_an_input_has_its_elements(
    dtype: str, form: Callable[[Array], Array], any_backend: dict[str, Any]
) -> None:
    array = form(ELEMENTS.astype(dtype))
    run = im.compile(lambda x: [x, np.concat([x, x])], im.spec(dtype, ["n", 3]), **any_backend)
    once, twice = run(array)
    assert_same(once, array)
    assert_same(twice, numpy.concatenate([array, array]))


def test_in_a_loop_jitted_saved_and_in_a_namespace(
    form: Callable[[Array], Array], any_backend: dict[str, Any], tmp_path: Path
) -> None:
    array = form(ELEMENTS.astype("float32"))
    wanted = array * array[0]

    def program(x: Any) -> Any:
        return npx.foreach(lambda row, state: (row * array[0], state), x, np.zeros(()))[0]

    run = im.compile(program, im.spec("float32", ["n", 3]), **any_backend)
    assert_same(run(array), wanted)
    run.save(tmp_path / "program.im")
    assert_same(im.load(tmp_path / "program.im", **any_backend)(array), wanted)
    assert_same(im.jit(program, **any_backend)(array), wanted)
    xp = im.namespace(any_backend["backend"], device=any_backend.get("device"))
    assert_same(numpy.asarray(xp.asarray(array) * array[0]), wanted)
    assert_same(numpy.asarray(xp.asarray(array)), array)


def test_a_parameter_has_its_elements(form: Callable[[Array], Array]) -> None:
    array = form(ELEMENTS.astype("float32"))
    net = nn.Dense(4, 3, bias=False)
    net.set_parameters({"weight": array})
    assert_same(net(numpy.eye(3, dtype=numpy.float32)), array.T)


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
@pytest.mark.parametrize("dtype", ["float32", ">f4"])
def test_a_file_that_is_mapped(
    mode: Any, dtype: str, any_backend: dict[str, Any], tmp_path: Path
) -> None:
    ELEMENTS.astype(dtype).tofile(tmp_path / "elements")
    array = numpy.memmap(tmp_path / "elements", dtype, mode, shape=ELEMENTS.shape)
    run = im.compile(lambda x: x + array, im.spec("float32", [4, 3]), **any_backend)
    assert_same(run(array), array + array)
    assert_same(im.jit(lambda x: x + array, **any_backend)(array), array + array)


def test_bound_arrays_are_shared_or_refused(form: Callable[[Array], Array]) -> None:
    array = form(ELEMENTS.astype("float32"))
    run = im.compile(lambda x: x + 1, im.spec("float32", ["n", 3]))
    with pytest.raises(
        UsageError, match=r"x: .*(bind needs a writeable array|astype\('float32'\))"
    ):
        run.bind(array)
    assert_same(run.bind(numpy.array(array, numpy.float32, order="C"))(), array + 1)


def test_a_spec_of_another_byte_order_is_one_of_this() -> None:
    assert im.spec(">f4", [2]).dtype == numpy.float32
    assert im.eval_shape(lambda x: x + 1, im.spec(">i8", [2])).dtype == numpy.int64


def test_a_result_of_another_byte_order_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r">f8 is not in this machine's byte order; give 'float64'"
    ):
        im.trace(lambda x: np.astype(x, ">f8"), im.spec("float32", [2]))


def test_gradients_of_another_byte_order() -> None:
    found = im.grad(lambda x: np.sum(x * x))(numpy.arange(3, dtype=">f4"))
    assert_same(found, numpy.array([0, 2, 4], numpy.float32))
