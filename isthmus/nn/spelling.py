"""Options of layers as Gluon spells them, and what is said to those that have no place here."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy

from isthmus.errors import UsageError

__all__ = ["check_rest", "either", "wanted", "with_axes", "without_layout"]

_ANY = object()
FORMS = {1: "lines [N, C, W]", 2: "images [N, C, H, W]", 3: "volumes [N, C, D, H, W]"}
LAYOUTS = {1: "NCW", 3: "NCDHW"}  # Gluon's names; that of two axes is below
_STATISTICS = "statistics are those that were learnt"

# Gluon's options that say nothing here: the values that may be given, and what else is the case.
WITHOUT_EFFECT: dict[str, tuple[tuple[Any, ...], str]] = {
    "beta_initializer": ((None, "zeros"), "it starts as zeros; give others by set_parameters"),
    "bias_initializer": ((None, "zeros"), "it starts as zeros; give others by set_parameters"),
    "ceil_mode": ((False,), "sizes are rounded down; pad the image instead"),
    "dtype": ((None, "float32", numpy.float32, numpy.dtype("float32")), "call cast(dtype)"),
    "gamma_initializer": ((None, "ones"), "it starts as ones; give others by set_parameters"),
    "layout": ((None, "NCHW"), "images are [N, C, H, W]; transpose others"),
    "momentum": ((_ANY,), _STATISTICS),
    "params": ((None,), "assign the parameter to the attribute, as net.weight = other.weight"),
    "prefix": ((None,), "names are those of attributes"),
    "running_mean_initializer": ((None, "zeros"), _STATISTICS),
    "running_variance_initializer": ((None, "ones"), _STATISTICS),
    "sparse_grad": ((False,), "parameters are dense"),
    "use_global_stats": ((_ANY,), _STATISTICS),
    "weight_initializer": ((None,), "call initialize(seed), or give weights by set_parameters"),
}


def check_rest(block: Any, rest: Mapping[str, Any]) -> None:
    """UsageError for options that a layer does not have, unless they say what is the case."""
    for name, value in rest.items():
        allowed, fact = WITHOUT_EFFECT.get(name, ((), ""))
        if any(known is _ANY or _equal(known, value) for known in allowed):
            continue
        called = f"nn.{type(block).__name__}"
        if fact:
            raise UsageError(f"{called}: {name}={value!r} cannot be had: {fact}")
        import difflib

        known = [n for n in inspect.signature(type(block)).parameters if n != "rest"]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"the nearest is {near[0]}" if near else f"it has {', '.join(known) or 'none'}"
        raise UsageError(f"{called} has no option '{name}'; {hint}")


def without_layout(rest: Mapping[str, Any], axes: int) -> dict[str, Any]:
    """The options without a `layout` that says what is the case of so many axes."""
    found = dict(rest)
    if axes in LAYOUTS and found.get("layout") == LAYOUTS[axes]:
        del found["layout"]
    elif axes in LAYOUTS and found.get("layout") is not None:
        raise UsageError(
            f"layout={found['layout']!r} cannot be had: it is {LAYOUTS[axes]!r}; transpose others"
        )
    return found


def with_axes(block: Any, x: Any, axes: int) -> Any:
    """x, which has so many axes beside batch and channels; else UsageError."""
    x = x if hasattr(x, "ndim") else numpy.asarray(x)
    if x.ndim != axes + 2:
        called = f"nn.{type(block).__name__}"
        raise UsageError(f"{called} of x with {x.ndim} axes; give {FORMS[axes]}")
    return x


def either(what: str, ours: Any, theirs: Any) -> Any:
    """The value of an option that has two names; None where neither is given.

    what: both names, such as "nn.Dense: inputs, in_units".
    """
    if ours is not None and theirs is not None and not _equal(ours, theirs):
        raise UsageError(f"{what}: {ours!r} and {theirs!r} given, which are one option; give one")
    return theirs if ours is None else ours


def wanted(what: str, ours: Any, theirs: Any) -> Any:
    """The same of an option that has no default."""
    found = either(what, ours, theirs)
    if found is None:
        raise UsageError(f"{what}: not given; give one of the two")
    return found


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
