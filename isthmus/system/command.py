"""A module run by `python -m`: a mistake of its user is one line on stderr and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from isthmus.errors import IsthmusError

__all__ = ["run"]

INTERRUPTED = 130


def run(
    main: Callable[[list[str]], None],
    arguments: Sequence[str] | None = None,
    *,
    stopped: str = "stopped",
) -> None:
    """`main` with the arguments; those of the command line for None.

    stopped: what is said after Ctrl-C.
    """
    try:
        main(list(sys.argv[1:] if arguments is None else arguments))
    except IsthmusError as problem:
        print(problem, file=sys.stderr)
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        print(f"\n{stopped}", file=sys.stderr)
        sys.exit(INTERRUPTED)
