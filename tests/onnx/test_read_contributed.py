"""Operators of com.microsoft give what ONNX Runtime, whose they are, gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from node_models import WAYS, model, run

from isthmus.errors import UsageError

onnxruntime = pytest.importorskip("onnxruntime")

random = numpy.random.default_rng(5)


def f32(*shape: int) -> Any:
    return random.standard_normal(shape).astype(numpy.float32)


def u8(*shape: int) -> Any:
    return random.integers(0, 256, shape).astype(numpy.uint8)


def i8(*shape: int) -> Any:
    """Of seven bits: with eight, ONNX Runtime's sums are cut off at 16 bits on some processors."""
    return random.integers(-60, 60, shape).astype(numpy.int8)


def number(value: float, dtype: Any = "float32") -> Any:
    return numpy.array(value, dtype)


X, SAME, ROW = f32(2, 5, 12), f32(2, 5, 12), f32(12)
TOKENS, SEGMENTS = (random.integers(0, n, (2, 5)).astype(numpy.int32) for n in (20, 2))
TABLES = f32(20, 12), f32(8, 12), f32(2, 12)
MASK = numpy.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], numpy.int32)
LENGTHS = numpy.array([3, 5], numpy.int32)
TRIANGLES = numpy.tril(numpy.ones((2, 5, 5), numpy.int32))
PLACES = numpy.array([[2, 3, 4, 5, 6]] * 2, numpy.int32)
WEIGHT, BIAS, PAST = f32(12, 36) / 3, f32(36), f32(2, 2, 3, 4, 4)
ANGLES = f32(16, 4), f32(16, 4)
IMAGE, KERNEL = f32(1, 3, 8, 8), (f32(4, 3, 3, 3), f32(4))
ZERO, OTHER = number(120, "uint8"), number(100, "uint8")
Q, R = (u8(3, 4), number(0.1), ZERO), (u8(3, 4), number(0.07), OTHER)
TO = (number(0.15), number(110, "uint8"))
QX, QWEIGHT = u8(2, 5, 12), i8(12, 36)
SCALES, ZEROS = (number(0.02), number(0.01)), (ZERO, number(3, "int8"))
PADDED: dict[str, Any] = {"pads": [1, 1, 1, 1]}

# Operator, operands, how many results, attributes, positions of constants.
CASES: list[tuple[str, list[Any], int, dict[str, Any], tuple[int, ...]]] = [
    ("Attention", [X, WEIGHT, BIAS], 1, {"num_heads": 3, "unidirectional": 1}, ()),
    ("Attention", [X, WEIGHT, BIAS], 1, {"num_heads": 3, "scale": 0.2}, ()),
    ("Attention", [X, WEIGHT, BIAS, MASK], 1, {"num_heads": 3}, ()),
    ("Attention", [X, WEIGHT, BIAS, LENGTHS], 1, {"num_heads": 3}, ()),
    ("Attention", [X, WEIGHT, BIAS, TRIANGLES], 1, {"num_heads": 3}, ()),
    ("Attention", [X, WEIGHT, BIAS, None, None, f32(2, 3, 5, 5)], 1, {"num_heads": 3}, ()),
    ("Attention", [X, WEIGHT, BIAS, None, PAST], 2, {"num_heads": 3, "unidirectional": 1}, ()),
    ("Attention", [X, WEIGHT[:, :30], BIAS[:30]], 1,
     {"num_heads": 3, "qkv_hidden_sizes": [12, 12, 6]}, ()),
    ("BiasGelu", [X, ROW], 1, {}, ()),
    ("CDist", [f32(5, 3), f32(4, 3)], 1, {"metric": "euclidean"}, ()),
    ("CDist", [f32(5, 3), f32(4, 3)], 1, {}, ()),
    ("DynamicQuantizeMatMul", [f32(3, 4), i8(4, 5), abs(f32(5)), i8(5), f32(5)], 1, {}, (1, 2, 3)),
    ("EmbedLayerNormalization", [TOKENS, SEGMENTS, *TABLES, ROW, ROW, MASK], 2, {},
     (2, 3, 4, 5, 6)),
    ("EmbedLayerNormalization", [TOKENS, None, *TABLES[:2], None, ROW, ROW], 3, {}, (2, 3, 5, 6)),
    ("EmbedLayerNormalization", [TOKENS, SEGMENTS, *TABLES, ROW, ROW, None, PLACES], 2, {},
     (2, 3, 4, 5, 6)),
    ("ExpandDims", [f32(2, 3), number(1, "int32")], 1, {}, (1,)),
    ("FastGelu", [X, ROW], 1, {}, ()),
    ("FusedConv", [IMAGE, *KERNEL], 1,
     {**PADDED, "activation": "Clip", "activation_params": [-0.5, 0.7]}, ()),
    ("FusedConv", [IMAGE, *KERNEL], 1,
     {**PADDED, "activation": "HardSigmoid", "activation_params": [0.3, 0.4]}, ()),
    ("FusedConv", [IMAGE, *KERNEL, f32(1, 4, 8, 8)], 1, {**PADDED, "activation": "Relu"}, ()),
    ("FusedGemm", [f32(3, 4), f32(4, 5), f32(5)], 1,
     {"activation": "LeakyRelu", "activation_alpha": 0.2}, ()),
    ("FusedMatMul", [f32(2, 4, 3), f32(2, 5, 4)], 1, {"transA": 1, "transB": 1, "alpha": 0.5}, ()),
    ("FusedMatMul", [f32(4, 2, 3), f32(2, 4, 5)], 1, {"transBatchA": 1, "transA": 1}, ()),
    ("FusedMatMul", [f32(3, 2, 6, 4), f32(2, 6, 4, 5)], 1, {"transBatchA": 1}, ()),
    ("Gelu", [X], 1, {}, ()),
    ("MatMulIntegerToFloat", [u8(3, 4), i8(4, 5), number(0.1), abs(f32(5)), OTHER, i8(5), f32(5)],
     1, {}, ()),
    ("MatMulNBits", [f32(2, 40), u8(6, 3, 8), abs(f32(18)), u8(12)], 1,
     {"K": 40, "N": 6, "bits": 4, "block_size": 16}, (1, 2, 3)),
    ("MatMulNBits", [f32(2, 64), u8(6, 2, 32), abs(f32(12))], 1,
     {"K": 64, "N": 6, "bits": 8, "block_size": 32}, (1, 2)),
    ("MultiHeadAttention", [X, f32(2, 7, 12), f32(2, 7, 12), BIAS], 1, {"num_heads": 3}, ()),
    ("MultiHeadAttention", [X, SAME, SAME, None, LENGTHS], 1, {"num_heads": 3}, ()),
    ("MultiHeadAttention", [X, SAME, SAME, None, MASK], 1, {"num_heads": 3}, ()),
    ("MultiHeadAttention", [X, SAME, SAME, None, None, None, PAST[0], PAST[1]], 3,
     {"num_heads": 3}, ()),
    ("QAttention", [QX, QWEIGHT, BIAS, *SCALES, MASK, *ZEROS], 1, {"num_heads": 3}, (1, 4, 7)),
    ("QLinearAdd", [*Q, *R, *TO], 1, {}, ()),
    ("QLinearConcat", [*TO, *Q, *R], 1, {"axis": 1}, ()),
    ("QLinearGlobalAveragePool", [u8(1, 5, 5, 3), *Q[1:], *TO], 1, {"channels_last": 1}, ()),
    ("QLinearGlobalAveragePool", [u8(1, 3, 5, 5), *Q[1:], *TO], 1, {}, ()),
    ("QLinearLeakyRelu", [*Q, *TO], 1, {"alpha": 0.1}, ()),
    ("QLinearMul", [*Q, *R, *TO], 1, {}, ()),
    ("QLinearSigmoid", [*Q, number(0.004), number(0, "uint8")], 1, {}, ()),
    ("QLinearWhere", [Q[0] > 100, *Q, *R, *TO], 1, {}, ()),
    ("QuantizeLinear", [X, number(0.05), number(100, "uint16")], 1, {}, ()),
    ("QuickGelu", [X], 1, {"alpha": 1.5}, ()),
    ("Range", [number(1, "int64"), number(9, "int64"), number(2, "int64")], 1, {}, (0, 1, 2)),
    ("RotaryEmbedding", [f32(2, 5, 24), PLACES.astype("int64"), *ANGLES], 1, {}, (2, 3)),
    ("RotaryEmbedding", [f32(2, 3, 5, 12), number(3, "int64").reshape(1), *ANGLES], 1,
     {"interleaved": 1, "rotary_embedding_dim": 8, "num_heads": 3}, (1, 2, 3)),
    ("SkipLayerNormalization", [X, SAME, ROW, ROW, ROW], 1, {"epsilon": 1e-5}, ()),
    ("SkipSimplifiedLayerNormalization", [X, SAME, ROW], 1, {"epsilon": 1e-5}, ()),
]  # fmt: skip


@pytest.mark.parametrize(
    "place", range(len(CASES)), ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)]
)
def test_as_onnx_runtime(tmp_path: Path, place: int) -> None:
    """Called, and on one of the backends: every second case on the other."""
    op, operands, results, attributes, constants = CASES[place]
    built = model(f"com.microsoft.{op}", operands, results, constants, opset=21, **attributes)
    wanted = original(built, operands)
    for way in (WAYS[0], WAYS[1 + place % 2]):
        found = run(tmp_path, way, built, operands)
        for one, other in zip(found if results > 1 else [found], wanted, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def original(built: Any, operands: list[Any]) -> list[Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        built.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    given = {one.name: operands[int(one.name[1:])] for one in session.get_inputs()}
    found: list[Any] = session.run(None, given)
    return found


@pytest.mark.parametrize(
    ("op", "operands", "attributes", "said"),
    [
        ("Attention", [X, WEIGHT], {"num_heads": 3, "do_rotary": 1}, "do_rotary=1 is not known"),
        ("FusedConv", [IMAGE, *KERNEL], {"activation": "Swish"}, "activation='Swish'"),
        ("MultiHeadAttention", [X], {"num_heads": 3}, "packed in one array"),
        ("CDist", [X[0], X[1]], {"metric": "cosine"}, "metric='cosine'"),
    ],
)
def test_refused(tmp_path: Path, op: str, operands: Any, attributes: Any, said: str) -> None:
    built = model(f"com.microsoft.{op}", operands, **attributes)
    with pytest.raises(UsageError, match=said):
        run(tmp_path, "eager", built, operands)
