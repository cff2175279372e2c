"""A pytest of one side: started, asked for its benchmarks, given turns, its result file read."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Any, NoReturn

from isthmus.benchmarks.harness.processes import LONGEST_SECONDS, Home, same_for_all
from isthmus.benchmarks.portable import timing
from isthmus.benchmarks.portable.timing.pytest_turns import VARIABLE
from isthmus.benchmarks.portable.timing.timing import TURN_SECONDS
from isthmus.errors import BackendMissing, IsthmusError, NothingMeasured
from isthmus.reports.files.checks import clean
from isthmus.reports.files.document import document_of, text_of

__all__ = ["PytestProcess"]

# The plugin's folder has names such as `main` and `server`, which a suite may have, too; under
# this one name it gets into nobody's way.
PACKAGE = "isthmus_measured_process"
PLUGIN = f"{PACKAGE}.pytest_turns"
SAMPLE_SECONDS = 1e-4  # at least, by calls timed together: the timer itself takes 1e-7
WIDE = {"COLUMNS": "200"}  # so that pytest does not cut its reasons short
NO_TESTS = 5  # pytest.ExitCode.NO_TESTS_COLLECTED
TELLING = re.compile(r"FAILED |ERROR(?!: usage)|E  |INTERNALERROR> |.*: error: ")
MISSING = {
    "pytest": re.compile(r".*No module named '?pytest\b"),
    "pytest-benchmark": re.compile(r".*unrecognized arguments: .*--benchmark-"),
}

Entries = Mapping[str, Mapping[str, Any]]


class PytestProcess:
    """Raises BackendMissing without pytest-benchmark, NothingMeasured where no test is found, and
    IsthmusError with pytest's last words where anything fails.

    label: base or head; folder: one for its files. Needs a system with signals and descriptors
    that a process can hand on: Linux, macOS.
    """

    def __init__(
        self,
        label: str,
        home: Home,
        arguments: Sequence[str],
        folder: Path,
        threads: int,
        seconds: float,
    ) -> None:
        self.label = label
        self.place = -1
        folder.mkdir(parents=True, exist_ok=True)
        self._result, self._output = folder / "result.json", folder / "output"
        self._result.unlink(missing_ok=True)
        theirs, ours = os.pipe(), os.pipe()
        self._hear, self._say = os.fdopen(theirs[0]), os.fdopen(ours[1], "w")
        options = options_of(home.folder, self._result, seconds)
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [str(home.python), "-m", "pytest", *options, *arguments],
                cwd=home.folder,
                env=surroundings(home, folder, threads, hear=ours[0], say=theirs[1]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(ours[0], theirs[1]),
                start_new_session=True,  # so that its own processes stop and go with it
            )
        for handed_on in (ours[0], theirs[1]):
            os.close(handed_on)

    def collected(self) -> list[str]:
        """The benchmarks that it found; it is stopped then."""
        said = self._listen()
        if said is None:
            raise NothingMeasured(f"{self.label}: pytest ended before it had looked for tests")
        names: list[str] = said["have"]
        return names

    def run(self, names: Sequence[str]) -> bool:
        """Let it begin with these; whether it wants a turn."""
        return self._answer({"run": list(names)})

    def turn(self, cycle: int) -> bool:
        """Let it run for a turn; whether it wants another."""
        return self._answer({"cycle": cycle})

    def entries(self) -> Entries:
        """What it measured, by name; empty where all benchmarks were skipped."""
        if not self._result.exists():
            return {}
        document = document_of(self.label, text_of(self._result))
        return {entry["fullname"]: entry for entry in document["benchmarks"]}

    def end(self) -> None:
        """Kill it and its own processes if they still run, and clean up."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        for pipe in (self._hear, self._say):
            with suppress(BrokenPipeError):
                pipe.close()

    def _answer(self, answer: Mapping[str, Any]) -> bool:
        self._signal(signal.SIGCONT)
        with suppress(BrokenPipeError):  # it has ended, and what it left is read next
            print(json.dumps(answer), file=self._say, flush=True)
        said = self._listen()
        if said is not None:
            self.place = said["place"]
        return said is not None

    def _listen(self) -> dict[str, Any] | None:
        """Its next question, and it is stopped until it is answered; None where it has ended."""
        if not select([self._hear], [], [], LONGEST_SECONDS)[0]:
            raise IsthmusError(f"{self.label}: pytest said nothing for {LONGEST_SECONDS:.0f} s")
        line = self._hear.readline()
        if line:
            self._signal(signal.SIGSTOP)
            said: dict[str, Any] = json.loads(line)
            return said
        if code := self._process.wait():
            self._fail(code)
        return None

    def _signal(self, number: int) -> None:
        """To the whole session, so that threads and processes of the suite do not go on."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _fail(self, code: int) -> NoReturn:
        words = last_words(self._output.read_text(encoding="utf-8", errors="replace"))
        for package, pattern in MISSING.items():
            if pattern.match(words):
                what = f"{package} is not installed, or switched off"
                raise BackendMissing(f"{self.label}: {what}; install it beside the suite")
        if code == NO_TESTS:
            raise NothingMeasured(f"{self.label}: pytest found no test; check the paths")
        how = f"ended by signal {-code}" if code < 0 else f"ended with {code}"
        raise IsthmusError(f"{self.label}: pytest {how}: {words}")


def options_of(root: Path, result: Path, seconds: float) -> list[str]:
    """Of pytest and pytest-benchmark; the user's own come after them, and win."""
    return [
        *("-p", PLUGIN),
        f"--rootdir={root}",  # names are relative to it: both sides' are alike
        *("-x", "--color=no"),
        *("--benchmark-enable", "--benchmark-only"),  # whatever the suite's settings say
        f"--benchmark-json={result}",
        f"--benchmark-timer={PLUGIN}.clock",
        f"--benchmark-max-time={seconds}",
        f"--benchmark-min-time={SAMPLE_SECONDS}",
    ]


def surroundings(home: Home, folder: Path, threads: int, hear: int, say: int) -> dict[str, str]:
    """The environment variables of a side: the plugin can be imported, and knows its pipes."""
    link = folder / PACKAGE
    if not link.is_symlink():
        link.symlink_to(Path(timing.__file__).parent)
    known = {**os.environ, **same_for_all(threads), **home.variables}
    paths = filter(None, [known.get("PYTHONPATH"), str(folder)])
    known.pop("PYTEST_XDIST_WORKER", None)  # of a pytest that runs this one: it measures nothing
    job = {"hear": hear, "say": say, "threads": threads, "turn_seconds": TURN_SECONDS}
    ours = {"PYTHONPATH": os.pathsep.join(paths), VARIABLE: json.dumps(job), **WIDE}
    return {**known, **ours}


def last_words(output: str) -> str:
    """The line that says most of why a pytest failed, with the reason that it may lack."""
    lines = [line for line in output.splitlines() if line.strip()]
    said = ([line for line in lines if TELLING.match(line)] or lines or ["it said nothing"])[-1]
    reasons = [line[1:].strip() for line in lines if line.startswith("E  ")]
    lacking = said.startswith(("FAILED ", "ERROR ")) and " - " not in said
    return clean(f"{said} - {reasons[0]}" if lacking and reasons else said)
