"""The models at their full sizes beside their originals, in torch, on the same weights."""

# ruff: noqa: E402 - the modules beside this file are found by the path that is set first

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
import transformers

sys.path[:0] = [str(Path(__file__).parents[1] / "tables"), str(Path(__file__).parent)]

from golden_cases import (
    GOOGLE,
    HEADS,
    TIMM,
    TOLERANCE,
    Case,
    as_dict,
    assert_telling,
    inputs_of,
    randomized,
    relative_error,
)
from make_golden import copy_weights, efficientnet, mobilenet, original, pooled, vgg
from safetensors.numpy import save_file
from torchvision_names import efficientnet_names, vgg_names

import isthmus as im
from isthmus.models.families.vgg import regions
from isthmus.models.inputs.labels import top
from isthmus.models.inputs.samples import minilm, mobilenet_v2, photographs
from isthmus.models.run import run_images, run_texts
from isthmus.models.weights.checkpoint_names import translate

# transformers and torch warn of their own future changes, which these tests do not use.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

BACKENDS: tuple[dict[str, Any], ...] = ({"backend": "cpu"}, {"backend": "gpu", "device": "cpu"})
SIZES: dict[str, Any] = {"image": (160, 96), "sequence": 48}

CASES = (
    *(Case(f"bert-base-{head}", "bert-base", {"head": head}) for head in HEADS),
    *(Case(f"minilm-l6-{head}", "minilm-l6", {"head": head}) for head in HEADS),
    Case("bert-large", "bert-large"),
    Case("minilm-l12", "minilm-l12"),
    *(Case(f"distilbert-base-{head}", "distilbert-base", {"head": head}) for head in HEADS),
    *(Case(f"roberta-base-{head}", "roberta-base", {"head": head}) for head in HEADS),
    Case("roberta-large", "roberta-large"),
    Case("distilroberta-base", "distilroberta-base"),
    *(
        Case(f"resnet-{depth}-{version}", f"resnet-{depth}", {"version": version})
        for depth in (18, 34, 50, 101, 152)
        for version in ("v1", "v1.5", "v2")
    ),
    Case("mobilenet-v1", "mobilenet-v1"),
    Case("mobilenet-v1-1.25", "mobilenet-v1", {"width": 1.25}),
    *(Case(f"mobilenet-v2-{w}", "mobilenet-v2", {"width": w}) for w in (0.5, 1.0, 1.4)),
    Case("mobilenet-v3-large", "mobilenet-v3-large"),
    Case("mobilenet-v3-small", "mobilenet-v3-small"),
    *(Case(f"densenet-{depth}", f"densenet-{depth}") for depth in (121, 169, 201)),
    *(Case(f"vgg-{depth}", f"vgg-{depth}") for depth in ("11", "11-bn", "16", "19-bn")),
    *(Case(f"efficientnet-{n}", f"efficientnet-{n}") for n in ("b0", "b3", "b5")),
    *(Case(f"efficientnet-lite{n}", f"efficientnet-lite{n}") for n in (0, 3)),
    *(Case(f"efficientnet-{n}-same", f"efficientnet-{n}", GOOGLE) for n in ("b0", "b2")),
    Case("efficientnet-lite0-symmetric", "efficientnet-lite0", TIMM),
    *(Case(f"vit-{size}", f"vit-{size}") for size in ("tiny", "small", "base")),
)
Pair = tuple[im.models.Model, dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.label)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A model, inputs, and its original's outputs; one model in memory at a time."""
    model = im.models.create(request.param.name, **request.param.options)
    inputs = inputs_of(model, **SIZES)
    randomized(model, inputs=inputs)
    expected = original(model)(**inputs)
    assert_telling(expected)
    yield model, inputs, expected
    gc.collect()


@pytest.mark.parametrize("options", BACKENDS, ids=lambda options: options["backend"])
def test_equals_the_original(
    pair: Pair, options: dict[str, Any], record_property: Callable[[str, object], None]
) -> None:
    model, inputs, expected = pair
    specs = {name: im.spec(a.dtype, ("batch", *a.shape[1:])) for name, a in inputs.items()}
    found = as_dict(im.compile(model, specs, **options)(**inputs))
    assert set(found) == set(expected)
    errors = {name: relative_error(found[name], expected[name]) for name in found}
    record_property("errors", errors)
    print(f"errors {model.entry.family} {options['backend']} {errors}")
    assert max(errors.values()) <= TOLERANCE


@pytest.mark.parametrize("options", BACKENDS, ids=lambda options: options["backend"])
def test_a_row_of_padding_attends_evenly(options: dict[str, Any]) -> None:
    """As in transformers, whose mask is float32's lowest number."""
    model = im.models.create("minilm-l6", head="none", layers=2)
    randomized(model)
    inputs = inputs_of(model)
    inputs["attention_mask"][1] = 0
    config = transformers.BertConfig(
        num_hidden_layers=2, hidden_size=384, intermediate_size=1536, attn_implementation="eager"
    )
    module = transformers.BertModel(config).eval()
    copy_weights(module, model)
    with torch.inference_mode():
        expected = module(**{name: torch.from_numpy(a).long() for name, a in inputs.items()})
    found = im.compile(model, model.specs(), **options)(**inputs)["last_hidden_state"]
    assert relative_error(found, expected.last_hidden_state.numpy()) <= TOLERANCE


THEIR_MOBILENETS: dict[str, tuple[Any, Any]] = {
    "v1": (transformers.MobileNetV1Config, transformers.MobileNetV1ForImageClassification),
    "v2": (transformers.MobileNetV2Config, transformers.MobileNetV2ForImageClassification),
}


@pytest.mark.parametrize("version", THEIR_MOBILENETS)
def test_mobilenets_equal_those_of_transformers(version: str) -> None:
    """Layers come in the same order there, under other names; padding as in torch."""
    model = im.models.mobilenet(version, epsilon=1e-3)
    randomized(model)
    config, kind = THEIR_MOBILENETS[version]
    module = kind(config(tf_padding=False, layer_norm_eps=1e-3, num_labels=1000)).eval()
    state = {n: t for n, t in module.state_dict().items() if not n.endswith("batches_tracked")}
    ours = model.parameters().values()
    for tensor, parameter in zip(state.values(), ours, strict=True):
        assert tuple(tensor.shape) == parameter.shape
        tensor.copy_(torch.tensor(parameter.data()))
    inputs = inputs_of(model, **SIZES)
    with torch.inference_mode():
        expected = module(torch.from_numpy(inputs["x"])).logits.numpy()
    found = im.compile(model, im.spec("float32", inputs["x"].shape), backend="cpu")(inputs["x"])
    assert relative_error(found, expected) <= TOLERANCE


@pytest.mark.parametrize("size", ["tiny", "small", "base"])
def test_vits_equal_those_of_timm_by_their_weights(size: str, tmp_path: Path) -> None:
    import timm  # which make_golden lets do without torchvision

    module = timm.create_model(f"vit_{size}_patch16_224").eval()
    state = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    save_file(state, tmp_path / "model.safetensors")
    model = im.models.create(f"vit-{size}", weights=tmp_path)
    inputs = inputs_of(model)
    with torch.inference_mode():
        expected = module(torch.from_numpy(inputs["x"])).numpy()
    found = im.compile(model, im.spec("float32", inputs["x"].shape), backend="cpu")(inputs["x"])
    assert relative_error(found, expected) <= TOLERANCE


MADE: dict[str, tuple[Any, Any]] = {
    "vgg-11": (vgg_names, vgg),
    "vgg-16-bn": (vgg_names, vgg),
    "efficientnet-b0": (efficientnet_names, efficientnet),
    "efficientnet-b4": (efficientnet_names, efficientnet),
}


@pytest.mark.parametrize("name", MADE)
def test_weights_under_torchvisions_names_give_what_timm_does(name: str, tmp_path: Path) -> None:
    """timm has the same layers in the same order, so that no rule for names takes part."""
    names, made = MADE[name]
    module = made(im.models.create(name)).eval()
    state = [tensor.numpy().copy() for tensor in module.state_dict().values()]
    flat = [a.reshape(len(a), -1) if a.shape[2:] == (7, 7) else a for a in state]
    save_file(dict(zip(names(name), flat, strict=True)), tmp_path / "model.safetensors")
    model = im.models.create(name, weights=tmp_path)
    _same(model, module, (2, 3, 96, 64))


@pytest.mark.parametrize("name", ["vgg_11", "efficientnet_b1", "tf_efficientnet_b1"])
def test_weights_of_timm_are_read_from_a_file(name: str, tmp_path: Path) -> None:
    import timm

    module = timm.create_model(name.replace("vgg_", "vgg")).eval()
    state = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    save_file(state, tmp_path / f"{name}.safetensors")
    options: dict[str, Any] = GOOGLE if name.startswith("tf_") else {}
    ours = name.removeprefix("tf_").replace("_", "-")
    model = im.models.create(ours, weights=tmp_path / f"{name}.safetensors", **options)
    _same(model, module, (1, 3, 97, 130))


def _same(model: im.models.Model, module: Any, shape: tuple[int, ...]) -> None:
    """At these sizes, and at any; a normalisation whose running variance is 1 hides no layer."""
    x = numpy.random.default_rng(0).standard_normal(shape, numpy.float32)
    with torch.inference_mode():
        expected = module(torch.from_numpy(x)).numpy()
    for specs in (im.spec("float32", shape), model.specs(height="h", width="w")):
        for options in BACKENDS:
            found = im.compile(model, specs, **options)(x)
            assert relative_error(found, expected) <= TOLERANCE


@pytest.mark.parametrize("sizes", [(7, 7), (1, 3), (2, 9), (14, 21), (100, 8)])
def test_regions_are_those_of_torch(sizes: tuple[int, int]) -> None:
    x = numpy.random.default_rng(0).standard_normal((2, 3, *sizes), numpy.float32)
    expected = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(x), (7, 7)).numpy()
    assert relative_error(regions(x, 7), expected) <= 1e-6


TEXTS = (
    "A man is eating food.",
    "A man is eating a piece of bread.",
    "The new movie is awesome, is it not?",
    "Der Hund läuft über die Brücke.",
)


@pytest.mark.parametrize("options", BACKENDS, ids=lambda options: options["backend"])
def test_minilm_gives_the_similarities_of_transformers(options: dict[str, Any]) -> None:
    tokenizer = transformers.BertTokenizerFast.from_pretrained(minilm())
    module = transformers.BertModel.from_pretrained(minilm()).eval()
    inputs = tokenizer(list(TEXTS), padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = module(**inputs).last_hidden_state
    expected = pooled(hidden, inputs["attention_mask"]).numpy()
    run = run_texts(im.models.create("minilm-l6", weights="sample"), TEXTS, **options)
    numpy.testing.assert_array_equal(run.arrays["input_ids"], inputs["input_ids"].numpy())
    assert relative_error(run.embeddings, expected) <= TOLERANCE
    assert relative_error(run.similarities, expected @ expected.T) <= TOLERANCE
    assert run.similarities[0, 1] > 0.6 > run.similarities[0, 2] + 0.3


@pytest.mark.parametrize("options", BACKENDS, ids=lambda options: options["backend"])
def test_mobilenet_v2_gives_the_labels_of_its_original(options: dict[str, Any]) -> None:
    """torchvision's weights, read by torch, in timm's network."""
    model = im.models.mobilenet("v2", weights="sample")
    module = mobilenet(model)
    published = torch.load(mobilenet_v2(), weights_only=True)
    state = module.state_dict()
    names = translate([n for n in state if "batches_tracked" not in n], "mobilenet")
    module.load_state_dict({n: published[ours] for n, ours in names.items()}, strict=False)
    run = run_images(model, photographs(), **options)
    with torch.inference_mode():
        expected = module.eval()(torch.from_numpy(run.arrays["x"])).numpy()
    assert relative_error(run.arrays["logits"], expected) <= TOLERANCE
    for labels, logits in zip(run.labels, expected, strict=True):
        theirs = top(logits)
        assert [name for name, _ in labels] == [name for name, _ in theirs]
        assert [p for _, p in labels] == pytest.approx([p for _, p in theirs], abs=1e-4)
