"""Array API namespaces of the backends: arrays that live there, and calls that run there."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
import pytest

import isthmus
from isthmus import np
from isthmus.eager.device import Device
from isthmus.errors import UsageError
from isthmus.trace.array import Array

NAMES = ["numpy", "cpu", "gpu"]
F = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)


def make(name: str) -> Any:
    return isthmus.namespace(name, device="cpu" if name == "gpu" else None)


@pytest.fixture(params=NAMES)
def xp(request: pytest.FixtureRequest) -> Any:
    return make(request.param)


def programs(xp: Any) -> list[Any]:
    device: Device = xp._device
    return [key for key, program in device.programs.known.items() if program is not None]


# Where arrays live, and what runs there


def test_arrays_say_where_they_are(xp: Any) -> None:
    x = xp.asarray(F)
    assert isinstance(x, Array) and x.device is xp._device and str(x.device) in NAMES
    assert x.__array_namespace__() is xp
    assert (xp.sin(x) + 1).device is x.device
    assert xp.zeros(3).device is x.device and xp.zeros_like(x).device is x.device
    assert all(part.device is x.device for part in xp.unstack(x))
    assert x.shape == (2, 3) and x.dtype == xp.float32 and x.size == 6 and x.nbytes == 24


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_a_program_is_compiled_once_for_operator_types_and_attributes(name: str) -> None:
    xp = make(name)
    xp._device.programs.clear()  # of other tests
    for size in (3, 5, 7, 3):
        found = xp.tanh(xp.ones((size, 2), dtype=xp.float32))
        numpy.testing.assert_allclose(numpy.asarray(found), numpy.tanh(numpy.ones((size, 2))), 1e-6)
    assert len([key for key in programs(xp) if key[0] is np.tanh]) == 1
    xp.tanh(xp.ones((3, 2, 4), dtype=xp.float32))
    assert len([key for key in programs(xp) if key[0] is np.tanh]) == 2
    for axis in (0, 1, 0):
        xp.sum(xp.ones((3, 4), dtype=xp.float32), axis=axis)
    assert len([key for key in programs(xp) if key[0] is np.sum]) == 2
    for scalar in (1.5, 2.5, 3):
        xp.ones(3, dtype=xp.float32) * scalar
    assert len([key for key in programs(xp) if key[0] is np.multiply]) == 1


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_what_the_backend_does_not_compute_as_numpy_is_numpys(name: str) -> None:
    xp = make(name)
    x = xp.asarray(numpy.array([2**62, -1]))
    assert int(x[0] + x[0]) == -(2**63)
    assert not any(numpy.dtype("uint16") in key[1][0] for key in programs(xp) if key[1])
    tiny = xp.asarray([1e-300]) * 1e-10
    assert float(tiny[0]) == 1e-310


def test_what_a_program_assumes_of_sizes_need_not_hold_of_the_next(xp: Any) -> None:
    for size in (5, 4, 2, 1):
        x = numpy.arange(size * size, dtype=numpy.float32).reshape(size, size)
        found = xp.linalg.diagonal(xp.asarray(x), offset=3)
        numpy.testing.assert_array_equal(numpy.asarray(found), numpy.diagonal(x, 3))


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    xp = isthmus.namespace("gpu", device="cpu", threads=1)
    monkeypatch.setattr(xp._device.programs, "most", 3)
    for axis in range(6):
        xp.expand_dims(xp.sum(xp.ones((2,) * 6, dtype=xp.float32), axis=axis), axis=0)
    assert len(xp._device.programs) <= 3


def test_calls_from_several_threads(xp: Any) -> None:
    def work(i: int) -> float:
        x = xp.full((i + 2, 3), float(i), dtype=xp.float32)
        return float(xp.sum(xp.exp(x * 0) + x))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(12)))
    assert found == [(i + 2) * 3 * (1.0 + i) for i in range(12)]


def test_gpu_arrays_stay_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under CUDA, whose memory is not the host's: what is computed is not fetched."""
    xp = make("gpu")
    monkeypatch.setattr(xp._device.memory, "is_host", False)
    x = xp.tanh(xp.asarray(F) * 2) + xp.asarray(F)
    y = x[1:].reshape((-1,))
    z = xp.sum(xp.matmul(y, y) * y)
    for array in (x, y, z):
        assert not array.value.is_on_host and array.value._buffer is not None
    wanted = (numpy.tanh(F * 2) + F)[1:].reshape(-1)
    assert float(y[0]) == pytest.approx(float(wanted[0])) and y.value.is_on_host
    assert float(z) == pytest.approx(float((wanted @ wanted * wanted).sum()), rel=1e-5)


# DLPack


def test_dlpack_shares_memory_both_ways(xp: Any) -> None:
    source = F.copy()
    x = xp.from_dlpack(source)
    source[0, 0] = 42
    assert float(x[0, 0]) == 42
    made = xp.asarray(F) * 2
    one, two = numpy.from_dlpack(made), numpy.from_dlpack(made)
    assert one.ctypes.data == two.ctypes.data
    numpy.testing.assert_array_equal(one, F * 2)
    copied = xp.from_dlpack(source, copy=True)
    source[0, 0] = 0
    assert float(copied[0, 0]) == 42


def test_dlpack_with_torch(xp: Any) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.arange(4, dtype=torch.float32)
    x = xp.from_dlpack(tensor)
    tensor[0] = 9
    assert float(x[0]) == 9
    assert torch.from_dlpack(xp.asarray(F) + 1).sum().item() == 21


# What the elements decide


def test_masks_and_integer_arrays(xp: Any) -> None:
    x = xp.asarray(F)
    mask, rows = xp.asarray(F > 1), xp.asarray(numpy.array([1, 0, 1]))
    numpy.testing.assert_array_equal(numpy.asarray(x[mask]), F[F > 1])
    numpy.testing.assert_array_equal(numpy.asarray(x[rows]), F[[1, 0, 1]])
    numpy.testing.assert_array_equal(
        numpy.asarray(x[rows, xp.asarray([0, 1, 2])]), F[[1, 0, 1], [0, 1, 2]]
    )
    with pytest.raises(IndexError):
        x[xp.asarray([2])]


def test_sizes_that_values_decide(xp: Any) -> None:
    x = xp.asarray([3, 1, 3, 0])
    values, counts = xp.unique_counts(x)
    assert values.shape == (3,) and [int(c) for c in counts] == [1, 1, 2]
    assert xp.unique_values(xp.asarray([3, 1, 2, 0, 2] * 20)).tolist() == [0, 1, 2, 3]
    (places,) = xp.nonzero(x)
    assert places.tolist() == [0, 1, 2] and places.device is x.device


def test_numbers(xp: Any) -> None:
    x = xp.asarray(3, dtype=xp.int32)
    assert (int(x), float(x), complex(x), bool(x), [10, 20, 30, 40][x]) == (3, 3.0, 3, True, 40)
    assert x.item() == 3 and xp.asarray(F).tolist() == F.tolist()
    assert f"{xp.asarray(1.25):.1f}" == "1.2"
    with pytest.raises(TypeError):
        len(x)
    with pytest.raises(ValueError):
        bool(xp.asarray(F))
    assert 4.0 in xp.asarray(F) and len(xp.asarray(F)) == 2
    assert [float(row[1]) for row in xp.asarray(F)] == [1, 4]


# Assignment


def test_assignment(xp: Any) -> None:
    x, wanted = xp.asarray(F), F.copy()
    before, doubled = +x, x * 2
    for index, value in (
        ((0, 1), 7.0),
        (slice(1, None), 9),
        ((..., 0), numpy.asarray([5, 6], "float32")),
        (wanted > 6, -1),
        ([0, 1], 3),
    ):
        x[index] = value
        wanted[index] = value
    x += 1
    x[0] *= 2
    wanted += 1
    wanted[0] *= 2
    numpy.testing.assert_array_equal(numpy.asarray(x), wanted)
    numpy.testing.assert_array_equal(numpy.asarray(before), F)
    numpy.testing.assert_array_equal(numpy.asarray(doubled), F * 2)


def test_views_see_what_is_assigned_as_numpys_do(xp: Any) -> None:
    x, wanted = xp.asarray(F), F.copy()
    doubled, copied = x * 2, xp.asarray(x, copy=True)

    def views(a: Any) -> list[Any]:
        row, backwards = a[1], a[:, ::-1]
        return [a, row, row[1:], a.T, a.T[None, 2], backwards, a.reshape(-1), a.T.reshape(-1)]

    ours, theirs = views(x), views(wanted)
    for which, index, value in (
        (0, (0, 1), 7.0),
        (1, slice(None), 9.0),
        (2, 0, 3.0),
        (3, (2, slice(None)), numpy.asarray([5, 6], "float32")),
        (4, 0, -1.0),
        (5, wanted[:, ::-1] > 6, 2.5),
        (6, [0, 5], 11.0),
        (7, 0, 12.0),  # a copy in NumPy: the elements of a transposed array lie in another order
        (0, Ellipsis, 1.0),
    ):
        ours[which][index] = value
        theirs[which][index] = value
        for view, other in zip(ours, theirs, strict=True):
            numpy.testing.assert_array_equal(numpy.asarray(view), other)
    ours[3] *= 3
    theirs[3] *= 3
    ours[0].view("float32")[1] -= 1
    theirs[0].view("float32")[1] -= 1
    ours[1][1] += 1
    theirs[1][1] += 1
    for view, other in zip(ours, theirs, strict=True):
        numpy.testing.assert_array_equal(numpy.asarray(view + 0), other)
    numpy.testing.assert_array_equal(numpy.asarray(doubled), F * 2)
    numpy.testing.assert_array_equal(numpy.asarray(copied), F)


def test_assignment_to_a_view_whose_array_is_gone(xp: Any) -> None:
    only = xp.asarray(F).reshape((-1,))
    only[0] = 1
    row = only[2:]
    row[0] = 5
    assert float(only[0]) == 1 and float(only[2]) == 5
    with pytest.raises(UsageError, match="view of float32 as int32; cast with astype"):
        row.view("int32")
    spread, source = xp.broadcast_to(row, (3, 4)), row[:1]
    with pytest.raises(UsageError, match="share a place, as broadcast ones do"):
        spread[0, 0] = 5
    assert float(source[0]) == 5


def test_the_callers_array_is_not_changed(xp: Any) -> None:
    source = F.copy()
    x = xp.asarray(source)
    x[0, 0] = 9
    source[0, 1] = 8
    assert source[0, 0] == 0 and float(x[0, 1]) == 1
    given = numpy.asarray(x)
    given[:] = 0
    assert float(x[0, 0]) == 9
    with pytest.raises(ValueError, match="read-only"):
        numpy.asarray(x, copy=False)[0] = 1


# Beside other arrays


def test_two_devices_in_one_call() -> None:
    x, y = make("numpy").asarray(F), make("cpu").asarray(F)
    with pytest.raises(UsageError, match="numpy and cpu in one call; bring them together"):
        x + y
    moved = x.to_device("cpu")
    assert float((moved + y)[0, 1]) == 2 and moved.to_device(moved.device) is moved
    with pytest.raises(UsageError, match="device=cpu: this namespace has 'numpy'"):
        make("numpy").zeros(3, device="cpu")


def test_numpys_functions_and_arrays(xp: Any) -> None:
    x = xp.asarray(F)
    for found, wanted in (
        (numpy.sin(x), numpy.sin(F)),
        (F + x, F + F),
        (numpy.concatenate([x, x]), numpy.concatenate([F, F])),
        (numpy.add.reduce(x, axis=1), numpy.add.reduce(F, axis=1)),
        (numpy.maximum.accumulate, None),
        (numpy.multiply.outer(x, x[0]), numpy.multiply.outer(F, F[0])),
        (numpy.linalg.norm(x), numpy.linalg.norm(F)),
    ):
        if wanted is not None:
            assert isinstance(found, Array) and found.device is x.device
            numpy.testing.assert_allclose(numpy.asarray(found), wanted, 1e-6)


def test_numpys_functions_that_are_not_ours(xp: Any) -> None:
    x = xp.asarray(F)
    assert numpy.iscomplexobj(x) is False
    found = numpy.interp(x, [0, 5], [0, 10])
    assert found.device is x.device and found.tolist() == (F * 2).tolist()
    given = numpy.zeros((2, 3), numpy.float32)
    assert numpy.add(x, F, out=given) is given and (given == F + F).all()
    given += x
    assert (given == F * 3).all()
    y, z = xp.asarray(F), xp.zeros(3, dtype=xp.float32)
    assert numpy.clip(y, 1, 3, out=y) is y and y.tolist() == F.clip(1, 3).tolist()
    numpy.add(x[0], 1, out=x[0], where=F[0] > 0)
    assert x[0].tolist() == [0, 2, 3]
    assert numpy.add.reduceat(x[0], [0, 2]).tolist() == [2, 3]
    assert numpy.sum(F, axis=0, out=z) is z and z.tolist() == F.sum(0).tolist()
    with pytest.raises(ValueError, match="read-only"):
        numpy.copyto(x, 0)


def test_compiled_programs_take_and_give_such_arrays(xp: Any) -> None:
    x = xp.asarray(F)
    double = isthmus.jit(lambda a: a * 2, backend="numpy")
    found = double(x)
    assert found.device is x.device and float(found[1, 2]) == 10


def test_a_traced_program_may_use_such_an_array(xp: Any) -> None:
    weight = xp.asarray(F)
    run = isthmus.compile(lambda x: weight * x, isthmus.spec("float32", ["n", 2, 3]), backend="cpu")
    numpy.testing.assert_array_equal(run(numpy.ones((4, 2, 3), numpy.float32)), [F] * 4)


def test_in_a_traced_function_all_arrays_are_of_one_namespace(xp: Any) -> None:
    weight = xp.asarray(F)

    def centred(x: Any) -> Any:
        inside = x.__array_namespace__()
        assert inside is weight.__array_namespace__() and x.device is weight.device
        assert xp.asarray(x) is x and inside.asarray(weight, device=x.device).shape == (2, 3)
        found = inside.zeros((2, 3), dtype=x.dtype, device=x.device)
        found[0, :] = x - inside.mean(weight, axis=0)
        found[1, :] = weight[1] * inside.asarray([1.0, 2, 3], dtype=x.dtype)
        return found

    run = isthmus.compile(centred, isthmus.spec("float32", [3]))
    wanted = [F[0] - F.mean(0), F[1] * [1, 2, 3]]
    numpy.testing.assert_allclose(run(F[0]), wanted, 1e-6)
    assert weight.device is xp._device


def test_pickle_and_copies(xp: Any) -> None:
    x = xp.asarray(F)
    for same in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x), copy.copy(x)):
        same[0, 0] = 7
        assert same.device is x.device and float(x[0, 0]) == 0
    assert pickle.loads(pickle.dumps(xp)) is xp


# The namespace


def test_info(xp: Any) -> None:
    info = xp.__array_namespace_info__()
    assert info.capabilities()["boolean indexing"] and info.default_device() in info.devices()
    assert info.default_dtypes()["real floating"] == xp.float64
    assert set(info.dtypes(kind="complex floating")) == {"complex64", "complex128"}
    older = isthmus.namespace("numpy", api_version="2024.12")
    assert older.__array_api_version__ == "2024.12"
    assert isinstance(older.__array_namespace_info__().devices(), list)
    with pytest.raises(UsageError, match=r"api_version='1999\.01'; there are 2022\.12"):
        isthmus.namespace("numpy", api_version="1999.01")


def test_a_name_that_is_missing_names_the_nearest(xp: Any) -> None:
    with pytest.raises(AttributeError, match=r"the nearest is np\.cosh"):
        xp.coshh  # noqa: B018
    with pytest.raises(UsageError, match="no backend 'tpu'; there are cpu, gpu, numpy"):
        isthmus.namespace("tpu")


@pytest.mark.parametrize("dtype", ["<f4", ">f4"])
def test_an_operand_among_the_results_is_one_of_its_own(dtype: str) -> None:
    """NumPy's histogram returns the edges it is given; their values decide what it does."""
    xp = make("gpu")
    x, edges = numpy.array([-2, -0.5, 0.5, 2], "f4"), numpy.array([-1, 0, 1], dtype)
    for _ in range(20):
        counts, found = np.histogram(xp.asarray(x), bins=xp.asarray(edges))
        assert numpy.asarray(counts).tolist() == [1, 1]
        assert numpy.asarray(found).tolist() == [-1, 0, 1]
