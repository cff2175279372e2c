"""What the user says about a foreign file: `workload=resnet-50,threads=2`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from isthmus.errors import UsageError

from .checks import clean, fail
from .result import Result

__all__ = ["NO_NAMES", "Names", "names_of", "of_files"]


@dataclass(frozen=True)
class Names:
    """Each None leaves what the file says.

    >>> from isthmus import reports
    >>> reports.Names(variant="mine", threads=4).workload is None
    True
    """

    workload: str | None = None
    variant: str | None = None
    threads: int | None = None
    batch: int | None = None
    sequence: int | None = None
    precision: str | None = None

    def given(self, result: Result) -> Result:
        """The result with these facts in place of its own."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        return replace(result, **said) if said else result

    def check(self, path: str, results: Sequence[Result]) -> None:
        """`FileError` where one variant's name would stand for several benchmarks."""
        if self.variant is not None and len(results) > 1:
            what = f"has {len(results)} benchmarks, all to be called {self.variant}"
            fail(path, what, "leave out variant=")


NO_NAMES = Names()
_WHOLE = ("threads", "batch", "sequence")


def names_of(argument: str) -> Names:
    """From `name=value,name=value`; `UsageError` for anything else.

    >>> from isthmus import reports
    >>> reports.names_of("variant=mine,threads=4").threads
    4
    """
    given: dict[str, Any] = {}
    for part in argument.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in {field.name for field in fields(Names)} or not clean(value):
            known = ", ".join(field.name for field in fields(Names))
            step = f"give NAME=VALUE, with the names {known}"
            raise UsageError(clean(f"--as {argument}: '{part}' is not one of them; {step}"))
        given[name] = _number(argument, name, value) if name in _WHOLE else clean(value)
    return Names(**given)


def _number(argument: str, name: str, value: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", value) or int(value) == 0:
        raise UsageError(clean(f"--as {argument}: {name} is {value}; give a whole number above 0"))
    return int(value)


def of_files(strangers: Sequence[str], names: Sequence[Names]) -> dict[str, Names]:
    """The names by path: the first for the first foreign file, ..., or one for all of them.

    Errors: `UsageError` where the counts differ.
    """
    if len(names) == 1 and strangers:
        names = [*names] * len(strangers)
    if len(names) != len(strangers):
        counts = f"--as is given {len(names)} times for {len(strangers)} foreign files"
        raise UsageError(f"{counts}; give it once for all, or once for each in their order")
    return dict(zip(strangers, names, strict=True))
