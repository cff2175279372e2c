"""A user's Python function or Block as a source: MODULE:ATTRIBUTE, such as mypkg.mymodule:net."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from isthmus.errors import IsthmusError, UsageError
from isthmus.graph import tree
from isthmus.graph.nodes import Type

from .sources import FunctionSource

__all__ = ["opened"]

Types = Mapping[str, Type]


def opened(target: str) -> tuple[Types | None, Callable[[Types], FunctionSource]]:
    """The types of its arguments if it has `specs()`, and how to open it for others."""
    function = _attribute(target)
    if not callable(function):
        raise UsageError(f"{target} is a {type(function).__name__}; name a function or a Block")
    return _specs(target, function), lambda types: FunctionSource(function, types)


def _attribute(target: str) -> Any:
    module, _, path = target.partition(":")
    found = _imported(target, module)
    for name in path.split("."):
        if not hasattr(found, name):
            raise UsageError(f"{module} has no attribute '{path}'; name what it defines")
        found = getattr(found, name)
    return found


def _imported(target: str, module: str) -> Any:
    """The module, from the current folder too; what it raises itself is one line."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        return importlib.import_module(module)
    except IsthmusError:
        raise
    except Exception as problem:  # a user's module may raise anything
        said = f"{type(problem).__name__}: {problem}"
        raise UsageError(
            f"{target}: cannot import {module} ({said}); mend it, or cd there"
        ) from None
    finally:
        sys.path.remove(here)


def _specs(target: str, function: Any) -> Types | None:
    """The types by argument; None without `specs()`."""
    specs = getattr(function, "specs", None)
    if specs is None:
        return None
    types = specs()
    flat = isinstance(types, dict) and all(isinstance(kind, Type) for kind in types.values())
    if not flat:
        leaves = len(list(tree.leaves(types)))
        raise UsageError(f"{target}: specs() gives {leaves} nested types; give a dict of arguments")
    return dict(types)
