"""What `isthmus tune` tunes: a model or a saved program, and samples of its inputs.

Where weights or samples of the real thing are not here, random ones stand in, and that is said.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import FileError, UsageError

from . import run_model, run_program

if TYPE_CHECKING:
    from isthmus.graph.nodes import Graph
    from isthmus.models import Model

__all__ = ["Asked", "Found", "found"]

Sets = list[dict[str, Any]]

SETS = 8  # of sample inputs
SEQUENCE = 128  # tokens of a model's sample texts
RANDOM = "random"
# What NumPy raises for what `numpy.savez` has not written; a file of one array is no context.
NO_ARRAYS = (
    *(OSError, ValueError, EOFError, AttributeError, TypeError, MemoryError),
    zipfile.BadZipFile,
)


@dataclass(frozen=True)
class Asked:
    """The words of the command line."""

    model: str
    texts: Sequence[str]
    images: Sequence[Path]
    inputs: Path | None
    sizes: Sequence[str]
    weights: str | None
    seed: int


@dataclass(frozen=True)
class Found:
    """What `isthmus.tune` takes, what JSON says of it, and what a person has to know."""

    source: Any
    samples: Sequence[Any]
    specs: Any
    about: Mapping[str, Any]
    remarks: Sequence[str]


def found(asked: Asked) -> Found:
    """UsageError or FileError for what is not there or does not fit."""
    from isthmus.program.archive import refuse_foreign

    refuse_foreign(Path(asked.model))
    _check_one_kind(asked)
    return _program(asked) if run_program.is_program(asked.model) else _model(asked)


def _check_one_kind(asked: Asked) -> None:
    given = {
        "--text": asked.texts,
        "--image": asked.images,
        "--inputs": asked.inputs,
        "--size": asked.sizes,
    }
    named = [option for option, value in given.items() if value]
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)} exclude each other; give one of them")


# A saved program


def _program(asked: Asked) -> Found:
    from isthmus.program.archive import read

    if asked.texts or asked.images or asked.weights:
        step = "give --inputs FILE.npz, no --text, --image or --weights"
        raise UsageError(f"{asked.model} is a saved program; {step}")
    if asked.inputs is not None:
        samples, remarks = _read_sets(asked.inputs), list[str]()
    else:
        samples = _random(asked, read(asked.model).graph)
        remarks = [_random_remark("inputs", "--inputs FILE.npz")]
    about = {
        "program": asked.model,
        "inputs": RANDOM if asked.inputs is None else str(asked.inputs),
    }
    return Found(asked.model, _nested(asked.model, samples), None, about, remarks)


def _nested(model: str, sets: Sets) -> list[Any]:
    """The arrays as the program nests its arguments; UsageError for names it does not have."""
    from isthmus.graph import tree
    from isthmus.program.archive import read
    from isthmus.trace.tracing import Arguments

    traced = read(model)
    names = [value.name for value in traced.graph.inputs]
    for one in sets:
        if sorted(one) != sorted(names):
            given = ", ".join(sorted(one)) or "nothing"
            raise UsageError(f"{model} takes {', '.join(names)}, and {given} is given; give these")
    nests = [tree.map_leaves(one.__getitem__, traced.arguments) for one in sets]
    return [Arguments(*nest) for nest in nests]


def _random(asked: Asked, graph: Graph) -> Sets:
    from isthmus.program.random_inputs import random_inputs

    sizes = run_program.sizes_of(asked.sizes)
    run_program.check_known(asked.model, "size", sizes, graph.dimension_names())
    names = [value.name for value in graph.inputs]
    return [random_inputs(graph, names, sizes, asked.seed + place) for place in range(SETS)]


def _read_sets(path: Path) -> Sets:
    """The arrays of one set by name, or of several, named 0/NAME, 1/NAME and so on."""
    import numpy

    step = "give a file of numpy.savez"
    try:
        with numpy.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise FileError(f"--inputs {path}: no such file; {step}") from None
    except NO_ARRAYS as bad:
        reason = " ".join(str(bad).split())[:120]
        raise FileError(f"--inputs {path}: holds no arrays by name ({reason}); {step}") from None
    sets: dict[int, dict[str, Any]] = {}
    for name, array in arrays.items():
        number, slash, rest = name.partition("/")
        numbered = bool(slash) and number.isascii() and number.isdigit()
        sets.setdefault(int(number) if numbered else 0, {})[rest if numbered else name] = array
    if not sets:
        raise FileError(f"--inputs {path}: holds no arrays; {step}")
    return [sets[number] for number in sorted(sets)]


# A model of the catalogue


def _model(asked: Asked) -> Found:
    from isthmus import models

    entry = models.find(asked.model)
    takes_texts = "x" not in entry.kind.specs()
    if asked.sizes:
        raise UsageError(f"{asked.model} is a model, and --size is of a saved program's file")
    if asked.images if takes_texts else asked.texts:
        wanted, other = ("text", "image") if takes_texts else ("image", "text")
        raise UsageError(f"{asked.model} takes {wanted}s, not {other}s; give --{wanted}")
    weights, remarks = _weights(asked)
    head = {"head": "sentence"} if takes_texts and entry.task == "embedding" else {}
    net = models.create(
        asked.model, weights=None if weights == RANDOM else weights, seed=asked.seed, **head
    )
    samples, inputs = _samples(asked, net, takes_texts)
    if inputs == RANDOM:
        remarks.append(_random_remark("inputs", "--text or --image, or --inputs FILE.npz"))
    about = {"model": asked.model, "weights": weights, "inputs": inputs}
    return Found(net, samples, net.specs(), about, remarks)


def _weights(asked: Asked) -> tuple[str, list[str]]:
    """What was asked for; else the sample weights, else random ones, which is said."""
    from isthmus import models

    if asked.weights is not None:
        return asked.weights, [_random_remark("weights", "--weights")] * (asked.weights == RANDOM)
    sample = models.find(asked.model).sample
    try:
        if sample is not None and sample():
            return "sample", []
    except FileError as problem:
        return RANDOM, [_random_remark("weights", "--weights"), str(problem)]
    return RANDOM, [_random_remark("weights", "--weights")]


def _samples(asked: Asked, net: Model, takes_texts: bool) -> tuple[Sets, str]:
    """Samples, and where they are from."""
    if asked.inputs is not None:
        return _read_sets(asked.inputs), str(asked.inputs)
    if asked.texts:
        texts = run_model.lines_of(asked.texts)
        return [net.preprocess([text]) for text in texts], "texts"
    if asked.images:
        return [net.preprocess([str(path)]) for path in asked.images], "images"
    from isthmus.benchmarks.work import input_sets

    try:
        if takes_texts:
            return input_sets.windows(SEQUENCE, 1, SETS), "sample"
        return input_sets.crops(1, SETS, pixels=net.entry.pixels), "sample"
    except (FileError, ImportError):  # of packages that are not installed
        return _made_up(net, takes_texts, asked.seed), RANDOM


def _made_up(net: Model, takes_texts: bool, seed: int) -> Sets:
    """Arrays of the sizes of the sample inputs; every token counts, and is of the vocabulary."""
    import numpy

    specs = net.specs(batch=1, **({"seq": SEQUENCE} if takes_texts else {}))

    def array(name: str, random: Any) -> Any:
        shape = specs[name].shape
        if not takes_texts:
            return random.standard_normal(shape).astype(numpy.float32)
        whole = {"attention_mask": 1, "token_type_ids": 0}.get(name)
        if whole is not None:
            return numpy.full(shape, whole, numpy.int32)
        return random.integers(0, net.options["vocabulary"], shape, numpy.int32)

    randoms: Iterable[Any] = (numpy.random.default_rng([seed, place]) for place in range(SETS))
    return [{name: array(name, random) for name in specs} for random in randoms]


def _random_remark(what: str, option: str) -> str:
    return f"the {what} are random, which says little of accuracy; give real ones: {option}"
