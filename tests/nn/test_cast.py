"""Blocks whose parameters are brought to another dtype, on every backend."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import nn, npx
from isthmus.errors import UsageError

HALF, DOUBLE = numpy.float16, numpy.float64
DTYPES = ("float16", "float32", "float64")
TOLERANCE = {"float16": 4e-3, "float32": 2e-5, "float64": 1e-13}

LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "activation": (lambda: nn.Sequential(nn.Dense(3, 4), nn.Activation("gelu")), (2, 4)),
    "batch_norm": (lambda: nn.BatchNorm(3), (2, 3, 4)),
    "batch_norm_bare": (lambda: nn.BatchNorm(3, center=False, scale=False), (2, 3, 4)),
    "convolution": (lambda: nn.Conv2D(4, 3, 3, bias=True), (2, 3, 8, 8)),
    "dense": (lambda: nn.Dense(3, 4), (2, 4)),
    "dense_without_bias": (lambda: nn.Dense(3, 4, bias=False), (2, 4)),
    "group_norm": (lambda: nn.GroupNorm(2, 4), (2, 4, 5)),
    "gru": (lambda: nn.GRU(4, input_size=3), (5, 2, 3)),
    "instance_norm": (lambda: nn.InstanceNorm(3), (2, 3, 4)),
    "layer_norm": (lambda: nn.LayerNorm(4), (2, 4)),
    "layer_norm_bare": (lambda: nn.LayerNorm(4, center=False, scale=False), (2, 4)),
    "lstm": (lambda: nn.LSTM(4, input_size=3, bidirectional=True), (5, 2, 3)),
    "prelu": (lambda: nn.PReLU(), (2, 4)),
    "rms_norm": (lambda: nn.RMSNorm(4), (2, 4)),
    "rms_norm_bare": (lambda: nn.RMSNorm(4, scale=False), (2, 4)),
    "transposed": (lambda: nn.Conv1DTranspose(2, 3, in_channels=3), (2, 3, 6)),
}


def made(name: str, dtype: str) -> tuple[Any, Any]:
    net, shape = LAYERS[name][0](), LAYERS[name][1]
    net.initialize(seed=3)
    net.cast(dtype)
    return net, numpy.random.default_rng(0).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_layer_computes_in_its_dtype(name: str, dtype: str, any_backend: dict[str, Any]) -> None:
    net, x = made(name, dtype)
    wide, _ = made(name, "float64")
    wide.set_parameters({n: p.data() for n, p in net.parameters().items()})
    expected = wide(x.astype(DOUBLE))
    assert net(x).dtype == numpy.dtype(dtype)
    net.hybridize(**any_backend)
    found = net(x)
    assert found.dtype == numpy.dtype(dtype)
    numpy.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * 2)


def test_double_precision_is_kept(any_backend: dict[str, Any]) -> None:
    net = nn.Dense(1, 3)
    net.cast(DOUBLE)
    net.set_parameters({"weight": [[1.0, 1e-12, -1.0]], "bias": [0.0]})
    net.hybridize(**any_backend)
    numpy.testing.assert_allclose(net(numpy.ones((1, 3))), [[1e-12]], rtol=1e-3)


def test_a_hybridized_block_is_compiled_anew(any_backend: dict[str, Any]) -> None:
    net, x = nn.Dense(2, 3), numpy.full((1, 3), 1 / 3, numpy.float32)
    net.set_parameters({"weight": numpy.full((2, 3), 1 / 3), "bias": [0, 0]})
    net.hybridize(**any_backend)
    before = net(x)
    net.cast("float16")
    after = net(x)
    assert after.dtype == numpy.float32  # as NumPy promotes
    rounded = float(HALF(1 / 3)) * float(numpy.float32(1 / 3)) * 3
    numpy.testing.assert_allclose(after, [[rounded] * 2], rtol=1e-6)
    assert abs(after - before).max() > 1e-6
    assert net(x.astype(HALF)).dtype == HALF


def test_a_batch_norm_alone_is_compiled_anew() -> None:
    net, x = nn.BatchNorm(2), numpy.ones((1, 2, 3), HALF)
    net.initialize()
    net.hybridize(backend="numpy")
    assert net(x).dtype == numpy.float32
    net.cast("float16")
    assert net(x).dtype == HALF


def test_statistics_stay_wide_in_half_precision() -> None:
    """As Gluon's: a variance of 1e6 is beyond float16."""
    net: Any = nn.Sequential(nn.Conv2D(1, 1, 1), nn.BatchNorm(1))
    net.initialize()
    net[1].running_var.set([1e6])
    net.cast("float16")
    assert net[0].weight.data().dtype == HALF
    assert {p.dtype for p in net[1].parameters().values()} == {numpy.dtype("float32")}
    assert net(numpy.ones((1, 1, 2, 2), HALF)).dtype == HALF
    net.cast("float64")
    assert {p.data().dtype for p in net.parameters().values()} == {numpy.dtype("float64")}
    assert net[1].running_var.data() == 1e6


def test_a_program_made_before_keeps_its_weights(any_backend: dict[str, Any]) -> None:
    net, x = nn.Dense(2, 3), numpy.ones((1, 3), numpy.float32)
    net.initialize(seed=0)
    expected = net(x)
    run = im.compile(net, im.spec("float32", [1, 3]), **any_backend)
    net.cast("float16")
    numpy.testing.assert_allclose(run(x), expected, rtol=1e-6)


def test_what_is_set_later_is_cast(tmp_path: Path) -> None:
    net = nn.Dense(2)
    net.initialize(seed=0)
    net.cast("float16")
    assert net(numpy.ones((1, 3), HALF)).dtype == HALF  # its inputs are found at the first call
    assert net.weight.data().dtype == HALF
    net.set_parameters({"weight": numpy.ones((2, 3)), "bias": numpy.ones(2, ">f4")})
    assert {p.data().dtype for p in net.parameters().values()} == {numpy.dtype(HALF)}
    net.save_parameters(tmp_path / "half.safetensors")
    wide = nn.Dense(2, 3)
    wide.load_parameters(tmp_path / "half.safetensors")
    assert wide.weight.data().dtype == numpy.float32
    net.initialize(seed=1)
    assert net.weight.data().dtype == HALF
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.weight.dtype == HALF


def test_twice_and_back_again() -> None:
    net = nn.Dense(2, 3)
    net.set_parameters({"weight": numpy.full((2, 3), 1 / 3), "bias": [0, 0]})
    same = net.weight.data()
    net.cast(numpy.float32)
    assert net.weight.data() is same
    net.cast(">f2")
    assert net.weight.data().dtype == HALF and net.weight.data().dtype.isnative
    once = net.weight.data()
    net.cast(numpy.dtype("float16"))
    assert net.weight.data() is once
    net.cast("float32")
    assert (net.weight.data() == numpy.float32(HALF(1 / 3))).all()


def test_one_parameter_in_two_blocks() -> None:
    first, second = nn.Dense(3, 3), nn.Dense(3, 3)
    second.weight = first.weight
    net = nn.Sequential(first, second)
    net.initialize()
    net.cast("float16")
    assert first.weight.data() is second.weight.data()


def test_a_child_with_a_cast_of_its_own() -> None:
    class Wide(nn.Dense):
        def cast(self, dtype: Any) -> None:
            super().cast("float32")

    net: Any = nn.Sequential(nn.Dense(2, 3), Wide(2, 2))
    net.initialize()
    net.cast("float16")
    assert [net[i].weight.dtype.name for i in (0, 1)] == ["float16", "float32"]


def test_integers_and_arrays_stay() -> None:
    class Shifted(nn.Block):
        def __init__(self) -> None:
            self.table = nn.Embedding(4, 2)
            self.places = numpy.arange(3)
            self.shift = numpy.ones(2, numpy.float32)

        def forward(self, x: Any) -> Any:
            return self.table(x + self.places) + self.shift

    net = Shifted()
    net.initialize()
    net.cast("float16")
    assert net.places.dtype == numpy.int64 and net.shift.dtype == numpy.float32
    assert net.table(numpy.array([1])).dtype == HALF
    assert net(numpy.array([0])).dtype == numpy.float32  # the wider one, as NumPy's


def test_an_export_and_a_saved_program(tmp_path: Path) -> None:
    net, x = nn.Sequential(nn.Dense(2, 3), nn.LayerNorm(2)), numpy.ones((1, 3), HALF)
    net.initialize()
    net.cast("float16")
    im.compile(net, im.spec("float16", [1, 3]), backend="numpy").save(tmp_path / "net.im")
    found = im.load(tmp_path / "net.im", backend="numpy")(x)
    assert found.dtype == HALF and (found == net(x)).all()


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("minilm-l6", {"layers": 1}, "float32"),  # its masks are of numbers beyond float16
        ("resnet-18", {"width": 8}, "float16"),
        ("vit-tiny", {"layers": 1}, "float16"),
    ],
)
def test_models(name: str, options: dict[str, Any], expected: str) -> None:
    net = im.models.create(name, **options)
    net.cast("float16")
    specs = net.specs(batch=1)
    if "x" in specs:
        specs["x"] = im.spec("float16", specs["x"].shape)
    result = im.eval_shape(net, specs)
    results = result.values() if isinstance(result, dict) else [result]
    assert {one.dtype.name for one in results} == {expected}


@pytest.mark.parametrize(
    ("dtype", "said"),
    [
        ("int8", r"cast\('int8'\): parameters are floats; give float16, float32, float64"),
        ("complex64", r"parameters are floats; give float16"),
        ("half precision", r"cast\('half precision'\): parameters are floats"),
        (None, r"cast\(None\): parameters are floats"),
        (bool, "parameters are floats"),
        (numpy.longdouble, "parameters are floats"),
        ("bfloat16", r"leave parameters in float32 and give precision='bf16' to hybridize"),
        (3, r"cast\(3\): parameters are floats"),
    ],
)
def test_other_dtypes(dtype: Any, said: str) -> None:
    net = nn.Dense(2, 3)
    net.initialize()
    with pytest.raises(UsageError, match=said) as raised:
        net.cast(dtype)
    assert "\n" not in str(raised.value)
    assert net.weight.dtype == numpy.float32


def test_numbers_beyond_the_dtype() -> None:
    net: Any = nn.Sequential(nn.Dense(2, 2), nn.Dense(2, 2))
    net.initialize()
    net[1].bias.set([1, 70000])
    said = "1.bias: numbers of float32 given that float16 does not hold; leave it in float32"
    with pytest.raises(UsageError, match=said):
        net.cast("float16")
    assert net[0].weight.dtype == numpy.float32  # nothing is cast
    net[1].bias.set([1, numpy.inf])  # which float16 has
    net.cast("float16")
    with pytest.raises(UsageError, match=r"1\.bias: numbers of float64 given that float16 does"):
        net.set_parameters({"1.bias": [1.0, 1e5]}, strict=False)
    with pytest.raises(UsageError, match="complex128 given for a parameter of float16"):
        net[0].bias.set(numpy.zeros(2, complex))


def test_a_block_of_an_onnx_file(tmp_path: Path) -> None:
    im.export(lambda x: npx.relu(x), im.spec("float32", [2]), tmp_path / "relu.onnx")
    dense = nn.Dense(2, 2)
    dense.initialize()
    net = nn.Sequential(dense, im.load(tmp_path / "relu.onnx"))
    with pytest.raises(UsageError, match=r"OnnxBlock.cast\('float16'\): its nodes are of the type"):
        net.cast("float16")
    assert dense.weight.dtype == numpy.float32
