"""Whether what is to be measured is there at all, found before anything is built or measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from isthmus.benchmarks.work import foreign, workloads
from isthmus.benchmarks.work.prepare_files import MODELS, is_foreign
from isthmus.errors import UsageError

__all__ = ["check_files", "check_works"]

BY_MODULE = "--pyargs"  # pytest's option that makes names of paths


def check_works(works: Sequence[str], shapes: Sequence[str]) -> None:
    """UsageError for a workload that nobody knows, and for shapes that are none or nothing's."""
    for work in works:
        if not is_foreign(work):
            workloads.find([work])
    for shape in shapes:
        foreign.check_shape(shape)
    if shapes and not any(map(is_foreign, works)):
        step = "name one, such as mypackage.mymodule:net, or leave it"
        raise UsageError(f"--shape {shapes[0]}: shapes are of a model of yours; {step}")


def check_files(works: Sequence[str], pytest: Sequence[str], trees: Mapping[str, Path]) -> None:
    """UsageError where a revision lacks a file; trees: where each was taken out, by its name."""
    for path in (*(work for work in works if Path(work).suffix in MODELS), *_paths(pytest)):
        lacking = [label for label, tree in trees.items() if not (tree / path).exists()]
        if lacking:
            raise UsageError(f"{path}: not in {' nor in '.join(lacking)}; {_step(lacking, trees)}")


def _step(lacking: Sequence[str], trees: Mapping[str, Path]) -> str:
    if len(lacking) < len(trees):
        return "name what both have"
    return "check the path, from the folder that you are in; git has to know the file"


def _paths(arguments: Sequence[str]) -> Iterator[str]:
    """Pytest's arguments that are paths, without the tests in them; options may have a value."""
    if BY_MODULE in arguments:
        return
    for before, argument in zip(("", *arguments), arguments, strict=False):
        if not argument.startswith("-") and (not before.startswith("-") or "=" in before):
            yield argument.partition("::")[0]
