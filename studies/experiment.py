"""How often the gate is wrong on this machine, and how often two other tools' rules are.

    python -m studies.experiment --trials 100 [RESULT.json]

Each trial (see `trials`) is written down with all its turns when it is whole; the same command
goes on after a stop. The rules of others judge the same processes: as they were measured, in turn,
and as those tools measure, all of base and then all of head.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isthmus.benchmarks.gate.rule.observations import Observation
from isthmus.benchmarks.gate.rule.sampling import Effort
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.gate.self_testing import suite_here
from isthmus.benchmarks.gate.suites.workload_suite import WorkloadSuite
from isthmus.benchmarks.gate.trials import LEVELS, Answer, Round, Trial, answers, benchmarks_of
from isthmus.benchmarks.harness import result
from isthmus.benchmarks.work import workloads
from isthmus.errors import UsageError
from isthmus.system.threads import available_threads

from . import rivals, study

MARGIN = 0.01
Entry = dict[str, Any]


def main(arguments: list[str]) -> None:
    asked = _arguments(arguments)
    path = asked.result or study.default_path("gate")
    done = measure_all(asked, path)
    print(f"{table(done)}\n{path}")


def measure_all(asked: argparse.Namespace, path: Path) -> list[Entry]:
    """The wanted number of trials, with those that the file holds."""
    known = study.known(design_of(asked))
    done = study.earlier(path, known)
    settings = Settings(margin=asked.margin)
    effort = Effort(budget_seconds=asked.budget)
    with TemporaryDirectory(prefix="isthmus-") as folder:
        place = Path(folder)
        suite = suite_here(place, asked.workload, asked.variant, asked.threads, asked.seconds)
        for number in study.progress(range(len(done), asked.trials), "gate"):
            trial = Trial(suite, slowed(suite, number))
            found = answers(trial, settings.terms_of, effort)
            done.append(entry(trial, found))
            about = {"datetime": datetime.now(UTC).isoformat(), "summary": summary(done)}
            result.write(path, {**known, **about, "measurements": done})
    return done


def design_of(asked: argparse.Namespace) -> Entry:
    """What trials of one file share."""
    names = ("workload", "variant", "margin", "budget", "seconds", "threads")
    return {"levels": list(LEVELS), **{name: getattr(asked, name) for name in names}}


def slowed(suite: WorkloadSuite, number: int) -> str:
    """Another benchmark in each trial."""
    names = list(benchmarks_of(suite))
    return names[number % len(names)]


def entry(trial: Trial, found: Sequence[Answer]) -> Entry:
    """A trial as the file holds it: the answers, and every turn that they were made of."""
    rounds = [_round(*key, one) for key, one in sorted(trial.rounds.items())]
    gates = [
        {
            "level": one.level,
            "found": one.found,
            "false_alarms": list(one.false_alarms),
            "seconds": round(one.seconds, 1),
            "rounds": one.rounds,
            "verdicts": [_verdict(v) for v in one.verdicts],
        }
        for one in found
    ]
    return {"slowed": trial.slowed, "gates": gates, "rounds": rounds}


def _verdict(verdict: Any) -> list[Any]:
    numbers = (verdict.ratio, verdict.low, verdict.high)
    return [
        verdict.benchmark,
        verdict.metric,
        verdict.kind,
        *(None if v is None or not math.isfinite(v) else round(v, 5) for v in numbers),
        verdict.rounds,
    ]


def _round(draw: int, number: int, name: str, one: Round) -> Entry:
    return {
        "draw": draw,
        "number": number,
        "benchmark": name,
        "seconds": round(one.seconds, 2),
        "peak_memory_mib": [round(side.values["peak_memory_mib"], 1) for side in one.levels[0.0]],
        "parity": [side.parity for side in one.levels[0.0]],
        "base": [_turns(base) for base, _ in one.levels.values()],
        "head": [_turns(head) for _, head in one.levels.values()],
    }


def _turns(side: Observation) -> list[list[float]]:
    """[cycle, median microseconds, mean microseconds, calls] of each turn."""
    found, begin = [], 0
    for (cycle, log), count in zip(side.turns.items(), side.calls, strict=True):
        mean = sum(side.seconds[begin : begin + count]) / count
        found.append([cycle, round(1e6 * math.exp(log), 2), round(1e6 * mean, 2), count])
        begin += count
    return found


# What they say together


def summary(done: Sequence[Entry]) -> list[Entry]:
    """For each rule: false alarms among gates of equals, and slowdowns found by size."""
    return [_own(done), *(_of_rule(name, rule, done) for name, rule in rivals.RULES.items())]


def _own(done: Sequence[Entry]) -> Entry:
    gates = [gate for trial in done for gate in trial["gates"]]
    said = [
        (gate["level"], bool(gate["found"] or (gate["false_alarms"] and not gate["level"])))
        for gate in gates
    ]
    seconds = sorted(gate["seconds"] for gate in gates)
    return {
        "rule": "isthmus gate",
        **_counts(said),
        "false_alarms_beside": sum(bool(g["false_alarms"]) for g in gates if g["level"]),
        "median_seconds": seconds[len(seconds) // 2] if seconds else None,
        "most_seconds": seconds[-1] if seconds else None,
    }


def _of_rule(name: str, rule: rivals.Rule, done: Sequence[Entry]) -> Entry:
    return {
        "rule": name,
        **_counts([said for trial in done for said in rivals.judged(rule, trial)]),
    }


def _counts(said: Sequence[tuple[float, bool]]) -> Entry:
    """Gates and alarms by the size of the slowdown."""
    return {
        "alarms": {
            str(level): sum(alarm for size, alarm in said if size == level) for level in LEVELS
        },
        "gates": {str(level): sum(size == level for size, _ in said) for level in LEVELS},
    }


def table(done: Sequence[Entry]) -> str:
    """Markdown: a rule a row."""
    heads = ["rule", "false alarms", *(f"{level:.0%} found" for level in LEVELS[1:])]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in summary(done):
        cells = [f"{row['alarms'][str(d)]} of {row['gates'][str(d)]}" for d in LEVELS]
        lines.append("| " + " | ".join([row["rule"], *cells]) + " |")
    return "\n".join(lines)


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="experiment", description=__doc__)
    parser.add_argument("result", nargs="?", type=Path)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--workload", action="append")
    parser.add_argument("--variant", action="append")
    parser.add_argument("--margin", type=float, default=MARGIN)
    parser.add_argument("--budget", type=float, default=300.0, help="seconds of one gate")
    parser.add_argument("--seconds", type=float, default=1.0, help="timed in each process")
    parser.add_argument("--threads", type=int, default=available_threads())
    asked = parser.parse_args(arguments)
    asked.workload = asked.workload or list(workloads.QUICK)
    asked.variant = asked.variant or ["cpu"]
    if asked.trials < 1 or not asked.seconds > 0 or not asked.budget > 0:
        raise UsageError("--trials, --seconds and --budget: give numbers above 0")
    study.check_threads(asked.threads)
    return asked


if __name__ == "__main__":
    study.run(main)
