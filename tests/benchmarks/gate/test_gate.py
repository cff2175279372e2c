"""The gate: what it calls a regression, what it refuses, and how often it is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from gate_files import Document, benchmark, document, files, judge, kinds, noisy, of_metric, warned
from typer.testing import CliRunner

from isthmus.benchmarks.gate import Settings
from isthmus.benchmarks.gate.rule.judge import Question, holm
from isthmus.benchmarks.gate.rule.metrics import LATENCY, PARITY
from isthmus.benchmarks.gate.rule.observations import Pair
from isthmus.cli.gate import gate
from isthmus.errors import FileError, NothingMeasured, UsageError
from isthmus.reports import LogRatio


@pytest.mark.parametrize("count", [4, 10])
@pytest.mark.parametrize(
    ("factor", "kind"), [(1.2, "regressed"), (0.8, "improved"), (1.005, "equivalent")]
)
def test_verdict_follows_the_ratio(tmp_path: Path, count: int, factor: float, kind: str) -> None:
    base = document(benchmark("net[cpu]", noisy(1, count=count)))
    head = document(benchmark("net[cpu]", noisy(2, 0.01 * factor, count)))
    (verdict,) = of_metric(judge(tmp_path, base, head))
    assert verdict.kind == kind
    assert verdict.ratio == pytest.approx(factor, rel=0.02)
    assert verdict.low and verdict.ratio and verdict.high
    assert verdict.low < verdict.ratio < verdict.high
    assert f"{count} and {count} rounds" in verdict.method
    assert (verdict.rounds, verdict.margin) == (count, 0.05)
    assert (verdict.base, verdict.head) == pytest.approx((10, 10 * factor), rel=0.02)


def test_noise_is_inconclusive_and_strict_says_4(tmp_path: Path) -> None:
    base = document(benchmark("net[cpu]", noisy(1, noise=0.2)))
    head = document(benchmark("net[cpu]", noisy(2, 0.0108, noise=0.2)))
    outcome = judge(tmp_path, base, head)
    assert kinds(outcome) == ["inconclusive"]
    assert outcome.exit_code == 0 and outcome.passed
    assert judge(tmp_path, base, head, strict=True).exit_code == 4


def test_a_wider_margin_forgives(tmp_path: Path) -> None:
    base = document(benchmark("net[cpu]", noisy(1)))
    head = document(benchmark("net[cpu]", noisy(2, 0.0112)))
    assert kinds(judge(tmp_path, base, head)) == ["regressed"]
    assert kinds(judge(tmp_path, base, head, Settings(margin=0.2))) == ["equivalent"]


@pytest.mark.parametrize("count", [3, 6, 12])
def test_false_alarms_stay_below_five_in_a_hundred(tmp_path: Path, count: int) -> None:
    """Equal code, 8 benchmarks a file, a margin far below the noise: any decision is false."""
    alarms, trials = 0, 40
    for trial in range(trials):
        sides = [
            [
                benchmark(f"n{at}[cpu]", noisy(1000 * trial + 2 * at + side, 0.01, count, 0.05))
                for at in range(8)
            ]
            for side in (0, 1)
        ]
        outcome = judge(tmp_path, document(*sides[0]), document(*sides[1]), Settings(margin=1e-9))
        assert len(kinds(outcome)) == 8
        alarms += any(kind != "inconclusive" for kind in kinds(outcome))
    assert alarms <= 6  # P(more | 5 %) is below one in a hundred


def asked(ratio: LogRatio) -> Question:
    return Question(Pair("net", (), ()), LATENCY, ratio, 1.0, 1.0, margin=0.05)


def test_holm_shares_the_error_and_steps_down() -> None:
    clear = asked(LogRatio(1.0, 0.001, 50, "t"))
    close = asked(LogRatio(0.0488 + 0.0222, 0.01, 50, "t"))
    assert holm([close]) == pytest.approx([0.95])
    assert holm([clear, close, close]) == pytest.approx([1 - 0.05 / 3, 0.975, 0.975])
    assert holm([clear, clear]) == pytest.approx([0.975, 0.975])


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        (1e-6, 5e-3, True),
        (6e-4, 1.1e-3, True),
        (1e-6, 9e-4, False),
        (None, 5e-3, True),
        (1e-6, None, True),
        (None, None, False),
        (2e-2, 3e-2, False),
        (2e-2, 5e-2, True),
        (1e-6, float("nan"), True),
        (float("nan"), 1e-6, False),
    ],
)
def test_lost_parity_is_a_regression_however_fast(
    tmp_path: Path, before: float | None, after: float | None, lost: bool
) -> None:
    base = document(benchmark("net[cpu]", noisy(1), parity_max_rel_error=before))
    head = document(benchmark("net[cpu]", noisy(2, 0.005), parity_max_rel_error=after))
    outcome = judge(tmp_path, base, head)
    assert kinds(outcome) == ["improved"]
    assert outcome.exit_code == (1 if lost else 0)
    reasons = [verdict.reason for verdict in of_metric(outcome, PARITY)]
    assert len(reasons) == (0 if before is after is None else 1)
    assert any("relative error" in text or "no longer" in text for text in reasons) == lost


def test_another_machine_is_refused_by_name(tmp_path: Path) -> None:
    base = document(benchmark("net[cpu]", noisy(1)), cpu="Xeon", cores=2)
    head = document(benchmark("net[cpu]", noisy(2), threads=4), cpu="EPYC", cores=8)
    with pytest.raises(UsageError) as refusal:
        judge(tmp_path, base, head)
    for part in ("cpu_model: Xeon | EPYC", "cores: 2 | 8", "net[cpu]: 2 | 4", "--allow-diff"):
        assert part in str(refusal.value)
    outcome = judge(tmp_path, base, head, allow_different_machines=True)
    assert kinds(outcome) == ["equivalent"]
    for part in ("cpu_model: Xeon | EPYC; cores: 2 | 8", "net[cpu]: 2 | 4"):
        assert any(part in line for line in outcome.warnings), "what was allowed is still said"


@pytest.mark.parametrize(
    ("field", "value"), [("batch", 8), ("sequence", 64), ("precision", "bf16")]
)
def test_other_work_under_the_same_name_is_refused(
    tmp_path: Path, field: str, value: object
) -> None:
    base = document(benchmark("net[cpu]", noisy(1)))
    head = document(benchmark("net[cpu]", noisy(1), **{field: value}))
    with pytest.raises(UsageError, match=rf"{field} of isthmus::net\[cpu\]: .* \| {value}; "):
        judge(tmp_path, base, head, allow_different_machines=True)


def test_missing_and_new_benchmarks_are_said(tmp_path: Path) -> None:
    base = document(benchmark("a[cpu]", noisy(1)), benchmark("b[cpu]", noisy(2)))
    head = document(benchmark("a[cpu]", noisy(3)), benchmark("c[cpu]", noisy(4)))
    with pytest.raises(FileError, match=r"lacks isthmus::b\[cpu\]; .*--allow-missing"):
        judge(tmp_path, base, head)
    verdicts = judge(tmp_path, base, head, allow_missing=True).verdicts
    assert [(verdict.metric, verdict.kind) for verdict in verdicts] == [
        (LATENCY.name, "equivalent"),
        (PARITY, "equivalent"),
        ("", "missing"),
        ("", "new"),
    ]


@pytest.mark.parametrize("other", [[], [benchmark("b[cpu]", noisy(1))]])
def test_nothing_in_common_is_its_own_error(tmp_path: Path, other: list[Document]) -> None:
    with pytest.raises(NothingMeasured):
        judge(tmp_path, document(benchmark("a[cpu]", noisy(1))), document(*other))


def test_a_median_alone_decides_nothing(tmp_path: Path) -> None:
    base, head = (
        document({"name": "test_f", "fullname": "t.py::test_f", "stats": {"median": median}})
        for median in (0.1, 1.0)
    )
    outcome = judge(tmp_path, base, head)
    (verdict,) = outcome.verdicts
    assert verdict.kind == "inconclusive" and verdict.ratio == pytest.approx(10)
    assert "neither its times nor their quartiles were kept" in verdict.reason
    assert warned(outcome, "1 of BASE and 1 of HEAD have no raw times", "--benchmark-json")


@pytest.mark.parametrize("margin", [0, -0.1, 1, float("nan")])
def test_a_senseless_margin_is_refused(margin: float) -> None:
    with pytest.raises(UsageError, match="margin"):
        Settings(margin=margin)


def run(*arguments: str | Path) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(gate)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize(("factor", "code"), [(1.2, 1), (1.0, 0), (0.8, 0)])
def test_command_line_exits_with_the_verdict(tmp_path: Path, factor: float, code: int) -> None:
    base = document(benchmark("net[cpu]", noisy(1)))
    head = document(benchmark("net[cpu]", noisy(2, 0.01 * factor)))
    exited, output = run(*files(tmp_path, base, head))
    assert exited == code
    assert "isthmus::net[cpu]" in output  # brackets are no markup


def test_command_line_speaks_json(tmp_path: Path) -> None:
    base = document(benchmark("net[cpu]", [[0.01] * 3], parity_max_rel_error=None))
    code, output = run(*files(tmp_path, base, base), "--json", "--strict")
    said = json.loads(output)
    assert code == said["exit_code"] == 4
    assert said["summary"] == "1 inconclusive"
    assert said["benchmarks"][0]["high"] is None  # unbounded: three samples decide nothing


def test_command_line_help_shows_an_example() -> None:
    code, output = run("--help")
    assert code == 0 and "Example: isthmus gate --against main" in output
