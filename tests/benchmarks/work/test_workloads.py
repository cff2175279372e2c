"""Workloads: names, real inputs that all differ, and the prepared folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from needed_samples import needs_samples

from isthmus.benchmarks.portable.timing.inputs import read_sets
from isthmus.benchmarks.work import prepare, workloads
from isthmus.benchmarks.work.workloads import Workload, composed, find
from isthmus.errors import UsageError
from isthmus.program.compiling import load


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bert-base-128", Workload("bert-base-128", "bert-base", 1, 128)),
        ("bert-large-512-b64", Workload("bert-large-512-b64", "bert-large", 64, 512)),
        ("bert-base-texts", Workload("bert-base-texts", "bert-base", 1, "texts")),
        ("minilm-l6-16", Workload("minilm-l6-16", "minilm-l6", 1, 16, "sample")),
        ("resnet-50", Workload("resnet-50", "resnet-50")),
        ("resnet-50-b1", Workload("resnet-50", "resnet-50")),
        ("mobilenet-v2-b8", Workload("mobilenet-v2-b8", "mobilenet-v2", 8, None, "sample")),
        ("vgg-16-b8", Workload("vgg-16-b8", "vgg-16", 8)),
        ("vgg-16-bn-b8", Workload("vgg-16-bn-b8", "vgg-16-bn", 8)),
        ("efficientnet-b1", Workload("efficientnet-b1", "efficientnet-b1")),
        ("mobilenet-v3-small-b2", Workload("mobilenet-v3-small-b2", "mobilenet-v3-small", 2)),
    ],
)
def test_a_name_is_a_workload(name: str, expected: Workload) -> None:
    assert composed(name) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bert-base", "has no sequence; give one such as 'bert-base-128'"),
        ("bert-base-2", "a sequence of 2; give 3 to 512"),
        ("bert-base-513", "a sequence of 513; give 3 to 512"),
        ("bert-base-texts-b2", "texts differ in length; give 'bert-base-texts'"),
        ("resnet-50-128", "images have no sequence; give 'resnet-50'"),
        ("resnet-51", "no workload 'resnet-51'; the nearest is 'resnet-5"),
        ("bert-base-12x8", "the nearest is 'bert-base-128'"),
        ("mobilenet-v2-b0", "the nearest is 'mobilenet-v2-b8'"),
        ("?", "no workload '\\?'; there are bert-base-128, resnet-50, mobilenet-v2, "),
    ],
)
def test_a_wrong_name_says_what_would_be_right(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find([name])


def test_the_tables_name_workloads() -> None:
    assert [work.name for work in find([])] == list(workloads.QUICK)
    assert [work.name for work in workloads.WORKLOADS] == list(
        dict.fromkeys([*workloads.QUICK, *workloads.FULL])
    )
    assert set(workloads.QUICK) < set(workloads.FULL)


def contents(sets: list[dict[str, Any]]) -> list[bytes]:
    return [b"".join(array.tobytes() for array in arrays.values()) for arrays in sets]


@needs_samples
@pytest.mark.parametrize(
    ("name", "count", "shape"),
    [
        ("bert-base-16", 8, (1, 16)),
        ("bert-base-512", 8, (1, 512)),
        ("bert-base-128-b8", 8, (8, 128)),
        ("bert-base-512-b64", 4, (64, 512)),
        ("mobilenet-v2", 8, (1, 3, 224, 224)),
        ("efficientnet-b1", 8, (1, 3, 240, 240)),
        ("resnet-50-b16", 4, (16, 3, 224, 224)),
    ],
)
def test_no_two_samples_are_the_same(name: str, count: int, shape: tuple[int, ...]) -> None:
    (work,) = find([name])
    sets = work.input_sets()
    assert len(sets) == count
    assert {array.shape for arrays in sets for array in arrays.values()} == {shape}
    first = next(iter(sets[0]))
    rows = [row.tobytes() for arrays in sets for row in arrays[first]]
    assert len(set(rows)) == len(rows) == count * shape[0]
    assert contents([work.inputs()]) == contents(sets[:1])
    assert contents(work.input_sets()) == contents(sets), "the same every time"


@needs_samples
def test_windows_fill_the_sequence_with_words() -> None:
    for arrays in composed("bert-base-256").input_sets():
        assert arrays["attention_mask"].all()
        ids = arrays["input_ids"][0]
        assert (ids[0], ids[-1]) == (101, 102), "[CLS] and [SEP]"
        assert not numpy.isin(ids, (0, 100)).any(), "no padding, no unknown word"


@needs_samples
def test_texts_are_of_many_lengths_and_whole() -> None:
    sets = composed("bert-base-texts").input_sets()
    lengths = [arrays["input_ids"].shape[1] for arrays in sets]
    assert len(set(contents(sets))) == len(sets) == 16
    assert min(lengths) < 10
    assert 150 < max(lengths) < 512
    halves = [sum(lengths[:8]), sum(lengths[8:])]
    assert max(halves) < 2 * min(halves), "a part of a cycle is much like the whole"
    assert all(arrays["input_ids"].shape[0] == 1 for arrays in sets)


@needs_samples
def test_more_than_the_passage_has_is_an_error() -> None:
    with pytest.raises(UsageError, match="8 windows of 5000 tokens: the passage is shorter"):
        Workload("w", "bert-base", sequence=5000).input_sets()
    with pytest.raises(UsageError, match="smaller batch"):
        composed("bert-base-512-b512").input_sets()
    with pytest.raises(UsageError, match="texts differ in length, so that 8 are no batch"):
        replace(composed("bert-base-texts"), batch=8).input_sets()


# The prepared folder


@needs_samples
def test_a_folder_holds_what_every_variant_opens(tmp_path: Path) -> None:
    (work,) = find(["mobilenet-v2"])
    facts = prepare.prepare(work, tmp_path, named=True)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["inputs.npz", "model.onnx", "named.im", "program.im"]
    assert facts.absent == {}
    assert facts.classes
    assert facts.measured["operations"] == pytest.approx(0.6e9, rel=0.06)
    assert facts.measured["parameter_bytes"] == pytest.approx(4 * 3.5e6, rel=0.02)
    assert facts.measured["bytes_moved"] > facts.measured["parameter_bytes"]
    assert (facts.measured["batch"], facts.measured["sequence"]) == (1, None)
    sets = read_sets(tmp_path / "inputs.npz")
    assert contents(sets) == contents(work.input_sets())
    assert facts.measured["input_sets"] == len(sets) == 8
    assert load(tmp_path / "named.im", backend="numpy").graph.inputs[0].type.ndim == 4


@needs_samples
def test_texts_have_one_model_for_all_lengths(tmp_path: Path) -> None:
    work = composed("minilm-l6-texts")
    facts = prepare.prepare(work, tmp_path)
    assert facts.measured["sequence"] == "texts"
    assert not (tmp_path / "named.im").exists()
    sizes = onnx.load(tmp_path / "model.onnx").graph.input[0].type.tensor_type.shape.dim
    assert [size.dim_value or size.dim_param for size in sizes] == [1, "seq"]
    least, most = (prepare.prepare(composed(f"minilm-l6-{n}"), tmp_path) for n in (16, 256))
    assert least.measured["operations"] < facts.measured["operations"]
    assert facts.measured["operations"] < most.measured["operations"]


@needs_samples
def test_the_hash_is_the_models(tmp_path: Path) -> None:
    hashes = []
    for name in ("mobilenet-v2", "mobilenet-v2", "mobilenet-v2-b2"):
        hashes.append(prepare.prepare(composed(name), tmp_path).measured["model_hash"])
    assert hashes[0] == hashes[1] != hashes[2]
    assert hashes[0].startswith("sha256:")
    assert len(hashes[0]) == 7 + 64


@needs_samples
@pytest.mark.parametrize("name", ["minilm-l6-16", "minilm-l6-texts", "mobilenet-v2-b2"])
def test_what_is_calibrated_and_judged_by_is_not_what_is_timed(name: str) -> None:
    (work,) = find([name])
    judged_by = work.judged_by()
    timed = {key for arrays in work.input_sets() for key in rows(arrays)}
    calibrated = {key for arrays in work.calibration_sets() for key in rows(arrays)}
    assert timed.isdisjoint(calibrated)
    judged = [key for arrays in judged_by.sets for key in rows(arrays)]
    if judged_by.kind == "classes":
        assert timed.isdisjoint(judged) and calibrated.isdisjoint(judged)
    assert judged_by.items <= len(judged) < judged_by.items + work.batch
    shapes = [{key: array.shape for key, array in one.items()} for one in judged_by.sets]
    if work.sequence != "texts":
        expected = {key: array.shape for key, array in work.inputs().items()}
        assert [shape for shape in shapes if shape != expected] == []


def rows(arrays: dict[str, Any]) -> list[bytes]:
    """The items of a set: of texts their token numbers, of images their pixels."""
    return [row.tobytes() for row in arrays["input_ids" if "input_ids" in arrays else "x"]]


@needs_samples
def test_weights_and_inputs_of_a_judgement_are_told() -> None:
    embedding, features, image = find(["minilm-l6-16", "bert-base-16", "mobilenet-v2"])
    assert embedding.judged_by().kind == "similarities"
    assert embedding.judged_by().facts == {
        "weights": "published",
        "inputs": "sentences and paragraphs",
    }
    assert (features.judged_by().kind, features.judged_by().weights) == ("outputs", "random")
    assert (image.judged_by().kind, image.judged_by().items) == ("classes", 128)


def test_a_model_without_token_types_is_given_none() -> None:
    (work,) = find(["distilbert-base-16"])
    for sets in (work.input_sets(), work.calibration_sets()):
        assert set(sets[0]) == {"input_ids", "attention_mask"}


def test_a_model_is_given_images_of_its_own_size() -> None:
    (work,) = find(["efficientnet-lite3-b2"])
    every = (work.input_sets(), work.calibration_sets(), work.tuning_sets(), work.judged_by().sets)
    wanted = work.source().specs["x"].shape
    assert wanted == (2, 3, 280, 280)
    assert {arrays["x"].shape for sets in every for arrays in sets} == {wanted}
