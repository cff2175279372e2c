"""Texts of several lengths: every way of running them says the same of each, in order."""

from __future__ import annotations

import itertools
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus.errors import UsageError
from isthmus.models.texts import WAYS, text_rows

TEXTS = [
    "Not every strip was cut.",
    "So the land stays whole, and fishermen cross it by bus.",
    "A canal.",
    "On the map a canal is a thin blue line, easily drawn.",
    "Those who guessed went bankrupt; those who measured are still collecting tolls.",
]
TINY = {"layers": 1, "width": 16, "heads": 2, "inner": 32}


@pytest.mark.parametrize("head", ["none", "sentence"])
@pytest.mark.parametrize("way", WAYS)
def test_each_way_says_of_a_text_what_it_says_alone(way: str, head: str) -> None:
    net = im.models.bert("minilm-l6", head=head, **TINY)
    alone = im.compile(net, net.specs(), backend="numpy")
    run = im.models.TextProgram(net, way=way, batch=3, threads=1)
    found = run(TEXTS)
    assert len(found) == len(TEXTS)
    for text, own in zip(TEXTS, found, strict=True):
        wanted = alone(**net.preprocess([text]))
        assert own.keys() == wanted.keys()
        for name in wanted:
            numpy.testing.assert_allclose(own[name], wanted[name][0], rtol=1e-4, atol=1e-5)
    assert run.stats.items == len(TEXTS)
    assert run.stats.asked == sum(net.preprocess(TEXTS)["attention_mask"].ravel())
    assert run.stats.asked <= run.stats.computed


@pytest.mark.parametrize("way", WAYS)
def test_any_number_of_texts_is_read_as_it_is_needed(way: str) -> None:
    run = im.models.TextProgram(im.models.bert("minilm-l6", **TINY), way=way, batch=2, threads=1)
    first = run(TEXTS)
    found = run.map(itertools.cycle(TEXTS))
    for number in range(12):
        own = next(found)["embedding"]
        numpy.testing.assert_allclose(own, first[number % len(TEXTS)]["embedding"], atol=1e-5)
    found.close()


def test_pairs_are_packed_with_their_token_types() -> None:
    net = im.models.bert("minilm-l6", **TINY)
    found = im.models.TextProgram(net, threads=1)(TEXTS, pairs=TEXTS[::-1])
    wanted = im.compile(net, net.specs(), threads=1)(**net.preprocess(TEXTS, pairs=TEXTS[::-1]))
    numpy.testing.assert_allclose(
        [own["embedding"] for own in found], wanted["embedding"], atol=1e-5
    )


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("minilm-l6", {"way": "sorted"}, "way='sorted': give 'packed'"),
        ("minilm-l6", {"batch": 0}, "batch=0: give a whole number"),
        ("resnet-18", {}, "resnet-18 takes no texts"),
    ],
)
def test_wrong_options_are_one_line(model: str, options: Any, message: str) -> None:
    tiny: dict[str, Any] = {**TINY} if model == "minilm-l6" else {"width": 8}
    with pytest.raises(UsageError, match=message):
        im.models.TextProgram(im.models.create(model, **tiny), **options)


def test_samples_are_given_as_the_model_takes_texts_whatever_the_way() -> None:
    net = im.models.bert("minilm-l6", **TINY)
    samples = [net.preprocess(TEXTS[:3]), net.preprocess(TEXTS[3:])]
    exact = numpy.array([own["embedding"] for own in im.models.TextProgram(net, threads=1)(TEXTS)])
    for way in ("packed", "padded"):
        run = im.models.TextProgram(net, way=way, precision="int8", samples=samples, threads=1)
        found = numpy.array([own["embedding"] for own in run(TEXTS)])
        assert (found * exact).sum(axis=1).min() > 0.98, "cosines, of vectors of length 1"


def tokens(**changed: Any) -> dict[str, Any]:
    """A text of five tokens."""
    ids = numpy.array([101, 2009, 2003, 2204, 102], numpy.int32)
    usual = {"input_ids": ids, "attention_mask": ids * 0 + 1, "token_type_ids": ids * 0}
    return {**usual, **changed}


@pytest.mark.parametrize("way", ["packed", "padded"])
@pytest.mark.parametrize(
    "changed",
    [
        {"input_ids": numpy.array([101.5] * 5, numpy.float32)},
        {"input_ids": numpy.array([2**32 + 101] * 5)},
        {"token_type_ids": numpy.zeros(4, numpy.int32)},
        {"token_type_ids": numpy.zeros((5, 1), numpy.int32)},
        {name: numpy.zeros(0, numpy.int32) for name in tokens()},
        {"position_ids": numpy.arange(5, dtype=numpy.int32)},
    ],
)
def test_tokens_that_rows_would_convert_are_refused_behind_the_texts_before(
    way: str, changed: dict[str, Any]
) -> None:
    run = im.models.TextProgram(im.models.bert("minilm-l6", **TINY), way=way, threads=1)
    found = run.of_tokens([tokens(), tokens(**changed)])
    assert next(found)["embedding"].shape == (16,)
    with pytest.raises(UsageError, match="a text of "):
        next(found)


@pytest.mark.parametrize("way", WAYS)
def test_a_mask_with_holes_is_seen_or_refused(way: str) -> None:
    net = im.models.bert("minilm-l6", **TINY)
    text = tokens(attention_mask=numpy.array([1, 1, 0, 0, 1], numpy.int32))
    found = im.models.TextProgram(net, way=way, threads=1).of_tokens([text])
    if way == "packed":
        with pytest.raises(UsageError, match="not all 1"):
            next(found)
        return
    alone = im.compile(net, net.specs(), backend="numpy")
    wanted = alone(**{name: array[None] for name, array in text.items()})
    numpy.testing.assert_allclose(next(found)["embedding"], wanted["embedding"][0], atol=1e-5)


def test_rows_padded_at_their_beginning_are_no_texts() -> None:
    mask = numpy.array([[0, 1, 1]], numpy.int32)
    with pytest.raises(UsageError, match="pad texts at their ends"):
        text_rows({"input_ids": mask * 7, "attention_mask": mask, "token_type_ids": mask * 0})
