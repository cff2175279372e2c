"""The study of the harness's intervals: its design, its sums, and that it goes on after a kill."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from needed_samples import needs_samples

from isthmus.errors import FileError, UsageError
from isthmus.reports.files.turns import Turns
from studies import study, trust


class Machine:
    """Processes that take 5 ms, their noise, and as much longer as they are told; a machine whose
    speed changes from cycle to cycle is as slow for both."""

    def __init__(self, noise: float = 0.0, obeys: bool = True) -> None:
        self.random, self.noise, self.obeys = random.Random(7), noise, obeys
        self.asked: list[float] = []

    def __call__(self, slowdowns: Sequence[float]) -> list[Turns]:
        self.asked += slowdowns
        spells = [math.log(self.random.choice([1.0, 1.6])) for _ in range(4)]
        each = [self.random.gauss(math.log(0.005), self.noise) for _ in slowdowns]
        return [
            {at: spell + log + math.log1p(delay * self.obeys) for at, spell in enumerate(spells)}
            for log, delay in zip(each, slowdowns, strict=True)
        ]


def test_who_begins_alternates_from_round_to_round_and_from_comparison_to_comparison() -> None:
    machine = Machine()
    for number in (0, 1):
        trust.comparison(machine, 0.1, 3, number)
    assert machine.asked == [0, 0.1, 0.1, 0, 0, 0.1, 0.1, 0, 0, 0.1, 0.1, 0]


def test_the_estimate_is_of_the_slowed_process_over_the_plain_one() -> None:
    found = trust.comparison(Machine(), 0.1, 3, 0)
    assert found["estimate"] == pytest.approx(1.1)
    assert found["slowed_seconds"][0]["0"] / found["plain_seconds"][0]["0"] == pytest.approx(1.1)


def test_an_interval_does_not_hold_a_slowdown_that_is_not_there() -> None:
    found = trust.comparison(Machine(noise=0.001, obeys=False), 0.1, 5, 0)
    assert not found["holds"]
    assert found["interval_95"][1] < 1.1


def test_of_noise_alone_about_95_of_100_intervals_hold_the_ratio() -> None:
    machine = Machine(noise=0.05)
    found = [trust.comparison(machine, slowdown, 5, 0) for slowdown in (0.0, 0.03) * 300]
    for row in trust.summary(found):
        low, high = trust.exact(300)
        assert low - 5 <= row["hold"] <= high + 5  # a fixed seed; wrong intervals miss by far
        assert row["estimates"]["median"] == pytest.approx(row["true_ratio"], rel=0.01)


@pytest.mark.parametrize(("count", "range_"), [(100, [90, 99]), (10, [8, 10]), (1, [0, 1])])
def test_exact_intervals_hold_the_ratio_so_often(count: int, range_: list[int]) -> None:
    # The binomial quantiles 0.025 and 0.975 (R: qbinom(c(.025, .975), count, .95)).
    assert trust.exact(count) == range_


def test_the_kinds_are_spread_over_the_time_and_what_is_done_is_left_out() -> None:
    todo = trust.remaining({0.0: 4, 0.1: 2}, [])
    assert todo == [0.0, 0.1, 0.0, 0.0, 0.1, 0.0]
    assert trust.remaining({0.0: 2, 0.1: 1}, [{"slowdown": 0.0}]) == [0.1, 0.0]
    assert trust.remaining({0.0: 1}, [{"slowdown": 0.0}] * 3) == []


def test_the_table_has_a_row_for_each_slowdown() -> None:
    machine = Machine(noise=0.01)
    found = [trust.comparison(machine, slowdown, 3, 0) for slowdown in (0.0, 0.1, 0.0)]
    lines = trust.table(trust.summary(found)).splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["1.00", "2/2", "1-2"],
        ["1.10", "1/1", "0-1"],
    ]


@needs_samples
def test_a_study_of_real_processes_goes_on_where_it_was(tmp_path: Path) -> None:
    design = trust.Design("mobilenet-v2", "openvino-by-hand", 3, 0.01, threads=1)
    path = tmp_path / "deep" / "trust.json"
    (first,) = trust.compare_all(design, {0.1: 1}, path)
    for turns in first["plain_seconds"] + first["slowed_seconds"]:
        assert min(turns.values()) > 0
    before = path.read_text()
    assert trust.compare_all(design, {0.1: 1}, path) == [first], "nothing is measured again"
    assert path.read_text() == before
    assert json.loads(before)["summary"][0]["comparisons"] == 1


def _file(tmp_path: Path, contents: Any) -> Path:
    path = tmp_path / "study.json"
    path.write_text(json.dumps(contents))
    return path


def test_a_file_of_another_design_is_not_gone_on_with(tmp_path: Path) -> None:
    path = _file(tmp_path, {"design": {"rounds": 5}, "measurements": [{"n": 1}]})
    assert study.earlier(path, {"design": {"rounds": 5}}) == [{"n": 1}]
    with pytest.raises(FileError, match=r"its design is \{'rounds': 5\}, not \{'rounds': 6\}"):
        study.earlier(path, {"design": {"rounds": 6}})


@pytest.mark.parametrize("contents", [[], {}, "text", {"benchmarks": []}])
def test_a_file_of_another_kind_is_not_overwritten(tmp_path: Path, contents: Any) -> None:
    path = _file(tmp_path, contents)
    with pytest.raises(FileError, match="is no file of this study"):
        study.earlier(path, {})


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rounds", "2"],
        ["--seconds", "0"],
        ["--seconds", "nan"],
        ["--threads", "0"],
        ["--threads", "100000"],
        ["--aa", "-1"],
        ["--aa", "0", "--injected", "0"],
        ["--workload", "no-such"],
        ["--variant", "no-such"],
    ],
)
def test_a_wrong_argument_is_an_error_that_names_it(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(UsageError, match=arguments[-1]):
        trust.main([str(tmp_path / "x.json"), *arguments])
    assert not (tmp_path / "x.json").exists()


def test_a_mistake_is_one_line_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        study.run(trust.main, ["--rounds", "2"])
    assert ended.value.code == UsageError.exit_code
    assert capsys.readouterr().err.splitlines() == ["--rounds 2: give 3 or more"]
