"""Programs that tests serve: one of texts, whose lengths differ, and one that takes its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy

import isthmus as im
from isthmus import np

__all__ = ["WIDTH", "slow", "texts", "tokens"]

WORDS, WIDTH = 100, 16
SIDE, LAYERS = 1024, 60


def texts(path: Path, bias: float = 0.0) -> Any:
    """Saves and gives a program of tokens and their mask: the mean of their vectors, and each."""
    table = numpy.random.default_rng(0).standard_normal((WORDS, WIDTH)).astype(numpy.float32)

    def program(input_ids: Any, attention_mask: Any) -> Any:
        vectors = np.take(table, input_ids, axis=0) + numpy.float32(bias)
        seen = attention_mask[..., None].astype("float32")
        mean = np.sum(vectors * seen, axis=1) / np.sum(seen, axis=1)
        return {"mean": mean, "tokens": vectors * seen}

    spec = im.spec("int32", ["batch", "seq"])
    made = im.compile(program, {"input_ids": spec, "attention_mask": spec}, threads=1)
    made.save(path)
    return made


def tokens(length: int, seed: int = 0, rows: int = 1) -> dict[str, Any]:
    """Inputs of `texts`."""
    ids = numpy.random.default_rng(seed).integers(0, WORDS, (rows, length), numpy.int32)
    return {"input_ids": ids, "attention_mask": numpy.ones_like(ids)}


def slow(path: Path) -> Any:
    """Saves and gives a program of milliseconds a row: x -> y, float32 [batch, 16]."""
    random = numpy.random.default_rng(0)
    weight = random.standard_normal((SIDE, SIDE)).astype(numpy.float32) / 32
    wider = random.standard_normal((WIDTH, SIDE)).astype(numpy.float32)

    def program(x: Any) -> Any:
        x = x @ wider
        for _ in range(LAYERS):
            x = np.tanh(x @ weight)
        return {"y": x[:, :WIDTH]}

    made = im.compile(program, {"x": im.spec("float32", ["batch", WIDTH])}, threads=1)
    made.save(path)
    return made
