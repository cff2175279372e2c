"""Levers: what a backend offers that changes how a program is computed, and not what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from isthmus.errors import UsageError

from .archive import Levers
from .backend import Backend, Setting, find_backend
from .options import Options

__all__ = ["levers_of", "settings_of", "with_levers", "with_saved_levers"]


def levers_of(backend: Backend, options: Options) -> Mapping[str, Sequence[Any]]:
    """The levers that a backend has for these options, each with its values, the default first.

    >>> from isthmus.extend import Options
    >>> from isthmus.numpy_backend import NumpyBackend
    >>> levers_of(NumpyBackend(), Options())
    {}
    """
    known = getattr(backend, "levers", None)
    return {} if known is None else dict(known(options))


def settings_of(backend: Backend, options: Options) -> Mapping[str, Setting]:
    """The settings that a backend takes beside its levers."""
    known = getattr(backend, "settings", None)
    return {} if known is None else dict(known(options))


def with_levers(options: Options, levers: Mapping[str, Any] | None, backend: str) -> Options:
    """The options with these levers; UsageError for those that the backend does not have."""
    if levers is None:
        return options
    if not isinstance(levers, Mapping):
        raise UsageError(f"levers={levers!r}: give a dict from a lever's name to its value")
    if not levers:
        return options
    known = levers_of(find_backend(backend), options)
    settings = settings_of(find_backend(backend), options)
    for name, value in levers.items():
        if name in settings:
            if not settings[name].takes(value):
                raise UsageError(f"levers: {name}={value!r}: give {settings[name].values}")
            continue
        if name not in known:
            names = [*known, *settings]
            there = f"give {_either(names)}" if names else "leave them out"
            width = f"precision={options.precision!r}" + (
                f" and weights={options.weights!r}" if options.weights else ""
            )
            where = f"backend {backend!r}" + (f" on {options.device}" if options.device else "")
            raise UsageError(f"levers: {where} has no {name!r} with {width}; {there}")
        if value not in known[name]:
            raise UsageError(f"levers: {name}={value!r}: give {_either(known[name])}")
    return replace(options, extra={**options.extra, **levers})


def with_saved_levers(options: Options, saved: Levers | None, backend: str) -> Options:
    """The options with those of a program's levers that the backend it was saved for still has."""
    if saved is None or saved.backend != backend:
        return options
    known = levers_of(find_backend(backend), options)
    kept = {name: v for name, v in saved.values.items() if v in known.get(name, ())}
    return replace(options, extra={**options.extra, **kept})


def _either(values: Sequence[Any]) -> str:
    *first, last = map(repr, values)
    return f"{', '.join(first)} or {last}" if first else last
