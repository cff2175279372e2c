"""Attention and RotaryEmbedding of ONNX files, beside the formulas written out in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from onnx import helper

import isthmus as im
from isthmus.errors import UsageError

RANDOM = numpy.random.default_rng(13)
NAMES = ("q", "k", "v", "mask", "past_k", "past_v", "lengths")
OUTPUTS = ("y", "present_k", "present_v", "shown")


def f32(*shape: int) -> Any:
    return RANDOM.standard_normal(shape, numpy.float32)


def load(
    path: Path, kind: str, names: Any, given: dict[str, Any], outputs: Any, opset: int, **facts: Any
) -> Any:
    operands = [name if name in given else "" for name in names]
    while not operands[-1]:
        operands.pop()
    kinds = {name: helper.np_dtype_to_tensor_dtype(a.dtype) for name, a in given.items()}
    graph = helper.make_graph(
        [helper.make_node(kind, operands, list(outputs), **facts)],
        "one",
        [helper.make_tensor_value_info(n, kinds[n], a.shape) for n, a in given.items()],
        [helper.make_tensor_value_info(n, 1, None) for n in outputs if n],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]), path)
    return im.load(path)


def found(net: Any, given: dict[str, Any], options: dict[str, Any]) -> Any:
    specs = {name: im.spec(a.dtype, a.shape) for name, a in given.items()}
    return im.compile(net, specs, **options)(**given)


def softmax(x: Any) -> Any:
    with numpy.errstate(invalid="ignore"):
        e = numpy.exp(x - x.max(-1, keepdims=True))
        return numpy.nan_to_num(e / e.sum(-1, keepdims=True))


def test_heads_caches_and_a_causal_mask(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    given = {
        "q": f32(2, 3, 4 * 5), "k": f32(2, 3, 2 * 5), "v": f32(2, 3, 2 * 6),
        "past_k": f32(2, 2, 4, 5), "past_v": f32(2, 2, 4, 6),
    }  # fmt: skip
    net = load(
        tmp_path / "m.onnx", "Attention", NAMES, given, OUTPUTS, 23,
        q_num_heads=4, kv_num_heads=2, is_causal=1, softcap=2.0, scale=0.3, qk_matmul_output_mode=2,
    )  # fmt: skip
    result = found(net, given, any_backend)
    q = given["q"].astype(float).reshape(2, 3, 4, 5).swapaxes(1, 2)
    k = numpy.concatenate([given["past_k"], given["k"].reshape(2, 3, 2, 5).swapaxes(1, 2)], 2)
    v = numpy.concatenate([given["past_v"], given["v"].reshape(2, 3, 2, 6).swapaxes(1, 2)], 2)
    numpy.testing.assert_array_equal(result["present_k"], k)
    numpy.testing.assert_array_equal(result["present_v"], v)
    scores = q @ k.repeat(2, 1).swapaxes(2, 3) * 0.3
    scores = 2 * numpy.tanh(scores / 2)
    scores = numpy.where(numpy.arange(7) <= numpy.arange(3)[:, None] + 4, scores, -numpy.inf)
    numpy.testing.assert_allclose(result["shown"], scores, rtol=1e-4, atol=1e-5)
    y = (softmax(scores) @ v.repeat(2, 1)).swapaxes(1, 2).reshape(2, 3, 24)
    numpy.testing.assert_allclose(result["y"], y, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["truth", "floats", "none"])
def test_rows_that_see_nothing_are_zero(
    kind: str, tmp_path: Path, any_backend: dict[str, Any]
) -> None:
    given = {"q": f32(2, 2, 3, 4), "k": f32(2, 2, 5, 4), "v": f32(2, 2, 5, 4)}
    mask = RANDOM.random((1, 2, 3, 5)) < 0.6
    mask[0, 0, 1] = False
    bias = numpy.where(mask, RANDOM.random(mask.shape), -numpy.inf).astype(numpy.float32)
    if kind != "none":
        given["mask"] = mask if kind == "truth" else bias
    given["lengths"] = numpy.array([2, 5])
    net = load(tmp_path / "m.onnx", "Attention", NAMES, given, OUTPUTS[:1], 24, is_causal=1)
    scores = given["q"].astype(float) @ given["k"].swapaxes(2, 3) / 2
    if kind != "none":
        scores = scores + (bias if kind == "floats" else numpy.where(mask, 0, -numpy.inf))
    keys, rows = numpy.arange(5), numpy.arange(3)[:, None]
    for n, length in enumerate(given["lengths"]):
        seen = (keys < length) & (keys <= rows + length - 3)
        scores[n] = numpy.where(seen, scores[n], -numpy.inf)
    wanted = softmax(scores) @ given["v"]
    assert (wanted[0, :, 0] == 0).all()
    numpy.testing.assert_allclose(found(net, given, any_backend), wanted, rtol=1e-4, atol=1e-5)


def test_a_shorter_mask_hides_the_rest(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    given = {"q": f32(1, 1, 2, 4), "k": f32(1, 1, 5, 4), "v": f32(1, 1, 5, 4), "mask": f32(2, 3)}
    net = load(tmp_path / "m.onnx", "Attention", NAMES, given, OUTPUTS[:1], 24)
    scores = given["q"].astype(float) @ given["k"][:, :, :3].swapaxes(2, 3) / 2 + given["mask"]
    wanted = softmax(scores) @ given["v"][:, :, :3]
    numpy.testing.assert_allclose(found(net, given, any_backend), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("interleaved", [0, 1])
def test_rotation_of_some_channels(
    interleaved: int, tmp_path: Path, any_backend: dict[str, Any]
) -> None:
    angles = RANDOM.random((10, 2), numpy.float32)
    given = {
        "x": f32(2, 3, 2 * 6), "cos": numpy.cos(angles), "sin": numpy.sin(angles),
        "positions": numpy.array([[1, 2, 3], [7, 8, 9]]),
    }  # fmt: skip
    net = load(
        tmp_path / "m.onnx", "RotaryEmbedding", tuple(given), given, ["y"], 23,
        num_heads=2, rotary_embedding_dim=4, interleaved=interleaved,
    )  # fmt: skip
    x = given["x"].reshape(2, 3, 2, 6).astype(float)
    first = x[..., 0:4:2] if interleaved else x[..., :2]
    second = x[..., 1:4:2] if interleaved else x[..., 2:4]
    turned = (first + 1j * second) * numpy.exp(1j * angles[given["positions"]])[:, :, None]
    wanted = x.copy()
    (wanted[..., 0:4:2] if interleaved else wanted[..., :2])[...] = turned.real
    (wanted[..., 1:4:2] if interleaved else wanted[..., 2:4])[...] = turned.imag
    y = found(net, given, any_backend)
    numpy.testing.assert_allclose(y, wanted.reshape(2, 3, 12), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "facts", "said"),
    [
        ({"q": f32(2, 3, 8)}, {}, "all three or four axes"),
        ({"past_k": f32(2, 2, 1, 4)}, {}, "past_key and past_value go together"),
        ({"mask": numpy.ones((3, 5), numpy.int64)}, {}, "attn_mask of int64"),
        ({"q": f32(2, 3, 3, 4)}, {}, "3 heads of queries are not divisible by 2"),
        ({}, {"softmax_precision": 16}, "bfloat16"),
    ],
)
def test_what_is_refused(changed: Any, facts: Any, said: str, tmp_path: Path) -> None:
    given = {"q": f32(2, 2, 3, 4), "k": f32(2, 2, 5, 4), "v": f32(2, 2, 5, 4), **changed}
    net = load(tmp_path / "m.onnx", "Attention", NAMES, given, OUTPUTS[:1], 23, **facts)
    with pytest.raises(UsageError, match=said):
        net(**given)


def test_half_precision_is_computed_in_float32(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    given = {name: (f32(1, 2, 5, 4) * 3).astype("float16") for name in "qkv"}
    net = load(tmp_path / "m.onnx", "Attention", NAMES, given, OUTPUTS[:1], 23)
    q, k, v = (array.astype(float) for array in given.values())
    wanted = (softmax(q @ k.swapaxes(2, 3) / 2) @ v).astype("float16")
    y = found(net, given, any_backend)
    numpy.testing.assert_allclose(y, wanted, rtol=1e-3, strict=True)


def test_a_named_cache(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    given = {
        "q": f32(1, 1, 2, 4), "k": f32(1, 1, 2, 4), "v": f32(1, 1, 2, 4),
        "past_k": f32(1, 1, 3, 4), "past_v": f32(1, 1, 3, 4),
    }  # fmt: skip
    net = load(tmp_path / "m.onnx", "Attention", NAMES, given, OUTPUTS[:3], 23, is_causal=1)
    specs = {n: im.spec("float32", [1, 1, "p" if "past" in n else "s", 4]) for n in given}
    run = im.compile(net, specs, **any_backend)
    for name, y in run(**given).items():
        numpy.testing.assert_allclose(y, net(**given)[name], rtol=1e-4, atol=1e-5)
