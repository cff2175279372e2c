"""A graph for a runtime that adds in one line, so that its sums are as exact as NumPy's.

Sums whose length is known are computed in stages where they are long. A graph whose named sizes
decide that is loaded once for each set of sums that are long in some call: plainly at first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy

from isthmus.graph.nodes import Graph
from isthmus.graph.operator import Addition
from isthmus.graph.runner import Arrays, Ran, Runner
from isthmus.rewrite.staged_sums import additions, in_stages

from .bound_call import Again, bound_run
from .explanation import notes_of, ran_of

__all__ = ["for_files", "loaded_by_length"]

EXPECTED = 256  # what a named size of a file is taken for, since a file has one form
MOST_REMEMBERED = 4096  # sizes whose form is looked up instead of worked out

Load = Callable[[Graph], Runner]


def loaded_by_length(graph: Graph, load: Load) -> Runner:
    """The graph loaded so that a call with long sums computes them in stages."""
    names = graph.dimension_names()
    found = {str(one): one for one in additions(graph) if one.names()}
    undecided = {text: one for text, one in found.items() if one.names() <= set(names)}
    always = found.keys() - undecided.keys()  # of sizes that the runtime finds out
    if not undecided:
        return load(_in_stages(graph, always))
    return ByLength(names, undecided, lambda long: load(_in_stages(graph, always | long)))


def for_files(graph: Graph) -> Graph:
    """The graph in the one form that a file holds."""
    found = (one for one in additions(graph) if one.names())
    long = (str(one) for one in found if one.is_long(dict.fromkeys(one.names(), EXPECTED)))
    return _in_stages(graph, set(long))


def _in_stages(graph: Graph, long: Collection[str]) -> Graph:
    """The sums in stages that are known to be long, and those of named sizes that are listed."""
    return in_stages(graph, lambda one: str(one) in long if one.names() else one.is_long({}))


class ByLength:
    """One graph in several forms, chosen by the sizes of a call.

    names: the sizes that a call gives. undecided: the sums they may make long, by their text.
    """

    def __init__(
        self,
        names: Sequence[str],
        undecided: Mapping[str, Addition],
        load: Callable[[frozenset[str]], Runner],
    ) -> None:
        self.names = names
        self.undecided = undecided
        self._load = load
        self._forms = {frozenset[str](): load(frozenset())}
        self._known: dict[tuple[int, ...], Runner] = {}
        self._lock = threading.Lock()

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[numpy.ndarray[Any, Any]]:
        return self._form(sizes)(arrays, sizes)

    def bind(self, arrays: Arrays, sizes: Mapping[str, int]) -> Again:
        return bound_run(self._form(sizes), arrays, sizes)

    def keeps_on_device(self, sizes: Mapping[str, int]) -> bool:
        keeps = getattr(self._form(sizes), "keeps_on_device", None)
        return keeps is not None and keeps(sizes)

    def on_device(self, buffers: Sequence[Any], sizes: Mapping[str, int]) -> list[Any]:
        results: list[Any] = self._form(sizes).on_device(buffers, sizes)  # type: ignore[attr-defined]
        return results

    def ran(self) -> Ran | None:
        return ran_of(self._forms[frozenset()])

    def notes(self) -> list[str]:
        return notes_of(self._forms[frozenset()])

    def describe(self) -> list[str]:
        return self._forms[frozenset()].describe()

    def _form(self, sizes: Mapping[str, int]) -> Runner:
        key = tuple(sizes[name] for name in self.names)
        found = self._known.get(key)
        return self._found(key, sizes) if found is None else found

    def _found(self, key: tuple[int, ...], sizes: Mapping[str, int]) -> Runner:
        long = frozenset(text for text, one in self.undecided.items() if one.is_long(sizes))
        with self._lock:
            if long not in self._forms:
                self._forms[long] = self._load(long)
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = self._forms[long]
            return self._forms[long]
