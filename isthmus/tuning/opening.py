"""A program brought into a setting's integers, and opened by it as `isthmus.compile` opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from isthmus.program.backend import find_backend
from isthmus.program.executable import Executable
from isthmus.program.options import QUANTIZATION, Options, checked_options
from isthmus.program.precision import in_precision, with_weights
from isthmus.trace.tracing import Traced

from .setting import Setting

__all__ = ["Given", "opened", "options_of", "settled", "settler"]

ANY_BACKEND = "numpy"  # weights alone become the same integers for all; this one is always here


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

    def keywords(self, setting: Setting) -> dict[str, Any]:
        """What `isthmus.compile`, or `load` of what was settled before, takes for a setting."""
        found = setting.keywords
        if self.settled:
            found.pop("precision", None)  # it is in the file
        elif overrides := self.overrides_of(setting):
            found["overrides"] = overrides
        usual = {"numerics": "numpy", "on_host": "allow"}
        told = {"numerics": self.numerics, "on_host": self.on_host}
        return {**found, **{name: told[name] for name in told if told[name] != usual[name]}}

    def overrides_of(self, setting: Setting) -> dict[str, str]:
        """What stays in float32, and what goes low after all; nothing in float32."""
        if setting.precision == "f32":
            return {}
        return {**self.overrides, **dict.fromkeys(setting.kept, "f32")}


def options_of(setting: Setting, given: Given) -> Options:
    """What the backend is asked for; UsageError for what it cannot be."""
    options = checked_options(
        setting.precision,
        setting.threads,
        given.numerics,
        given.on_host,
        setting.device,
        weights=setting.weights,
        overrides=given.overrides_of(setting),
        streams=setting.streams,
    )
    return replace(options, extra=dict(setting.extra))


def settler(setting: Setting, given: Given, threads: int) -> Setting | None:
    """The setting by which the program is brought into integers for another: the same for all that
    they are the same for; None where there are none to make.

    threads: of what is computed meanwhile.
    """
    if setting.weights is not None:
        precision = setting.precision if given.overrides else "f32"
        return Setting(ANY_BACKEND, None, precision, setting.weights, threads)
    if setting.precision != "int8" or given.settled:
        return None
    place = setting.backend, setting.device
    how = tuple(pair for pair in setting.extra if pair[0] == QUANTIZATION)
    return Setting(*place, setting.precision, threads=threads, kept=setting.kept, extra=how)


def settled(traced: Traced, by: Setting, samples: Sequence[Any], given: Given) -> Traced:
    """The program with the integers of a `settler`; samples: sets of arguments, where it needs
    them."""
    options = options_of(by, given)
    if given.settled:
        return with_weights(traced, options)
    return in_precision(traced, options, samples, find_backend(by.backend))


def opened(program: Traced, setting: Setting, given: Given) -> Executable:
    """Ready to run; program: with the integers that the setting has."""
    return Executable(program, setting.backend, options_of(setting, given), given.on_host)
