"""What can go wrong, as one tree; every message is one line: the fact, then the next step.

IsthmusError            exit code 2
├── UsageError          wrong argument, shape, dtype or name (a ValueError)
│   ├── DimensionError  sizes that differ, or cannot be decided
│   └── IndexOutside    an index out of bounds (an IndexError)
├── TraceError          a traced value used where a number is needed (a TypeError)
├── FileError           a file that is missing, truncated, hostile or of another kind
├── NothingMeasured     exit code 3: no benchmark could be compared
└── BackendMissing      exit code 5: a backend, runtime or device is not here
    └── MissingExtra    a package that an extra of the installation brings is not here
"""

from __future__ import annotations


class IsthmusError(Exception):
    """The base of every error raised on purpose; the command line prints it without a traceback."""

    exit_code = 2


class UsageError(IsthmusError, ValueError):
    """A wrong argument: names it, its value, and what would be right."""


class DimensionError(UsageError):
    """Sizes that differ, or that named dimensions leave undecided."""


class IndexOutside(UsageError, IndexError):
    """An index outside the array it looks up, as NumPy's IndexError."""


class TraceError(IsthmusError, TypeError):
    """A traced value was used where Python needs a number."""


class FileError(IsthmusError):
    """A file that is missing, truncated, hostile, or not of the kind that was asked for."""


class NothingMeasured(IsthmusError):
    """Nothing comparable was measured."""

    exit_code = 3


class BackendMissing(IsthmusError):
    """A backend, its runtime, or its device is not on this machine."""

    exit_code = 5


class MissingExtra(BackendMissing):
    """Packages that are not installed; names the extra that brings them (`system.extras`)."""
