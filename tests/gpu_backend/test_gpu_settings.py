"""Settings of ONNX Runtime, devices by number, memory that ends, and arrays in a device's memory.

Without a GPU: what is handed to the CUDA provider is read off, and the paths through a device's
memory run on the CPU provider's.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnxruntime

import isthmus as im
from isthmus import np
from isthmus.eager.device import Device as EagerDevice
from isthmus.eager.namespace import Namespace
from isthmus.errors import BackendMissing, IsthmusError, OutOfMemory, UsageError
from isthmus.gpu_backend import GpuBackend
from isthmus.gpu_backend.device import Device, device_of
from isthmus.gpu_backend.device_bound import device_bound
from isthmus.gpu_backend.device_memory import OrtMemory
from isthmus.gpu_backend.problems import load_error, run_error
from isthmus.gpu_backend.session import providers_of
from isthmus.program.levers import settings_of, with_levers
from isthmus.program.options import Options

F32 = numpy.float32


def told(device: str, **levers: Any) -> Options:
    return with_levers(Options(device=device), levers, "gpu")


# Devices


@pytest.mark.parametrize(
    ("text", "device"),
    [(None, ("cuda", 0)), ("cuda", ("cuda", 0)), ("cuda:0", ("cuda", 0)), ("cuda:12", ("cuda", 12)),
     ("cpu", ("cpu", 0))],
)  # fmt: skip
def test_devices_by_name_and_number(text: str | None, device: tuple[str, int]) -> None:
    assert device_of(Options(device=text)) == device


@pytest.mark.parametrize(
    "text", ["tpu", "cuda:", "cuda:-1", "cuda:01", "cuda: 1", "CUDA", "cpu:0", "cuda:1:2", " cuda"]
)
def test_other_names_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        im.compile(np.tanh, im.spec("float32", [2]), backend="gpu", device=text)
    assert f"device={text!r}: backend 'gpu' offers" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_number_reaches_the_provider() -> None:
    ((name, options),) = providers_of(Options(device="cuda:3"))
    assert name == "CUDAExecutionProvider" and options["device_id"] == "3"


# Settings


def test_tf32_is_off_unless_it_is_asked_for() -> None:
    assert providers_of(told("cuda"))[0][1]["use_tf32"] == "0"
    assert providers_of(told("cuda", tf32=False))[0][1]["use_tf32"] == "0"
    assert providers_of(told("cuda", tf32=True))[0][1]["use_tf32"] == "1"


def test_memory_arena_and_graphs_reach_the_provider() -> None:
    given = told("cuda:1", memory_limit_bytes=2**31, arena="same_as_requested", cuda_graph=True)
    assert providers_of(given)[0][1] == {
        "device_id": "1",
        "use_tf32": "0",
        "gpu_mem_limit": str(2**31),
        "arena_extend_strategy": "kSameAsRequested",
        "enable_cuda_graph": "1",
    }


def test_tensorrt_comes_before_cuda() -> None:
    first, second = providers_of(told("cuda", provider="tensorrt"))
    assert first[0] == "TensorrtExecutionProvider" and second[0] == "CUDAExecutionProvider"
    assert first[1]["trt_fp16_enable"] == "0"
    with pytest.raises(UsageError, match="leave out one of them"):
        providers_of(told("cuda", provider="tensorrt", cuda_graph=True))


@pytest.mark.parametrize(
    ("device", "levers", "said"),
    [
        ("cuda", {"tf32": 1}, "tf32=1: give False, or True"),
        ("cuda", {"memory_limit_bytes": 0}, "memory_limit_bytes=0: give a whole number of bytes"),
        ("cuda", {"memory_limit_bytes": True}, "memory_limit_bytes=True: give"),
        ("cuda", {"memory_limit_bytes": 2.0**31}, "give a whole number of bytes from 1048576"),
        ("cuda", {"arena": "on"}, "give 'next_power_of_two' or 'same_as_requested'"),
        ("cuda", {"provider": "rocm"}, "give 'cuda' or 'tensorrt'"),
        ("cpu", {"tf32": True}, "has no 'tf32' with precision='f32'; give 'arena'"),
        ("cpu", {"arena": "kNextPowerOfTwo"}, "give 'on' or 'off'"),
    ],
)
def test_wrong_settings_are_one_line(device: str, levers: Any, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        told(device, **levers)
    assert said in str(raised.value) and "\n" not in str(raised.value)


def test_settings_are_explained_and_neither_tuned_nor_saved(tmp_path: Any) -> None:
    spec = im.spec("float32", ["n"])
    run = im.compile(np.tanh, spec, backend="gpu", device="cpu", levers={"arena": "off"})
    assert ", arena=off" in run.explain().splitlines()[0]
    numpy.testing.assert_allclose(run(numpy.ones(3, F32)), numpy.tanh(numpy.ones(3, F32)))
    run.save(tmp_path / "net.im")
    again = im.load(tmp_path / "net.im", backend="gpu", device="cpu")
    assert "arena" not in again.explain()
    assert "arena" not in GpuBackend().levers(Options(device="cpu"))
    assert set(settings_of(GpuBackend(), Options(device="cpu"))) == {"arena"}


def test_a_setting_does_not_make_a_gpu() -> None:
    with pytest.raises(BackendMissing, match=r"isthmus\[gpu\]"):
        im.compile(
            np.tanh, im.spec("float32", [2]), backend="gpu", device="cuda:1", levers={"tf32": True}
        )


# Memory that ends


def test_a_call_without_memory_is_an_error_of_its_own_and_the_program_goes_on() -> None:
    run = im.compile(
        lambda x: np.broadcast_to(x, (2**20, x.shape[0], 2**10)), im.spec("float32", ["n", 1]),
        backend="gpu", device="cpu",
    )  # fmt: skip
    with pytest.raises(OutOfMemory) as raised:
        run(numpy.ones((2**20, 1), F32))
    said = str(raised.value)
    assert isinstance(raised.value, MemoryError) and isinstance(raised.value, IsthmusError)
    assert "np.broadcast_to" in said and "smaller batches" in said and "\n" not in said


WORDS = [
    "Failed to allocate memory for requested buffer of size 4611686018427387904",
    "CUDA failure 2: out of memory ; GPU=0 ; hostname=a ; file=cuda_call.cc ; line=1",
    "Available memory of 1000 is smaller than requested bytes of 2000",
    "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
    "std::bad_alloc",
]


@pytest.mark.parametrize("words", WORDS)
def test_the_runtimes_words_for_no_memory(words: str) -> None:
    problem = RuntimeError(f"[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : {words}")
    assert isinstance(run_error(problem), OutOfMemory)
    assert isinstance(load_error(Device("cuda"), problem, "install"), OutOfMemory)


def test_other_words_are_no_lack_of_memory() -> None:
    problem = RuntimeError("[ONNXRuntimeError] : 1 : FAIL : CUDA failure 35: driver is too old")
    assert not isinstance(run_error(problem), OutOfMemory)
    assert isinstance(load_error(Device("cuda"), problem, "install"), BackendMissing)
    assert not isinstance(load_error(Device("cpu"), problem, "install"), BackendMissing)


# Through a device's memory, on the CPU provider's


def compiled(function: Any, *specs: Any) -> Any:
    """The loaded runner of a program of one segment."""
    program = im.compile(function, specs, backend="gpu", device="cpu", threads=1)
    assert program._run.direct
    return program._run.runners[0]


@pytest.mark.parametrize("locked", [False, True])
def test_a_bound_call_copies_into_a_device_and_out(locked: bool) -> None:
    runner = compiled(
        lambda x, i: (np.tanh(x) * 2, np.sum(x, axis=0), i + 1, x > 0),
        im.spec("float32", [4, 3]), im.spec("int64", []),
    )  # fmt: skip
    x, i = numpy.ones((4, 3), F32), numpy.array(5)
    outputs = {
        name: numpy.empty(shape, dtype)
        for name, shape, dtype in zip(
            runner.outputs, [(4, 3), (3,), (), (4, 3)], [F32, F32, numpy.int64, bool], strict=True
        )
    }
    given = dict(zip(runner.inputs, (x, i), strict=True))
    again = device_bound(
        onnxruntime, runner.session, Device("cpu"), given, outputs, Lock() if locked else None
    )
    for value in (1, -2, 0.5):
        x[...] = value
        i[...] = int(value)
        first, total, one, above = again()
        numpy.testing.assert_allclose(first, numpy.tanh(x) * 2, rtol=1e-6)
        numpy.testing.assert_allclose(total, x.sum(0), rtol=1e-6)
        assert one == int(value) + 1 and (above == (x > 0)).all()


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Namespace:
    """A namespace whose arrays are in the runtime's memory, as if that were not the host's."""

    class Apart(OrtMemory):
        def __init__(self, options: Options) -> None:
            super().__init__(options)
            self.is_host = False

    monkeypatch.setattr(GpuBackend, "memory", lambda self, options: Apart(options))
    return Namespace(EagerDevice("gpu", GpuBackend(), Options(device="cpu")), "2025.12")


def test_arrays_stay_in_a_memory_that_is_not_the_hosts(apart: Any) -> None:
    x = apart.asarray(numpy.arange(6, dtype=F32).reshape(2, 3))
    y = apart.tanh(x) + x
    assert not y.value.is_on_host
    z = apart.matmul(y, apart.permute_dims(y, (1, 0)))
    assert not z.value.is_on_host
    plain = numpy.arange(6, dtype=F32).reshape(2, 3)
    wanted = (numpy.tanh(plain) + plain) @ (numpy.tanh(plain) + plain).T
    numpy.testing.assert_allclose(numpy.asarray(z), wanted, rtol=1e-5)
    view = x[0]
    x[0, 1] = 7
    assert float(view[1]) == 7


@pytest.mark.parametrize("dtype", ["float32", "int64", "int32", "bool"])
def test_dtypes_come_back_from_there(apart: Any, dtype: str) -> None:
    values = numpy.array([[0, 1], [1, 0]], dtype)
    x = apart.asarray(values)
    x.value.buffer()
    y = apart.permute_dims(apart.concat([x, x], axis=0), (1, 0))
    numpy.testing.assert_array_equal(numpy.asarray(y), numpy.concatenate([values] * 2).T)


# DLPack


@pytest.mark.parametrize("name", ["shared", "apart"])
def test_torch_takes_arrays_and_gives_them(name: str, request: pytest.FixtureRequest) -> None:
    torch = pytest.importorskip("torch")
    xp: Any = (
        request.getfixturevalue("apart")
        if name == "apart"
        else im.namespace("gpu", device="cpu", threads=1)
    )
    given = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    x = xp.from_dlpack(given)
    y = xp.tanh(x) * 2
    found = torch.from_dlpack(y)
    torch.testing.assert_close(found, torch.tanh(given) * 2)


@pytest.mark.parametrize("name", ["shared", "apart"])
def test_numpy_takes_arrays_and_gives_them(name: str, request: pytest.FixtureRequest) -> None:
    xp: Any = (
        request.getfixturevalue("apart")
        if name == "apart"
        else im.namespace("gpu", device="cpu", threads=1)
    )
    given = numpy.arange(6, dtype=F32).reshape(2, 3)
    y = xp.tanh(xp.from_dlpack(given)) * 2
    numpy.testing.assert_allclose(numpy.from_dlpack(y), numpy.tanh(given) * 2, rtol=1e-6)


def test_a_devices_number_is_told_by_dlpack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isthmus.gpu_backend.device_memory.runtime_for", lambda device: onnxruntime)
    assert OrtMemory(Options(device="cuda:2")).dlpack_device() == (2, 2)
    assert OrtMemory(Options(device="cpu")).dlpack_device() == (1, 0)
