"""`pytest --isthmus-gate=BASE.json`: fail where this session's benchmarks are slower than BASE's.

Every pytest of everybody who has Isthmus loads this module, so it stands outside the package, whose
import takes as long as NumPy's. What judges is imported after the last benchmark: BASE was measured
without it in memory, and a garbage collector has more to look at with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from isthmus.benchmarks.gate.plugin import Gated

OPTION = "--isthmus-gate"
NOT_ACTIVE = "it needs pytest-benchmark, which is not installed, or blocked by -p no:benchmark"
DISABLED = (
    "benchmarks are disabled, by --benchmark-disable or because pytest-xdist runs; "
    "add --benchmark-enable, or -n 0"
)
SKIPPED = "benchmarks are skipped; leave out --benchmark-skip"
FLAGS = {
    "strict": "Fail where anything is inconclusive, too.",
    "allow-missing": "Accept benchmarks that this session lacks.",
    "allow-different-machines": "Compare across machines and numbers of threads.",
}
FILES = {
    "json": "Write the verdicts here as JSON.",
    "junit": "Write the verdicts here as JUnit XML.",
}
# A session that was not run to its end has its own message and exit status.
ENDED = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("isthmus", "regression gate (isthmus)")
    group.addoption(
        OPTION,
        metavar="BASE",
        help="Compare this session's benchmarks with a file of --benchmark-json, and fail where "
        "one is slower.",
    )
    group.addoption(
        f"{OPTION}-margin",
        metavar="SHARE",
        type=float,
        help="Smallest change that counts, such as 0.05; else as pyproject.toml says.",
    )
    for name, text in FLAGS.items():
        group.addoption(f"{OPTION}-{name}", action="store_true", help=text)
    for name, text in FILES.items():
        group.addoption(f"{OPTION}-{name}", metavar="FILE", type=Path, help=text)


def pytest_configure(config: pytest.Config) -> None:
    base = config.getoption(OPTION)
    is_worker = hasattr(config, "workerinput")  # of pytest-xdist; its controller says no
    if base and not is_worker and not config.getoption("collectonly"):
        config.pluginmanager.register(Gate(config, base), "isthmus-gate-session")


class Gate:
    """The session under the gate."""

    def __init__(self, config: pytest.Config, base: str) -> None:
        self.config = config
        self.base = config.invocation_params.dir / base
        self.gated: Gated | None = None
        if not self.base.is_file():
            step = f"write it with --benchmark-json={base}"
            raise pytest.UsageError(f"{OPTION}={base}: there is no such file; {step}")

    def pytest_sessionstart(self) -> None:
        """What would measure nothing is an error before it takes time."""
        if why := self._why_nothing():
            raise pytest.UsageError(f"{OPTION} would measure nothing: {why}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.exitstatus not in ENDED:
            return
        from isthmus.benchmarks.gate.plugin import gated

        self.gated = gated(self._document(), self.base, self.config.rootpath, self._options())
        if self.gated.exit_code and session.exitstatus != pytest.ExitCode.TESTS_FAILED:
            session.exitstatus = self.gated.exit_code

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.gated is not None:
            colour = {"red" if self.gated.exit_code else "green": True}
            terminalreporter.section("isthmus gate", **colour)
            terminalreporter.write(self.gated.text(terminalreporter.hasmarkup))

    def _why_nothing(self) -> str:
        session = self._benchmarks()
        if session is None:
            return NOT_ACTIVE
        if session.disabled:
            return DISABLED
        return SKIPPED if session.skip else ""

    def _benchmarks(self) -> Any:
        """pytest-benchmark's session; None where it is not there."""
        return self.config.pluginmanager.get_plugin("pytest-benchmark")

    def _document(self) -> dict[str, Any]:
        """What --benchmark-json would write, by the same hooks."""
        config, hook, benchmarks = self.config, self.config.hook, self._benchmarks()
        commit = hook.pytest_benchmark_generate_commit_info(config=config)
        hook.pytest_benchmark_update_commit_info(config=config, commit_info=commit)
        document: dict[str, Any] = hook.pytest_benchmark_generate_json(
            config=config,
            benchmarks=benchmarks.benchmarks,
            include_data=True,
            machine_info=benchmarks.get_machine_info(),
            commit_info=commit,
        )
        hook.pytest_benchmark_update_json(
            config=config, benchmarks=benchmarks.benchmarks, output_json=document
        )
        return document

    def _options(self) -> dict[str, Any]:
        """By their names without what all have in common."""
        names = ("margin", *FLAGS, *FILES)
        return {name: self.config.getoption(f"{OPTION}-{name}") for name in names}
