"""Names in files, of inputs, results and sizes: kept, or an error before anything is written."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

from isthmus.errors import UsageError
from isthmus.graph.nodes import Graph

__all__ = ["check_names", "unknown_size"]

# Control characters, which XML has no place for or reads as spaces, and halves of a character.
_UNWRITABLE = ("Cc", "Cs", "Zl", "Zp")


def check_names(graph: Graph) -> None:
    """UsageError for names that a file cannot hold, or that stand for two arrays.

    A result may have the name of an input where it is that input, unchanged.
    """
    inputs = {value.name: value for value in graph.inputs}
    _check_each("input", list(inputs))
    _check_each("result", graph.output_names)
    _check_different(graph.output_names)
    for value, name in zip(graph.outputs, graph.output_names, strict=True):
        if name in inputs and value is not inputs[name]:
            raise UsageError(
                f"a result and an input are both named '{name}', which in a file is one array; "
                "give the result another key"
            )


def _check_each(kind: str, names: Sequence[str]) -> None:
    for name in names:
        if not name or any(unicodedata.category(sign) in _UNWRITABLE for sign in name):
            raise UsageError(f"{kind} {name!a}: a file cannot hold this name; give another")


def _check_different(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        listed = ", ".join(f"'{name}'" for name in twice)
        raise UsageError(f"two results are named {listed}, keys joined by dots; give other keys")


def unknown_size(name: str) -> UsageError:
    """The error for a size that no input shows, which `compile` gives by an input of its own."""
    return UsageError(
        f"the size '{name}' is no axis of an input, so that a file cannot know it; "
        f"name an axis of an input '{name}'"
    )
