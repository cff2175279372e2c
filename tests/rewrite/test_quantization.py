"""Layers in integers: what is folded, where quantizers stand, and that every runtime computes it.

The NumPy bodies of the quantized graph are the oracle. A runtime may differ by what one step of the
output's integers is: its rounding differs where a number is within rounding of a half.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from backends import each_runtime

from isthmus import nn, np, npx
from isthmus.graph.nodes import Constant, Result
from isthmus.npx.convolution import biased_convolution
from isthmus.program import calibration
from isthmus.program.backend import find_backend
from isthmus.program.executable import Executable
from isthmus.program.options import Options, checked_options
from isthmus.program.quantization import quantized_program
from isthmus.rewrite.quantization.folding import folded
from isthmus.rewrite.quantization.inserting import Rules
from isthmus.rewrite.quantization.integers import (
    BINS,
    Statistics,
    nearest_ratio,
    scale_of,
    weight_in_integers,
)
from isthmus.rewrite.quantization.smoothing import smoothing
from isthmus.trace.op import OPERATORS
from isthmus.trace.tracing import Traced, spec, trace

QUANTIZE, DEQUANTIZE = OPERATORS["npx.quantize"], OPERATORS["npx.dequantize"]
NUMPY = find_backend("numpy")


class Residual(nn.Block):
    """Two convolutions around which the image is added, as in a ResNet, and a classifier."""

    def __init__(self) -> None:
        self.stem = nn.Sequential(nn.Conv2D(16, 3, kernel=3, padding=1), nn.BatchNorm(16))
        self.first = nn.Sequential(nn.Conv2D(16, 16, kernel=3, padding=1), nn.BatchNorm(16))
        self.second = nn.Sequential(
            nn.Conv2D(16, 16, kernel=3, padding=1, groups=16), nn.BatchNorm(16)
        )
        self.third = nn.Conv2D(16, 16, kernel=1, bias=True)
        self.head = nn.Dense(5, 16)

    def forward(self, x: Any) -> Any:
        x = npx.relu(self.stem(x))
        y = self.third(npx.relu6(self.second(npx.relu(self.first(x)))))
        return self.head(np.mean(npx.relu(x + y), axis=(2, 3)))


class Encoder(nn.Block):
    """A layer of a transformer, of four heads."""

    def __init__(self) -> None:
        self.query, self.key, self.value, self.mixed = (nn.Dense(32, 32) for _ in range(4))
        self.norm, self.wide, self.narrow = nn.LayerNorm(32), nn.Dense(64, 32), nn.Dense(32, 64)

    def forward(self, x: Any) -> Any:
        heads = [np.permute_dims(np.reshape(layer(x), (*x.shape[:2], 4, 8)), (0, 2, 1, 3))
                 for layer in (self.query, self.key, self.value)]  # fmt: skip
        found = np.permute_dims(npx.scaled_dot_product_attention(*heads), (0, 2, 1, 3))
        x = self.norm(x + self.mixed(np.reshape(found, x.shape)))
        return self.norm(x + self.narrow(npx.gelu(self.wide(x))))


def image_net() -> tuple[Any, Any, list[Any]]:
    return _filled(Residual()), spec("float32", ["n", 3, 12, 12]), _samples(2, 3, 12, 12)


def text_net() -> tuple[Any, Any, list[Any]]:
    outliers = numpy.where(numpy.arange(32) == 5, 40, 1).astype(numpy.float32)
    given = [x * outliers for x in _samples(2, 7, 32)]
    return _filled(Encoder()), spec("float32", ["n", "seq", 32]), given


def hand_net() -> tuple[Any, Any, list[Any]]:
    weight = _random(8, 24, 17)
    return (
        lambda x: np.tanh(x @ weight[0] + 1) @ weight[1].T,
        spec("float32", ["n", 24]),
        (_samples(6, 24)),
    )


def _random(*shape: int) -> Any:
    return numpy.random.default_rng(sum(shape)).standard_normal(shape, numpy.float32)


def _samples(*shape: int) -> list[Any]:
    random = numpy.random.default_rng(11)
    return [random.standard_normal(shape, numpy.float32) for _ in range(4)]


def _filled(net: nn.Block) -> nn.Block:
    net.initialize(seed=3)
    random = numpy.random.default_rng(4)
    given: dict[str, Any] = {}
    for name, parameter in net.parameters().items():
        array = parameter.data()
        if array.ndim == 1:  # biases, and statistics above 0
            given[name] = numpy.asarray(random.uniform(0.5, 1.5, array.shape), numpy.float32)
        else:
            given[name] = array * (10 if array.ndim == 2 else 1)
    net.set_parameters(given)
    return net


NETS: dict[str, Callable[[], tuple[Any, Any, list[Any]]]] = {
    "hand": hand_net,
    "image": image_net,
    "text": text_net,
}


def in_integers(name: str, backend: str = "numpy", rules: Rules | None = None) -> Traced:
    net, specs, samples = NETS[name]()
    options = Options(device="cpu" if backend == "gpu" else None)
    traced = trace(net, specs)
    return quantized_program(traced, samples, find_backend(backend), options, rules=rules)


def run(traced: Traced, backend: str) -> Executable:
    device = "cpu" if backend == "gpu" else None
    return Executable(traced, backend, checked_options("f32", 2, "numpy", "allow", device), "allow")


def operators(traced: Traced) -> Counter[str]:
    return Counter(node.op.name for node in traced.graph.nodes())


# Folding


def test_a_batch_norm_and_a_bias_go_into_the_convolution() -> None:
    net, specs, (x, *_) = NETS["image"]()
    graph = trace(net, specs).graph
    found = folded(graph)
    kinds = Counter(node.op.name for node in found.nodes())
    assert kinds["npx.biased_convolution"] == 4
    assert not kinds["npx.batch_norm"] and not kinds["npx.convolution"]
    found.verify()
    traced = trace(net, specs)
    again = Traced(found, traced.arguments, traced.result)
    numpy.testing.assert_allclose(run(again, "numpy")(x), run(traced, "numpy")(x), rtol=2e-5)
    assert set(found.constant_names.values()) >= {"stem.0.weight", "third.weight", "third.bias"}


def test_a_convolution_that_is_used_twice_keeps_its_batch_norm() -> None:
    weight, rows = _random(4, 3, 1, 1), _random(4)

    def function(x: Any) -> Any:
        y = npx.convolution(x, weight)
        return y, npx.batch_norm(y, rows, rows, rows, rows * rows), y + rows[:, None, None]

    graph = folded(trace(function, spec("float32", [1, 3, 5, 5])).graph)
    assert [node.op for node in graph.nodes()] == [npx.convolution, npx.batch_norm, np.add]


def test_sums_that_are_no_bias_are_left() -> None:
    weight, image = _random(4, 3, 1, 1), _random(1, 4, 5, 5)
    for other in (image, image[0, 0], image[:, :1], _random(5)):
        graph = folded(trace(lambda x, o=other: npx.convolution(x, weight) + o,
                             spec("float32", [1, 3, 5, 5])).graph)  # fmt: skip
        assert [node.op for node in graph.nodes()] == [npx.convolution, np.add]


# Numbers


@pytest.mark.parametrize("low, high", [(0, 6), (-1, 3), (-5, -2), (2, 5), (-1e-30, 1e30)])
def test_a_scale_holds_the_range_and_zero(low: float, high: float) -> None:
    found = scale_of(low, high)
    assert found is not None
    ends = numpy.array([low, high, 0], numpy.float32)
    back = npx.dequantize(
        npx.quantize(ends, found.scale, found.zero_point, dtype="uint8"),
        found.scale,
        found.zero_point,
    )
    assert (abs(back - ends) <= found.scale * 0.5001).all()
    assert back[2] == 0


def test_no_range_has_no_scale() -> None:
    assert scale_of(0, 0) is None
    assert scale_of(0, 1e-44) is None  # of which float32 has no 255th part


def test_a_range_is_narrower_where_one_number_is_far_from_the_others() -> None:
    random = numpy.random.default_rng(2)
    numbers = random.standard_normal(100_000)
    counts = numpy.histogram(numbers, BINS, (-4.5, 4.5))[0]
    assert nearest_ratio(counts, -4.5, 4.5) > 0.8
    counts = numpy.histogram(numbers, BINS, (-20, 20))[0]
    counts[0] = counts[-1] = 1
    # Rounding costs 1e5 * (40 / 255)**2 / 12 = 205; at 0.775 it is 123, and clipping 2 * 4.5**2.
    assert nearest_ratio(counts, -20, 20) == pytest.approx(0.775)
    even = numpy.ones(BINS, int)
    assert nearest_ratio(even, 0, 6) == 1
    assert nearest_ratio(even, 0, 0) == 1  # no range at all


def test_arrays_of_many_samples_are_kept_a_few_at_a_time(monkeypatch: Any) -> None:
    wanted = in_integers("image")
    monkeypatch.setattr(calibration, "MOST_BYTES", 1)  # each array by itself
    found = in_integers("image")
    for one, other in zip(wanted.graph.constants(), found.graph.constants(), strict=True):
        numpy.testing.assert_array_equal(one.array, other.array, strict=True)


@pytest.mark.parametrize("largest", [127, 63])
def test_a_weight_is_within_half_a_step_of_each_row(largest: int) -> None:
    weight = _random(5, 3, 2, 2) * numpy.array([1, 0, 1e-3, 1e6, 1e-44])[:, None, None, None]
    weight = weight.astype(numpy.float32)
    whole, scale = weight_in_integers(weight, 0, largest)
    assert abs(whole.astype(int)).max() == largest
    back = whole * scale[:, None, None, None]
    assert (abs(back - weight) <= scale[:, None, None, None] * 0.5001).all()
    assert not whole[1].any()


def test_smoothing_moves_the_outlier_into_the_weight() -> None:
    seen = Statistics(*(numpy.array(v, float) for v in ([-1, -100], [2, 3], [0, 0])))
    weight = numpy.array([[1, 1], [-2, 0.5]], numpy.float32)
    factors = smoothing(seen, [weight], 0.5)
    assert factors[1] / factors[0] == pytest.approx(numpy.sqrt(100 / 1) / numpy.sqrt(2 / 2))
    assert smoothing(Statistics(*numpy.zeros((3, 2))), [weight]).tolist() == [1, 1]


# Where quantizers stand


def test_one_quantizer_for_all_that_read_an_array() -> None:
    traced = in_integers("text")
    kinds = operators(traced)
    assert kinds["npx.quantize"] == 4  # of x, of the heads together, and around the gelu
    assert kinds["npx.multiply"] == 0 and kinds["np.multiply"] == 4  # each smoothed
    for node in traced.graph.nodes():
        if node.op is npx.fully_connected:
            assert all(isinstance(v, Result) and v.node.op is DEQUANTIZE for v in node.operands)
        elif node.op is not DEQUANTIZE:
            made = [v.node.op for v in node.operands if isinstance(v, Result)]
            assert DEQUANTIZE not in made, node.op  # attention, norms and gelu stay in float32


def test_both_sides_of_a_residual_sum_are_integers() -> None:
    (node,) = (n for n in in_integers("image").graph.nodes() if n.op is np.add)
    assert all(isinstance(v, Result) and v.node.op is DEQUANTIZE for v in node.operands)


def test_what_follows_relu_has_no_negative_integers() -> None:
    traced = in_integers("image")
    for node in traced.graph.nodes():
        if node.op is QUANTIZE and isinstance(node.operands[0], Result):
            zero = node.operands[2]
            assert isinstance(zero, Constant)
            if node.operands[0].node.op in (npx.relu, npx.relu6):
                assert zero.array == 0


def test_names_of_weights_are_kept() -> None:
    net, specs, _ = NETS["image"]()
    before = trace(net, specs).graph.constant_names.values()
    graph = in_integers("image").graph
    named = {graph.constant_names.get(id(c.array)): c.array.dtype.name for c in graph.constants()}
    assert named["stem.0.weight"] == "int8" and named["head.bias"] == "int32"
    assert {name for name in before if name.endswith("weight")} & named.keys()


# Equality


@pytest.mark.parametrize("name", NETS)
def test_integers_are_near_the_floats(name: str) -> None:
    net, specs, samples = NETS[name]()
    exact, found = run(trace(net, specs), "numpy"), run(in_integers(name), "numpy")
    for x in samples:
        wanted = exact(x)
        assert numpy.corrcoef(wanted.ravel(), found(x).ravel())[0, 1] > 0.998


def test_smoothing_helps_where_a_channel_is_much_larger() -> None:
    net, specs, samples = NETS["text"]()
    wanted = run(trace(net, specs), "numpy")

    def error(alpha: float | None) -> float:
        found = run(in_integers("text", rules=Rules(alpha=alpha)), "numpy")
        return float(numpy.mean([abs(found(x) - wanted(x)).mean() for x in samples]))

    assert error(0.5) < 0.7 * error(None)


@each_runtime
@pytest.mark.parametrize("name", NETS)
def test_a_runtime_computes_what_numpy_does(name: str, backend: str) -> None:
    """To within two steps of the last integers, though none of hundreds of sums may saturate."""
    _, _, samples = NETS[name]()
    traced = in_integers(name, backend)
    oracle, found = run(traced, "numpy"), run(traced, backend)
    for x in samples:
        wanted = oracle(x)
        assert abs(found(x) - wanted).max() <= 2 / 255 * abs(wanted).max()


@each_runtime
@pytest.mark.parametrize("largest", [127, 63])
@pytest.mark.parametrize("kind", ["convolution", "matmul", "dense"])
def test_the_largest_products_do_not_saturate(kind: str, largest: int, backend: str) -> None:
    """Where the kernels add pairs of them in 16 bits, wide weights are not computed in integers."""
    weight = numpy.ones((64, 64) if kind != "convolution" else (64, 64, 1, 1), numpy.float32)
    functions: dict[str, Any] = {
        "convolution": lambda x: npx.convolution(np.reshape(x, (1, 64, 1, 1)) + np.zeros(
            (1, 64, 14, 14), "float32"), weight)[:, :, 0, 0],
        "dense": lambda x: npx.fully_connected(x, weight),
        "matmul": lambda x: x @ weight,
    }  # fmt: skip
    x = numpy.ones((1, 64), numpy.float32)
    traced = quantized_program(
        trace(functions[kind], spec("float32", [1, 64])), [x], NUMPY, Options(),
        rules=Rules(largest=lambda _: largest, alpha=None),
    )  # fmt: skip
    numpy.testing.assert_allclose(run(traced, backend)(x), numpy.full((1, 64), 64), rtol=0.01)


def layers_of(found: Executable) -> Counter[str]:
    return Counter(text for runner in found._run.runners for text in runner.describe())


@pytest.mark.parametrize("name, convolutions, dense", [("image", 4, 1), ("text", 0, 6)])
def test_openvino_runs_layers_in_integers(name: str, convolutions: int, dense: int) -> None:
    found = layers_of(run(in_integers(name, "cpu"), "cpu"))
    integers = {kind: n for text, n in found.items() for kind, width in [text.split()]
                if width in ("i8", "u8")}  # fmt: skip
    assert integers.get("Convolution", 0) == convolutions
    assert integers.get("FullyConnected", 0) == dense
    assert found["Convolution f32"] == found["FullyConnected f32"] == 0


@pytest.mark.parametrize("n", [1, "n"], ids=["static", "named"])
def test_long_sums_of_integers_are_one_layer(n: int | str) -> None:
    """Integers are added exactly, so that their sums are not taken apart as those of floats."""
    weight = _random(8, 5000)
    traced = trace(lambda x: npx.fully_connected(x, weight), spec("float32", [n, 5000]))
    samples = _samples(1, 5000)
    found = run(quantized_program(traced, samples, find_backend("cpu"), Options()), "cpu")
    found(samples[0])
    kinds = layers_of(found)
    assert kinds["FullyConnected u8"] + kinds["Convolution u8"] == 1


def test_openvino_adds_a_residual_inside_the_convolution() -> None:
    found = layers_of(run(in_integers("image", "cpu"), "cpu"))
    assert not any(text.startswith("Eltwise") for text in found)


def test_the_bias_makes_up_for_the_mean_of_what_rounding_lost() -> None:
    net, specs, samples = NETS["image"]()
    wanted = run(trace(net, specs), "numpy")

    def error(corrects: bool) -> float:
        rules = Rules(largest=lambda _: 7, corrects=corrects)
        found = run(in_integers("image", rules=rules), "numpy")
        return float(numpy.mean([abs(found(x) - wanted(x)).mean() for x in samples]))

    assert error(True) < 0.7 * error(False)


@pytest.mark.parametrize("axes", [2, 3])
def test_a_bias_behind_a_product_makes_up_for_it_as_a_dense_layers_does(axes: int) -> None:
    weight, bias = _random(8, 5), _random(5)
    x = _random(*(4, 3)[: axes - 1], 8) + numpy.arange(8, dtype="float32")
    exact = x @ weight + bias
    calls: dict[str, Any] = {
        "dense": lambda x: npx.fully_connected(x, weight.T.copy(), bias),
        "sum": lambda x: x @ weight + bias,
        "other sum": lambda x: bias + x @ weight,
    }

    def error(kind: str, corrects: bool) -> float:
        rules = Rules(largest=lambda _: 7, corrects=corrects)
        traced = trace(calls[kind], spec("float32", x.shape))
        found = quantized_program(traced, [x], NUMPY, Options(), rules=rules)
        return float(abs((run(found, "numpy")(x) - exact).mean(axis=tuple(range(axes - 1)))).max())

    unit = float(numpy.ptp(x) / 255 * abs(weight).max() / 7)  # of a dense layer's bias
    for kind in ("sum", "other sum"):
        assert error(kind, True) < 0.2 * error(kind, False)
        assert error(kind, True) == pytest.approx(error("dense", True), abs=unit)


def test_grouped_and_dilated_convolutions_are_corrected_by_group() -> None:
    weight = _random(6, 2, 3, 3)
    traced = trace(lambda x: npx.convolution(x, weight, groups=3, dilation=2, padding=2),
                   spec("float32", [1, 6, 9, 9]))  # fmt: skip
    samples = [x + numpy.arange(6, dtype="float32")[:, None, None] for x in _samples(1, 6, 9, 9)]
    found = quantized_program(traced, samples, NUMPY, Options(), rules=Rules(lambda _: 127))
    assert biased_convolution.name in operators(found)
    for x in samples:
        numpy.testing.assert_allclose(
            run(found, "numpy")(x), run(traced, "numpy")(x), atol=0.2, rtol=0.05
        )
