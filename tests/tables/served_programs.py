"""Programs of every kind of signature, to be put into a repository."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

import isthmus as im
from isthmus import np, npx
from isthmus.program.archive import Precision, save

__all__ = ["PROGRAMS", "Program", "saved_in"]


@dataclass(frozen=True)
class Program:
    """joined: whether requests may be joined. only: the one server that takes it, or None."""

    function: Callable[..., Any]
    specs: Any
    joined: bool
    only: str | None = None


def saved_in(
    path: Path, name: str, precision: str, tuning: Mapping[str, Any] | None = None
) -> None:
    """A program's file as a machine writes it that computes in this precision."""
    program = PROGRAMS[name]
    save(im.trace(program.function, program.specs), path, Precision(precision), tuning)


W = numpy.random.default_rng(0).standard_normal((6, 5)).astype(numpy.float32)
TABLE = numpy.random.default_rng(1).standard_normal((9, 4)).astype(numpy.float32)


def f32(*shape: int | str) -> Any:
    return im.spec("float32", list(shape))


def dense(x: Any) -> Any:
    return np.tanh(x @ W)


def in_a_mapping(x: Any, y: Any) -> Mapping[str, Any]:
    return {"sum": x + y, "parts": {"a": x * 2, "b": [y, y - x]}}


def looked_up(ids: Any, mask: Any) -> Any:
    rows = np.take(TABLE, ids, axis=0)
    weights = np.expand_dims(mask.astype("float32"), -1)
    return {"mean": np.sum(rows * weights, axis=1) / (np.sum(weights, axis=1) + 1), "rows": rows}


def renamed(**given: Any) -> Mapping[str, Any]:
    return {'a "b" \\ ü/:0': given["x y.z"] + 1}


PROGRAMS: Mapping[str, Program] = {
    "dense": Program(dense, f32("batch", 6), joined=True),
    "another name of the axis": Program(dense, f32("rows", 6), joined=True),
    "of one row": Program(dense, f32(1, 6), joined=False),
    "of fixed sizes": Program(dense, f32(3, 6), joined=False),
    "several": Program(in_a_mapping, (f32("n", 3), f32("n", 3)), joined=True),
    "looked up": Program(
        looked_up,
        {"ids": im.spec("int64", ["batch", "seq"]), "mask": im.spec("bool", ["batch", "seq"])},
        joined=True,
    ),
    "rows that are mixed": Program(lambda x: x - np.mean(x, axis=0), f32("batch", 4), joined=False),
    "softmax over the batch": Program(
        lambda x: npx.softmax(x, axis=0), f32("batch", 4), joined=False
    ),
    "a sum of all": Program(lambda x: np.sum(x), f32("batch", 4), joined=False, only="onnxruntime"),
    "one axis": Program(lambda x: x * 2, f32("n"), joined=False),
    "a scalar": Program(lambda x: x * 2, f32(), joined=False, only="onnxruntime"),
    # Types that the runtimes' backends pass on and do not compute with.
    "float64": Program(lambda x: x, im.spec("float64", ["n", 2]), joined=True, only="onnxruntime"),
    "bytes": Program(lambda x: x, im.spec("uint8", ["n", 2]), joined=True),
    "float16": Program(lambda x: x, im.spec("float16", ["n", 2]), joined=True),
    "twice the rows": Program(lambda x: np.concatenate([x, x]), f32("n", 2), joined=False),
    "free height and width": Program(
        lambda x: np.mean(x, axis=(2, 3)), f32("batch", 3, "h", "w"), joined=True
    ),
    "a name to be escaped": Program(renamed, {"x y.z": f32("n", 2)}, joined=True),
}
