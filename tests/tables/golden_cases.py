"""Every model of the catalogue at sizes quick to compare, with weights that hide no mistake.

The weights need no framework: they are our seeded initialisation, in which every vector is
random too, so that no normalisation is the identity. The running statistics are then scaled
to what the network computes, without which 50 random blocks would over- or underflow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy
from places import TESTS

from isthmus import models, nn

Array = numpy.ndarray[Any, Any]

GOLDEN = TESTS / "golden"
SEED = 20181011
TOLERANCE = 1e-4  # largest error by largest value; sums in another order differ by 5e-6
IMAGE = (64, 64)
CLASSES = 64
SEQUENCE = 12


# Output deviation by input deviation, where not 1: sharp attention that adds little, so that
# tokens stay apart in 24 layers.
STRENGTH = {"query": 2.0, "key": 2.0, "attention.output": 0.3}


@dataclass(frozen=True)
class Case:
    """A model of the catalogue with options; `label` names its golden file."""

    label: str
    name: str
    options: dict[str, Any] = field(default_factory=dict)


HEADS = ("none", "classification", "question-answering", "masked-lm", "sentence")
BERTS = {
    "bert-base": {"width": 96, "inner": 200},
    "bert-large": {"width": 128, "inner": 200},
    "minilm-l6": {"width": 48, "inner": 104},
    "minilm-l12": {"width": 48, "inner": 104},
}
WORDS = {"vocabulary": 150, "positions": 16}

BERT_CASES = tuple(
    Case(f"{name}-{head}", name, {"head": head, **WORDS, **sizes})
    for name, sizes in BERTS.items()
    for head in HEADS
)
DISTILLED = {"width": 96, "inner": 200, **WORDS}
DISTILBERT_CASES = tuple(
    Case(f"distilbert-base-{head}", "distilbert-base", {"head": head, **DISTILLED})
    for head in HEADS
)
ROBERTA_CASES = (
    *(Case(f"roberta-base-{head}", "roberta-base", {"head": head, **DISTILLED}) for head in HEADS),
    Case("roberta-large", "roberta-large", {"width": 128, "inner": 200, **WORDS}),
    Case("distilroberta-base", "distilroberta-base", DISTILLED),
)
RESNET_CASES = tuple(
    Case(f"resnet-{n}-{v}", f"resnet-{n}", {"version": v, "width": 16, "classes": CLASSES})
    for n in (18, 34, 50, 101, 152)
    for v in ("v1", "v1.5", "v2")
)
MOBILENET_CASES = (
    Case("mobilenet-v1", "mobilenet-v1", {"classes": CLASSES}),
    Case("mobilenet-v2", "mobilenet-v2", {"classes": CLASSES}),
    Case("mobilenet-v2-0.5", "mobilenet-v2", {"classes": CLASSES, "width": 0.5}),
    Case("mobilenet-v2-1.4", "mobilenet-v2", {"classes": CLASSES, "width": 1.4}),
    Case("mobilenet-v3-large", "mobilenet-v3-large", {"classes": CLASSES}),
    Case("mobilenet-v3-small", "mobilenet-v3-small", {"classes": CLASSES}),
    Case("mobilenet-v3-small-1e-5", "mobilenet-v3-small", {"classes": CLASSES, "epsilon": 1e-5}),
)
DENSENET_CASES = tuple(
    Case(f"densenet-{n}", f"densenet-{n}", {"growth": 8, "classes": CLASSES})
    for n in (121, 169, 201)
)
NARROW = {"width": 8, "hidden": 64, "classes": CLASSES}
VGG_CASES = tuple(
    Case(f"vgg-{n}{norms}", f"vgg-{n}{norms}", NARROW)
    for n in (11, 13, 16, 19)
    for norms in ("", "-bn")
)
GOOGLE: dict[str, Any] = {"epsilon": 1e-3, "padding": "same"}
TIMM: dict[str, Any] = {"epsilon": 1e-5, "padding": "symmetric"}
# Half of each size's own, so that channels are rounded as they are there.
WIDTHS = {
    **{"b1": 0.5, "b2": 0.55, "b3": 0.6, "b4": 0.7, "b5": 0.8, "b6": 0.9, "b7": 1.0},
    **{"lite1": 0.5, "lite2": 0.55, "lite3": 0.6, "lite4": 0.7},
}
EFFICIENTNET_CASES = (
    Case("efficientnet-b0", "efficientnet-b0", {"classes": CLASSES}),
    Case("efficientnet-b0-same", "efficientnet-b0", {"classes": CLASSES, **GOOGLE}),
    Case("efficientnet-lite0", "efficientnet-lite0", {"classes": CLASSES}),
    Case("efficientnet-lite0-symmetric", "efficientnet-lite0", {"classes": CLASSES, **TIMM}),
    *(
        Case(f"efficientnet-{size}", f"efficientnet-{size}", {"width": width, "classes": CLASSES})
        for size, width in WIDTHS.items()
    ),
)
VIT_CASES = tuple(
    Case(name, name, {"width": 12 * heads, "inner": 80, "image": 64, "classes": CLASSES})
    for name, heads in (("vit-tiny", 3), ("vit-small", 6), ("vit-base", 12))
)
CASES = (
    *BERT_CASES,
    *DISTILBERT_CASES,
    *ROBERTA_CASES,
    *RESNET_CASES,
    *MOBILENET_CASES,
    *DENSENET_CASES,
    *VGG_CASES,
    *EFFICIENTNET_CASES,
    *VIT_CASES,
)


def inputs_of(
    model: models.Model, image: tuple[int, int] = IMAGE, sequence: int = SEQUENCE
) -> dict[str, Array]:
    """A batch of two by the seed: noise, or words of which the second row has a few less."""
    generator = numpy.random.default_rng(SEED)
    if "x" in model.specs():
        side = model.options.get("image")
        shown = image if side is None else (side, side)
        return {"x": generator.standard_normal((2, 3, *shown), numpy.float32)}
    shape = (2, sequence)
    words = generator.integers(1, model.options["vocabulary"], shape, numpy.int32)
    kept, second = numpy.ones(shape, numpy.int32), numpy.zeros(shape, numpy.int32)
    kept[1, 2 * sequence // 3 :] = 0
    second[:, sequence // 2 :] = 1
    given = {"input_ids": words, "attention_mask": kept, "token_type_ids": second}
    return {name: given[name] for name in model.specs()}


def randomized(
    model: models.Model, scales: Array | None = None, inputs: dict[str, Array] | None = None
) -> Array:
    """Fills the model; the scale of each running statistic, measured where none is given.

    inputs: what it is measured on. On images of another size deep networks grow beyond all bounds.
    """
    model.initialize(SEED)
    generator = numpy.random.default_rng(SEED)
    for name, parameter in model.parameters().items():
        parameter.set(_varied(name, parameter.data(), generator))
    norms = list(_norms(model))
    known = _measured(model, norms, inputs) if scales is None else scales
    if scales is not None:
        for norm, scale in zip(norms, scales, strict=True):
            _rescale(norm, scale)
    return known


def _varied(name: str, array: Array, generator: numpy.random.Generator) -> Array:
    """Vectors become random, and dense layers as strong as `STRENGTH` says."""
    if array.ndim == 2 and "embeddings" not in name:
        strength = next((s for part, s in STRENGTH.items() if part in name), 1.0)
        return array * (50 * strength / array.shape[1] ** 0.5)  # made with a deviation of 1 / 50
    if array.ndim > 1:
        return array
    if name.endswith("running_var"):
        return numpy.asarray(generator.uniform(0.5, 2.0, array.shape))
    if name.endswith("weight"):
        return array * generator.uniform(0.5, 1.5, array.shape)
    return numpy.asarray(0.2 * generator.standard_normal(array.shape))


def _norms(block: nn.Block) -> Iterator[nn.BatchNorm]:
    for _, child in block.children():
        yield from (child,) if isinstance(child, nn.BatchNorm) else _norms(child)


def _measured(
    model: models.Model, norms: list[nn.BatchNorm], inputs: dict[str, Array] | None
) -> Array:
    """Runs the model once; each normalisation takes the deviation of what it is given."""
    found: dict[int, float] = {}
    forward = nn.BatchNorm.forward

    def measuring(norm: nn.BatchNorm, x: Any) -> Any:
        found[id(norm)] = float(f"{x.std():.2g}")  # so that rounding errors do not show
        _rescale(norm, found[id(norm)])
        return forward(norm, x)

    if norms:
        with patch.object(nn.BatchNorm, "forward", measuring):
            model(**(inputs or inputs_of(model)))
    return numpy.asarray([found[id(norm)] for norm in norms], numpy.float32)


def _rescale(norm: nn.BatchNorm, scale: Any) -> None:
    norm.running_mean.set(norm.running_mean.data() * scale)
    norm.running_var.set(norm.running_var.data() * scale * scale)


def weights_sum(model: models.Model) -> float:
    """The sum of the absolute values of all weights."""
    arrays = (parameter.data() for parameter in model.parameters().values())
    return sum(float(numpy.sum(numpy.abs(array), dtype=numpy.float64)) for array in arrays)


def as_dict(outputs: Any) -> dict[str, Array]:
    """A network's outputs by name."""
    return outputs if isinstance(outputs, dict) else {"logits": outputs}


def relative_error(found: Array, expected: Array) -> float:
    """max |found - expected| / max |expected|; NaN anywhere makes it NaN."""
    assert found.shape == expected.shape
    return float(numpy.max(numpy.abs(found - expected)) / numpy.max(numpy.abs(expected)))


def assert_telling(outputs: dict[str, Array]) -> None:
    """The values are of a size that float32 holds well, and depend on the input."""
    for name, array in outputs.items():
        assert 1e-2 < numpy.max(numpy.abs(array)) < 1e3, name
        difference = numpy.max(numpy.abs(array[0] - array[1]))
        assert difference > 0.01 * numpy.max(numpy.abs(array)), name
