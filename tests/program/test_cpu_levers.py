"""Settings of the cpu backend that change the kernel and not the numbers."""

from __future__ import annotations

from typing import Any

import numpy
import openvino
import pytest
from openvino import opset16 as ov

import isthmus as im
from isthmus import npx
from isthmus.errors import UsageError
from isthmus.program.backend import find_backend
from isthmus.program.executable import Executable
from isthmus.program.options import Options

F32 = numpy.float32
WEIGHT = numpy.random.default_rng(0).standard_normal((128, 96)).astype(F32)
BIAS = numpy.linspace(-1, 1, 128, dtype=F32)
X = numpy.random.default_rng(1).standard_normal((16, 96)).astype(F32)
SPECIAL = numpy.array(
    [0.0, -0.0, 1, -1, 1e-40, -1e-40, 3e38, -3e38, numpy.inf, -numpy.inf, numpy.nan], F32
)


def dense(x: Any) -> Any:
    return npx.fully_connected(x, WEIGHT, BIAS)


def made(function: Any, kernel: str, shape: Any = (16, 96)) -> Executable:
    traced = im.trace(function, im.spec("float32", shape))
    return Executable(traced, "cpu", Options(extra={"dense_kernel": kernel}), "allow")


def kernels(run: Executable) -> list[str]:
    model = run._run.runners[0].compiled.model.get_runtime_model()  # type: ignore[attr-defined]
    infos = [op.get_rt_info() for op in model.get_ordered_ops()]
    return [
        info["primitiveType"].value for info in infos if info["layerType"].value == "FullyConnected"
    ]


def layers(run: Executable) -> list[str]:
    return [text.split()[0] for text in run._run.runners[0].describe()]


def test_a_plain_dense_layer_gets_another_kernel_and_no_other_node() -> None:
    own, other = made(dense, "mlas"), made(dense, "onednn")
    assert layers(own) == layers(other) == ["FullyConnected"]
    if "mlas" in kernels(own)[0]:  # of which not all builds of OpenVINO have one
        assert "mlas" not in kernels(other)[0]
    numpy.testing.assert_allclose(other(X), own(X), 1e-4, 1e-4)


def test_the_default_is_the_plugins_own_choice() -> None:
    run = im.compile(dense, im.spec("float32", (16, 96)), threads=1)
    assert kernels(run) == kernels(made(dense, "mlas"))


@pytest.mark.parametrize(
    "function",
    [
        dense,
        lambda x: {"y": dense(x), "z": dense(x) + 1},
        lambda x: npx.gelu(dense(x)),
        lambda x: npx.relu(npx.fully_connected(x, WEIGHT, None)),
        lambda x: npx.layer_norm(dense(x) + dense(2 * x), BIAS, BIAS),
        lambda x: npx.foreach(lambda row, state: (dense(row) + state, state), x, BIAS)[0],
    ],
)
@pytest.mark.parametrize("shape", [(16, 96), ("n", 96)])
def test_the_numbers_stay(function: Any, shape: Any) -> None:
    found, wanted = (made(function, kernel, shape)(X) for kernel in ("onednn", "mlas"))
    for one, two in zip(_arrays(found), _arrays(wanted), strict=True):
        numpy.testing.assert_allclose(one, two, 1e-4, 1e-4)


def _arrays(found: Any) -> list[Any]:
    return list(found.values()) if isinstance(found, dict) else [found]


def test_nan_and_infinities_stay_where_they_are() -> None:
    x = X.copy()
    x[: len(SPECIAL), 5] = SPECIAL
    with numpy.errstate(all="ignore"):
        found, wanted = made(dense, "onednn")(x), x @ WEIGHT.T + BIAS
    assert numpy.array_equal(numpy.isnan(found), numpy.isnan(wanted))
    assert numpy.array_equal(found[numpy.isinf(wanted)], wanted[numpy.isinf(wanted)])


def test_prelu_of_slope_1_gives_every_bit_as_it_is() -> None:
    x = ov.parameter([1, len(SPECIAL)], F32)
    same = openvino.Model([ov.prelu(x, ov.constant(numpy.ones(1, F32)))], [x])
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    found = openvino.Core().compile_model(same, "CPU", settings)([SPECIAL[None]])[0]
    numbers = ~numpy.isnan(SPECIAL)
    assert found[0][numbers].tobytes() == SPECIAL[numbers].tobytes()
    assert numpy.isnan(found[0][~numbers]).all()


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"dense_kernel": "fast"}, "dense_kernel='fast': give 'mlas' or 'onednn'"),
        ({"kernel": "mlas"}, "has no setting 'kernel'; give 'dense_kernel'"),
    ],
)
def test_what_is_no_setting_is_refused(extra: Any, words: str) -> None:
    traced = im.trace(dense, im.spec("float32", (16, 96)))
    with pytest.raises(UsageError, match=words):
        Executable(traced, "cpu", Options(extra=extra), "allow")


def test_a_backend_tells_its_settings_and_each_of_them_works() -> None:
    backend: Any = find_backend("cpu")
    found = backend.levers(Options())
    assert found == {"dense_kernel": ("mlas", "onednn")}
    assert backend.levers(Options(precision="bf16")) == {}
    assert backend.levers(Options(weights="int8")) == {}
    for name, values in found.items():
        for value in values:
            Executable(
                im.trace(dense, im.spec("float32", (16, 96))),
                "cpu",
                Options(extra={name: value}),
                "allow",
            )(X)
