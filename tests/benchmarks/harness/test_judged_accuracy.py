"""The measures of a lower precision's accuracy, on outputs whose measures are known."""

from __future__ import annotations

from typing import Any, get_args

import numpy
import pytest

from isthmus.benchmarks.harness.accuracy import accuracy_of
from isthmus.benchmarks.work.judged_by import JudgedBy, Kind
from isthmus.errors import UsageError


def by(kind: Kind, items: int) -> JudgedBy:
    return JudgedBy([], items, kind, "random", "numbers")


def logits(classes: list[int]) -> Any:
    """[N, 20] whose largest is at these places."""
    return numpy.eye(20, dtype=numpy.float32)[classes] + 0.1


def test_what_fills_up_the_last_set_is_not_judged() -> None:
    reference = [[logits([1, 2])], [logits([3, 4])]]
    found = [[logits([1, 2])], [logits([3, 9])]]
    assert accuracy_of(found, reference, by("classes", 3))["top1_agreement"] == 1
    assert accuracy_of(found, reference, by("classes", 4))["top1_agreement"] == 0.75


def test_cosine_is_the_least_of_an_item() -> None:
    reference = [[numpy.array([[1.0, 0.0], [0.0, 1.0]])]]
    found = [[numpy.array([[1.0, 0.0], [1.0, 1.0]])]]
    measures = accuracy_of(found, reference, by("outputs", 2))
    assert measures["cosine"] == pytest.approx(numpy.sqrt(0.5))
    assert measures["max_rel_error"] == 1
    assert measures["top1_agreement"] is None
    assert measures["items"] == 2


def test_texts_of_several_lengths_are_judged_each() -> None:
    reference = [[numpy.ones((1, length, 3))] for length in (2, 5)]
    found = [[2 * numpy.ones((1, length, 3))] for length in (2, 5)]
    measures = accuracy_of(found, reference, by("outputs", 2))
    assert measures["cosine"] == pytest.approx(1)
    assert measures["max_rel_error"] == 1


def test_neighbours_and_similarities() -> None:
    texts = numpy.array([[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0.2], [0, 0.9, 0.4]])
    same = accuracy_of([[texts * 3]], [[texts]], by("similarities", 4))
    assert same["neighbours_kept"] == 1
    assert same["similarity_correlation"] == pytest.approx(1)
    moved = texts.copy()
    moved[1] = [0, 1, 0.2]  # it was nearest to the first, and is now to the third
    other = accuracy_of([[moved]], [[texts]], by("similarities", 4))
    assert other["neighbours_kept"] == 0.25
    assert other["similarity_correlation"] < 0.9


def test_of_a_slow_one_the_first_sets_are_judged() -> None:
    reference = [[logits([at])] for at in range(5)]
    measures = accuracy_of(reference[:2], reference, by("classes", 5))
    assert (measures["items"], measures["top1_agreement"]) == (2, 1)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_outputs_that_are_no_numbers_have_no_cosine(kind: Kind) -> None:
    reference = [[logits([1, 2, 3])]]
    found = [[numpy.full((3, 20), numpy.nan)]]
    measures = accuracy_of(found, reference, by(kind, 3))
    assert measures["cosine"] is None
    assert measures["max_rel_error"] == numpy.inf


def test_other_shapes_are_refused() -> None:
    with pytest.raises(UsageError, match="output 0 of set 0"):
        accuracy_of([[numpy.ones((2, 3))]], [[numpy.ones((2, 4))]], by("outputs", 2))
