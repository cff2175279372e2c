"""ai.onnx.ml: linear models, and the arithmetic that is done before and after them."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.trace.traced import is_traced

from ..facts import Facts, Row, row
from .scores import both, class_labels, labelled, transform_of, transformed

__all__ = ["ROWS"]

FLOAT32 = numpy.dtype(numpy.float32)


def as_rows(x: Any) -> Any:
    """Rows of float32; an array of one axis is one row."""
    x = np.astype(x, FLOAT32, copy=False)
    return np.reshape(x, (1, -1)) if x.ndim == 1 else x


def regression(facts: Facts, x: Any) -> Any:
    """x @ coefficients.T + intercepts"""
    count, how = facts.get("targets", 1), transform_of(facts)
    scores = _scores(facts, as_rows(x), count)
    if count == 1 and how not in ("NONE", "PROBIT"):
        raise UsageError(f"post_transform={how!r} of one target is not defined")
    return transformed(scores, how)


def _scores(facts: Facts, x: Any, count: int) -> Any:
    weight = numpy.array(facts["coefficients"], FLOAT32).reshape(count, -1)
    scores = np.matmul(x, weight.T)
    intercepts = facts.get("intercepts")
    return scores + numpy.array(intercepts, FLOAT32) if intercepts else scores


def classification(facts: Facts, x: Any) -> list[Any]:
    """The label of the highest score, and the scores; of one score the second of two labels where
    it is above 0."""
    labels, how = class_labels(facts, "classlabels_ints"), transform_of(facts)
    count = len(facts.get("intercepts") or ()) or len(labels)
    scores = _scores(facts, as_rows(x), count)
    if count > 1:
        if len(labels) != count:
            raise UsageError(f"{len(labels)} labels of {count} scores; give one for each")
        return [labelled(labels, np.argmax(scores, axis=1)), transformed(scores, how)]
    if how not in ("NONE", "LOGISTIC") or (how == "LOGISTIC" and len(labels) != 2):
        raise UsageError(f"post_transform={how!r} of one score is not defined")
    chosen = np.astype(np.getitem(scores, (slice(None), 0)) > 0, numpy.int64)
    if len(labels) == 2:
        return [labelled(labels, chosen), both(scores, how, of_zero=False)]
    texts = numpy.array(["0", "1"], labels.dtype) if labels.dtype.kind == "T" else numpy.arange(2)
    return [labelled(texts, chosen), scores]


def scaled(facts: Facts, x: Any) -> Any:
    """(x - offset) * scale, by column or for all."""
    x = x if x.dtype.kind == "f" else np.astype(x, FLOAT32)
    offset, scale = (
        numpy.array(facts.get(n) or d, x.dtype) for n, d in (("offset", 0), ("scale", 1))
    )
    y = x - offset
    # A constant scale would let OpenVINO compute x * scale - offset * scale, which is rounded
    # otherwise: trees behind it have thresholds that some rows meet.
    y = y * (np.where(np.isnan(x), numpy.ones((), x.dtype), scale) if is_traced(x) else scale)
    return np.astype(y, FLOAT32, copy=False)


def normalized(facts: Facts, x: Any) -> Any:
    """x over a size of its row; a row whose size is 0 stays."""
    name = facts.get("norm", "MAX")
    sizes = {
        "L1": lambda: np.sum(np.abs(x), axis=-1, keepdims=True),
        "L2": lambda: np.sqrt(np.sum(x * x, axis=-1, keepdims=True)),
        "MAX": lambda: np.max(x, axis=-1, keepdims=True),
    }
    if name not in sizes:
        raise UsageError(f"norm={name!r}; known are {', '.join(sizes)}")
    x = np.astype(x, FLOAT32, copy=False)
    size = sizes[name]()
    return x / np.where(size == 0, np.ones_like(size), size)


def binarized(facts: Facts, x: Any) -> Any:
    """1 above the threshold, else 0."""
    return np.astype(x > numpy.asarray(facts.get("threshold", 0.0), FLOAT32), x.dtype)


def imputed(facts: Facts, x: Any) -> Any:
    """Another number in the place of one that stands for what is missing, by column or for all."""
    kind = "int64" if x.dtype.kind == "i" else "float"
    values = facts.get(f"imputed_value_{kind}s")
    if not values:
        raise UsageError(f"no imputed_value_{kind}s for x of {x.dtype}; give them")
    filler = numpy.array(values, x.dtype)
    wanted = facts.get(f"replaced_value_{kind}", 0)
    absent = np.isnan(x) if wanted != wanted else np.equal(x, x.dtype.type(wanted))
    return np.where(absent, filler, x)


def joined(facts: Facts, *parts: Any) -> Any:
    """Columns of all, each cut or filled with zeros to its number in inputdimensions; float32."""
    found = []
    for part, width in zip(parts, facts["inputdimensions"], strict=True):
        if part.ndim != 2:
            raise UsageError(f"an array of {part.ndim} axes; give rows, [N, C]")
        part, have = np.astype(part, FLOAT32, copy=False), part.shape[1]
        if have > width:
            part = np.getitem(part, (slice(None), slice(0, width)))
        found.append(np.pad(part, ((0, 0), (0, width - have))) if have < width else part)
    return np.concat(found, axis=1)


def columns(_: Facts, x: Any, positions: Any) -> Any:
    """Elements of the last axis; an array of one axis gives one row."""
    if x.dtype.kind == "T":
        found = x[..., positions.reshape(-1)]
    else:
        found = np.take(x, np.reshape(positions, (-1,)), axis=-1)
    return np.reshape(found, (1, -1)) if x.ndim == 1 else found


ROWS: dict[str, Row] = {
    "ai.onnx.ml.ArrayFeatureExtractor": row(columns),
    "ai.onnx.ml.Binarizer": row(binarized),
    "ai.onnx.ml.FeatureVectorizer": row(joined),
    "ai.onnx.ml.Imputer": row(imputed),
    "ai.onnx.ml.LinearClassifier": row(classification),
    "ai.onnx.ml.LinearRegressor": row(regression),
    "ai.onnx.ml.Normalizer": row(normalized),
    "ai.onnx.ml.Scaler": row(scaled),
}
