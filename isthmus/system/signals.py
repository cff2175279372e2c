"""A request to end, such as `kill` or a closed terminal, as an exception that cleans up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

__all__ = ["Terminated", "cleanly_ended"]

NAMES = ("SIGTERM", "SIGHUP")  # Windows has the first alone
BY_SIGNAL = 128  # and the signal's number: a shell's exit code of what a signal has ended


class Terminated(KeyboardInterrupt):
    """The system asks to end; what keeps or cleans up after Ctrl-C does so after this."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = BY_SIGNAL + number


@contextmanager
def cleanly_ended() -> Iterator[None]:
    """Inside, such a signal raises `Terminated`; who ignores it, as `nohup` does, goes on to."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # a second one does not stop the cleaning up
    raise Terminated(number)
