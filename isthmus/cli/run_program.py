"""`isthmus run PROGRAM`: a saved program on arrays from files, or on random ones."""

from __future__ import annotations

import difflib
import math
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from isthmus.errors import FileError, UsageError
from isthmus.system import files

from .show import printable, say, show_json, show_table, spinner
from .text_input import Filled, filled, is_text

if TYPE_CHECKING:
    from isthmus.graph.nodes import Graph, Type
    from isthmus.trace.tracing import Traced

__all__ = ["Asked", "check_known", "is_program", "run_program", "sizes_of"]

Arrays = dict[str, numpy.ndarray[Any, Any]]

RANDOM = "random"
SUFFIXES = (".im", ".onnx")
IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")


@dataclass(frozen=True)
class Asked:
    """A program, and what it runs on: `inputs` as NAME=FILE, NAME=TEXT or NAME=random, `sizes` as
    NAME=N, the tokenizer of texts."""

    program: str
    inputs: Sequence[str]
    sizes: Sequence[str]
    seed: int
    backend: str
    options: Mapping[str, Any]
    tokenizer: str | None = None


def is_program(name: str) -> bool:
    """Whether it names a file rather than a model of the catalogue."""
    path = Path(name)
    if path.suffix.lower() in SUFFIXES or not path.is_file():
        return path.suffix.lower() in SUFFIXES
    from isthmus.models import CATALOG

    return name.lower() not in CATALOG


def run_program(asked: Asked, top: int, output: Path | None, as_json: bool) -> None:
    """Read, fill and run the program; show its outputs, and write them where that is asked."""
    from isthmus.program.archive import opened
    from isthmus.program.backend import find_backend
    from isthmus.program.levers import with_saved_levers
    from isthmus.program.options import checked_options, checked_samples

    precision = asked.options["precision"]
    given = {**asked.options, "precision": precision or "f32"}
    options = checked_options(**given, numerics="numpy", on_host="allow")
    checked_samples(None, given["precision"])  # of which a command has none
    find_backend(asked.backend)
    sources, sizes = _sources(asked.inputs), sizes_of(asked.sizes)
    with spinner(f"{asked.program} on {asked.backend} ..."):
        saved = opened(asked.program)
        traced, known = saved.traced, saved.precision
        if precision is None:
            options = replace(options, precision=known.precision, overrides=known.overrides)
        options = with_saved_levers(options, saved.levers, asked.backend)
        asked = replace(asked, options={**given, "precision": options.precision})
        arrays, text = _arrays(asked, traced.graph, sources, sizes)
        outputs = _outputs(asked, traced, arrays, options)
    if output is not None:
        _write(output, outputs)
    if as_json:
        document = _document(asked, arrays, outputs, top, output)
        show_json(document if text is None else {**document, "text": text})
    else:
        if text is not None:
            say(text)
        _show(asked, outputs, top, output)


def _sources(inputs: Sequence[str]) -> dict[str, str]:
    """Each input's file or "random"; the name "" stands for all that are not named."""
    found: dict[str, str] = {}
    for text in inputs:
        name, _, source = ("", "", RANDOM) if text == RANDOM else text.partition("=")
        if text != RANDOM and not (name and source):
            raise UsageError(
                f"--input {text}: give NAME=FILE.npy, NAME=IMAGE.jpg, NAME=TEXT, NAME={RANDOM}, or "
                f"{RANDOM}"
            )
        if name in found:
            raise UsageError(f"--input {text}: given twice; give each input once")
        found[name] = source
    return found


def sizes_of(texts: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not name or not (number.isascii() and number.isdigit()):
            raise UsageError(f"--size {text}: give NAME=NUMBER, such as --size batch=2")
        if name in found:
            raise UsageError(f"--size {text}: {name} is given twice; give each size once")
        found[name] = int(number)
    return found


def _arrays(
    asked: Asked, graph: Graph, sources: Mapping[str, str], sizes: Mapping[str, int]
) -> tuple[Arrays, str | None]:
    """An array for each input, in the program's order, and what a text became, if there is one."""
    from isthmus.program.random_inputs import random_inputs, sizes_shown

    names = [value.name for value in graph.inputs]
    check_known(asked.program, "input", sources.keys() - {""}, names)
    check_known(asked.program, "size", sizes, graph.dimension_names())
    text = _of_text(asked, graph, sources)
    known = {} if text is None else text.arrays
    said = {n: sources.get(n, n if n in known else sources.get("", "")) for n in names}
    _check_given(asked.program, graph, said)
    made_up = [name for name in names if said[name] == RANDOM]
    if sizes and not made_up:
        step = f"give --input NAME={RANDOM}, or leave it out"
        raise UsageError(f"--size {asked.sizes[0]}: sizes are of random input; {step}")
    types = {value.name: value.type for value in graph.inputs}
    files = [name for name in names if name not in made_up and name not in known]
    arrays = {**known, **{name: _array(name, said[name], types[name]) for name in files}}
    every = {**sizes_shown(graph, arrays), **sizes}
    arrays |= random_inputs(graph, made_up, every, asked.seed)
    return {name: arrays[name] for name in names}, None if text is None else text.said


def _of_text(asked: Asked, graph: Graph, sources: Mapping[str, str]) -> Filled | None:
    """What the one source that is a text gives."""
    types = {value.name: value.type for value in graph.inputs}
    texts = [
        name
        for name, source in sources.items()
        if name and source != RANDOM and not _is_image(source) and is_text(source, types[name])
    ]
    if not texts:
        return None
    name, *more = texts
    if more:
        raise UsageError(
            f"--input {more[0]}={sources[more[0]]}: no such file, and {name} has the text; give "
            "an array of numpy.save, or leave it out"
        )
    free = {n: kind for n, kind in types.items() if n not in sources}
    return filled(asked.program, name, sources[name], free, types[name], asked.tokenizer)


def _is_image(file: str) -> bool:
    return Path(file).suffix.lower() in IMAGES


def check_known(program: str, what: str, given: Collection[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            has = f"it has {', '.join(known)}" if known else "it has none"
            hint = f"the nearest is '{near[0]}'" if near else has
            raise UsageError(f"{program} has no {what} '{name}'; {hint}")


def _check_given(program: str, graph: Graph, said: Mapping[str, str]) -> None:
    lacking = [value for value in graph.inputs if not said[value.name]]
    if lacking:
        names = " and ".join(f"{value.name}: {value.type}" for value in lacking)
        first = lacking[0].name
        step = f"give --input {first}=FILE.npy, or --input {first}={RANDOM}"
        raise UsageError(f"{program} lacks {names}; {step}")


def _array(name: str, file: str, kind: Type) -> Any:
    """What `numpy.save` wrote, or an image; a file that would have to be unpickled is refused."""
    if _is_image(file):
        from isthmus.models.inputs.images import fitted

        return fitted(file, kind)
    try:
        array = numpy.load(file, allow_pickle=False)
    except FileNotFoundError:
        raise FileError(f"--input {name}={file}: no such file; give one of numpy.save") from None
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as problem:
        reason = _why_no_array(file, str(problem))
        raise FileError(
            f"--input {name}={file}: not an array ({reason}); give a file of numpy.save"
        ) from None
    if not isinstance(array, numpy.ndarray):
        array.close()
        raise FileError(f"--input {name}={file}: several arrays; save the one with numpy.save")
    return array


def _why_no_array(file: str, said: str) -> str:
    """NumPy's words, but where it takes what it does not know for Python objects."""
    if "pickle" not in said:
        return printable(said)[:120]
    with open(file, "rb") as content:
        begins = content.read(len(numpy.lib.format.MAGIC_PREFIX))
    is_array = begins == numpy.lib.format.MAGIC_PREFIX
    return "it holds Python objects, which are not read" if is_array else "it is of another kind"


def _outputs(asked: Asked, traced: Traced, arrays: Arrays, options: Any) -> Arrays:
    """The results by their names; what NumPy refuses in a part of the host's is an error."""
    from isthmus.graph import tree
    from isthmus.program.executable import Executable

    program = Executable(traced, asked.backend, options, "allow")
    positional, keyword = tree.map_leaves(lambda name: arrays[name], traced.arguments)
    try:
        found = program(*positional, **keyword)
    except (IndexError, MemoryError, numpy.linalg.LinAlgError) as problem:
        if isinstance(problem, UsageError):
            raise
        said = f"{type(problem).__name__}: {problem}"
        raise UsageError(f"{asked.program}: {said}; give other arrays") from None
    names = [name for _, name in tree.leaves(traced.result)]
    return {name: leaf for name, (_, leaf) in zip(names, tree.leaves(found), strict=True)}


def _write(path: Path, arrays: Arrays) -> None:
    """As `numpy.savez`, which cannot write an array whose name is one of its own arguments."""
    with files.replacing(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                numpy.lib.format.write_array(file, numpy.asarray(array), allow_pickle=False)


def _document(
    asked: Asked, arrays: Arrays, outputs: Arrays, top: int, output: Path | None
) -> dict[str, Any]:
    return {
        "program": asked.program,
        "backend": asked.backend,
        **asked.options,
        "output": None if output is None else str(output),
        "inputs": [_type(name, array) for name, array in arrays.items()],
        "outputs": [
            {**_type(name, array), "first": [_plain(x) for x in _first(array, top)]}
            for name, array in outputs.items()
        ],
    }


def _type(name: str, array: Any) -> dict[str, Any]:
    return {"name": name, "dtype": str(array.dtype), "shape": list(array.shape)}


def _first(array: Any, count: int) -> list[Any]:
    first: list[Any] = numpy.asarray(array).reshape(-1)[:count].tolist()
    return first


def _plain(value: Any) -> Any:
    """For JSON, which has neither infinity nor complex numbers: those are texts."""
    is_number = isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))
    return value if is_number else str(value)


def _show(asked: Asked, outputs: Arrays, top: int, output: Path | None) -> None:
    rows = [
        (printable(name), str(array.dtype), str(list(array.shape)), _texts(array, top))
        for name, array in outputs.items()
    ]
    headers = ("output", "dtype", "shape", "first elements")
    show_table(f"{printable(asked.program)} on {asked.backend}", headers, rows)
    if output is not None:
        say(f"wrote {printable(str(output))}")


def _texts(array: Any, top: int) -> str:
    texts = [f"{x:.6g}" if isinstance(x, float | complex) else str(x) for x in _first(array, top)]
    return ", ".join([*texts, *(["..."] if array.size > top else [])])
