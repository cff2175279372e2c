"""What is tuned: the program as it would be compiled, and the samples that it is tuned on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy

from isthmus.analysis.cost import cost_of
from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.foreign import plain
from isthmus.graph.nodes import Type
from isthmus.program import archive
from isthmus.program.archive import Precision
from isthmus.program.call_arguments import CallArguments
from isthmus.program.executable import Executable
from isthmus.program.fixed_sizes import can_be_fixed, with_fixed_sizes
from isthmus.program.inputs import Binder
from isthmus.trace.array import Array as Handle
from isthmus.trace.tracing import Arguments, Traced, spec, trace

__all__ = ["Work", "work_of"]

Sets = list[dict[str, numpy.ndarray[Any, Any]]]

GUESSED_OPERATIONS_PER_S = 1e10  # of a thread, to see beforehand how many samples there is time for
FEWEST_COMPARED = 8


@dataclass(frozen=True)
class Work:
    """A traced program, and arrays by the names of its inputs for each sample.

    sizes: those of the names, of each sample. precision: the one that a saved program was compiled
    in, which it stays in where that is not f32.
    """

    traced: Traced
    sets: Sets
    sizes: list[dict[str, int]] = field(repr=False)
    precision: str = "f32"
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether its precision is not to be chosen any more."""
        return self.precision != "f32"

    @property
    def alike(self) -> bool:
        """Whether all samples have the same shapes, so that a program can be made for these."""
        shapes = {tuple((name, array.shape) for name, array in one.items()) for one in self.sets}
        return len(shapes) == 1

    @property
    def can_be_static(self) -> bool:
        """Whether its sizes are named, and could be fixed."""
        return bool(self.sizes[0]) and self.alike and can_be_fixed(self.traced)

    @cached_property
    def static(self) -> Traced:
        """The same for the samples' very sizes."""
        return with_fixed_sizes(self.traced, self.sizes[0])

    def program(self, *, static: bool) -> Traced:
        """The one or the other."""
        return self.static if static else self.traced

    def compared(self, seconds: float, threads: int, places: Sequence[int]) -> list[int]:
        """Those of the samples' places that all candidates answer: as many as there is time for."""
        count = len(places)
        guess = max(self._operations() / (GUESSED_OPERATIONS_PER_S * threads), 1e-6)
        kept = min(count, max(FEWEST_COMPARED, int(seconds / guess)))
        return [places[number * count // kept] for number in range(kept)]

    def _operations(self) -> float:
        """The most of a call; infinite where values decide how many they are."""
        try:
            return max(cost_of(self.traced.graph, sizes).operations for sizes in self.sizes)
        except UsageError:
            return math.inf

    def digest(self) -> str:
        """Of the samples: names, types and elements."""
        digest = hashlib.sha256()
        for one in self.sets:
            for name, array in one.items():
                digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
                digest.update(numpy.ascontiguousarray(array).data)
        return digest.hexdigest()


def work_of(
    source: Any, samples: Sequence[Any], specs: Any = None, constraints: Sequence[str] = ()
) -> Work:
    """A function or Block, a program's file, or an Executable, with samples of its arguments.

    specs: where None, the samples' own types, with a name for each size that differs among them,
    the same for sizes that are always equal. Raises UsageError for samples that do not fit.
    """
    given = [_arguments(place, one) for place, one in enumerate(checked_samples(samples))]
    _check_alike(given)
    traced, precision = _traced(source, given, specs, constraints)
    bound = CallArguments(*traced.arguments, traced.graph.inputs).bound
    names, binder = [value.name for value in traced.graph.inputs], Binder(traced.graph)
    sets: Sets = []
    sizes = []
    for place, (positional, keyword) in enumerate(given):
        try:
            arrays = bound(positional, keyword)
            sizes.append(binder.sizes(arrays))
        except UsageError as problem:
            raise type(problem)(f"sample {place}: {problem}") from None
        sets.append(dict(zip(names, arrays, strict=True)))
    return Work(traced, sets, sizes, precision.precision, precision.overrides)


def checked_samples(samples: Any) -> list[Any]:
    """As a list; UsageError for none, and for what is one sample rather than a list of them."""
    if isinstance(samples, numpy.ndarray | Handle | Mapping | str | bytes) or not hasattr(
        samples, "__iter__"
    ):
        raise UsageError(
            f"samples is a {type(samples).__name__}; give a list of sets of arguments, each a dict "
            "by name, a tuple by position, or one array"
        )
    found = list(samples)
    if not found:
        raise UsageError("no samples; give some sets of real arguments, such as [{'x': array}]")
    return found


def _arguments(place: int, sample: Any) -> Arguments:
    def array(leaf: Any) -> Any:
        if isinstance(leaf, Handle | numpy.generic):
            return numpy.asarray(leaf)
        if not isinstance(leaf, numpy.ndarray):
            raise UsageError(f"sample {place}: {leaf!r} is no array; give NumPy arrays")
        return plain(leaf)

    if isinstance(sample, Arguments):
        positional, keyword = sample
    elif isinstance(sample, dict):
        positional, keyword = (), sample
    elif isinstance(sample, tuple | list):
        positional, keyword = tuple(sample), {}
    else:
        positional, keyword = (sample,), {}
    return Arguments(*tree.map_leaves(array, (positional, keyword)))


def _check_alike(given: Sequence[Arguments]) -> None:
    """UsageError for samples that differ in their names."""
    first = [path for path, _ in tree.leaves(tuple(given[0]))]
    for place, one in enumerate(given):
        paths = [path for path, _ in tree.leaves(tuple(one))]
        if paths != first:
            here, there = (", ".join(".".join(p[1:]) for p in each) for each in (paths, first))
            raise UsageError(
                f"sample {place} has the arguments {here or 'none'}, sample 0 {there or 'none'}; "
                "give the same in all"
            )


def _traced(
    source: Any, given: Sequence[Arguments], specs: Any, constraints: Sequence[str]
) -> tuple[Traced, Precision]:
    if isinstance(source, str | Path | Executable | Traced):
        if specs is not None or constraints:
            raise UsageError(
                "specs and constraints of a program that is traced already; leave them out"
            )
        if isinstance(source, Executable):
            options = source.options
            return source.traced, Precision(options.precision, options.overrides)
        if isinstance(source, Traced):
            return source, Precision()
        return archive.opened(source)[:2]
    types = _specs(given) if specs is None else specs
    return trace(source, types, constraints=constraints), Precision()


def _specs(given: Sequence[Arguments]) -> Arguments:
    """The types of the samples; sizes that differ among them are named by how they differ."""
    names: dict[tuple[int, ...], str] = {}
    columns = [[leaf for _, leaf in tree.leaves(tuple(one))] for one in given]
    types = iter([_type(leaves, names) for leaves in zip(*columns, strict=True)])
    return Arguments(*tree.map_leaves(lambda _: next(types), tuple(given[0])))


def _type(leaves: Sequence[Any], names: dict[tuple[int, ...], str]) -> Type:
    ranks, dtypes = {leaf.ndim for leaf in leaves}, {leaf.dtype for leaf in leaves}
    if len(ranks) > 1 or len(dtypes) > 1:
        kinds = ", ".join(sorted({f"{leaf.dtype}{list(leaf.shape)}" for leaf in leaves}))
        raise UsageError(
            f"samples differ in dtype or number of axes ({kinds}); give specs, or one kind"
        )
    sizes: list[int | str] = []
    for column in zip(*(leaf.shape for leaf in leaves), strict=True):
        if len(set(column)) == 1:
            sizes.append(column[0])
        else:
            sizes.append(names.setdefault(column, f"n{len(names)}"))
    return spec(leaves[0].dtype, sizes)
