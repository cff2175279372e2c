"""The public modules, in the order in which a name's own page is looked for, and their names."""

from __future__ import annotations

import inspect
import re
from functools import cache, cached_property
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

DESCRIBED = (FunctionType, cached_property, classmethod, property, staticmethod)
MODULES = (
    "isthmus.errors",
    "isthmus",
    "isthmus.np",
    "isthmus.np.linalg",
    "isthmus.np.fft",
    "isthmus.npx",
    "isthmus.nn",
    "isthmus.models",
    "isthmus.extend",
    "isthmus.reports",
    "isthmus.benchmarks.gate",
    "isthmus.serve.repository",
)


@cache
def names() -> dict[str, Any]:
    """Every public name in full, with its object; no modules among them."""
    return {
        f"{module}.{name}": found
        for module in MODULES
        for name in import_module(module).__all__
        if not isinstance(found := getattr(import_module(module), name), ModuleType)
    }


@cache
def home(full: str) -> str:
    """The name under which an object is documented: the first it has, its own where it can be."""
    found = names()[full]
    if not callable(found):
        return full
    same = [name for name, other in names().items() if other is found]
    own = [name for name in same if name.rsplit(".", 1)[1] == getattr(found, "__name__", "")]
    return (own or same)[0]


def module_of(full: str) -> str:
    """The public module of a name, be it of an attribute of a class."""
    return max((m for m in MODULES if f"{full}.".startswith(f"{m}.")), key=len, default="isthmus")


def linked(written: str, full: str) -> str | None:
    """The documented name that code in the docstring of `full` means, or None."""
    text = written.removesuffix("()")
    if not re.fullmatch(r"[A-Za-z_][\w.]*", text):
        return None
    for prefix in ("", "isthmus.", f"{module_of(full)}.", f"{full.rsplit('.', 1)[0]}."):
        if found := _documented(prefix + text):
            return found
    return None


def _documented(full: str) -> str | None:
    if full in names():
        return home(full)
    owner, _, attribute = full.rpartition(".")
    if owner not in names() or attribute not in attributes(names()[owner]):
        return None
    return f"{home(owner)}.{attribute}"


def attributes(owner: Any) -> set[str]:
    """The public methods and properties of a class that say what they are."""
    if not inspect.isclass(owner):
        return set()
    members = {name: value for name, value in vars(owner).items() if not name.startswith("_")}
    described = {name: value for name, value in members.items() if isinstance(value, DESCRIBED)}
    return {name for name, value in described.items() if value.__doc__}
