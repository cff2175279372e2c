"""Layers as Gluon spells them: inputs that the first call settles, and options by either name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from isthmus import compile, eval_shape, jit, nn, np, npx, spec
from isthmus.errors import UsageError

F = numpy.float32
IMAGE = numpy.linspace(-1, 1, 2 * 4 * 9 * 9, dtype=F).reshape(2, 4, 9, 9)
ROWS = IMAGE.reshape(2, -1)[:, :6]
WORDS = numpy.array([[1, 0]], "i4")


def initialized(block: nn.Block) -> nn.Block:
    block.initialize(seed=3)
    return block


# Each pair is one layer in both spellings, with an input.
PAIRS: dict[str, tuple[nn.Block, nn.Block, Any]] = {
    "dense": (nn.Dense(5, 6), nn.Dense(5), ROWS),
    "dense, names": (nn.Dense(5, 6, bias=False), nn.Dense(5, in_units=6, use_bias=False), ROWS),
    "dense, last axis": (nn.Dense(5, 9), nn.Dense(5, flatten=False), IMAGE),
    "dense, flat": (nn.Dense(5, 324, flatten=True), nn.Dense(5, flatten=True), IMAGE),
    "dense, activation": (nn.Dense(5, 6, activation="relu"), nn.Dense(5, "relu"), ROWS),
    "convolution": (nn.Conv2D(6, 4, 3, bias=True), nn.Conv2D(6, kernel_size=3), IMAGE),
    "convolution, positions": (nn.Conv2D(6, 4, 3, bias=True), nn.Conv2D(6, (3, 3)), IMAGE),
    "convolution, options": (
        nn.Conv2D(6, 4, 3, strides=2, padding=2, dilation=2, groups=2, activation="tanh"),
        nn.Conv2D(
            6, kernel_size=(3, 3), strides=(2, 2), padding=(2, 2), dilation=(2, 2), groups=2,
            layout="NCHW", activation="tanh", use_bias=False, in_channels=0, dtype="float32",
        ),
        IMAGE,
    ),
    "batch norm": (nn.BatchNorm(4), nn.BatchNorm(axis=1, momentum=0.9, in_channels=0), IMAGE),
    "layer norm": (nn.LayerNorm(9, 1e-3), nn.LayerNorm(epsilon=1e-3), IMAGE),
    "embedding": (nn.Embedding(3, 2), nn.Embedding(input_dim=3, output_dim=2), WORDS),
    "max pool": (nn.MaxPool2D(2), nn.MaxPool2D(pool_size=(2, 2), layout="NCHW"), IMAGE),
    "average pool": (
        nn.AvgPool2D(3, 2, 1, count_include_pad=False),
        nn.AvgPool2D(pool_size=3, strides=2, padding=1, ceil_mode=False, count_include_pad=False),
        IMAGE,
    ),
    "global pool": (nn.GlobalAvgPool2D(), nn.GlobalAvgPool2D(layout="NCHW"), IMAGE),
    "dropout": (nn.Dropout(), nn.Dropout(0.2), IMAGE),
    "activation": (nn.Activation("relu"), nn.Activation(activation="relu"), IMAGE),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("way", ["called", "traced", "hybridized"])
def test_both_spellings_are_one_layer(name: str, way: str) -> None:
    ours, theirs, x = PAIRS[name]
    for block in (ours, theirs):
        block.initialize(seed=3)
        block.hybridize(way == "hybridized", backend="numpy")
    if way == "traced":
        run = compile(theirs, spec(x.dtype, ["n", *x.shape[1:]]), backend="numpy")
        numpy.testing.assert_array_equal(run(x), ours(x))
    numpy.testing.assert_array_equal(theirs(x), ours(x))
    assert {n: p.shape for n, p in theirs.parameters().items()} == {
        n: p.shape for n, p in ours.parameters().items()
    }


def test_a_network_whose_inputs_nobody_said(device_backend: dict[str, Any]) -> None:
    def network() -> nn.HybridSequential:
        net = nn.HybridSequential()
        net.add(nn.Conv2D(8, kernel_size=3, dilation=2, activation="relu"), nn.BatchNorm())
        net.add(nn.MaxPool2D(), nn.Flatten(), nn.Dense(10, activation="tanh"), nn.LayerNorm())
        net.initialize(seed=7)
        return net

    net, other = network(), network()
    run = compile(net, spec("float32", ["n", 4, 9, 9]), **device_backend)
    numpy.testing.assert_allclose(run(IMAGE), other(IMAGE), rtol=1e-4, atol=1e-5)
    assert str(net.parameters()["4.weight"]) == "Parameter(10, 32)"
    assert set(run.traced.graph.constant_names.values()) == set(net.parameters())
    assert (
        run.cost(n=2).operations == compile(other, spec("float32", [2, 4, 9, 9])).cost().operations
    )


def test_what_a_dilated_convolution_costs() -> None:
    """The window has as many elements, however far they lie apart."""
    near, far = (initialized(nn.Conv2D(6, 4, 3, dilation=d, padding=d)) for d in (1, 2))
    image = spec("float32", [2, 4, 9, 9])
    costs = [compile(each, image, backend="numpy").cost().operations for each in (near, far)]
    assert costs[0] == costs[1] == 2 * (2 * 6 * 9 * 9) * (4 * 3 * 3)


def test_values_wait_for_the_shape_and_come_once() -> None:
    layer = nn.Dense(3)
    layer.initialize(seed=5)
    assert not layer.weight.has_values and str(layer.weight) == "Parameter(3, ?)"
    with pytest.raises(UsageError, match=r"\(3, \?\) has no values before its block is called"):
        layer.weight.data()
    assert str(eval_shape(layer, spec("float32", ["n", 6]))) == "float32[n, 3]"
    before = layer.weight.data()
    layer(ROWS)
    assert layer.weight.data() is before
    with pytest.raises(ValueError):
        layer(ROWS[:, :5])


def test_threads_settle_alike() -> None:
    layer = initialized(nn.Dense(3))
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(layer(ROWS))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all((each == found[0]).all() for each in found)


def test_a_hybridized_net_is_compiled_once() -> None:
    net = initialized(nn.Dense(3))
    net.hybridize(backend="numpy", static_alloc=True)
    net(ROWS)
    programs = vars(net)["_compiled"].executables
    net(ROWS)
    assert vars(net)["_compiled"].executables is programs and len(programs) == 1


def test_layers_that_are_not_called_need_no_values() -> None:
    class Half(nn.Block):
        def __init__(self) -> None:
            self.used, self.unused = nn.Dense(2), nn.Dense(2)

        def forward(self, x: Any) -> Any:
            return self.used(x)

    net = initialized(Half())
    assert jit(net, backend="numpy")(ROWS).shape == (2, 2)


def test_lists_are_arrays() -> None:
    for layer in (nn.Dense(3), nn.LayerNorm(), nn.BatchNorm(), nn.Flatten()):
        layer.initialize()
        numpy.testing.assert_array_equal(layer(ROWS.tolist()), layer(ROWS.astype("f8")))
    convolution = initialized(nn.Conv2D(2, 3))
    with pytest.raises(UsageError, match="float64 and float32 given; give floats of one dtype"):
        convolution(IMAGE.tolist())


def test_scale_and_shift_are_left_out() -> None:
    plain = nn.LayerNorm(center=False, scale=False)
    assert plain.parameters() == {}
    numpy.testing.assert_allclose(
        plain(ROWS), npx.layer_norm(ROWS, np.ones(6, F), np.zeros(6, F)), rtol=1e-6
    )
    named = compile(plain, spec("float32", ["n", "m"]), backend="cpu")
    numpy.testing.assert_allclose(named(ROWS), plain(ROWS), rtol=1e-5, atol=1e-6)
    assert list(nn.BatchNorm(scale=False).parameters()) == ["bias", "running_mean", "running_var"]


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no option": (lambda: nn.Dense(4, unit=3), "nn.Dense has no option 'unit'; the nearest is"),
    "no option at all": (lambda: nn.Flatten(a=1), "nn.Flatten has no option 'a'; it has none"),
    "dtype": (lambda: nn.Dense(4, dtype="float16"), "dtype='float16' cannot be had: call cast"),
    "layout": (lambda: nn.Conv2D(4, 3, layout="NHWC"), "images are .N, C, H, W.; transpose"),
    "ceil": (lambda: nn.MaxPool2D(ceil_mode=True), "sizes are rounded down; pad the image"),
    "initializer": (lambda: nn.Dense(4, weight_initializer="xavier"), "call initialize.seed."),
    "both": (lambda: nn.Dense(4, 3, in_units=2), "3 and 2 given, which are one option; give one"),
    "no kernel": (lambda: nn.Conv2D(4), "kernel, kernel_size: not given"),
    "strides by position": (lambda: nn.Conv2D(4, (3, 3), (2, 2)), "write kernel_size= and"),
    "groups": (lambda: nn.Conv2D(4, 5, 3, groups=2), "5 inputs do not divide into 2 groups"),
    "later groups": (
        lambda: initialized(nn.Conv2D(4, 3, groups=3))(IMAGE),
        "4 inputs do not divide into 3 groups",
    ),
    "axis": (lambda: nn.BatchNorm(axis=3), "axis=3: channels are axis 1; transpose x"),
    "rate": (lambda: nn.Dropout(1.5), "rate=1.5; give a number from 0, below 1"),
    "activation": (lambda: nn.Dense(4, activation="rely"), "no activation 'rely'"),
    "which axes": (lambda: initialized(nn.Dense(4))(IMAGE), "x with 4 axes: give flatten=False"),
    "a name": (
        lambda: compile(initialized(nn.Dense(4)), spec("float32", ["n", "m"])),
        r"Parameter\(4, \?\) would have a size of 'm', which is a name",
    ),
    "another name": (
        lambda: compile(initialized(nn.Conv2D(4, 3)), spec("float32", ["n", "c", 9, 9])),
        r"would have a size of 'c', which is a name",
    ),
    "no axes": (lambda: initialized(nn.Dense(4))(3.0), "of a number; give x: "),
    "one axis": (
        lambda: initialized(nn.BatchNorm())(ROWS[0]),
        "of x with 1 axes; give .N, channels",
    ),
    "axes": (lambda: initialized(nn.Conv2D(4, 3))(ROWS), r"x with 2 axes; give images"),
    "seed": (lambda: nn.Dense(4, 2).initialize("xavier"), "seed='xavier': give a whole number"),  # type: ignore[arg-type]
    "option": (lambda: nn.Dense(4).hybridize(inline=2), "hybridize has no option 'inline'; it has"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_says_what_to_write(name: str) -> None:
    call, said = WRONG[name]
    with pytest.raises(UsageError, match=said) as raised:
        call()
    assert "\n" not in str(raised.value)
