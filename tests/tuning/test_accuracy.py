"""What is asked of a candidate's outputs, and what it says where they are not enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus.errors import UsageError
from isthmus.tuning.accuracy import checked_accuracy
from isthmus.tuning.agreement import Figures
from isthmus.tuning.judging import figures_of

GOOD = Figures(relative_error=1e-3, cosine=0.999, top1=0.98, spoilt=0, samples=4)


@pytest.mark.parametrize(
    ("asked", "change", "missed"),
    [
        ({}, {}, ""),
        ({}, {"cosine": 0.98}, "cosine 0.98 < 0.99"),
        ({"cosine": None, "top1": 0.5}, {"cosine": -1}, ""),
        ({"top1": 0.99}, {}, "top1 0.98 < 0.99"),
        ({"top1": 0.98}, {}, ""),
        ({"top1": 0.5}, {"top1": None}, "top1 of nothing that can be ranked < 0.5"),
        ({"relative_error": 1e-4}, {}, "relative error 0.001 > 0.0001"),
        ({"relative_error": 1e-3}, {}, ""),
        ({}, {"spoilt": 2}, "2 elements NaN or infinite where the reference's are not"),
        ({"cosine": None, "top1": 0.0}, {"spoilt": 1}, "1 elements NaN or infinite"),
        ({}, {"cosine": float("nan")}, "cosine nan < 0.99"),
        ({"metric": max, "floor": 0.5}, {"metric": 0.4}, "metric 0.4 < 0.5"),
        ({"metric": max, "floor": 0.5}, {"metric": 0.5}, ""),
        ({"metric": max, "floor": 0.5}, {"metric": float("nan")}, "metric nan < 0.5"),
    ],
)
def test_what_is_missed_is_named_with_its_figure(asked: Any, change: Any, missed: str) -> None:
    said = im.Accuracy(**asked).misses(replace(GOOD, **change))
    assert said.startswith(missed) and bool(said) == bool(missed)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"cosine": 1.5}, "cosine=1.5; give a number from -1 to 1"),
        ({"top1": -0.1}, "top1=-0.1; give a number from 0 to 1"),
        ({"top1": True}, "top1=True"),
        ({"cosine": float("nan")}, "cosine=nan"),
        ({"cosine": "0.99"}, "cosine='0.99'"),
        ({"relative_error": -1}, "relative_error=-1; give a number from 0"),
        ({"metric": max}, "metric and floor go together; give floor"),
        ({"floor": 0.5}, "metric and floor go together; give metric"),
        ({"metric": 3, "floor": 0.5}, "metric=3 is no function"),
        ({"cosine": None}, "nothing is asked for"),
        ({"cosin": 0.9}, "no figure 'cosin'; the nearest is 'cosine'"),
        ({"zzz": 0.9}, "no figure 'zzz'; there are cosine, top1"),
    ],
)
def test_a_wrong_question_is_refused(asked: Any, words: str) -> None:
    with pytest.raises(UsageError) as problem:
        checked_accuracy(asked)
    assert words in str(problem.value)


def test_what_is_no_accuracy_is_refused() -> None:
    with pytest.raises(UsageError, match=r"accuracy=0.99; give isthmus.Accuracy"):
        checked_accuracy(0.99)  # type: ignore[arg-type]


def test_a_metric_sees_results_as_the_program_nests_them() -> None:
    seen: list[Any] = []

    def metric(reference: list[Any], found: list[Any]) -> float:
        seen.extend((reference, found))
        return float(found[0]["a"][0] - reference[0]["a"][0])

    ours, theirs = numpy.array([3.0]), numpy.array([1.0])
    asked = im.Accuracy(cosine=None, metric=metric, floor=1)
    figures = figures_of([[ours, ours]], [[theirs, theirs]], {"a": "a", "b": ["b"]}, asked)
    assert figures.metric == 2
    assert seen == [[{"a": theirs, "b": [theirs]}], [{"a": ours, "b": [ours]}]]


def test_a_metric_that_gives_no_number_is_an_error() -> None:
    asked = im.Accuracy(metric=lambda reference, found: "good", floor=1)  # type: ignore[arg-type,return-value]
    one = [[numpy.ones(2)]]
    with pytest.raises(UsageError, match="the metric gave 'good'; return one number"):
        figures_of(one, one, "output", asked)
