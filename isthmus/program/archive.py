"""A program in one file: a safetensors file of its constants, the graph as JSON in its header.

Reading runs no code of the file: nodes name operators, which are looked up and called on
traced arrays, so that every type is inferred again and a wrong file is an error.
"""

from __future__ import annotations

import copyreg
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import count
from pathlib import Path
from types import EllipsisType
from typing import Any, NamedTuple

import numpy

from isthmus.errors import FileError, IsthmusError, UsageError
from isthmus.graph.constraints import Constraint, assuming, constraints
from isthmus.graph.dims import Dim
from isthmus.graph.foreign import share
from isthmus.graph.nodes import Constant, Graph, Input, Node, Type, Value
from isthmus.graph.passes import expand
from isthmus.graph.size_text import parse
from isthmus.system import files
from isthmus.system.file_kinds import explained, no_file
from isthmus.system.tensors import read_tensors
from isthmus.trace.array import Array
from isthmus.trace.blocks import inside_block
from isthmus.trace.constants import copying
from isthmus.trace.discovery import finds_sizes, recording
from isthmus.trace.location import located
from isthmus.trace.op import OPERATORS
from isthmus.trace.recording import as_value
from isthmus.trace.tracing import Traced

from . import slots
from .foreign_operators import check_operators, described_operators, foreign_operators
from .kernels import Libraries

__all__ = [
    "Levers",
    "Precision",
    "Saved",
    "described",
    "described_graph",
    "is_onnx",
    "opened",
    "read",
    "rebuilt",
    "refuse_foreign",
    "save",
]

FORMAT = 1
ONNX = ".onnx"
FOREIGN = {".xml": "OpenVINO IR"}
COMPLEX = numpy.dtype(numpy.complex128)
RESERVED = "__metadata__"  # of safetensors
Names = Mapping[int, str]  # id(array) -> name


@dataclass(frozen=True)
class Precision:
    """In which precision a saved program was compiled."""

    precision: str = "f32"
    overrides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Levers:
    """What a saved program's backend was told beside its options, see `Backend`."""

    backend: str
    values: Mapping[str, Any]


class Saved(NamedTuple):
    """What a file holds."""

    traced: Traced
    precision: Precision
    tuning: Mapping[str, Any] | None = None
    levers: Levers | None = None
    libraries: Libraries | None = None


def save(
    traced: Traced,
    path: str | Path,
    precision: Precision | None = None,
    tuning: Mapping[str, Any] | None = None,
    levers: Levers | None = None,
    libraries: Libraries | None = None,
) -> None:
    """Write a traced program; the file is complete or not there at all.

    tuning: how it was tuned, for people. Readers that do not know it, or levers, leave it alone.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    target = Path(path)
    document, arrays = described(traced)
    if precision is not None and precision != Precision():
        document["precision"] = asdict(precision)
    if tuning is not None:
        document["tuning"] = tuning
    if levers is not None and levers.values:
        document["levers"] = asdict(levers)
    if libraries is not None and libraries.kernels:
        document["libraries"] = asdict(libraries)
    if wide := [name for name, array in arrays.items() if array.dtype == COMPLEX]:
        document["complex128"] = wide
        arrays = {**arrays, **{name: _in_pairs(arrays[name]) for name in wide}}
    try:
        with files.replacing(target) as partial:
            save_file(arrays, partial, metadata={"isthmus": json.dumps(document)})
    except (OSError, SafetensorError) as problem:
        raise FileError(f"{target}: cannot be written ({problem}); choose another place") from None


def read(path: str | Path) -> Traced:
    """The traced program of a file."""
    return opened(path).traced


def opened(path: str | Path) -> Saved:
    """The traced program of a file, and the precision it was compiled in; of an ONNX file what it
    computes for the types that it states, in float32."""
    if is_onnx(path):
        return Saved(slots.onnx.program(path), Precision())
    document, arrays = _contents(Path(path))
    try:
        precision = Precision(**document.get("precision", {}))
        tuning = document.get("tuning")
        tuned = tuning if isinstance(tuning, dict) else None
        traced = rebuilt(document, arrays)
        return Saved(traced, precision, tuned, _levers(document), _libraries(document))
    except IsthmusError as problem:
        raise FileError(f"{path}: {problem}") from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, MemoryError) as problem:
        raise FileError(
            f"{path}: the program in it is malformed ({type(problem).__name__}: {problem}); "
            "save it again with Executable.save"
        ) from None


def _levers(document: Mapping[str, Any]) -> Levers | None:
    written = document.get("levers")
    return None if written is None else Levers(written["backend"], dict(written["values"]))


def _libraries(document: Mapping[str, Any]) -> Libraries | None:
    written = document.get("libraries")
    if written is None:
        return None
    facts = {name: dict(kernel) for name, kernel in written["kernels"].items()}
    for kernel in facts.values():
        str(kernel["library"]), str(kernel["sha256"])
    return Libraries(written["backend"], facts)


def is_onnx(path: str | Path) -> bool:
    """Whether the name is an ONNX file's; UsageError for what is no path."""
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise UsageError(f"a path of type {type(path).__name__}; give a str or a pathlib.Path")
    return Path(path).suffix.lower() == ONNX


def refuse_foreign(path: Path) -> None:
    """FileError for a file of another kind of program, by its name."""
    if kind := FOREIGN.get(path.suffix.lower()):
        said = f"{path}: {kind} is not loaded as a program yet"
        raise FileError(f"{said}; `isthmus bench {path}` measures it")


def _contents(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    from safetensors import SafetensorError

    refuse_foreign(path)
    if wrong := no_file(path, (".im", ONNX)):
        raise FileError(f"{path}: cannot be read as a program ({wrong.reason}); {wrong.step}")
    try:
        metadata, arrays = read_tensors(path)
    except (OSError, SafetensorError) as problem:
        wrong = explained(path, problem)
        raise FileError(
            f"{path}: cannot be read as a program ({wrong.reason}); {wrong.step}"
        ) from None
    if "isthmus" not in metadata:
        raise FileError(
            f"{path}: holds weights but no program; save one with Executable.save, or give the "
            "weights to a block by load_parameters"
        )
    try:
        document: dict[str, Any] = json.loads(metadata["isthmus"])
    except ValueError:
        raise FileError(f"{path}: its program is no JSON; save it again") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FileError(f"{path}: is of another format than {FORMAT}; save it with this release")
    try:
        pairs = {name: _of_pairs(arrays[name]) for name in document.get("complex128", [])}
    except (KeyError, TypeError, ValueError, IndexError):
        raise FileError(f"{path}: its complex numbers are no pairs; save it again") from None
    return document, {**arrays, **pairs}


# safetensors has no complex128: its elements are pairs of float64 along one more axis.


def _in_pairs(array: Any) -> Any:
    return array[..., None].view(numpy.float64)


def _of_pairs(array: Any) -> Any:
    return array.view(COMPLEX)[..., 0]


# Pickled, a program is the same document beside its constants, which are not copied before, and
# the operators of other packages, which pickle by their names, so that their modules are imported.


def _received(document: dict[str, Any], arrays: dict[str, Any], _: Sequence[Any]) -> Traced:
    return rebuilt(document, arrays)


def _received_graph(document: dict[str, Any], arrays: dict[str, Any], _: Sequence[Any]) -> Graph:
    return _received(document, arrays, _).graph


def _reduced(traced: Traced) -> Any:
    return _received, (*described(traced), list(foreign_operators(traced.graph).values()))


def _reduced_graph(graph: Graph) -> Any:
    _, state = _reduced(Traced(graph, ((), {}), None))
    return _received_graph, state


copyreg.pickle(Traced, _reduced)
copyreg.pickle(Graph, _reduced_graph)


# Writing


def described(traced: Traced) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document of a program, which JSON holds, and its constants by their names in it."""
    graph = expand(traced.graph, keep=_survives)
    constants = graph.constants()
    names = _constant_names(graph, constants)
    document = {
        "format": FORMAT,
        "operators": described_operators(graph),
        "constraints": list(dict.fromkeys(c.text for c in graph.constraints)),
        **_written_graph(graph, names),
        "parameters": [names[key] for key in graph.constant_names if key in names],
        "arguments": _written(traced.arguments, names),
        "result": _written(traced.result, names),
    }
    return document, {names[id(c.array)]: numpy.asarray(c.array, order="C") for c in constants}


def described_graph(graph: Graph) -> dict[str, Any]:
    """All that a graph means but its constants' elements, as JSON knows it; those are numbered.

    Raises UsageError for an attribute that is an array.
    """
    constants = graph.constants()
    names = {id(constant.array): str(i) for i, constant in enumerate(constants)}
    return {
        "constraints": [constraint.text for constraint in graph.constraints],
        "constants": [str(constant.type) for constant in constants],
        "names": [graph.constant_names.get(id(c.array)) for c in constants],
        "types": [str(result.type) for node in graph.all_nodes() for result in node.results],
        "marks": [[str(getattr(node, name)) for name in _MARKS] for node in graph.all_nodes()],
        **_without_lines(_written_graph(graph, names)),
    }


# What else a node is; the rest is written, or follows from it, or is a matter of this process.
_MARKS = [
    each.name
    for each in fields(Node)
    if each.name
    not in ("op", "operands", "attributes", "location", "expansion", "results", "made", "shown")
]


def _without_lines(document: dict[str, Any]) -> dict[str, Any]:
    """A written graph without the lines of the user's program, which mean nothing."""

    def attribute(written: Any) -> Any:
        match written:
            case {"graph": body}:
                return {"graph": _without_lines(body)}
        return written

    nodes = [
        [name, operands, {key: attribute(part) for key, part in attributes["dict"].items()}]
        for name, operands, attributes, *_ in document["nodes"]
    ]
    return {**document, "nodes": nodes}


def _written_graph(graph: Graph, names: Names) -> dict[str, Any]:
    nodes = graph.nodes()
    places: dict[int, Any] = {id(v): ["input", i] for i, v in enumerate(graph.inputs)}
    for position, node in enumerate(nodes):
        places.update({id(r): ["node", position, r.index] for r in node.results})

    def place(value: Value | None) -> Any:
        if isinstance(value, Constant):
            return ["constant", names[id(value.array)]]
        return None if value is None else places[id(value)]

    return {
        "inputs": [[v.name, v.type.dtype.name, list(map(str, v.type.shape))] for v in graph.inputs],
        "nodes": [
            [
                node.op.name,
                [place(v) for v in node.operands],
                _attributes(node, names),
                os.path.basename(node.location),  # folders are nobody's business
                *([node.block] if node.block else []),
            ]
            for node in nodes
        ],
        "outputs": [place(value) for value in graph.outputs],
        "output_names": list(graph.output_names),
    }


def _attributes(node: Node, names: Names) -> Any:
    try:
        return _written(dict(node.attributes), names)
    except UsageError as problem:
        raise UsageError(f"{node.op.name} at {node.location}: {problem}") from None


def _survives(node: Node) -> bool:
    """Whether a composite is the same when recorded again.

    Python scalars have become arrays, and sizes that it finds would have other names.
    """
    scalar = any(isinstance(v, Constant) and v.array.ndim == 0 for v in node.operands)
    return not scalar and not finds_sizes(node)


def _constant_names(graph: Graph, constants: Sequence[Constant]) -> Names:
    """A name in the file for each: its parameter's, else a number that no parameter has."""
    found: dict[int, str] = {}
    taken = {RESERVED}
    for constant in constants:
        name = graph.constant_names.get(id(constant.array), RESERVED)
        if name not in taken:
            found[id(constant.array)] = name
            taken.add(name)
    free = (name for i in count() if (name := f"constant.{i}") not in taken)
    return {id(c.array): found.get(id(c.array)) or next(free) for c in constants}


def _written(attribute: Any, names: Names) -> Any:
    match attribute:
        case Graph():
            return {"graph": _written_graph(attribute, names)}
        case Dim():
            return {"dim": str(attribute)}
        case numpy.dtype() | type():
            return {"dtype": numpy.dtype(attribute).name}
        case slice(start=start, stop=stop, step=step):
            return {"slice": [_written(part, names) for part in (start, stop, step)]}
        case EllipsisType():
            return {"ellipsis": True}
        case tuple():
            return {"tuple": [_written(part, names) for part in attribute]}
        case list():
            return [_written(part, names) for part in attribute]
        case dict():
            return {"dict": {key: _written(part, names) for key, part in attribute.items()}}
        case numpy.generic():
            return attribute.item()
        case numpy.ndarray():
            raise UsageError("an attribute is an array, which a file lacks; make it an operand")
    return attribute


# Reading


def _read(written: Any, arrays: Mapping[str, Any]) -> Any:
    def read(part: Any) -> Any:
        return _read(part, arrays)

    match written:
        case {"graph": document}:
            return _read_graph(document, arrays, {}, ())
        case {"dim": text}:
            return parse(text)
        case {"dtype": name}:
            return numpy.dtype(name)
        case {"slice": parts}:
            return slice(*map(read, parts))
        case {"ellipsis": _}:
            return ...
        case {"tuple": parts}:
            return tuple(map(read, parts))
        case {"dict": parts}:
            return {key: read(part) for key, part in parts.items()}
        case list():
            return [read(part) for part in written]
    return written


def rebuilt(document: dict[str, Any], arrays: dict[str, Any]) -> Traced:
    """The program that `described` took apart; raises what a wrong document makes Python raise."""
    check_operators(document.get("operators", {}))
    arrays = {name: share(array) for name, array in arrays.items()}  # nobody else has them
    known = constraints(document.get("constraints", ()))
    parameters = {id(arrays[name]): name for name in document["parameters"]}
    with assuming(known), recording(), copying():
        graph = _read_graph(document, arrays, parameters, known)
    return Traced(graph, _read(document["arguments"], arrays), _read(document["result"], arrays))


def _read_graph(
    document: dict[str, Any],
    arrays: Mapping[str, Any],
    parameters: Names,
    constraints: tuple[Constraint, ...],
) -> Graph:
    inputs = tuple(
        Input(Type(numpy.dtype(dtype), tuple(parse(_size(s)) for s in shape)), name)
        for name, dtype, shape in document["inputs"]
    )
    known: dict[str, list[Any]] = {"input": [[Array(value)] for value in inputs], "node": []}

    def value(place: Any) -> Any:
        if place is None:
            return None
        kind, key, *rest = place
        return arrays[key] if kind == "constant" else known[kind][key][rest[0] if rest else 0]

    for name, operands, attributes, *location in document["nodes"]:
        given = [value(place) for place in operands]
        if not any(place and place[0] != "constant" for place in operands):
            # Recorded as it was, and not computed now: floats of integers that are kept.
            given[:1] = [Array(as_value(first)) for first in given[:1]]
        line, block = (*location, "", "")[:2]
        with located(line), inside_block(block):
            outcome = _recorded(name, given, _read(attributes, arrays))
        known["node"].append(outcome if isinstance(outcome, tuple) else (outcome,))
    outputs = tuple(as_value(value(place)) for place in document["outputs"])
    return Graph(inputs, outputs, tuple(document["output_names"]), parameters, constraints)


def _size(text: str) -> str | int:
    return int(text) if text.isdigit() else text


def _recorded(name: str, operands: Sequence[Any], attributes: dict[str, Any]) -> Any:
    op = OPERATORS.get(name)
    if op is None:
        raise FileError(f"its operator '{name}' is not defined; import the module that defines it")
    return op(*([operands] if op.variadic else operands), **attributes)
