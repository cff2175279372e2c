"""DistilBERT and RoBERTa: positions, padding, sizes, heads, and published names with weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import save_file

import isthmus as im
from isthmus.errors import DimensionError, UsageError

TINY = {"layers": 2, "width": 24, "heads": 2, "inner": 40, "vocabulary": 50, "positions": 10}
NAMES = ("distilbert-base", "roberta-base")
IDS = numpy.asarray([[0, 7, 9, 2], [0, 8, 2, 1]], numpy.int32)
MASK = numpy.asarray([[1, 1, 1, 1], [1, 1, 1, 0]], numpy.int32)
SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "none": {"last_hidden_state": (2, 4, 24)},
    "classification": {"logits": (2, 3)},
    "question-answering": {"start_logits": (2, 4), "end_logits": (2, 4)},
    "masked-lm": {"logits": (2, 4, 50)},
    "sentence": {"embedding": (2, 24)},
}


def tiny(name: str, head: str = "none", **options: Any) -> im.models.Model:
    return im.models.create(name, head=head, **{**TINY, **options})


@pytest.mark.parametrize("head", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_heads_answer_with_named_arrays(name: str, head: str) -> None:
    model = tiny(name, head, labels=3)
    outputs = model(IDS, MASK)
    assert {key: array.shape for key, array in outputs.items()} == SHAPES[head]
    assert list(model.specs()) == ["input_ids", "attention_mask"]
    alone = model(IDS[:1])
    for key, array in outputs.items():
        numpy.testing.assert_allclose(alone[key][0], array[0], atol=1e-6)


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
@pytest.mark.parametrize("name", NAMES)
def test_padding_changes_nothing(name: str, backend: str) -> None:
    model = tiny(name, "sentence")
    program = im.compile(model, model.specs(), backend=backend)
    padded = program(input_ids=IDS, attention_mask=MASK)["embedding"][1]
    alone = program(input_ids=IDS[1:, :3], attention_mask=MASK[1:, :3])["embedding"][0]
    numpy.testing.assert_allclose(padded, alone, atol=1e-6)


@pytest.mark.parametrize("backend", ["numpy", "cpu", "gpu"])
@pytest.mark.parametrize("name", NAMES)
def test_texts_up_to_the_positions_and_no_longer(name: str, backend: str) -> None:
    model = tiny(name)
    device: dict[str, Any] = {"device": "cpu"} if backend == "gpu" else {}
    program = im.compile(model, model.specs(), backend=backend, **device)
    for seq in (1, 10):
        ids = numpy.full((3, seq), 5, numpy.int32)
        found = program(input_ids=ids, attention_mask=ids)["last_hidden_state"]
        assert found.shape == (3, seq, 24)
    ids = numpy.full((3, 11), 5, numpy.int32)
    with pytest.raises(DimensionError):
        program(input_ids=ids, attention_mask=ids)
    with pytest.raises(UsageError, match="11 tokens, but positions=10; cut the text"):
        model(ids)


def test_roberta_counts_from_2_and_passes_over_padding() -> None:
    block: Any = tiny("roberta-base").block
    places = block.embeddings._places
    ids = numpy.asarray([[0, 7, 1, 9, 1]], numpy.int32)
    assert places(ids).tolist() == [[2, 3, 1, 4, 1]]


@pytest.mark.parametrize("name", NAMES)
def test_many_texts_run_but_in_packed_rows(name: str) -> None:
    model = tiny(name, "sentence")
    texts = [
        {"input_ids": row[:n], "attention_mask": row[:n] * 0 + 1}
        for row, n in zip(IDS, (4, 3), strict=True)
    ]
    wanted = model(IDS, MASK)["embedding"]
    for way in ("buckets", "exact", "padded"):
        found = im.models.TextProgram(model, way=way, threads=1).of_tokens(texts)
        numpy.testing.assert_allclose([each["embedding"] for each in found], wanted, atol=1e-6)
    with pytest.raises(UsageError, match="has no token types, which packed rows do; give way="):
        im.models.TextProgram(model)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_head_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="choose from none, classification"):
        tiny(name, "tail")


def test_published_names_load(tmp_path: Path) -> None:
    """As of distilbert-base-uncased: a prefix, and a head that the model does not have."""
    model = tiny("distilbert-base", seed=3)
    theirs = {}
    for name, parameter in model.parameters().items():
        for ours, published in (
            ("encoder.layer.", "transformer.layer."),
            ("attention.self.query", "attention.q_lin"),
            ("attention.self.key", "attention.k_lin"),
            ("attention.self.value", "attention.v_lin"),
            ("attention.output.dense", "attention.out_lin"),
            ("attention.output.LayerNorm", "sa_layer_norm"),
            ("intermediate.dense", "ffn.lin1"),
            ("output.dense", "ffn.lin2"),
            ("output.LayerNorm", "output_layer_norm"),
        ):
            name = name.replace(ours, published)
        theirs[f"distilbert.{name}"] = parameter.data()
    theirs["vocab_projector.bias"] = numpy.zeros(50, numpy.float32)
    save_file(theirs, tmp_path / "model.safetensors")
    loaded = tiny("distilbert-base", weights=tmp_path)
    wanted = model(IDS, MASK)["last_hidden_state"]
    numpy.testing.assert_array_equal(loaded(IDS, MASK)["last_hidden_state"], wanted)
