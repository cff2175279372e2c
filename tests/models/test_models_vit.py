"""ViT: the one size of its images, their pixels, and the names of published weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image
from safetensors.numpy import save_file

import isthmus as im
from isthmus.errors import UsageError
from isthmus.models.weights.checkpoint_names import translate

TINY = {"layers": 2, "width": 24, "inner": 40, "image": 32, "classes": 5}
IMAGES = numpy.random.default_rng(0).standard_normal((2, 3, 32, 32), numpy.float32)


def tiny(**options: Any) -> im.models.Model:
    return im.models.create("vit-tiny", **{**TINY, **options})


def test_the_batch_is_free_and_the_size_is_the_options() -> None:
    model = tiny()
    assert str(model.specs()["x"]) == "float32[batch, 3, 32, 32]"
    program = im.compile(model, model.specs(), backend="cpu")
    for batch in (1, 2):
        found = program(x=IMAGES[:batch])
        numpy.testing.assert_allclose(found, model(IMAGES)[:batch], atol=1e-5)
    with pytest.raises(UsageError, match="vit-tiny has no size height; give batch"):
        model.specs(height=64)


@pytest.mark.parametrize("sizes", [(64, 64), (16, 64), (16, 16), ("height", 32)])
def test_another_size_is_refused(sizes: tuple[Any, Any]) -> None:
    with pytest.raises(UsageError, match=r"images of .*, but image=32; resize them"):
        im.eval_shape(tiny(), im.spec("float32", (1, 3, *sizes)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image": 40}, "image=40 is no multiple of the patches' 16"),
        ({"width": 25}, "width=25 is no multiple of heads=3"),
    ],
)
def test_sizes_that_do_not_fit_are_named(options: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tiny(**options)


def test_pixels_are_from_minus_1_to_1(tmp_path: Path) -> None:
    Image.new("RGB", (80, 60), (0, 255, 255)).save(tmp_path / "a.png")
    (found,) = tiny().preprocess([tmp_path / "a.png"])["x"]
    assert found.shape == (3, 32, 32)
    assert [set(colour.ravel().tolist()) for colour in found] == [{-1.0}, {1.0}, {1.0}]


def test_weights_of_timm_have_query_key_and_value_in_one(tmp_path: Path) -> None:
    model = tiny(seed=4)
    theirs = {name: parameter.data() for name, parameter in model.parameters().items()}
    for layer in range(2):
        for kind in ("weight", "bias"):
            parts = (f"blocks.{layer}.attn.{part}.{kind}" for part in ("query", "key", "value"))
            joined = numpy.concatenate([theirs.pop(part) for part in parts])
            theirs[f"blocks.{layer}.attn.qkv.{kind}"] = joined
    save_file(theirs, tmp_path / "model.safetensors")
    loaded = tiny(weights=tmp_path)
    numpy.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


def test_names_of_published_checkpoints_of_transformers() -> None:
    layer = "vit.encoder.layer.1."
    expected = {
        "vit.embeddings.cls_token": "cls_token",
        "vit.embeddings.position_embeddings": "pos_embed",
        "vit.embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
        layer + "attention.attention.query.bias": "blocks.1.attn.query.bias",
        layer + "attention.output.dense.weight": "blocks.1.attn.proj.weight",
        layer + "intermediate.dense.weight": "blocks.1.mlp.fc1.weight",
        layer + "output.dense.weight": "blocks.1.mlp.fc2.weight",
        layer + "layernorm_before.weight": "blocks.1.norm1.weight",
        layer + "layernorm_after.bias": "blocks.1.norm2.bias",
        "vit.layernorm.weight": "norm.weight",
        "classifier.weight": "head.weight",
    }
    assert translate(expected, "vit") == expected
