"""What is begun is known to those who end it, whatever signal comes and when."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from isthmus.system.signals import put_off

# In a process of its own, which the signal is for; the Sleeper is a process, in the middle of whose
# making the one that makes it is asked to end.
BEGINS = """
import signal, subprocess, sys
from contextlib import ExitStack
from isthmus.system.signals import begun, cleanly_ended

class Sleeper:
    def __init__(self, number):
        sleeps = [sys.executable, "-c", "import time; time.sleep(60)"]
        self.process = subprocess.Popen(sleeps)
        processes.append(self.process)
        signal.raise_signal(number)

    def end(self):
        self.process.kill()
        self.process.wait()

processes = []
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    with cleanly_ended(), ExitStack() as ended:
        begun(ended, Sleeper, int(sys.argv[1]))
        print("the signal is heeded before the next step")
except KeyboardInterrupt as told:
    print(type(told).__name__, [process.returncode for process in processes])
"""


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Ctrl-C as Python has it; a shell has those in its background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("number", "told"),
    [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "Terminated")],
)
def test_a_process_is_ended_though_a_signal_came_while_it_was_begun(
    number: signal.Signals, told: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGINS, str(int(number))], capture_output=True, text=True
    )
    assert done.stdout == f"{told} [{-signal.SIGKILL}]\n", done.stderr


# In a process of its own as well: where the handler is not the test's, the signal ends who has it.
WAITS = """
import signal
from isthmus.system.signals import Terminated, cleanly_ended, put_off

steps = []
try:
    with cleanly_ended(), put_off():
        signal.raise_signal(signal.SIGTERM)
        steps.append("after the signal")
except Terminated as told:
    print(steps, told.exit_code)
"""


def test_a_signal_waits_for_the_end_of_the_block() -> None:
    done = subprocess.run([sys.executable, "-c", WAITS], capture_output=True, text=True)
    assert done.stdout == "['after the signal'] 143\n", done.stderr


def test_handlers_are_what_they_were() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), put_off():
        _ = 1 / 0
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
