"""Nested tuples, lists and dicts of leaves: taken apart in a fixed order and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

__all__ = ["leaves", "map_leaves", "nesting", "rebuild", "same_structure"]


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every leaf with the keys that lead to it; dicts in their order, None is no leaf."""
    if tree is None:
        return
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield from leaves(branch, (*path, str(key)))
    elif isinstance(tree, tuple | list):
        for position, branch in enumerate(tree):
            yield from leaves(branch, (*path, str(position)))
    else:
        yield path, tree


def rebuild(tree: Any, replacements: Sequence[Any]) -> Any:
    """The same nesting with the leaves, in order, replaced."""
    source = iter(replacements)
    return map_leaves(lambda _: next(source), tree)


def nesting(tree: Any) -> Callable[[Sequence[Any]], Any]:
    """`rebuild` of one tree, for many calls: of a leaf and of a plain dict of leaves at once."""
    if tree is not None and not isinstance(tree, dict | tuple | list):
        return itemgetter(0)
    if type(tree) is dict and not any(isinstance(v, _NESTS) for v in tree.values()):
        keys = tuple(tree)
        return lambda replacements: dict(zip(keys, replacements, strict=True))
    return partial(rebuild, tree)


_NESTS = (dict, tuple, list, type(None))


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same nesting with `function` of each leaf."""
    if tree is None:
        return None
    if isinstance(tree, dict):
        return {key: map_leaves(function, branch) for key, branch in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(map_leaves(function, branch) for branch in tree))
    if isinstance(tree, tuple | list):
        return type(tree)(map_leaves(function, branch) for branch in tree)
    return function(tree)


def same_structure(left: Any, right: Any) -> bool:
    """Whether two trees differ in their leaves only."""
    return [path for path, _ in leaves(left)] == [path for path, _ in leaves(right)]
