"""Convolutions of integers: exact on every backend, and in the runtime where float32 is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from backends import RUNTIMES
from node_models import model

import isthmus as im

random = numpy.random.default_rng(8)


def whole(dtype: str, *shape: int) -> Any:
    ends = numpy.iinfo(dtype)
    return random.integers(ends.min, ends.max + 1, shape).astype(dtype)


def exact(x: Any, w: Any, x_zero: int, w_zero: Any, groups: int = 1) -> Any:
    """Sums in integers of 64 bits, of images with a border of zeros."""
    wide = numpy.pad(x.astype(numpy.int64) - x_zero, ((0, 0), (0, 0), (1, 1), (1, 1)))
    zero = numpy.reshape(numpy.asarray(w_zero, numpy.int64), (-1, 1, 1, 1))
    weight = w.astype(numpy.int64) - zero
    views = numpy.lib.stride_tricks.sliding_window_view(wide, w.shape[2:], axis=(2, 3))
    per, out = w.shape[1], len(w) // groups
    parts = [
        numpy.einsum(
            "nchwab,ocab->nohw",
            views[:, g * per : (g + 1) * per],
            weight[g * out : (g + 1) * out],
        )
        for g in range(groups)
    ]
    return numpy.concatenate(parts, axis=1)


def built(
    op: str, operands: list[Any], constants: list[int], folder: Path, **attributes: Any
) -> Any:
    path = folder / "model.onnx"
    path.write_bytes(
        model(op, operands, constants=constants, pads=[1] * 4, **attributes).SerializeToString()
    )
    return im.load(path)


# x's dtype, the weight's, channels, groups, zero points.
FORMS: dict[str, tuple[str, str, int, int, int, Any]] = {
    "few": ("uint8", "int8", 3, 1, 128, 0),
    "many, in parts": ("uint8", "uint8", 300, 1, 7, 255),
    "signed": ("int8", "int8", 40, 1, -128, 0),
    "of each channel": ("uint8", "uint8", 33, 1, 0, numpy.array([1, 200, 255, 7], "uint8")),
    "in groups": ("uint8", "int8", 8, 4, 3, 0),
}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("backend", sorted(RUNTIMES))
def test_sums_are_exact(form: str, backend: str, known: bool, tmp_path: Path) -> None:
    kind, weight_kind, channels, groups, x_zero, w_zero = FORMS[form]
    x, w = whole(kind, 2, channels, 9, 7), whole(weight_kind, 4, channels // groups, 3, 3)
    x[0] = numpy.iinfo(kind).max if x_zero <= 0 else numpy.iinfo(kind).min  # the largest sums
    w[0] = numpy.iinfo(weight_kind).max
    zeros = [numpy.array(x_zero, kind), numpy.array(w_zero, weight_kind)]
    operands, constants = [x, w, *zeros], [1, 2, 3] if known else []
    net = built("ConvInteger", operands, constants, tmp_path, group=groups)
    given = {f"x{i}": a for i, a in enumerate(operands) if i not in constants}
    wanted = exact(x, w, x_zero, w_zero, groups)
    specs = {name: im.spec(a.dtype, a.shape) for name, a in given.items()}
    run = im.compile(net, specs, **RUNTIMES[backend])
    for call in (net, run):
        found = call(**given)
        assert found.dtype == numpy.int32
        numpy.testing.assert_array_equal(found, wanted)
    if known:
        assert "npx.convolution: " not in run.explain() and "host" not in run.explain()


@pytest.mark.parametrize("precision", ["bf16", "f16"])
@pytest.mark.parametrize("backend", sorted(RUNTIMES))
def test_half_precision_leaves_them_exact(backend: str, precision: str, tmp_path: Path) -> None:
    x, w = whole("uint8", 1, 64, 6, 6), whole("int8", 8, 64, 3, 3)
    net = built("ConvInteger", [x, w], [1], tmp_path)
    types = im.spec("uint8", x.shape)
    try:
        run = im.compile(net, types, precision=precision, **RUNTIMES[backend])
    except im.errors.UsageError as refusal:
        pytest.skip(str(refusal))
    numpy.testing.assert_array_equal(run(x), exact(x, w, 0, 0))


@pytest.mark.parametrize("backend", sorted(RUNTIMES))
def test_a_quantized_network_is_one_segment(backend: str, tmp_path: Path) -> None:
    """Its scales are powers of two, by which the expected numbers are exact; ties are among
    them."""
    x, w = whole("uint8", 2, 20, 8, 8), whole("int8", 6, 20, 3, 3)
    bias = random.integers(-5000, 5000, 6).astype(numpy.int32)
    scales = [numpy.array(2.0**-k, numpy.float32) for k in (3, 4, 0)]
    w_scale = (2.0 ** -random.integers(3, 9, 6)).astype(numpy.float32)
    zeros = [numpy.array(z, kind) for z, kind in ((9, "uint8"), (0, "int8"), (100, "uint8"))]
    operands = [x, scales[0], zeros[0], w, w_scale, zeros[1], scales[2], zeros[2], bias]
    net = built("QLinearConv", operands, list(range(1, 9)), tmp_path)
    run = im.compile(net, im.spec("uint8", x.shape), **RUNTIMES[backend])
    sums = exact(x, w, 9, 0) + bias.reshape(-1, 1, 1)
    steps = numpy.rint(sums * (w_scale.astype(float) / 8).reshape(-1, 1, 1)) + 100
    wanted = numpy.clip(steps, 0, 255).astype(numpy.uint8)
    assert len(numpy.unique(wanted)) > 50
    for call in (net, run):
        numpy.testing.assert_array_equal(call(x), wanted)
    assert "host" not in run.explain()


def test_a_window_beyond_what_is_exact_is_computed_on_the_host(tmp_path: Path) -> None:
    x, w = numpy.full((1, 1, 40, 40), 255, numpy.uint8), numpy.full((1, 1, 31, 31), 255, "uint8")
    net = built("ConvInteger", [x, w], [1], tmp_path)
    run = im.compile(net, im.spec("uint8", x.shape), backend="cpu")
    wanted = exact(x, w, 0, 0)
    assert wanted.max() > 2**24
    numpy.testing.assert_array_equal(run(x), wanted)
    assert "host" in run.explain()
