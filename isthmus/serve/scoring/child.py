"""One process that scores parts: `python -m isthmus.serve.scoring.child DESCRIPTOR`.

It ends when the other end of the connection does, so that of a killed run nothing goes on.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any

from isthmus.errors import IsthmusError
from isthmus.system.extras import explained

from .part import Work, scored_part, stored

__all__ = ["main"]


def main(descriptor: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it is asked, and tells it to end
    parent = os.getppid()
    with Connection(descriptor) as connection:
        try:
            work: Work = connection.recv()
            _answer(connection, work, parent)
        except (EOFError, ConnectionError):
            return


def _answer(connection: Connection, work: Work, parent: int) -> None:
    try:
        work.scorer.opened()
        work.scorer.needs(work.input.names())
        connection.send(("ready", None))
        while True:
            number, span = connection.recv()
            done, arrays = scored_part(work, number, span)
            if os.getppid() != parent:
                return
            stored(work.folder, number, arrays)
            connection.send(("done", done))
    except (EOFError, ConnectionError):
        raise
    except Exception as problem:
        connection.send(("failed", _told(problem)))


def _told(problem: Exception) -> Any:
    """The error, if it is one of ours or of the system; else its traceback as text."""
    found = explained(problem)
    if isinstance(found, IsthmusError):
        return type(found), str(found)
    if isinstance(found, OSError):
        return OSError, (found.errno, found.strerror, found.filename)
    return None, "".join(traceback.format_exception(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
