"""One version of a program as it is served: its tensors, and results of items that are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.nodes import Type
from isthmus.program.archive import opened
from isthmus.program.executable import Executable
from isthmus.program.inputs import Binder
from isthmus.program.levers import with_saved_levers
from isthmus.program.options import checked_options, checked_samples
from isthmus.program.requests.batches import Batches, Dependent, Failure, Outcome
from isthmus.program.requests.joining import Item, joining
from isthmus.program.requests.statistics import Counter

from .settings import Settings
from .tensors import datatype_of

__all__ = ["Served"]

Array = numpy.ndarray[Any, Any]

MASK = "attention_mask"  # hides what it has zeros for


class Served:
    """A program that is loaded, and how its requests become batches.

    types: of its inputs, by name; results: of its outputs. alone: why requests are not computed
    together, "" where they are. counter: told what batches compute. Raises what `isthmus.load`
    raises, and UsageError for a program with a dtype that the protocol lacks.
    """

    def __init__(
        self, file: Path, version: int, settings: Settings, counter: Counter | None = None
    ) -> None:
        self.version = version
        self.most = settings.batch
        self.program = _executable(file, settings)
        traced = self.program.traced
        self.types = {value.name: value.type for value in traced.graph.inputs}
        names = [name for _, name in tree.leaves(traced.result)]
        kinds = [value.type for value in traced.graph.outputs]
        self.results = dict(zip(names, kinds, strict=True))
        self.datatypes = _datatypes({**self.types, **self.results}, settings.program)
        self.counter = counter or Counter()
        self._arguments = traced.arguments
        self._binder = Binder(self.program.graph)
        self._batches, self.alone = _joined(self, settings)

    @property
    def inputs(self) -> dict[str, str]:
        """The datatype of each input."""
        return {name: self.datatypes[name] for name in self.types}

    def item(self, arrays: Mapping[str, Array]) -> Item:
        """Arrays by name as they will be computed; UsageError where the program refuses them."""
        given = [arrays[name] for name in self.types]
        sizes = self._binder.sizes(given)
        if self._batches is None:
            return Item(given, sizes, 1, False)
        return self._batches.item(given, list(self.types))

    def groups(self, items: Sequence[Item]) -> list[list[int]]:
        """The positions of the items that are computed together, of like lengths."""
        if self._batches is None or self.alone:
            return [[position] for position in range(len(items))]
        return self._batches.groups(dict(enumerate(items)), self.most)

    def run(self, items: Sequence[Item]) -> list[Outcome]:
        """The outputs of each item of a group, or what it raised.

        Where the program is found to mix the items of a batch, each is alone from then on.
        """
        if self._batches is None or self.alone:
            return [self._alone(item) for item in items]
        found = self._batches.run(items)
        mixed = next((o for o in found if isinstance(o, Failure) and _mixes(o)), None)
        if mixed is None:
            return found
        self.alone = str(mixed.error)
        return [self._alone(item) for item in items]

    def _alone(self, item: Item) -> Outcome:
        try:
            return self._compute(item.arrays, item.sizes)
        except Exception as problem:
            return Failure(problem)

    def _compute(self, arrays: Sequence[Array], sizes: Mapping[str, int]) -> list[Array]:
        named = dict(zip(self.types, arrays, strict=True))
        positional, keyword = tree.map_leaves(named.__getitem__, self._arguments)
        found = self.program(*positional, **keyword)
        return [numpy.asarray(leaf) for _, leaf in tree.leaves(found)]

    def sizes(self, arrays: Sequence[Array]) -> Mapping[str, int]:
        """The named sizes of a call's arrays."""
        return self._binder.sizes(arrays)


def _mixes(outcome: Failure) -> bool:
    return isinstance(outcome.error, Dependent)


def _executable(file: Path, settings: Settings) -> Executable:
    """The program of a file, in the precision that is asked for, or its own."""
    saved = opened(file)
    own = settings.precision is None
    precision = saved.precision.precision if settings.precision is None else settings.precision
    if not own:
        checked_samples(None, precision)  # of which a server has none
    options = checked_options(
        precision,
        settings.threads,
        "numpy",
        "allow",
        settings.device,
        overrides=saved.precision.overrides if own else None,
        streams=settings.streams,
    )
    options = with_saved_levers(options, saved.levers, settings.backend)
    made = Executable(saved.traced, settings.backend, options, "allow")
    made.tuning = saved.tuning
    return made


def _datatypes(types: Mapping[str, Type], program: str) -> dict[str, str]:
    found = {}
    for name, kind in types.items():
        datatype = datatype_of(kind.dtype)
        if datatype is None:
            raise UsageError(
                f"{program}: {name} is {kind.dtype}, which the protocol lacks; cast it to another"
            )
        found[name] = datatype
    return found


def _joined(served: Served, settings: Settings) -> tuple[Batches | None, str]:
    """How items are joined, or why they are not."""
    graph = served.program.graph
    pad = settings.pad
    if pad is None:
        pad = dict.fromkeys(served.types, 0) if MASK in served.types else {}
    make = partial(joining, graph, None)
    try:
        joined = make(pad)
    except UsageError as problem:
        if settings.pad:
            raise
        try:
            joined = make({})
        except UsageError:
            return None, str(problem)
    compute, precision = served._compute, served.program.options.precision
    return Batches(joined, compute, served.sizes, served.counter, precision), ""
