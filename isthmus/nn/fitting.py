"""Arrays by name against parameters by name: which lack, which are left over, which do not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy

from isthmus.errors import UsageError

from .parameter import Parameter

__all__ = ["Unmatched", "fit", "listed"]

Array = numpy.ndarray[Any, Any]

SHOWN = 5
COUNTER = "num_batches_tracked"  # of torch's BatchNorm: how often it was trained


class Unmatched(NamedTuple):
    """Names that `Block.set_parameters` found on one side alone.

    missing: parameters without an array, which keep their values. unexpected: arrays without a
    parameter.

    >>> from isthmus import nn
    >>> nn.Dense(1, 2).set_parameters({"weight": [[1, 2]], "scale": 3}, strict=False)
    Unmatched(missing=['bias'], unexpected=['scale'])
    """

    missing: list[str]
    unexpected: list[str]


def fit(parameters: Mapping[str, Parameter], arrays: Mapping[str, Any], strict: bool) -> Unmatched:
    """Set the parameters of which there are arrays, all of them or, where it raises, none."""
    if not isinstance(arrays, Mapping):
        raise UsageError(f"{type(arrays).__name__} given; give a dict from names to arrays")
    unmatched = _unmatched(parameters, arrays)
    if strict and any(unmatched):
        both = (listed("missing", unmatched.missing), listed("unexpected", unmatched.unexpected))
        raise UsageError(
            f"the arrays do not fit the parameters: {'; '.join(filter(None, both))}; rename them, "
            "or give strict=False to set those that fit"
        )
    fitted = {
        name: _fitted(name, parameter, arrays[name])
        for name, parameter in parameters.items()
        if name in arrays
    }
    _refuse_contradictions(parameters, fitted)
    for name, array in fitted.items():
        parameters[name].set(array)
    return unmatched


def listed(kind: str, names: Collection[str]) -> str:
    """ "7 missing (a, b, c, d, e and 2 more)", or nothing where there is none."""
    shown = ", ".join(list(names)[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} {kind} ({shown}{more})" if names else ""


def _unmatched(parameters: Mapping[str, Parameter], arrays: Mapping[str, Any]) -> Unmatched:
    """A parameter of several names needs an array by one of them."""
    given = {id(parameter) for name, parameter in parameters.items() if name in arrays}
    missing = [name for name, parameter in parameters.items() if id(parameter) not in given]
    unexpected = [n for n in arrays if n not in parameters and not _is_counter(n, arrays[n])]
    return Unmatched(missing, unexpected)


def _is_counter(name: str, array: Any) -> bool:
    """Whether it is the one number of torch's that inference does without."""
    return str(name).rpartition(".")[2] == COUNTER and numpy.size(array) == 1


def _fitted(name: str, parameter: Parameter, array: Any) -> Array:
    try:
        return parameter.fitted(array)
    except UsageError as problem:
        raise UsageError(f"{name}: {problem}") from None


def _refuse_contradictions(
    parameters: Mapping[str, Parameter], fitted: Mapping[str, Array]
) -> None:
    """UsageError for two arrays that differ and are of one parameter, which has two names."""
    first: dict[int, str] = {}
    for name, array in fitted.items():
        other = first.setdefault(id(parameters[name]), name)
        if other != name and not numpy.array_equal(fitted[other], array, equal_nan=True):
            raise UsageError(
                f"{other} and {name} are one parameter, and the arrays given for them differ; "
                "give one of them"
            )
