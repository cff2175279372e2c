"""What a scorer opens where it runs: a saved program's file, or a model of the catalogue by name.

All of it is small and pickles. A file is told from another by its sum, so that a worker that finds
another file of that name says so instead of scoring with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import FileError, UsageError
from isthmus.graph.nodes import Graph

__all__ = ["Source", "facts_of", "keywords_of", "opened", "specs_of", "sum_of"]

TOKENS = ("input_ids", "attention_mask", "token_type_ids")
PACKED = "sequence_ids"  # an input that only programs of packed rows have
LONGEST = 512  # tokens of a text, where nothing says less
WIDTH = 384  # by which rows are chosen, where the model is not known
BATCH = {"texts": 32, "images": 8, "arrays": 64}  # rows of a call
LOGITS = "logits"  # of networks of images, which return one array without a name

Pairs = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Source:
    """program: a file, and its sum. model: a name of the catalogue with its options, which says how
    inputs are prepared, and is the network itself where there is no file. options: of `load` and
    `compile`."""

    program: str | None = None
    sum: str | None = None
    model: str | None = None
    model_options: Pairs = ()
    weights: str | None = None
    seed: int = 0
    tokenizer: str | None = None
    max_length: int | None = None
    batch: int | None = None
    pad: Pairs = ()
    options: Pairs = ()

    @property
    def name(self) -> str:
        return self.program or self.model or ""


def sum_of(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; FileError where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise FileError(
            f"{path}: cannot be read ({problem.strerror}); name a saved program, an .onnx file, "
            "or a model that `isthmus models` lists"
        ) from None


def opened(source: Source, threads: int) -> Any:
    """What scores the rows of a table, with so many threads."""
    model = _model(source)
    program = _program(source, model, threads)
    names = [value.name for value in program.graph.inputs]
    if model is not None and "x" in model.specs():
        return _images(source, program, model)
    has_tokenizer = model is not None or source.tokenizer is not None
    if has_tokenizer and set(names) & set(TOKENS):
        return _texts(source, program, model)
    if source.tokenizer is not None:
        raise UsageError(f"{source.name} takes {', '.join(names)}, no tokens; leave out tokenizer")
    from .scorer_arrays import Arrays

    return Arrays(program, source.batch or BATCH["arrays"], dict(source.pad))


def _model(source: Source) -> Any:
    """The model of the catalogue; without its weights where a file has them."""
    if source.model is None:
        return None
    from isthmus.models import catalog

    options: dict[str, Any] = dict(source.model_options)
    if source.program is not None:
        return catalog.outline(source.model, tokenizer=source.tokenizer, **options)
    found = catalog.create(
        source.model,
        weights=source.weights,
        tokenizer=source.tokenizer,
        seed=source.seed,
        **options,
    )
    return found


def _program(source: Source, model: Any, threads: int) -> Any:
    from isthmus.program.compiling import compile

    options = {**dict(source.options), "threads": threads}
    if source.program is not None:
        return _loaded(source, options)
    return compile(model, specs_of(model), **{"precision": "f32", **options})


def specs_of(model: Any) -> Any:
    """The inputs of a model of the catalogue, in packed rows where it takes such."""
    from isthmus.models.packing import packed_specs

    return packed_specs() if "token_type_ids" in model.specs() else model.specs()


def _loaded(source: Source, options: Mapping[str, Any]) -> Any:
    from isthmus.program.compiling import compile, load

    path = Path(source.program or "")
    if source.sum is not None and (found := sum_of(path)) != source.sum:
        raise FileError(
            f"{path}: is another file than the scorer was made of (SHA-256 {found[:12]}, not "
            f"{source.sum[:12]}); make the scorer again"
        )
    if path.suffix == ".onnx":
        net = load(path)
        return compile(net, net.specs(), **{"precision": "f32", **options})
    return load(path, **options)


def keywords_of(path: Path) -> dict[str, Any]:
    """What a program was tuned to, for `load`: backend, device, threads, streams; else nothing."""
    from isthmus.program.archive import opened as read

    if path.suffix == ".onnx":
        return {}
    tuning = read(path).tuning or {}
    told = tuning.get("keywords")
    kept = ("backend", "device", "threads", "streams")
    return {n: told[n] for n in kept if n in told} if isinstance(told, dict) else {}


def _images(source: Source, program: Any, model: Any) -> Any:
    from .scorer_images import Images
    from .scorer_rows import kinds_of

    ((_, kind),) = _outputs(program.graph).items()
    kinds = kinds_of({LOGITS: kind}, 0)
    return Images(program, model.preprocess, kinds, source.batch or BATCH["images"])


def _texts(source: Source, program: Any, model: Any) -> Any:
    from isthmus.models.texts import TokenProgram

    from .scorer_rows import kinds_of
    from .scorer_texts import Texts

    inputs = [value.name for value in program.graph.inputs]
    is_packed = PACKED in inputs
    names = TOKENS if is_packed else [name for name in TOKENS if name in inputs]
    width = WIDTH if model is None else model.options["width"]
    joined = TokenProgram(
        program, names, way="packed" if is_packed else "buckets",
        batch=source.batch or BATCH["texts"], width=width,
    )  # fmt: skip
    encode = _encoder(source, model, names)
    return Texts(joined, encode, kinds_of(_outputs(program.graph), _axis(is_packed)))


def _encoder(source: Source, model: Any, names: Any) -> Any:
    limit: dict[str, Any] = {}
    if source.max_length is not None:
        limit["max_length"] = source.max_length
    if model is not None:
        model.tokenizer.path  # noqa: B018 (it is read now, and not at the first text)
        return lambda texts: model.preprocess(texts, **limit)
    from isthmus.models.inputs.text import Tokenizer

    own = Tokenizer(source.tokenizer or "")
    most: dict[str, Any] = {"max_length": own.sentence_length or LONGEST, **limit}

    def encode(texts: Any) -> dict[str, Any]:
        found = own.encode(texts, **most)
        return {name: array for name, array in found.items() if name in names}

    return encode


def _axis(is_packed: bool) -> str | int:
    """Where the texts are: packed rows give a row for each text, and tokens by rows."""
    return 0 if is_packed else "batch"


def _outputs(graph: Graph) -> dict[str, Any]:
    return dict(zip(graph.output_names, (value.type for value in graph.outputs), strict=True))


def facts_of(source: Source) -> dict[str, Any]:
    """All that results depend on, as JSON knows it, with the sums of the files that are here."""
    found = {
        "name": source.name,
        "model": source.model,
        "model_options": dict(source.model_options),
        "sum": source.sum,
        "weights": source.weights,
        "weights_sum": _sum_of_weights(source),
        "seed": source.seed,
        "tokenizer_sum": _sum_of_tokenizer(source.tokenizer),
        "max_length": source.max_length,
        "batch": source.batch,
        "pad": dict(source.pad),
        "options": dict(source.options),
    }
    return {name: value for name, value in found.items() if value not in (None, {})}


def _sum_of_weights(source: Source) -> str | None:
    if source.model is None or source.weights is None:
        return None
    from isthmus.models import catalog
    from isthmus.models.weights.weights import FILES_OF_A_MODEL, HUB

    sample = catalog.find(source.model).sample
    if source.weights.startswith(HUB):
        return None
    where = sample() if source.weights == "sample" and sample is not None else Path(source.weights)
    places = [where / name for name in FILES_OF_A_MODEL] if where.is_dir() else [where]
    return next((sum_of(path) for path in places if path.is_file()), None)


def _sum_of_tokenizer(tokenizer: str | None) -> str | None:
    if tokenizer is None:
        return None
    from isthmus.models.inputs.text import FILES

    where = Path(tokenizer)
    places = [where / name for name in FILES] if where.is_dir() else [where]
    return next((sum_of(path) for path in places if path.is_file()), None)
