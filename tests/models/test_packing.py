"""Texts packed into rows: the same numbers as a text a row, whatever a BERT says of them."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus.errors import UsageError
from isthmus.models.families.bert import HEADS
from isthmus.models.packing import first_fit_decreasing, packed_specs, packing

RANDOM = numpy.random.default_rng(0)
LENGTHS = (5, 1, 9, 2, 7, 3)
TINY = {"layers": 1, "width": 16, "heads": 2, "inner": 32, "vocabulary": 30, "positions": 12}


def tokens() -> tuple[list[Any], list[Any]]:
    ids = [RANDOM.integers(1, 30, length, numpy.int32) for length in LENGTHS]
    kinds = [RANDOM.integers(0, 2, length, numpy.int32) for length in LENGTHS]
    return ids, kinds


@pytest.mark.parametrize(
    ("head", "row_length"),
    [*((head, None) for head in sorted(HEADS)), ("sentence", 9), ("none", 40)],
)
def test_packed_texts_have_the_results_of_each_alone(
    device_backend: dict[str, Any], head: str, row_length: int | None
) -> None:
    net = im.models.bert("minilm-l6", head=head, **TINY)
    ids, kinds = tokens()
    rows = packing(LENGTHS, row_length, width=16)
    packed = im.compile(net, packed_specs(), **device_backend)(**rows.arrays(ids, kinds))
    alone = im.compile(net, net.specs(), backend="numpy")
    for name, found in packed.items():
        is_of_tokens = found.shape[:2] == (len(rows.rows), rows.row_length)
        each = rows.unpacked(found) if is_of_tokens else list(found)
        assert len(each) == len(LENGTHS)
        for text, length in enumerate(LENGTHS):
            wanted = alone(
                input_ids=ids[text][None],
                attention_mask=numpy.ones((1, length), numpy.int32),
                token_type_ids=kinds[text][None],
            )[name][0]
            numpy.testing.assert_allclose(each[text], wanted, rtol=1e-4, atol=1e-5)


def test_a_packed_program_is_saved_exported_and_read(tmp_path: Any) -> None:
    net = im.models.bert("minilm-l6", **TINY)
    arrays = packing(LENGTHS, width=16).arrays(*tokens())
    run = im.compile(net, packed_specs(), backend="numpy")
    wanted = run(**arrays)["embedding"]
    run.save(tmp_path / "packed.im")
    again = im.load(tmp_path / "packed.im", backend="cpu")
    numpy.testing.assert_allclose(again(**arrays)["embedding"], wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starts": None}, "starts is missing"),
        ({"sequence_ids": None, "starts": None}, "sequence_ids is missing"),
        ({"attention_mask": im.spec("int32", ["rows", "seq"])}, "attention_mask is given as well"),
    ],
)
def test_half_of_what_packed_rows_need_is_refused(change: Any, message: str) -> None:
    net = im.models.bert("minilm-l6", **TINY)
    specs = {name: kind for name, kind in {**packed_specs(), **change}.items() if kind}
    with pytest.raises(UsageError, match=message):
        im.compile(net, specs, backend="numpy")


def test_a_place_beyond_the_table_is_an_error() -> None:
    run = im.compile(im.models.bert("minilm-l6", **TINY), packed_specs(), backend="cpu")
    arrays = packing([13]).arrays([numpy.ones(13, numpy.int32)])
    with pytest.raises(IndexError, match="position_ids: index 12 is out of bounds"):
        run(**arrays)


def test_every_text_is_in_one_row_and_rows_hold_no_more_than_they_may() -> None:
    for count in (1, 2, 7, 40, 200):
        lengths = RANDOM.integers(1, 100, count).tolist()
        for row_length in (max(lengths), 128, None):
            found = packing(lengths, row_length)
            assert sorted(t for row in found.rows for t in row) == list(range(count))
            for row in found.rows:
                assert sum(lengths[text] for text in row) <= found.row_length
            assert found.asked == sum(lengths) <= found.computed
            ids = [numpy.full(n, 1 + text, numpy.int32) for text, n in enumerate(lengths)]
            arrays = found.arrays(ids)
            numpy.testing.assert_array_equal(arrays["input_ids"], arrays["sequence_ids"])
            for text, own in enumerate(found.unpacked(arrays["position_ids"])):
                numpy.testing.assert_array_equal(own, numpy.arange(lengths[text]))
            flat = arrays["sequence_ids"].ravel()
            numpy.testing.assert_array_equal(flat[arrays["starts"]], numpy.arange(1, count + 1))


def test_first_fit_decreasing_is_within_its_bound() -> None:
    for _ in range(50):
        lengths = RANDOM.integers(1, 100, 30).tolist()
        fewest = -(-sum(lengths) // 100)
        assert len(first_fit_decreasing(lengths, 100)) <= 11 * max(fewest, 1) / 9 + 7


@pytest.mark.parametrize(
    ("lengths", "row_length", "message"),
    [
        ([], None, "give the tokens of each text"),
        ([3, 0], None, "give the tokens of each text"),
        ([30], 16, "a text of 30 tokens in rows of 16"),
    ],
)
def test_what_cannot_be_packed_is_refused(lengths: Any, row_length: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        packing(lengths, row_length)
