"""A request to end, such as `kill` or a closed terminal, as an exception that cleans up.

Such an exception may come between any two steps of a program. What is begun in one and noted for
the cleaning up in the next is therefore begun and noted inside `put_off`.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import NoReturn, ParamSpec, Protocol, TypeVar

__all__ = ["Ending", "Terminated", "begun", "cleanly_ended", "put_off"]

NAMES = ("SIGTERM", "SIGHUP")  # Windows has the first alone
KEYBOARD = "SIGINT"
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


@contextmanager
def put_off() -> Iterator[None]:
    """Inside, a signal that would raise an exception waits, and raises it when the block is left.

    For moments only: nothing inside is interrupted. Of other threads than the main one, where no
    signal is handled, nothing is asked.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    numbers = [getattr(signal, name) for name in (KEYBOARD, *NAMES) if hasattr(signal, name)]
    handlers = {number: signal.getsignal(number) for number in numbers}
    ours = {number: handler for number, handler in handlers.items() if callable(handler)}
    try:
        for number in ours:
            signal.signal(number, lambda number, frame: waiting.append(number))
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)


class Ending(Protocol):
    """What has to be ended by whoever began it, as a process has."""

    def end(self) -> None: ...


Begun = TypeVar("Begun", bound=Ending)
Given = ParamSpec("Given")


def begun(
    ended: ExitStack, make: Callable[Given, Begun], *args: Given.args, **kwargs: Given.kwargs
) -> Begun:
    """make(*args, **kwargs), which `ended` ends whatever signal comes, from the first on."""
    with put_off():
        one = make(*args, **kwargs)
        ended.callback(one.end)
    return one
