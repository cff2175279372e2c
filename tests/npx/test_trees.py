"""Trees: what is refused, and that many rows at once arrive where each alone does."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import npx
from isthmus.errors import DimensionError, UsageError
from isthmus.npx import trees

random = numpy.random.default_rng(1)
arrive: Any = npx.tree_leaves
DEPTH, COUNT = 4, 9
PART = 2 ** (DEPTH + 1) - 1  # nodes of a tree, in which those of node i are 2 i + 1 and 2 i + 2


def forest() -> dict[str, Any]:
    own = numpy.arange(PART)
    inner = own < 2**DEPTH - 1
    below = numpy.where(
        inner[:, None], numpy.stack([2 * own + 2, 2 * own + 1], axis=1), own[:, None]
    )
    return {
        "roots": numpy.arange(COUNT) * PART,
        "features": random.integers(0, 3, PART * COUNT),
        "thresholds": random.integers(-2, 3, PART * COUNT).astype(numpy.float32),
        "comparisons": random.integers(0, 6, PART * COUNT),
        "branches": numpy.concatenate([below + PART * i for i in range(COUNT)]),
    }


def test_rows_do_not_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    x, given = random.integers(-3, 4, (50, 3)).astype(numpy.float32), forest()
    whole = arrive(x, *given.values())
    monkeypatch.setattr(trees, "TOGETHER", 1)
    numpy.testing.assert_array_equal(arrive(x, *given.values()), whole)
    assert (whole % PART >= 2**DEPTH - 1).all()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("branches", numpy.array([[1, 1], [0, 0]]), "a tree with a circle"),
        ("branches", numpy.array([[1, 2], [1, 1]]), "a branch of 2; there are 2"),
        ("features", numpy.array([3, 0]), "a feature of 3; there are 3"),
        ("roots", numpy.array([-1]), "a root of -1"),
        ("comparisons", numpy.array([0, 6]), "a comparison of 6"),
    ],
)
def test_refused(name: str, value: Any, said: str) -> None:
    given: dict[str, Any] = {
        "roots": numpy.array([0]),
        "features": numpy.array([0, 0]),
        "thresholds": numpy.zeros(2),
        "comparisons": numpy.zeros(2, int),
        "branches": numpy.array([[1, 1], [1, 1]]),
    }
    with pytest.raises((UsageError, IndexError), match=said):
        arrive(numpy.zeros((2, 3)), *{**given, name: value}.values())


def test_shapes_are_checked() -> None:
    given = list(forest().values())
    with pytest.raises(DimensionError, match="thresholds"):
        arrive(numpy.zeros((2, 3)), *given[:2], given[2][1:], *given[3:])
    with pytest.raises(UsageError, match="give rows of features"):
        arrive(numpy.zeros(3), *given)


def test_probabilities_that_agree_are_found() -> None:
    p = numpy.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
    pairs = p[:, :, None] / (p[:, :, None] + p[:, None, :])
    numpy.testing.assert_allclose(npx.pairwise_probabilities(pairs), p, atol=0.02)
    assert npx.pairwise_probabilities(pairs[:0]).shape == (0, 3)
