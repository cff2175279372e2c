"""How NumPy's own functions, called on our arrays, find the functions of `isthmus.np`.

Where there is none, or it lacks an argument, NumPy computes with the elements of held arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy

from isthmus.errors import TraceError

from .operators import Operators
from .slots import namespaces, np

__all__ = ["of_function", "of_ufunc"]

# NumPy's names of functions that are called otherwise here.
NAMES: Mapping[str, str] = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "concatenate": "concat",
    "conjugate": "conj",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "transpose": "permute_dims",
    "true_divide": "divide",
}

# What a ufunc's method computes, by the ufunc.
REDUCTIONS: Mapping[str, str] = {
    "add": "sum",
    "logical_and": "all",
    "logical_or": "any",
    "maximum": "max",
    "minimum": "min",
    "multiply": "prod",
}
ACCUMULATIONS: Mapping[str, str] = {"add": "cumulative_sum", "multiply": "cumulative_prod"}

_REFUSED = {
    "out": "writes into memory that a program of values does not have; use the result",
    "where": "leaves elements undefined; use np.where(condition, result, other)",
    "initial": "is not taken; combine the result with it",
    "casting": "is not taken; cast with astype",
    "order": "is not taken; arrays here have no memory order",
    "subok": "is not taken",
}


def of_function(function: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """numpy.f(*args, **keywords) as np.f. Raises TraceError if there is none."""
    module, name = function.__module__, function.__name__
    try:
        ours = _found(module, name)
        given = _taken(name, keywords, masked=getattr(ours, "masked", None) is not None)
    except TraceError as problem:
        return _by_numpy(function, args, keywords, problem)
    return ours(*args, **given)


def of_ufunc(
    ufunc: Any, method: str, operands: tuple[Any, ...], keywords: Mapping[str, Any]
) -> Any:
    """A ufunc called, or its reduce, accumulate or outer. Raises TraceError for others."""
    try:
        call = _ours(ufunc, method, operands, keywords)
    except TraceError as problem:
        return _by_numpy(getattr(ufunc, method), operands, keywords, problem)
    return call()


def _ours(
    ufunc: Any, method: str, operands: tuple[Any, ...], keywords: Mapping[str, Any]
) -> Callable[[], Any]:
    name = ufunc.__name__
    called = f"{name}.{method}" if method != "__call__" else name
    given = _taken(called, keywords, masked=method == "reduce")
    match method:
        case "__call__":
            dtype = given.pop("dtype", None)
            return partial(_found("numpy", name), *_cast(operands, dtype), **given)
        case "reduce" if name in REDUCTIONS:
            whole = {"axis": 0, **given}
            return partial(_found("numpy", REDUCTIONS[name]), operands[0], **whole)
        case "accumulate" if name in ACCUMULATIONS:
            whole = {"axis": 0, **given}
            return partial(_found("numpy", ACCUMULATIONS[name]), operands[0], **whole)
        case "outer":
            return partial(_found("numpy", name), *_crossed(*operands), **given)
    raise TraceError(
        f"numpy.{name}.{method} is not taken here; there are calls, outer, reduce of "
        f"{', '.join(REDUCTIONS)} and accumulate of {', '.join(ACCUMULATIONS)}"
    )


def _crossed(x: Any, y: Any) -> tuple[Any, Any]:
    """x and y shaped so that every element meets every other."""
    return np.reshape(x, (*x.shape, *(1,) * y.ndim)), y


def _cast(operands: tuple[Any, ...], dtype: Any) -> tuple[Any, ...]:
    if dtype is None:
        return operands
    return tuple(np.astype(np.asarray(operand), dtype) for operand in operands)


def _found(module: str, name: str) -> Callable[..., Any]:
    """Our function of NumPy's name; TraceError names the nearest if there is none."""
    place: Any = {"numpy.linalg": np.linalg, "numpy.fft": np.fft}.get(module, np)
    ours = NAMES.get(name, name)
    if ours in place.__all__:
        found: Callable[..., Any] = getattr(place, ours)
        return found
    from difflib import get_close_matches

    near = get_close_matches(ours, place.__all__, n=1)
    hint = f"the nearest is {near[0]}" if near else f"write it with those in dir({place.__name__})"
    raise TraceError(f"{module}.{name}: {place.__name__} has no such function; {hint}")


def _taken(name: str, keywords: Mapping[str, Any], masked: bool) -> dict[str, Any]:
    """The keywords less those that say nothing; TraceError for one that is refused.

    masked: `where` and `initial` are of a reduction that takes them.
    """
    given = {key: value for key, value in keywords.items() if not _says_nothing(key, value)}
    for key in given:
        if key in _REFUSED and not (masked and key in ("where", "initial")):
            raise TraceError(f"{name}({key}=...): {key} {_REFUSED[key]}")
    return given


def _says_nothing(key: str, value: Any) -> bool:
    silent = {"out": (None,), "where": (True,), "order": (None, "K", "C"), "subok": (True,)}
    plain = value is None or isinstance(value, bool | str)
    return plain and value in silent.get(key, ())


# By NumPy itself


def _by_numpy(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    keywords: Mapping[str, Any],
    problem: TraceError,
) -> Any:
    """What NumPy makes of the elements, on their device; of traced arrays the problem."""
    arrays = [*_arrays(args), *_arrays(tuple(keywords.values()))]
    if any(array._held() is None for array in arrays):
        raise problem
    given = {key: _elements(value) for key, value in keywords.items()}
    if keywords.get("out") is None:
        return namespaces.home(arrays[0])._placed(function(*_elements(args), **given))
    return _written(function, _elements(args), given, keywords["out"])


def _written(function: Callable[..., Any], args: Any, keywords: dict[str, Any], out: Any) -> Any:
    """`out`, one array or several, after NumPy wrote there; ours are assigned to."""
    targets = out if isinstance(out, tuple) else (out,)
    places = tuple(numpy.array(t) if _arrays(t) else t for t in targets)
    function(*args, **{**keywords, "out": places if isinstance(out, tuple) else places[0]})
    for target, place in zip(targets, places, strict=True):
        if _arrays(target):
            target[...] = place
    return targets[0] if len(targets) == 1 else targets


def _arrays(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [array for part in value for array in _arrays(part)]
    return [value] if isinstance(value, Operators) else []


def _elements(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(map(_elements, value))
    return numpy.asarray(value, copy=False) if _arrays(value) else value
