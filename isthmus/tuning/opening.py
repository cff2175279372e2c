"""A program opened by a setting, as `isthmus.compile` opens it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from isthmus.program.executable import Executable
from isthmus.program.options import Options, checked_options
from isthmus.trace.tracing import Traced

from .setting import Setting

__all__ = ["opened", "options_of"]


def options_of(setting: Setting) -> Options:
    """What the backend is asked for."""
    options = checked_options(
        setting.precision, setting.threads, "numpy", "allow", setting.device
    )
    return replace(options, extra=dict(setting.extra))


def opened(traced: Traced, setting: Setting, samples: Sequence[Any]) -> Executable:
    """Ready to run; samples: sets of arguments, on which a precision is calibrated."""
    return Executable(traced, setting.backend, options_of(setting), "allow")
