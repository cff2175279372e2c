"""A program opened by a setting, as `isthmus.compile` opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from isthmus.program.backend import find_backend
from isthmus.program.executable import Executable
from isthmus.program.options import Options, checked_options
from isthmus.program.precision import in_precision, with_weights
from isthmus.trace.tracing import Traced

from .setting import Setting

__all__ = ["Given", "opened", "options_of"]


@dataclass(frozen=True)
class Given:
    """What is the same in all settings.

    overrides: as for `isthmus.compile`, where a precision is chosen that has them. settled: whether
    the program has been brought into its precision before, as a saved one of int8.
    """

    numerics: str = "numpy"
    on_host: str = "allow"
    overrides: Mapping[str, str] = field(default_factory=dict)
    settled: bool = False


def options_of(setting: Setting, given: Given) -> Options:
    """What the backend is asked for; UsageError for what it cannot be."""
    low = setting.precision != "f32"
    options = checked_options(
        setting.precision,
        setting.threads,
        given.numerics,
        given.on_host,
        setting.device,
        weights=setting.weights,
        overrides=given.overrides if low else None,
        streams=setting.streams,
    )
    return replace(options, extra=dict(setting.extra))


def opened(traced: Traced, setting: Setting, samples: Sequence[Any], given: Given) -> Executable:
    """Ready to run; samples: sets of arguments, on which a precision is calibrated."""
    options = options_of(setting, given)
    if given.settled:
        made = with_weights(traced, options)
    else:
        made = in_precision(traced, options, samples, find_backend(setting.backend))
    return Executable(made, setting.backend, options, given.on_host)
