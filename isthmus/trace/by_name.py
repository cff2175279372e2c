"""What travels between processes as the place it is defined in: a module and a name in it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from isthmus.errors import UsageError

__all__ = ["found_by_name", "has_place", "is_sent_by_value", "module_of"]

_ABSENT = object()


def module_of(function: Any) -> str:
    """The module of a function by the name that all processes know.

    A process that multiprocessing has spawned runs the script once more under another one.
    """
    module: str = function.__module__
    return "__main__" if module == "__mp_main__" else module


def has_place(made: Any) -> bool:
    """Whether its `__module__` has it under its `__qualname__`, as of what no function made."""
    name = getattr(made, "__qualname__", None)  # which a block or a partial function lacks
    module = sys.modules.get(made.__module__)
    return name is not None and module is not None and _in(module, name) is made


def is_sent_by_value(made: Any) -> bool:
    """Whether the caller's caller is cloudpickle, and `made` is none that a module has.

    It sends functions of a notebook or a script by value, which others cannot, so that what is
    made of them has to be sent as what it is made of. Both ask by `__reduce__`, and only the
    frame tells one from the other.
    """
    asking = sys._getframe(2).f_globals.get("__name__", "")
    return "cloudpickle" in asking and (made.__module__ == "__main__" or not has_place(made))


def found_by_name(module: str, name: str) -> Any:
    """What a module has under a name such as "Class.attribute", to unpickle it; UsageError."""
    try:
        found = _in(import_module(module), name)
    except ImportError as problem:
        raise UsageError(
            f"{module}.{name} was sent by name, and {module} cannot be imported here ({problem}); "
            "install its package, or put its folder on PYTHONPATH"
        ) from None
    if found is _ABSENT:
        raise UsageError(
            f"{module}.{name} was sent by name, and {module} has none here; define it in a module "
            "that both processes import"
        )
    return found


def _in(place: Any, name: str) -> Any:
    for part in name.split("."):
        place = getattr(place, part, _ABSENT)
    return place
