"""Random numbers: their distribution, that a seed settles them, and what needs one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from node_models import model, run
from onnx import TensorProto

from isthmus.errors import UsageError

X = numpy.full((300, 400), 0.3, numpy.float32)
LIKE: dict[str, tuple[float, float]] = {"Bernoulli": (0.3, 0.21), "RandomNormalLike": (0, 1),
                                        "RandomUniformLike": (0.5, 1 / 12)}  # fmt: skip


@pytest.mark.parametrize("op", LIKE)
def test_drawn_like_an_array(tmp_path: Path, op: str) -> None:
    mean, variance = LIKE[op]
    built = model(op, [X])
    one, other = run(tmp_path, "eager", built, [X]), run(tmp_path, "eager", built, [X])
    assert one.shape == X.shape
    assert one.dtype == numpy.float32
    assert (one != other).any()
    assert abs(one.mean() - mean) < 0.02
    assert abs(one.var() - variance) < 0.02


@pytest.mark.parametrize("op", ["RandomNormal", "RandomUniform"])
def test_a_seed_settles_them(tmp_path: Path, op: str) -> None:
    given: dict[str, Any] = {"mean": 3.0, "scale": 2.0} if op == "RandomNormal" else {"low": -1.0}
    built = [model(op, [], seed=s, shape=[50, 60], dtype=TensorProto.DOUBLE, **given)
             for s in (1.0, 1.0, 2.5)]  # fmt: skip
    first, same, other = (run(tmp_path, "eager", one, []) for one in built)
    assert first.dtype == numpy.float64
    assert (first == same).all()
    assert (first != other).any()
    assert abs(first.mean() - (3 if op == "RandomNormal" else 0)) < 0.2


def test_a_program_needs_a_seed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="set the attribute seed in the file"):
        run(tmp_path, "cpu", model("RandomNormalLike", [X]), [X])
    built = model("Bernoulli", [X], seed=4.0, dtype=TensorProto.BOOL)
    found = run(tmp_path, "cpu", built, [X])
    assert found.dtype == bool
    assert (found == run(tmp_path, "eager", built, [X])).all()


def test_classes_by_their_likelihood(tmp_path: Path) -> None:
    x = numpy.log(numpy.array([[0.2, 0.5, 0.3], [0, 0, 1]], numpy.float32) + 1e-30)
    built = model("Multinomial", [x], sample_size=4000, seed=1.0)
    for way in ("eager", "cpu"):
        found = run(tmp_path, way, built, [x])
        assert (found.dtype, found.shape) == (numpy.int32, (2, 4000))
        assert (found[1] == 2).all()
        assert numpy.abs(numpy.bincount(found[0]) / 4000 - [0.2, 0.5, 0.3]).max() < 0.03


@pytest.mark.parametrize("way", ["eager", "cpu"])
def test_dropout_in_training_is_refused(tmp_path: Path, way: str) -> None:
    true, rate = numpy.asarray(True), numpy.asarray(0.5, numpy.float32)
    built = model("Dropout", [X, rate, true], constants=(1, 2))
    with pytest.raises(UsageError, match="export the model for inference"):
        run(tmp_path, way, built, [X, rate, true])
    built = model("Dropout", [X, rate * 0, true], 2, constants=(1, 2))
    same, kept = run(tmp_path, way, built, [X, rate * 0, true])
    assert (same == X).all()
    assert kept.all()
    with pytest.raises(UsageError, match="export the model for inference"):
        run(tmp_path, way, model("Dropout", [X], opset=6), [X])
    assert (run(tmp_path, way, model("Dropout", [X], opset=6, is_test=1), [X]) == X).all()
