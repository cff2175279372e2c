"""The models there are: one row each, and `create`, which turns a row's name into a model."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.nodes import Type
from isthmus.models.families.bert import bert_base, bert_large, minilm_l6, minilm_l12
from isthmus.models.families.densenet import densenet121, densenet169, densenet201
from isthmus.models.families.distilbert import distilbert_base
from isthmus.models.families.efficientnet import (
    efficientnet_b0,
    efficientnet_b1,
    efficientnet_b2,
    efficientnet_b3,
    efficientnet_b4,
    efficientnet_b5,
    efficientnet_b6,
    efficientnet_b7,
    efficientnet_lite0,
    efficientnet_lite1,
    efficientnet_lite2,
    efficientnet_lite3,
    efficientnet_lite4,
)
from isthmus.models.families.mobilenet import (
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3_large,
    mobilenet_v3_small,
)
from isthmus.models.families.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from isthmus.models.families.roberta import distilroberta_base, roberta_base, roberta_large
from isthmus.models.families.vgg import (
    vgg11,
    vgg11_bn,
    vgg13,
    vgg13_bn,
    vgg16,
    vgg16_bn,
    vgg19,
    vgg19_bn,
)
from isthmus.models.families.vit import vit_base, vit_small, vit_tiny
from isthmus.models.inputs import samples
from isthmus.models.inputs.pixels import USUAL, Filter, Pixels
from isthmus.models.weights.publishers import check_options, trained_with
from isthmus.nn import Block, Parameter
from isthmus.trace.tracing import spec

__all__ = [
    "ALIASES",
    "CATALOG",
    "IMAGE",
    "SQUARE",
    "TEXT",
    "WORDS",
    "Entry",
    "Kind",
    "Model",
    "create",
    "find",
    "from_images",
    "from_squares",
    "from_texts",
    "from_words",
    "image_results",
    "image_specs",
    "names",
    "outline",
    "square_specs",
    "text_results",
    "text_specs",
    "word_specs",
]

Arrays = dict[str, numpy.ndarray[Any, Any]]
Size = int | str


def text_specs(batch: Size = "batch", seq: Size = "seq") -> dict[str, Type]:
    """int32 [batch, seq] for each of BERT's inputs."""
    names = ("input_ids", "attention_mask", "token_type_ids")
    return {name: spec("int32", [batch, seq]) for name in names}


def word_specs(batch: Size = "batch", seq: Size = "seq") -> dict[str, Type]:
    """int32 [batch, seq] for each input of a model without token types."""
    specs = text_specs(batch, seq)
    del specs["token_type_ids"]
    return specs


def image_specs(batch: Size = "batch", height: Size = 224, width: Size = 224) -> dict[str, Type]:
    """float32 [batch, 3, height, width]."""
    return {"x": spec("float32", [batch, 3, height, width])}


def square_specs(batch: Size = "batch", image: int = 224) -> dict[str, Type]:
    """float32 [batch, 3, image, image], of the one size that a network's positions are of."""
    return image_specs(batch, image, image)


def from_texts(model: Model, texts: Sequence[str], **options: Any) -> Arrays:
    """Token numbers; options are `Tokenizer.encode`'s max_length and pairs.

    A sentence model's texts are cut where its publisher cuts them.
    """
    limit = model.options["positions"]
    if model.options["head"] == "sentence":
        limit = min(limit, model.tokenizer.sentence_length or limit)
    return {**model.tokenizer.encode(texts, **{"max_length": limit, **options})}


def from_words(model: Model, texts: Sequence[str], **options: Any) -> Arrays:
    """The same without token types."""
    arrays = from_texts(model, texts, **options)
    del arrays["token_type_ids"]
    return arrays


def from_images(model: Model, paths: Sequence[str | os.PathLike[str]], **options: Any) -> Arrays:
    """Pixels from images, as the catalogue says; options: what of it is to be otherwise."""
    from isthmus.models.inputs.images import read_images

    return {"x": read_images(paths, **{**model.entry.pixels.options(), **options})}


def from_squares(model: Model, paths: Sequence[str | os.PathLike[str]], **options: Any) -> Arrays:
    """Pixels of the model's size, from -1 to 1, as ViT's publishers have them."""
    side, half = model.options["image"], (0.5, 0.5, 0.5)
    own = {"resize": side, "crop": side, "mean": half, "deviation": half}
    return from_images(model, paths, **{**own, **options})


def text_results(outputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each text the rows of all outputs."""
    rows = zip(*outputs.values(), strict=True)
    return [dict(zip(outputs, row, strict=True)) for row in rows]


def image_results(logits: Any) -> list[list[tuple[str, float]]]:
    """For each image the five likeliest (class, probability) of ImageNet's."""
    from isthmus.models.inputs.labels import top

    return [top(row) for row in logits]


@dataclass(frozen=True)
class Kind:
    """What all models on one sort of input share."""

    specs: Callable[..., dict[str, Type]]
    preprocess: Callable[..., Arrays]
    postprocess: Callable[[Any], list[Any]]


TEXT = Kind(text_specs, from_texts, text_results)
WORDS = Kind(word_specs, from_words, text_results)
IMAGE = Kind(image_specs, from_images, image_results)
SQUARE = Kind(square_specs, from_squares, image_results)

# What a model answers, by its `head`; models without that option classify images.
TASKS = {
    "none": "features",
    "classification": "classification",
    "question-answering": "question answering",
    "masked-lm": "masked words",
    "sentence": "embedding",
}


@dataclass(frozen=True)
class Entry:
    """A row of the catalogue; family: as `checkpoint_names` calls it; sample: where weights are;
    pixels: what images become, where the model takes any size of them.

    >>> import isthmus as im
    >>> im.models.CATALOG["minilm-l6"].task
    'embedding'
    """

    name: str
    factory: Callable[..., Block]
    family: str
    kind: Kind
    sample: Callable[[], Path] | None = None
    pixels: Pixels = USUAL

    def specs(self, **sizes: Size) -> dict[str, Type]:
        """Those of its inputs; height and width are the catalogue's unless given.

        >>> import isthmus as im
        >>> im.models.find("efficientnet-b1").specs(batch=1)
        {'x': float32[1, 3, 240, 240]}
        """
        known = inspect.signature(self.kind.specs).parameters
        side = self.pixels.side
        own: dict[str, Size] = {name: side for name in ("height", "width") if name in known}
        return self.kind.specs(**{**own, **sizes})

    def options(self) -> dict[str, Any]:
        """The factory's keywords with their defaults.

        >>> import isthmus as im
        >>> im.models.find("resnet-18").options()
        {'version': 'v1.5', 'width': 64, 'classes': 1000}
        """
        parameters = inspect.signature(self.factory).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    @property
    def task(self) -> str:
        """What the model answers unless another head is asked for."""
        return TASKS[self.options().get("head", "classification")]


def of_google(side: int) -> Pixels:
    """As EfficientNets were evaluated: 32 pixels are cut off the short side."""
    return Pixels(side, side + 32, filter="bicubic")


def of_lite(side: int, filter: Filter = "bicubic") -> Pixels:
    """The same, from -1 to 1."""
    half = (0.5, 0.5, 0.5)
    return Pixels(side, side + 32, mean=half, deviation=half, filter=filter)


ENTRIES = (
    Entry("bert-base", bert_base, "bert", TEXT),
    Entry("bert-large", bert_large, "bert", TEXT),
    Entry("minilm-l6", minilm_l6, "bert", TEXT, samples.minilm),
    Entry("minilm-l12", minilm_l12, "bert", TEXT),
    Entry("distilbert-base", distilbert_base, "distilbert", WORDS),
    Entry("roberta-base", roberta_base, "roberta", WORDS),
    Entry("roberta-large", roberta_large, "roberta", WORDS),
    Entry("distilroberta-base", distilroberta_base, "roberta", WORDS),
    Entry("resnet-18", resnet18, "resnet", IMAGE),
    Entry("resnet-34", resnet34, "resnet", IMAGE),
    Entry("resnet-50", resnet50, "resnet", IMAGE),
    Entry("resnet-101", resnet101, "resnet", IMAGE),
    Entry("resnet-152", resnet152, "resnet", IMAGE),
    Entry("mobilenet-v1", mobilenet_v1, "mobilenet", IMAGE),
    Entry("mobilenet-v2", mobilenet_v2, "mobilenet", IMAGE, samples.mobilenet_v2),
    Entry("mobilenet-v3-large", mobilenet_v3_large, "mobilenet", IMAGE),
    Entry("mobilenet-v3-small", mobilenet_v3_small, "mobilenet", IMAGE),
    Entry("densenet-121", densenet121, "densenet", IMAGE),
    Entry("densenet-169", densenet169, "densenet", IMAGE),
    Entry("densenet-201", densenet201, "densenet", IMAGE),
    Entry("vgg-11", vgg11, "vgg", IMAGE),
    Entry("vgg-13", vgg13, "vgg", IMAGE),
    Entry("vgg-16", vgg16, "vgg", IMAGE),
    Entry("vgg-19", vgg19, "vgg", IMAGE),
    Entry("vgg-11-bn", vgg11_bn, "vgg", IMAGE),
    Entry("vgg-13-bn", vgg13_bn, "vgg", IMAGE),
    Entry("vgg-16-bn", vgg16_bn, "vgg", IMAGE),
    Entry("vgg-19-bn", vgg19_bn, "vgg", IMAGE),
    Entry("efficientnet-b0", efficientnet_b0, "efficientnet", IMAGE, pixels=of_google(224)),
    Entry("efficientnet-b1", efficientnet_b1, "efficientnet", IMAGE, pixels=of_google(240)),
    Entry("efficientnet-b2", efficientnet_b2, "efficientnet", IMAGE, pixels=of_google(260)),
    Entry("efficientnet-b3", efficientnet_b3, "efficientnet", IMAGE, pixels=of_google(300)),
    Entry("efficientnet-b4", efficientnet_b4, "efficientnet", IMAGE, pixels=of_google(380)),
    Entry("efficientnet-b5", efficientnet_b5, "efficientnet", IMAGE, pixels=of_google(456)),
    Entry("efficientnet-b6", efficientnet_b6, "efficientnet", IMAGE, pixels=of_google(528)),
    Entry("efficientnet-b7", efficientnet_b7, "efficientnet", IMAGE, pixels=of_google(600)),
    Entry("efficientnet-lite0", efficientnet_lite0, "efficientnet", IMAGE, pixels=of_lite(224)),
    Entry("efficientnet-lite1", efficientnet_lite1, "efficientnet", IMAGE, pixels=of_lite(240)),
    Entry("efficientnet-lite2", efficientnet_lite2, "efficientnet", IMAGE, pixels=of_lite(260)),
    Entry(
        "efficientnet-lite3",
        efficientnet_lite3,
        "efficientnet",
        IMAGE,
        pixels=of_lite(280, "bilinear"),
    ),
    Entry(
        "efficientnet-lite4",
        efficientnet_lite4,
        "efficientnet",
        IMAGE,
        pixels=of_lite(300, "bilinear"),
    ),
    Entry("vit-tiny", vit_tiny, "vit", SQUARE),
    Entry("vit-small", vit_small, "vit", SQUARE),
    Entry("vit-base", vit_base, "vit", SQUARE),
)
CATALOG = {entry.name: entry for entry in ENTRIES}

# Names under which hubs publish weights of these shapes.
ALIASES = {
    "bert-base-uncased": "bert-base",
    "bert-large-uncased": "bert-large",
    "distilbert-base-uncased": "distilbert-base",
    "all-minilm-l6-v2": "minilm-l6",
    "all-minilm-l12-v2": "minilm-l12",
    **{f"vgg{depth}": f"vgg-{depth}" for depth in (11, 13, 16, 19)},
    **{f"vgg{depth}_bn": f"vgg-{depth}-bn" for depth in (11, 13, 16, 19)},
    **{f"efficientnet_b{size}": f"efficientnet-b{size}" for size in range(8)},
    **{f"efficientnet_lite{size}": f"efficientnet-lite{size}" for size in range(5)},
    "vit-base-patch16-224": "vit-base",
    "vit-small-patch16-224": "vit-small",
    "vit-tiny-patch16-224": "vit-tiny",
}


class Model(Block):
    """A network with what its catalogue row knows: `specs`, `preprocess`, `postprocess`, `task`.

    >>> import numpy
    >>> import isthmus as im
    >>> net = im.models.create("mobilenet-v1", width=0.25)
    >>> run = im.compile(net, net.specs(batch=1), backend="cpu")
    >>> (found,) = net.postprocess(run(x=numpy.zeros((1, 3, 224, 224), numpy.float32)))
    >>> len(found)  # (class, probability), the five likeliest
    5
    """

    def __init__(self, entry: Entry, block: Block, options: Mapping[str, Any]) -> None:
        self.entry = entry
        self.block = block
        self.options = dict(options)
        self.forward = block.forward
        self.vocabulary: str | os.PathLike[str] | None = None

    def children(self) -> Iterator[tuple[str, Block]]:
        return self.block.children()

    def parameters(self) -> dict[str, Parameter]:
        return self.block.parameters()

    @property
    def task(self) -> str:
        """What the model answers, such as "embedding"."""
        return TASKS[self.options.get("head", "classification")]

    def specs(self, **sizes: Size) -> dict[str, Type]:
        """The specs of its inputs, for `compile`, by name.

        sizes: batch and seq, or batch, height and width; numbers, or names for what may vary. A
        ViT has the batch alone: its images are of the size that its option image says.
        Images are float32 [batch, 3, height, width], as high and wide as the catalogue says (224,
        more of EfficientNet b1 and larger) unless said otherwise; texts are int32 [batch, seq].
        Raises UsageError for another size.

        >>> import isthmus as im
        >>> im.models.resnet(18).specs(batch=1, height="h", width="w")
        {'x': float32[1, 3, h, w]}
        """
        known = inspect.signature(self.entry.kind.specs).parameters
        free = [name for name in known if name != "image"]
        if unknown := sorted(set(sizes) - set(free)):
            raise UsageError(f"{self.entry.name} has no size {unknown[0]}; give {', '.join(free)}")
        fixed = {"image": self.options["image"]} if "image" in known else {}
        return self.entry.specs(**sizes, **fixed)

    def preprocess(self, inputs: Sequence[Any], **options: Any) -> Arrays:
        """Arrays for the model, by name: from texts, or from images, each a path, the bytes of a
        file, or pixels, uint8 [height, width, 3].

        options: max_length and pairs of `Tokenizer.encode`; of images resize (pixels of the short
        side), crop, mean, deviation and filter ("bilinear", "bicubic"), where they are to differ
        from the catalogue's (`Entry.pixels`).
        Raises FileError for what is no image, UsageError for no inputs.

        >>> import isthmus as im
        >>> from PIL import Image
        >>> Image.new("RGB", (320, 240)).save("photo.png")
        >>> net = im.models.resnet(18, width=8)
        >>> net.preprocess(["photo.png"])["x"].shape
        (1, 3, 224, 224)
        """
        return self.entry.kind.preprocess(self, inputs, **options)

    def postprocess(self, outputs: Any) -> list[Any]:
        """One result for each input: a dict of arrays, or the five likeliest classes.

        >>> import numpy
        >>> import isthmus as im
        >>> logits = numpy.zeros((1, 1000), numpy.float32)
        >>> logits[0, 285] = 20
        >>> (found,) = im.models.resnet(18, width=8).postprocess(logits)
        >>> found[0][0]
        'Egyptian cat'
        """
        return self.entry.kind.postprocess(outputs)

    @cached_property
    def tokenizer(self) -> Any:
        """The one asked for, or beside the weights; for random ones that of English, uncased."""
        from isthmus.models.inputs.text import Tokenizer

        return Tokenizer(_tokenizer_file(self.vocabulary))


def names() -> list[str]:
    """The names that `create` takes, as `isthmus.models.list`.

    >>> import isthmus as im
    >>> im.models.list()[:3]
    ['bert-base', 'bert-large', 'minilm-l6']
    """
    return list(CATALOG)


def find(name: str) -> Entry:
    """The row of a name, or of one under which a hub has its weights; UsageError names the nearest.

    >>> import isthmus as im
    >>> im.models.find("all-MiniLM-L6-v2").name
    'minilm-l6'
    """
    known = ALIASES.get(name.lower(), name.lower())
    if known not in CATALOG:
        near = difflib.get_close_matches(known, [*CATALOG, *ALIASES], n=1)
        hint = f"the nearest is '{near[0]}'" if near else f"there are {', '.join(CATALOG)}"
        raise UsageError(f"no model '{name}'; {hint}")
    return CATALOG[known]


def create(
    name: str,
    *,
    weights: str | os.PathLike[str] | None = None,
    tokenizer: str | os.PathLike[str] | None = None,
    seed: int = 0,
    **options: Any,
) -> Model:
    """A model of the catalogue, with random weights by the seed unless others are given.

    weights: a file, a folder, "hf://ORGANISATION/NAME", or "sample" for those of samples.txt.
    tokenizer: a folder or file, where it does not lie beside the weights.
    options: the factory's, such as head="classification" or width=0.5; see `Entry.options`. Where
    the name of the weights tells some, these are taken: timm's tf_efficientnet_b0 has the padding
    "same".

    Raises UsageError for an unknown name or option, or another than the weights' name tells,
    FileError for weights that are missing or do not fit, BackendMissing where a hub is named
    without the package that speaks to hubs.

    >>> import isthmus as im
    >>> net = im.models.create("resnet-18", width=8, classes=10, seed=1)
    >>> net.task
    'classification'
    >>> im.eval_shape(net, net.specs())
    float32[batch, 10]
    """
    told = trained_with(weights, find(name).options())
    model = outline(name, **{**told, **options})
    check_options(weights, told, options)
    source = _source(model.entry, weights)
    _fill(model, source, seed)
    model.vocabulary = source if tokenizer is None else tokenizer
    return model


def outline(name: str, *, tokenizer: str | os.PathLike[str] | None = None, **options: Any) -> Model:
    """A model without weights, which costs nothing: for its specs, and to prepare its inputs.

    Raises UsageError for an unknown name or option.
    """
    entry = find(name)
    chosen = _chosen(entry, options)
    model = Model(entry, entry.factory(**chosen), chosen)
    model.vocabulary = tokenizer
    return model


def _chosen(entry: Entry, options: Mapping[str, Any]) -> dict[str, Any]:
    """All options; UsageError for one that is unknown, or a number that is no size."""
    known = entry.options()
    for name, value in options.items():
        if name not in known:
            raise UsageError(f"{entry.name} has no option {name}; it has {', '.join(known)}")
        whole = isinstance(known[name], int)
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not isinstance(known[name], str) and not (number and value > 0):
            wanted = "whole number from 1" if whole else "number above 0"
            raise UsageError(f"{entry.name}: {name}={value!r}; give a {wanted}")
    return {**known, **options}


def _source(entry: Entry, weights: str | os.PathLike[str] | None) -> str | os.PathLike[str] | None:
    if weights != "sample":
        return weights
    if entry.sample is None:
        having = ", ".join(row.name for row in ENTRIES if row.sample)
        raise UsageError(f"{entry.name} has no sample weights; these have: {having}")
    return entry.sample()


def _tokenizer_file(vocabulary: str | os.PathLike[str] | None) -> str | os.PathLike[str]:
    """Where a tokenizer is: as given, or beside the weights, in their folder or on their hub."""
    from isthmus.models.inputs.text import FILES
    from isthmus.models.weights.weights import HUB, downloaded

    if vocabulary is None:
        return samples.minilm()
    text = os.fspath(vocabulary)
    if text.startswith(HUB):
        return downloaded("/".join(text.removeprefix(HUB).split("/")[:2]), FILES)
    path = Path(text).expanduser()
    return path if path.is_dir() or path.suffix in (".json", ".txt") else path.parent


def _fill(model: Model, source: str | os.PathLike[str] | None, seed: int) -> None:
    if source is None:
        model.initialize(seed)
        return
    from isthmus.models.weights.weights import load_weights

    model.set_parameters(load_weights(model.parameters(), source, model.entry.family))
