"""The catalogue: names, options, sizes, costs, seeds, and answers from texts and photographs."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus.errors import DimensionError, FileError, UsageError
from isthmus.models.catalog import ALIASES, CATALOG
from isthmus.models.inputs import samples
from isthmus.models.run import cosines, run_images, run_texts

TINY = {"layers": 2, "width": 24, "heads": 2, "inner": 40, "vocabulary": 50, "positions": 10}
IDS = numpy.asarray([[2, 7, 9, 3], [2, 8, 3, 0]], numpy.int32)
MASK = numpy.asarray([[1, 1, 1, 1], [1, 1, 1, 0]], numpy.int32)


def tiny(head: str = "none", **options: Any) -> im.models.Model:
    return im.models.bert(head=head, **{**TINY, **options})


def count(model: im.models.Model) -> int:
    """Weights that are trained: what published counts mean."""
    names = model.parameters().items()
    return sum(math.prod(p.shape) for name, p in names if ".running_" not in name)


@pytest.fixture(autouse=True)
def no_random_weights(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only names and shapes matter, filling 335 million parameters is left out."""
    if "published" in request.fixturenames:
        monkeypatch.setattr(im.nn.Block, "initialize", lambda *_: None)


PARAMETERS = {
    "bert-base": 109_482_240,
    "bert-large": 335_141_888,
    "minilm-l6": 22_713_216 - 147_840,  # without the pooler, which sentences do not use
    "minilm-l12": 33_360_000 - 147_840,
    "distilbert-base": 66_362_880,
    "roberta-base": 124_645_632 - 590_592,  # without the pooler, which was not trained
    "roberta-large": 355_359_744 - 1_049_600,
    "distilroberta-base": 82_118_400 - 590_592,
    "resnet-18": 11_689_512,
    "resnet-34": 21_797_672,
    "resnet-50": 25_557_032,
    "resnet-101": 44_549_160,
    "resnet-152": 60_192_808,
    "mobilenet-v1": 4_231_976,
    "mobilenet-v2": 3_504_872,
    "mobilenet-v3-large": 5_483_032,
    "mobilenet-v3-small": 2_542_856,
    "densenet-121": 7_978_856,
    "densenet-169": 14_149_480,
    "densenet-201": 20_013_928,
    "vgg-11": 132_863_336,
    "vgg-13": 133_047_848,
    "vgg-16": 138_357_544,
    "vgg-19": 143_667_240,
    "vgg-11-bn": 132_868_840,
    "vgg-13-bn": 133_053_736,
    "vgg-16-bn": 138_365_992,
    "vgg-19-bn": 143_678_248,
    "efficientnet-b0": 5_288_548,
    "efficientnet-b1": 7_794_184,
    "efficientnet-b2": 9_109_994,
    "efficientnet-b3": 12_233_232,
    "efficientnet-b4": 19_341_616,
    "efficientnet-b5": 30_389_784,
    "efficientnet-b6": 43_040_704,
    "efficientnet-b7": 66_347_960,
    "efficientnet-lite0": 4_652_008,
    "efficientnet-lite1": 5_416_680,
    "efficientnet-lite2": 6_092_072,
    "efficientnet-lite3": 8_197_096,
    "efficientnet-lite4": 13_006_568,
    "vit-tiny": 5_717_416,
    "vit-small": 22_050_664,
    "vit-base": 86_567_656,
}


@pytest.mark.parametrize(("name", "published"), PARAMETERS.items())
def test_has_the_published_number_of_parameters(name: str, published: int) -> None:
    assert count(im.models.create(name)) == published


# Multiply-adds of the papers and of torchvision's table, two operations each; norms apart.
OPERATIONS = {
    "bert-base": (22.4e9, {"batch": 1, "seq": 128}),
    "resnet-50": (8.18e9, {"batch": 1}),
    "mobilenet-v1": (1.138e9, {"batch": 1}),
    "mobilenet-v2": (0.601e9, {"batch": 1}),
    "mobilenet-v3-large": (0.438e9, {"batch": 1}),
    "vgg-16": (30.94e9, {"batch": 1}),
    "efficientnet-b0": (0.78e9, {"batch": 1}),
    "efficientnet-b3": (3.66e9, {"batch": 1}),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_costs_the_published_number_of_operations(name: str) -> None:
    published, sizes = OPERATIONS[name]
    model = im.models.create(name)
    cost = im.compile(model, model.specs(), backend="numpy").cost(**sizes)
    products = ("np.matmul", "npx.convolution")
    found = sum(row.operations for row in cost.operators if row.operator in products)
    assert found == pytest.approx(published, rel=0.03)
    assert found <= cost.operations < 1.15 * found


def test_lists_the_catalogue() -> None:
    names = im.models.list()
    assert names == list(CATALOG)
    assert {"bert-base", "minilm-l6", "resnet-50", "mobilenet-v3-small"} < set(names)
    assert set(ALIASES.values()) < set(names)


def test_helpers_name_the_same_models() -> None:
    assert im.models.bert("bert-base-uncased", layers=1).entry.name == "bert-base"
    assert im.models.bert("all-MiniLM-L6-v2", layers=1).entry.name == "minilm-l6"
    assert im.models.resnet(18, width=8).entry.name == "resnet-18"
    assert im.models.mobilenet("v3-small", width=0.25).entry.name == "mobilenet-v3-small"


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "resnet-51": ({}, "the nearest is 'resnet-50'"),
    "bert-bse": ({}, "the nearest is 'bert-base'"),
    "zzz": ({}, "there are bert-base, bert-large"),
    "resnet-50": ({"depth": 3}, "no option depth; it has version, width, classes"),
    "resnet-101": ({"version": "v3"}, "choose from v1, v1.5, v2"),
    "resnet-18": ({"weights": "sample"}, "no sample weights; these have: minilm-l6, mobilenet-v2"),
    "bert-base": ({"head": "tail"}, "choose from none, classification"),
    "bert-large": ({"width": 100}, "width=100 is no multiple of heads=16"),
    "minilm-l6": ({"layers": 0}, "layers=0; give a whole number from 1"),
    "resnet-34": ({"width": 0.5}, "width=0.5; give a whole number from 1"),
    "mobilenet-v1": ({"width": -1}, "width=-1; give a number above 0"),
    "mobilenet-v2": ({"classes": True}, "classes=True; give a whole number"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_remedy(name: str) -> None:
    options, remedy = MISTAKES[name]
    with pytest.raises(UsageError, match=remedy):
        im.models.create(name, **options)


def test_sizes_that_a_model_does_not_have_are_refused() -> None:
    with pytest.raises(UsageError, match="has no size height; give batch, seq"):
        tiny().specs(height=3)


def test_another_family_is_refused() -> None:
    with pytest.raises(UsageError, match="resnet-50 is no BERT"):
        im.models.bert("resnet-50")


def test_seeds_decide_the_weights() -> None:
    first, again, other = (tiny(seed=seed).parameters() for seed in (1, 1, 2))
    assert all(numpy.array_equal(p.data(), again[n].data()) for n, p in first.items())
    name = "encoder.layer.1.attention.self.query.weight"
    assert not numpy.array_equal(first[name].data(), other[name].data())


SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "none": {"last_hidden_state": (2, 4, 24), "pooler_output": (2, 24)},
    "classification": {"logits": (2, 3)},
    "question-answering": {"start_logits": (2, 4), "end_logits": (2, 4)},
    "masked-lm": {"logits": (2, 4, 50)},
    "sentence": {"embedding": (2, 24)},
}


@pytest.mark.parametrize("head", SHAPES)
def test_heads_answer_with_named_arrays(head: str) -> None:
    outputs = tiny(head, labels=3)(IDS, MASK)
    assert {name: array.shape for name, array in outputs.items()} == SHAPES[head]
    assert {array.dtype for array in outputs.values()} == {numpy.dtype("float32")}


def test_the_masked_model_shares_its_table_and_lists_it_once() -> None:
    model = tiny("masked-lm")
    shapes = [p.shape for p in model.parameters().values()]
    assert shapes.count((50, 24)) == 1
    before = model(IDS, MASK)["logits"]
    table = model.parameters()["bert.embeddings.word_embeddings.weight"]
    row = numpy.arange(50)[:, None] == 49  # which IDS do not have
    table.set(table.data() + row)
    changed = numpy.any(model(IDS, MASK)["logits"] != before, axis=(0, 1))
    assert changed.tolist() == [False] * 49 + [True]


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
def test_padding_changes_nothing_and_alone_is_no_nan(backend: str) -> None:
    model = tiny("sentence")
    names = ("input_ids", "attention_mask")
    specs = {name: im.spec("int32", ["batch", "seq"]) for name in names}
    program = im.compile(model, specs, backend=backend)
    padded = program(input_ids=IDS, attention_mask=MASK)["embedding"][1]
    alone = program(input_ids=IDS[1:, :3], attention_mask=MASK[1:, :3])["embedding"][0]
    numpy.testing.assert_allclose(padded, alone, atol=1e-6)
    empty = program(input_ids=IDS, attention_mask=0 * MASK)["embedding"]
    assert numpy.isfinite(empty).all()
    plain = im.compile(tiny(), specs, backend=backend)
    state = plain(input_ids=IDS, attention_mask=0 * MASK)["last_hidden_state"]
    assert numpy.isfinite(state).all()


def test_inputs_left_out_mean_all_tokens_of_the_first_text() -> None:
    model = tiny()
    whole = model(IDS, numpy.ones_like(MASK), numpy.zeros_like(IDS))
    numpy.testing.assert_allclose(
        model(IDS)["last_hidden_state"], whole["last_hidden_state"], atol=1e-6
    )
    sentence = tiny("sentence")
    numpy.testing.assert_allclose(
        sentence(IDS)["embedding"],
        sentence(IDS, numpy.ones_like(MASK))["embedding"],
        atol=1e-6,
    )


def test_named_sizes_take_any_batch_and_length_up_to_the_positions() -> None:
    model = tiny()
    program = im.compile(model, model.specs(), backend="numpy")
    for batch, seq in ((1, 1), (3, 10)):
        arrays = dict.fromkeys(model.specs(), numpy.ones((batch, seq), numpy.int32))
        assert program(**arrays)["last_hidden_state"].shape == (batch, seq, 24)
    long = numpy.ones((1, 11), numpy.int32)
    with pytest.raises(DimensionError, match="seq"):
        program(**dict.fromkeys(model.specs(), long))
    with pytest.raises(UsageError, match="11 tokens, but positions=10"):
        model(long)


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
def test_images_of_any_size(backend: str) -> None:
    model = im.models.resnet(18, width=8, classes=5)
    program = im.compile(model, model.specs(height="h", width="w"), backend=backend)
    for shape in ((1, 3, 64, 64), (2, 3, 33, 71)):
        x = numpy.random.default_rng(0).standard_normal(shape, numpy.float32)
        numpy.testing.assert_allclose(program(x=x), model(x), rtol=1e-4, atol=1e-5)


STRIDES = {"v1": (2, 1, 1), "v1.5": (1, 2, 1), "v2": (1, 2, 1)}


@pytest.mark.parametrize("version", STRIDES)
def test_versions_stride_where_their_papers_say(version: str) -> None:
    block: Any = im.models.resnet(50, version=version, width=8, classes=5).block
    first = block.stages[1].blocks[0] if version == "v2" else block.layer2[0]
    found = tuple(c.options["strides"] for c in (first.conv1, first.conv2, first.conv3))
    assert found == STRIDES[version]


def test_widths_are_multiples_of_eight() -> None:
    half: Any = im.models.mobilenet("v2", width=0.5, classes=5).block
    assert half.features[0][0].weight.shape[0] == 16
    assert half.features[17].conv[2].weight.shape[0] == 160
    assert half.classifier[1].weight.shape == (5, 1280)


def test_a_model_hybridizes_and_names_its_parameters_as_its_network() -> None:
    model = tiny()
    expected = model(IDS, MASK)["pooler_output"]
    model.hybridize(backend="numpy")
    numpy.testing.assert_allclose(model(IDS, MASK)["pooler_output"], expected, atol=1e-6)
    assert list(model.parameters()) == list(model.block.parameters())
    graph = im.trace(model, model.specs()).graph
    assert set(graph.constant_names.values()) == set(model.parameters())


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    source = tiny(seed=3)
    arrays = {f"bert.{name}": p.data() for name, p in source.parameters().items()}
    save_file(arrays, tmp_path / "model.safetensors")
    for place in (tmp_path, tmp_path / "model.safetensors"):
        loaded = tiny(weights=place)
        numpy.testing.assert_array_equal(loaded(IDS)["pooler_output"], source(IDS)["pooler_output"])
        with pytest.raises(FileError, match="no tokenizer there"):
            loaded.preprocess(["a text"])
    with pytest.raises(FileError, match="does not fit the model"):
        tiny(weights=tmp_path, layers=3)


def test_the_tokenizer_is_the_one_beside_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []

    def downloaded(model: str, files: Any) -> Path:
        asked.append((model, files))
        return samples.minilm() / "vocab.txt"

    monkeypatch.setattr("isthmus.models.weights.weights.downloaded", downloaded)
    places = (None, samples.minilm(), samples.minilm() / "tokenizer.json", "hf://one/two")
    for place in places:
        arrays = tiny(tokenizer=place).preprocess(["Hello there"])
        assert arrays["input_ids"].tolist() == [[101, 7592, 2045, 102]]
    assert asked == [("one/two", ("tokenizer.json", "vocab.txt"))]
    weights = samples.minilm() / "model.safetensors"
    assert (
        im.models.create("minilm-l6", weights=weights).preprocess(["Hello"])["input_ids"].size == 3
    )


def test_texts_are_cut_to_the_positions() -> None:
    assert tiny().preprocess(["word " * 30])["input_ids"].shape == (1, 10)
    assert tiny().preprocess(["word " * 30], max_length=5)["input_ids"].shape == (1, 5)


def test_texts_become_similarities() -> None:
    model = im.models.create("minilm-l6", weights="sample")
    texts = ["A man is eating food.", "A man is eating a piece of bread.", "The sky is blue."]
    run = run_texts(model, texts, backend="numpy")
    assert run.texts == tuple(texts)
    assert run.embeddings.shape == (3, 384)
    assert run.similarities[0, 1] > 0.6 > 0.3 > run.similarities[0, 2]
    assert set(run.arrays) == {*model.specs(), "embedding"}
    assert [set(row) for row in model.postprocess(model(**model.preprocess(texts)))] == [
        {"embedding"}
    ] * 3


def test_photographs_become_labels() -> None:
    model = im.models.create("mobilenet-v2", weights="sample")
    run = run_images(model, samples.photographs(), backend="cpu")
    assert [row[0][0] for row in run.labels] == ["palace", "honeycomb"]
    assert all(len(row) == 5 and 1 >= row[0][1] >= row[4][1] > 0 for row in run.labels)
    assert run.arrays["logits"].shape == (2, 1000)
    assert run.arrays["x"].shape == (2, 3, 224, 224)


def test_the_wrong_kind_of_model_is_refused() -> None:
    with pytest.raises(UsageError, match="create a BERT with head='sentence'"):
        run_texts(tiny(), ["a text"])
    with pytest.raises(UsageError, match="takes texts, not images"):
        run_images(tiny(), ["a.jpg"])


def test_cosines_are_those_of_the_rows() -> None:
    rows = numpy.asarray([[3.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    half = math.sqrt(0.5)
    expected = numpy.asarray([[1, half, 0], [half, 1, 0], [0, 0, 0]])
    numpy.testing.assert_allclose(cosines(rows), expected, atol=1e-12)


def test_importing_models_imports_no_reader() -> None:
    code = (
        "import sys, isthmus.models\n"
        "heavy = {'PIL', 'tokenizers', 'safetensors', 'openvino', 'onnx', 'onnxruntime'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
