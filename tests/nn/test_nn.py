"""Blocks: parameters by name, the same numbers for one seed, layers that are their operators."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import nn, np, npx
from isthmus.errors import DimensionError, UsageError
from isthmus.program.compiling import compile
from isthmus.trace.tracing import spec, trace

X = numpy.linspace(-2, 2, 12, dtype=numpy.float32).reshape(4, 3)
IMAGE = numpy.linspace(-1, 1, 2 * 4 * 6 * 6, dtype=numpy.float32).reshape(2, 4, 6, 6)
IDS = numpy.array([[1, 0], [4, 2]], numpy.int32)


class Perceptron(nn.Block):
    """Two dense layers."""

    def __init__(self) -> None:
        self.hidden = nn.Dense(5, 3)
        self.activation = nn.Activation("relu")
        self.output = nn.Dense(2, 5, bias=False)

    def forward(self, x: Any) -> Any:
        return self.output(self.activation(self.hidden(x)))


@pytest.fixture
def net() -> Perceptron:
    made = Perceptron()
    made.initialize(seed=5)
    return made


# Parameters


def test_names_are_those_of_attributes(net: Perceptron) -> None:
    assert list(net.parameters()) == ["hidden.weight", "hidden.bias", "output.weight"]
    assert [name for name, _ in net.children()] == ["hidden", "activation", "output"]
    assert repr(net.hidden.weight) == "Parameter(5, 3)"


def test_values_depend_on_seed_and_name_alone(net: Perceptron) -> None:
    other = Perceptron()
    other.initialize(seed=5)
    for name, parameter in net.parameters().items():
        numpy.testing.assert_array_equal(parameter.data(), other.parameters()[name].data())
        assert parameter.data().dtype == numpy.float32
    other.initialize(seed=6)
    assert (net.hidden.weight.data() != other.hidden.weight.data()).all()
    assert (net.hidden.weight.data()[:2, :3] != net.output.weight.data()[:2, :3]).all()


def test_a_parameter_needs_values() -> None:
    with pytest.raises(UsageError, match=r"call initialize\(seed\) or load weights"):
        nn.Dense(2, 3)(X)


def test_parameters_are_set_by_name(net: Perceptron) -> None:
    arrays = {name: numpy.full(p.shape, 0.5) for name, p in net.parameters().items()}
    net.set_parameters(arrays)
    wanted = numpy.maximum(X @ numpy.full((3, 5), 0.5) + 0.5, 0) @ numpy.full((5, 2), 0.5)
    numpy.testing.assert_allclose(net(X), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("hidden.bias"), r"1 missing \(hidden.bias\); rename"),
        (lambda arrays: arrays.update(strange=1), r"1 unexpected \(strange\); rename"),
        (
            lambda arrays: arrays.update({"hidden.bias": numpy.zeros(4)}),
            r"shape \(4,\) given for a parameter of shape \(5,\)",
        ),
    ],
)
def test_parameters_that_do_not_fit(net: Perceptron, change: Any, message: str) -> None:
    arrays: dict[str, Any] = {name: p.data() for name, p in net.parameters().items()}
    change(arrays)
    with pytest.raises(UsageError, match=message):
        net.set_parameters(arrays)


def test_float32_is_taken_without_a_copy() -> None:
    parameter = nn.Parameter((2, 3), nn.zeros)
    array = numpy.ones((2, 3), numpy.float32)
    parameter.set(array)
    assert parameter.data() is array
    parameter.set(array.astype("float64").T.copy().T)
    assert parameter.data().flags.c_contiguous and parameter.data().dtype == numpy.float32


def test_a_0d_parameter_stays_one() -> None:
    parameter = nn.Parameter((), nn.ones)
    parameter.set(2.0)
    assert parameter.data().shape == ()


def test_initializers() -> None:
    generator = numpy.random.default_rng(0)
    assert not nn.zeros(generator, (3,)).any() and nn.ones(generator, (3,)).all()
    wide = (4000, 50)
    assert abs(nn.normal(0.1)(generator, wide).std() - 0.1) < 1e-3
    assert abs(nn.he(generator, wide).std() - (2 / 50) ** 0.5) < 1e-3


def test_parameters_are_named_constants(net: Perceptron) -> None:
    graph = trace(net, spec("float32", ["n", 3])).graph
    named = {
        graph.constant_names[id(c.array)]
        for c in graph.constants()
        if id(c.array) in graph.constant_names
    }
    assert named == set(net.parameters())


def test_a_hybridized_block_sees_new_parameters(net: Perceptron) -> None:
    net.hybridize(backend="numpy")
    before = net(X)
    net.initialize(seed=7)
    assert not numpy.allclose(net(X), before)
    numpy.testing.assert_allclose(net(X), net.forward(X), rtol=1e-6)
    net.output.weight.set(numpy.zeros((2, 5)))
    assert not net(X).any()


# Layers


def test_sequential(net: Perceptron) -> None:
    row = nn.Sequential(net, nn.Activation("tanh"), nn.Dropout(), nn.Identity())
    assert len(row) == 4 and row[0] is net and isinstance(row[-1], nn.Identity)
    assert next(iter(row.parameters())) == "0.hidden.weight"
    numpy.testing.assert_array_equal(row(X), numpy.tanh(net(X)))


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_activations(name: str) -> None:
    layer = nn.Activation(name)
    assert layer(X).shape == X.shape and layer(X).dtype == numpy.float32
    run = compile(layer, spec("float32", ["n", 3]), backend="numpy")
    numpy.testing.assert_allclose(run(X), layer(X), rtol=1e-6)


def test_an_unknown_activation() -> None:
    with pytest.raises(UsageError, match=r"no activation 'rely'; there are elu, gelu"):
        nn.Activation("rely")


def initialized(block: nn.Block) -> nn.Block:
    block.initialize(seed=1)
    return block


def data(block: nn.Block, name: str) -> Any:
    return block.parameters()[name].data()


def test_convolution_layer() -> None:
    layer = initialized(nn.Conv2D(6, 4, 3, strides=2, padding=1, groups=2, bias=True))
    assert data(layer, "weight").shape == (6, 2, 3, 3)
    layer.parameters()["bias"].set(numpy.arange(6))
    wanted = npx.convolution(IMAGE, data(layer, "weight"), strides=2, padding=1, groups=2)
    numpy.testing.assert_allclose(
        layer(IMAGE), wanted + numpy.arange(6).reshape(6, 1, 1), rtol=1e-6
    )
    assert "bias" not in nn.Conv2D(6, 4, 3).parameters()


def test_batch_norm_layer() -> None:
    layer = initialized(nn.BatchNorm(4, epsilon=0.5))
    layer.parameters()["running_mean"].set([0, 1, 2, 3])
    layer.parameters()["running_var"].set([1, 2, 3, 4])
    mean, variance = (numpy.arange(start, start + 4).reshape(4, 1, 1) for start in (0, 1))
    wanted = (IMAGE - mean) / numpy.sqrt(variance + 0.5)
    numpy.testing.assert_allclose(layer(IMAGE), wanted, rtol=1e-5, atol=1e-6)


def test_layer_norm_layer() -> None:
    layer = initialized(nn.LayerNorm(3))
    wanted = (X - X.mean(-1, keepdims=True)) / numpy.sqrt(X.var(-1, keepdims=True) + 1e-5)
    numpy.testing.assert_allclose(layer(X), wanted, rtol=1e-5)


def test_embedding_layer(device_backend: dict[str, Any]) -> None:
    layer = initialized(nn.Embedding(5, 3))
    numpy.testing.assert_array_equal(layer(IDS), data(layer, "weight")[IDS])
    run = compile(layer, spec("int32", ["n", "m"]), **device_backend)
    numpy.testing.assert_array_equal(run(IDS), layer(IDS))
    with pytest.raises(IndexError):
        run(IDS + 1)


def test_pooling_and_shapes() -> None:
    assert nn.MaxPool2D(2)(IMAGE).shape == (2, 4, 3, 3)
    numpy.testing.assert_array_equal(nn.MaxPool2D(6)(IMAGE)[..., 0, 0], IMAGE.max((2, 3)))
    pooled = nn.GlobalAvgPool2D()(IMAGE)
    numpy.testing.assert_allclose(pooled, IMAGE.mean((2, 3), keepdims=True), rtol=1e-5, atol=1e-7)
    assert nn.Flatten()(IMAGE).shape == (2, 144)


def test_flatten_of_a_named_batch() -> None:
    graph = trace(nn.Flatten(), spec("float32", ["n", 4, 6])).graph
    assert str(graph.outputs[0].type) == "float32[n, 24]"


def test_a_layer_names_the_sizes_that_do_not_fit(net: Perceptron) -> None:
    with pytest.raises(
        DimensionError, match=r"npx\.fully_connected\(float32\[n, 4\].*inner sizes 4 and 3"
    ):
        trace(net, spec("float32", ["n", 4]))


def test_a_block_with_several_arguments() -> None:
    class Gate(nn.Block):
        def forward(self, x: Any, gate: Any = None, *, scale: Any = 1) -> Any:
            return x * scale if gate is None else np.where(gate, x * scale, 0)

    specs = {"x": spec("float32", ["n"]), "gate": spec("bool", ["n"])}
    run = compile(Gate(), specs, backend="numpy")
    gate = numpy.array([True, False, True])
    numpy.testing.assert_array_equal(run(x=X[0], gate=gate), numpy.where(gate, X[0], 0))


# Normalisation of examples, and slopes that are learnt


def test_groups_of_channels(any_backend: dict[str, Any]) -> None:
    net = nn.Sequential(nn.GroupNorm(2), nn.InstanceNorm(scale=True), nn.PReLU(4), nn.RMSNorm())
    net.initialize(seed=1)
    found = net(IMAGE)
    names = ["0.bias", "0.weight", "1.bias", "1.weight", "2.weight", "3.weight"]
    assert sorted(net.parameters()) == names
    wanted = IMAGE.reshape(2, 2, -1)
    wanted = (wanted - wanted.mean(-1, keepdims=True)) / numpy.sqrt(
        wanted.var(-1, keepdims=True) + 1e-5
    )
    wanted = wanted.reshape(IMAGE.shape)
    wanted = (wanted - wanted.mean((2, 3), keepdims=True)) / numpy.sqrt(
        wanted.var((2, 3), keepdims=True) + 1e-5
    )
    wanted = numpy.where(wanted > 0, wanted, wanted / 4)
    wanted = wanted / numpy.sqrt((wanted * wanted).mean(-1, keepdims=True) + 1e-5)
    numpy.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    run = compile(net, spec("float32", ["n", 4, 6, 6]), **any_backend)
    numpy.testing.assert_allclose(run(IMAGE), found, rtol=1e-4, atol=1e-5)


def test_what_such_layers_refuse() -> None:
    with pytest.raises(DimensionError, match="4 channels in 3 groups"):
        layer = nn.GroupNorm(3)
        layer.initialize()
        layer(IMAGE)
    with pytest.raises(UsageError, match="2 axes"):
        nn.InstanceNorm()(X)
    with pytest.raises(UsageError, match="groups, num_groups"):
        nn.GroupNorm(2, num_groups=3)
    with pytest.raises(UsageError, match="over the last axis"):
        nn.RMSNorm(axis=1)
