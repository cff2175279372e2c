"""What a user names as a workload: an ONNX or OpenVINO IR file, or a Python function or Block.

    isthmus bench model.onnx --shape input=1,3,224,224
    isthmus bench mypkg.mymodule:net --shape x:int32=1,128

Inputs are made up by a seed (`made_up`), so that speeds and parity are real, results are not.
"""

from __future__ import annotations

import difflib
import math
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import FileError, UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Type
from isthmus.system import machine
from isthmus.trace.tracing import spec

from . import foreign_ir, foreign_onnx, foreign_python
from .input_sets import Arrays
from .sources import Source
from .workloads import LARGE_BATCH, SETS, SETS_OF_LARGE

__all__ = ["check_shape", "workload_of"]

HIGHEST_INTEGER = 100  # what lookups take is not known, unless the file tells

Types = Mapping[str, Type]
Open = Callable[[Types], Source]


@dataclass(frozen=True)
class Target:
    """A model that was named: its inputs as it declares them, and how it is opened for sizes.

    inputs: None if it declares none, so that shapes have to say them. bounds: what integer inputs
    are below, where the model tells.
    """

    inputs: Types | None
    open: Open
    bounds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Foreign:
    """A user's model as a workload; `types` are of the batch that was given."""

    name: str
    model: str
    target: Target
    types: Types
    batch: int = 1
    sequence: None = None

    def source(self) -> Source:
        return self.target.open(self._types())

    def inputs(self) -> Arrays:
        """Arrays of one call: the first of `input_sets`."""
        return self.input_sets()[0]

    def input_sets(self) -> list[Arrays]:
        """Arrays of several calls, all different, by a seed."""
        return self._made_up(0)

    def calibration_sets(self) -> list[Arrays]:
        """Arrays by other seeds than those that are timed."""
        return self._made_up(SETS)

    def tuning_sets(self) -> list[Arrays]:
        """The same: more made-up inputs tell no more."""
        return self.calibration_sets()

    def judged_by(self) -> None:
        """Nothing beside what is timed: of made-up inputs more tell no more."""

    def _made_up(self, first: int) -> list[Arrays]:
        count = SETS if self.batch < LARGE_BATCH else SETS_OF_LARGE
        bounds = self.target.bounds
        _check_memory(self.name, self._types(), count)
        return [
            {name: made_up(name, kind, i, bounds.get(name)) for name, kind in self._types().items()}
            for i in range(first, first + count)
        ]

    def _types(self) -> Types:
        """With the first size of all that have the given batch changed, if another is asked for."""
        given = batch_of(self.types)
        if self.batch == given:
            return self.types
        return {name: _resized(kind, given, self.batch) for name, kind in self.types.items()}


def workload_of(target: str, shapes: Sequence[str] = ()) -> Foreign:
    """The workload that a target names; shapes: "NAME[:dtype]=1,3,224,224", or sizes alone.

    Raises FileError for a file that is missing or of another kind, UsageError for a module,
    attribute, input, dtype or size that does not fit; each says what to write.
    """
    found = _target(target)
    given = _given(target, found.inputs, shapes)
    types = _complete(target, found.inputs, given)
    model = target if ":" in target and not Path(target).exists() else Path(target).name
    sizes = ["x".join(map(str, kind.shape)) or "scalar" for kind in given.values()]
    told = sizes[:1] if len(set(sizes)) == 1 else sizes
    return Foreign("-".join([model, *told]), model, found, types, batch_of(types))


def check_shape(shape: str) -> None:
    """UsageError for what is no "NAME[:dtype]=1,3,224,224" and no sizes alone."""
    _sizes(shape, shape.rpartition("=")[2])


def batch_of(types: Types) -> int:
    """The first size of the first input that has one; 1 for none."""
    first = next((kind.shape[0] for kind in types.values() if kind.shape), 1)
    assert isinstance(first, int)
    return first


def _check_memory(name: str, types: Types, count: int) -> None:
    """UsageError for inputs of which so many sets would take more than half of the memory left."""
    one = sum(math.prod(map(int, kind.shape)) * kind.dtype.itemsize for kind in types.values())
    free = machine.available_bytes() or machine.memory_bytes()
    if free is not None and one * count > free / 2:
        sizes = (
            f"{count} sets of inputs of {one / 2**30:,.1f} GiB, {free / 2**30:,.1f} GiB are free"
        )
        raise UsageError(f"{name}: {sizes}; give a smaller --shape")


def made_up(name: str, kind: Type, seed: int, bound: int | None = None) -> Any:
    """An array by a seed: normal floats, integers from 0 to below the bound, or truth values.

    A mask is all ones, as one of other numbers is no mask.
    """
    random = numpy.random.default_rng((seed, zlib.crc32(name.encode())))
    shape = tuple(int(str(size)) for size in kind.shape)
    if "mask" in name.lower():
        return numpy.ones(shape, kind.dtype)
    if kind.dtype.kind == "f":
        return random.standard_normal(shape).astype(kind.dtype)
    highest = 2 if kind.dtype.kind == "b" else bound or HIGHEST_INTEGER
    return random.integers(0, highest, shape).astype(kind.dtype)


def _target(target: str) -> Target:
    path = Path(target)
    if path.suffix == ".onnx":
        return Target(*foreign_onnx.opened(path))
    if path.suffix == ".xml":
        return Target(*foreign_ir.opened(path))
    if re.fullmatch(r"[^/\\:]+:[\w.]+", target):
        return Target(*foreign_python.opened(target))
    kinds = "a file .onnx or .xml, or MODULE:ATTRIBUTE such as mypkg.mymodule:net"
    if path.exists():
        raise FileError(f"{target}: not a model that can be measured; give {kinds}")
    raise UsageError(f"'{target}' names no model; give {kinds}; --workload takes listed names")


def _given(target: str, inputs: Types | None, shapes: Sequence[str]) -> dict[str, Type]:
    """The shapes that were given, by input."""
    given: dict[str, Type] = {}
    for shape in shapes:
        name, kind = _parsed(target, inputs, shape)
        if name in given:
            raise UsageError(f"{target}: two shapes for input '{name}'; give one")
        given[name] = kind
    return given


def _parsed(target: str, inputs: Types | None, shape: str) -> tuple[str, Type]:
    left, equals, right = shape.rpartition("=")
    sizes = _sizes(shape, right)
    if not equals:
        name, dtype = _only_input(target, inputs, shape), None
    elif inputs is not None and left in inputs:  # a name may have a colon in it
        name, dtype = left, None
    else:
        name, dtype = left.rsplit(":", 1) if ":" in left else (left, None)
    if inputs is not None and name not in inputs:
        near = difflib.get_close_matches(name, inputs, n=1)
        hint = f"the nearest is '{near[0]}'" if near else f"it has {', '.join(inputs)}"
        raise UsageError(f"{target} has no input '{name}'; {hint}")
    declared = None if inputs is None else inputs[name].dtype
    kind = spec(dtype or declared or "float32", sizes)
    if declared is not None and kind.dtype != declared:
        raise UsageError(f"{target}: input '{name}' is {declared}, not {kind.dtype}; leave it out")
    return name, kind


def _sizes(shape: str, text: str) -> list[int]:
    """Whole numbers from 1, none for a scalar."""
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise UsageError(f"--shape {shape}: give NAME=SIZES such as input=1,3,224,224")
    return [int(part) for part in parts]


def _only_input(target: str, inputs: Types | None, shape: str) -> str:
    if inputs is None or len(inputs) != 1:
        names = ", ".join(inputs or ()) or "not known"
        raise UsageError(f"--shape {shape}: {target}'s inputs are {names}; give NAME={shape}")
    return next(iter(inputs))


def _complete(target: str, inputs: Types | None, given: Mapping[str, Type]) -> Types:
    """All inputs with numbers for sizes; UsageError names what is missing, and how to say it."""
    if inputs is None:
        if not given:
            raise UsageError(f"{target}: of which types? give each: --shape NAME:float32=1,3")
        return given
    for name, kind in given.items():
        _check_fit(target, name, inputs[name], kind)
    types = {name: given.get(name, kind) for name, kind in inputs.items()}
    if missing := [name for name, kind in types.items() if not kind.is_static]:
        options = " ".join(f"--shape {name}={_example(inputs[name])}" for name in missing)
        said = ", ".join(f"{name} {inputs[name]}" for name in missing)
        raise UsageError(f"{target}: sizes of {said} are not fixed; give numbers: {options}")
    return types


def _check_fit(target: str, name: str, declared: Type, given: Type) -> None:
    pairs = zip(declared.shape, given.shape, strict=False)
    wrong = any(not isinstance(size, Dim) and size != number for size, number in pairs)
    if wrong or declared.ndim != given.ndim:
        raise UsageError(f"{target}: input '{name}' is {declared}, which {given} does not fit")


def _example(kind: Type) -> str:
    return ",".join("1" if isinstance(size, Dim) else str(size) for size in kind.shape)


def _resized(kind: Type, given: int, batch: int) -> Type:
    if not kind.shape or kind.shape[0] != given:
        return kind
    return Type(kind.dtype, (batch, *kind.shape[1:]))
