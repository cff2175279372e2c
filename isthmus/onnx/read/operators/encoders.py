"""ai.onnx.ml: numbers and texts for each other, and columns of 0 and 1 for them."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.trace.traced import is_traced

from ..facts import Facts, Row, row
from .scores import STRING, Texts

__all__ = ["ROWS"]

DTYPES: dict[str, Any] = {
    "floats": numpy.float32,
    "int64s": numpy.int64,
    "strings": STRING,
    "tensor": None,
}
DEFAULTS: dict[str, Any] = {"floats": -0.0, "int64s": -1, "strings": "_Unused"}
SINGLE = {"floats": "default_float", "int64s": "default_int64", "strings": "default_string"}


def mapped(x: Any, keys: Any, values: Any, otherwise: Any) -> Any:
    """The value of each key, a NaN being one, and another where there is none."""
    _check_unique(keys, values)
    if isinstance(x, Texts):
        return mapped_of_texts(x, keys, values, otherwise)
    if not is_traced(x):
        return _looked_up(numpy.asarray(x), keys, values, otherwise)
    if not len(keys):
        keys, values = numpy.zeros(1, keys.dtype), numpy.array([otherwise], values.dtype)
    same = np.equal(np.expand_dims(x, x.ndim), keys)
    if keys.dtype.kind == "f" and numpy.isnan(keys).any():
        same = same | (np.expand_dims(np.isnan(x), x.ndim) & numpy.isnan(keys))
    at = np.argmax(np.astype(same, numpy.float32), axis=-1)
    at = np.where(np.any(same, axis=-1), at, numpy.int64(len(keys)))
    table = numpy.concatenate([values, numpy.array([otherwise], values.dtype)])
    return Texts(table, at) if table.dtype == STRING else np.take(table, at, axis=0)


def mapped_of_texts(x: Texts, keys: Any, values: Any, otherwise: Any) -> Any:
    """Of texts at computed positions what their own values are."""
    table = _looked_up(x.texts, keys, values, otherwise)
    if table.dtype == STRING:
        return Texts(table, x.positions)
    return np.take(table, x.positions, axis=0)


def _check_unique(keys: Any, values: Any) -> None:
    if len(keys) != len(values):
        raise UsageError(f"{len(keys)} keys and {len(values)} values; give one for each")
    listed = [str(key) for key in keys.tolist()]
    if len(set(listed)) != len(listed):
        twice = next(key for i, key in enumerate(listed) if key in listed[:i])
        raise UsageError(f"the key {twice} has two values")


def _looked_up(x: Any, keys: Any, values: Any, otherwise: Any) -> Any:
    """By a table of Python's; each text or number that occurs is looked up once."""
    table = dict(zip(keys.tolist(), values.tolist(), strict=True))
    absent = next((v for k, v in table.items() if k != k), otherwise)
    found, back = numpy.unique(x, return_inverse=True)
    each = [absent if key != key else table.get(key, otherwise) for key in found.tolist()]
    return numpy.array(each, values.dtype)[back].reshape(x.shape)


def label_encoder(facts: Facts, x: Any) -> Any:
    if facts.get("classes_strings"):  # of opset 1
        return by_position(facts, x, facts["classes_strings"], None)
    (_, keys), (kind, values) = _column(facts, "keys"), _column(facts, "values")
    if kind == "tensor":
        given = facts.get("default_tensor")
        plain = "" if values.dtype == STRING else -1 if values.dtype.kind in "iu" else -0.0
        otherwise = plain if given is None else given.reshape(-1)[0]
        otherwise = "_Unused" if given is None and values.dtype == STRING else otherwise
    else:
        otherwise = facts.get(SINGLE[kind], DEFAULTS[kind])
    return mapped(x, keys, values, otherwise)


def _column(facts: Facts, side: str) -> tuple[str, Any]:
    for kind, dtype in DTYPES.items():
        found = facts.get(f"{side}_{kind}")
        if found is not None and len(found):
            return kind, found if dtype is None else numpy.array(found, dtype)
    raise UsageError(f"no {side}; give {side}_floats, {side}_int64s, {side}_strings or a tensor")


def category_mapper(facts: Facts, x: Any) -> Any:
    return by_position(facts, x, facts.get("cats_strings") or (), facts.get("cats_int64s") or ())


def by_position(facts: Facts, x: Any, texts: Any, numbers: Any) -> Any:
    """Texts for numbers, or numbers for texts; the numbers are positions where none are given."""
    words = numpy.array(texts, STRING)
    whole = numpy.arange(len(words)) if numbers is None else numpy.array(numbers, numpy.int64)
    if x.dtype == STRING:
        return mapped(x, words, whole, facts.get("default_int64", -1))
    return mapped(x, whole, words, facts.get("default_string", "_Unused"))


def one_hot(facts: Facts, x: Any) -> Any:
    """1 at the place of each element's category along a new last axis; 0s for another."""
    texts, numbers = facts.get("cats_strings"), facts.get("cats_int64s")
    categories = numpy.array(texts, STRING) if texts else numpy.array(numbers or (), numpy.int64)
    if (x.dtype == STRING) != (categories.dtype == STRING):
        raise UsageError(f"categories of {categories.dtype} for x of {x.dtype}")
    if isinstance(x, Texts):
        table = x.texts[:, None] == categories
        found = np.take(table.astype(numpy.float32), x.positions, axis=0)
    elif x.dtype == STRING:
        found = (x[..., None] == categories).astype(numpy.float32)
    else:
        whole = np.astype(x, numpy.int64, copy=False)
        found = np.astype(np.equal(np.expand_dims(whole, x.ndim), categories), numpy.float32)
    if not facts.get("zeros", 1):
        if is_traced(found):
            raise UsageError("zeros=0 refuses other categories by their values; no program does so")
        if not found.any(axis=-1).all():
            raise UsageError("an element is of no category, which zeros=0 does not allow")
    return found


def probabilities(_: Facts, x: Any) -> Any:
    """The array itself: names for its columns are no part of it."""
    return x


ROWS: dict[str, Row] = {
    "ai.onnx.ml.CategoryMapper": row(category_mapper),
    "ai.onnx.ml.LabelEncoder": row(label_encoder),
    "ai.onnx.ml.OneHotEncoder": row(one_hot),
    "ai.onnx.ml.ZipMap": row(probabilities),
}
