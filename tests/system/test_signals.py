"""What is begun is known to those who end it, whatever signal comes and when."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from isthmus.system.signals import Terminated, begun, cleanly_ended, put_off

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


class Sleeper:
    """A process, in the middle of whose making this one is asked to end."""

    started: list[subprocess.Popen[bytes]]

    def __init__(self, number: signal.Signals) -> None:
        process = subprocess.Popen(SLEEP)
        self.started.append(process)
        signal.raise_signal(number)
        self.process = process

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Ctrl-C as Python has it; a shell has those in its background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def started() -> list[subprocess.Popen[bytes]]:
    Sleeper.started = []
    return Sleeper.started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_is_ended_though_a_signal_came_while_it_was_begun(
    number: signal.Signals, started: list[subprocess.Popen[bytes]]
) -> None:
    with pytest.raises(KeyboardInterrupt), cleanly_ended(), ExitStack() as ended:
        begun(ended, Sleeper, number)
        pytest.fail("the signal is heeded before the next step")
    assert [process.returncode for process in started] == [-signal.SIGKILL]


def test_a_signal_waits_for_the_end_of_the_block() -> None:
    steps: list[str] = []
    with pytest.raises(Terminated) as told, cleanly_ended(), put_off():
        signal.raise_signal(signal.SIGTERM)
        steps.append("after the signal")
    assert steps == ["after the signal"]
    assert told.value.exit_code == 143


def test_handlers_are_what_they_were() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), put_off():
        _ = 1 / 0
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
