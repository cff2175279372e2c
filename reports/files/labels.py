"""Labels that tell benchmarks apart: tests of one name get as much of their place as differs.

tests/test_a.py::test_run    test_a.py::test_run
tests/test_b.py::test_run    test_b.py::test_run
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from .comparison import setting
from .result import Result, ResultFile

__all__ = ["told_apart", "with_labels"]

_PLACES = re.compile(r"::|/")  # of a test: folder/file::class::function[parameters]


def with_labels(files: Sequence[ResultFile]) -> tuple[ResultFile, ...]:
    """The files, in which other tools' results of one workload, variant and setting have one name.

    Ours say themselves what they are; results of two files that are one benchmark's keep one label.
    """
    every = [(_key(r), r.fullname) for file in files for r in file.results if r.origin]
    labels = told_apart(every)
    return (
        tuple(
            replace(file, results=tuple(_labelled(result, labels) for result in file.results))
            for file in files
        )
        if labels
        else tuple(files)
    )


def told_apart(named: Iterable[tuple[Hashable, str]]) -> dict[tuple[Hashable, str], str]:
    """For each name that shares its label with another: the shortest end that it alone has.

    named: label and full name. Labels of one name are not in the result.
    """
    alike = defaultdict[Hashable, list[str]](list)
    for label, fullname in dict.fromkeys(named):
        alike[label].append(fullname)
    return {
        (label, fullname): end
        for label, fullnames in alike.items()
        if len(fullnames) > 1
        for fullname, end in zip(fullnames, _ends(fullnames), strict=True)
    }


def _ends(fullnames: Sequence[str]) -> list[str]:
    """The shortest end of each that no other has, of whole places; one that has none is whole."""
    every = [_endings(fullname) for fullname in fullnames]
    seen = Counter(end for endings in every for end in endings)
    return [next((end for end in endings if seen[end] == 1), endings[-1]) for endings in every]


def _endings(fullname: str) -> list[str]:
    """`test_go[a/b]`, `TestX::test_go[a/b]`, `test_a.py::TestX::test_go[a/b]`, ..."""
    place = fullname.partition("[")[0]
    begins = [found.end() for found in _PLACES.finditer(place)]
    return [fullname[begin:] for begin in (*reversed(begins), 0)]


def _key(result: Result) -> Hashable:
    return result.variant, setting(result)


def _labelled(result: Result, labels: dict[tuple[Hashable, str], str]) -> Result:
    """With the label in place of its name, or beside the workload where a file gave another."""
    label = labels.get((_key(result), result.fullname))
    if label is None or not result.origin:
        return result
    name = _endings(result.fullname)[0]
    changed: dict[str, Any] = {
        at: label for at in ("workload", "variant") if getattr(result, at) == name
    }
    return replace(result, **(changed or {"workload": f"{result.workload}, {label}"}))
