"""What a backend is asked for, and the checks of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from isthmus.errors import UsageError
from isthmus.system.threads import available_threads

__all__ = [
    "LOW",
    "NEEDS_SAMPLES",
    "PRECISIONS",
    "Options",
    "checked_options",
    "checked_samples",
    "is_dynamic",
    "needs_samples",
]

LOW = ("bf16", "f16")  # the half precisions of arithmetic, which `rewrite.precision` places
PRECISIONS = ("f32", *LOW, "int8", "auto")
WEIGHTS = (None, "int8")
NEEDS_SAMPLES = ("int8", "auto")
QUANTIZATION = "quantization"  # the lever of backends that also find ranges at every call
STATIC, DYNAMIC = "static", "dynamic"


@dataclass(frozen=True)
class Options:
    """What a backend is asked for.

    precision: "f32", or what else `Backend.precisions` offers. weights: "int8" for weights alone
    in 8 bits. overrides: a precision by operator or block, see `isthmus.compile`. threads: compute
    threads; streams: how many requests run side by side. numerics: "numpy", or "fast", which lets
    max, min and clip drop NaN. device: where a backend has several.

    >>> from isthmus.extend import Options
    >>> Options(threads=4).precision
    'f32'
    """

    precision: str = "f32"
    threads: int = 1
    numerics: str = "numpy"
    device: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    weights: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    streams: int = 1


def checked_options(
    precision: str,
    threads: int | None,
    numerics: str,
    on_host: str,
    device: str | None,
    *,
    weights: str | None = None,
    overrides: Mapping[str, str] | None = None,
    streams: int = 1,
) -> Options:
    """The options of `compile`, each checked."""
    _check(precision, PRECISIONS, "precision")
    _check(weights, WEIGHTS, "weights")
    _check_number(threads, "threads", ", or None for all")
    _check_number(streams, "streams")
    _check(on_host, ("allow", "error"), "on_host")
    _check(numerics, ("numpy", "fast"), "numerics")
    if weights is not None and precision in NEEDS_SAMPLES:
        raise UsageError(
            f"weights={weights!r} with precision={precision!r}, which settles the weights; "
            "leave out one of them"
        )
    return Options(
        precision,
        threads or available_threads(),
        numerics,
        device,
        weights=weights,
        overrides=_checked_overrides(overrides, precision, weights),
        streams=streams,
    )


def is_dynamic(levers: Mapping[str, Any]) -> bool:
    """Whether integers have the range that each array has at a call, and not that of samples."""
    return levers.get(QUANTIZATION) == DYNAMIC


def needs_samples(precision: str | None, levers: Mapping[str, Any]) -> bool:
    """Whether the program is settled on samples."""
    return precision in NEEDS_SAMPLES and not is_dynamic(levers)


def checked_samples(
    samples: Sequence[Any] | None, precision: str, levers: Mapping[str, Any] = {}
) -> list[Any]:
    """The samples as a list; UsageError where they are missing or nobody asks for them."""
    wanted = needs_samples(precision, levers)
    if samples is None:
        if wanted:
            raise UsageError(
                f"precision={precision!r} is settled on real inputs; give samples=[...], "
                "some sets of arguments"
            )
        return []
    if is_dynamic(levers):
        raise UsageError(
            f"samples with {QUANTIZATION}={DYNAMIC!r}, which takes none; leave out one of them"
        )
    if not wanted:
        those = " or ".join(map(repr, NEEDS_SAMPLES))
        raise UsageError(f"samples with precision={precision!r}, which takes none; give {those}")
    if isinstance(samples, str | bytes | Mapping) or not hasattr(samples, "__iter__"):
        raise UsageError(
            f"samples: a {type(samples).__name__} given; give a list of sets of arguments, each "
            "a dict by name, a tuple by position, or one array"
        )
    found = list(samples)
    if not found:
        raise UsageError("samples=[]: give at least one set of arguments")
    return found


def _check(value: object, known: Sequence[object], name: str) -> None:
    if value not in known:
        *first, last = map(repr, known)
        raise UsageError(f"{name}={value!r}: give {', '.join(first)} or {last}")


def _check_number(value: object, name: str, further: str = "") -> None:
    if value is None and further:
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(f"{name}={value!r}: give a whole number from 1{further}")


def _checked_overrides(
    given: Mapping[str, str] | None, precision: str, weights: str | None
) -> dict[str, str]:
    if not given:
        return {}
    if not isinstance(given, Mapping):
        raise UsageError(
            f"overrides={given!r}: give a dict from an operator's name or a block's path to "
            "a precision"
        )
    if precision == "f32" and weights is None:
        raise UsageError(
            "overrides with precision='f32': they say what stays 'f32' where the rest does not; "
            "give another precision, or leave them out"
        )
    values = ("f32",) if precision == "auto" else ("f32", precision)
    for name, value in given.items():
        if not isinstance(name, str) or value not in values:
            wanted = " or ".join(map(repr, values))
            raise UsageError(f"overrides: {name!r}: {value!r}; give {wanted}")
    return dict(given)
