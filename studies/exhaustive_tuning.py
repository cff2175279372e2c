"""Whether what `isthmus.tune` chooses in 90 s is within 3 % of the best of all settings.

    python -m studies.exhaustive_tuning [WORKLOAD ...] [--budget 72s] [--objective NAME] [FILE.json]

For each workload, five minutes at most in the mean:

1. `isthmus.tune` chooses, within the budget.
2. Every combination of what its table of axes holds is opened and compared with the default's
   answers; what keeps the accuracy takes turns beside the choice, a few settings at a time, until
   an interval says that it is slower, or for 20 rounds; what takes 4 times as long as the best in
   its first turn has no more. Each runtime and precision comes first with all threads: where that
   misses the accuracy, fails or takes 3 times as long as the choice, its variants are not opened;
   nor are those with a further change where a variant takes 1.5 times as long.
3. The best of those that the choice may cost more than 1.03 times as much as take 20 new turns
   beside it, and these count: the largest of many measured ratios is too large by its noise.

The verdict is "yes" where the choice was there within 90 s and no interval of 95 % holds more than
1.03 times the cost of another; "no" where one lies above that; else "undecided".
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import isthmus as im
from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.benchmarks.harness.plan import seconds_of
from isthmus.benchmarks.work import workloads
from isthmus.errors import UsageError
from isthmus.system import command
from isthmus.trace.tracing import Traced
from isthmus.tuning.accuracy import Accuracy
from isthmus.tuning.axes import LATENCY, THROUGHPUT, offer
from isthmus.tuning.candidates import Candidates, Terms
from isthmus.tuning.entry import cost_by
from isthmus.tuning.opening import Given
from isthmus.tuning.work import work_of

from .study import default_path
from .survey import LATE, SLOW, WITHIN, Survey, times_of

BUDGET_SECONDS = 72.0  # the last stage may go beyond it by a fifth
WITHIN_SECONDS = 90.0
OBJECTIVES = (LATENCY, THROUGHPUT)
# Of a workload in the mean, tuning included; what is left then is not measured. And what each of
# the later ones has at least.
MOST_SECONDS, LEAST_SECONDS = 290.0, 200.0


def main(arguments: list[str]) -> None:
    names, result, budget, objective = _asked(arguments)
    summary: list[dict[str, Any]] = []
    record = {
        "datetime": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "objective": objective,
        "budget_seconds": budget,
        "within": WITHIN,
        "within_seconds": WITHIN_SECONDS,
        "summary": summary,
    }
    began = monotonic()
    for number, name in enumerate(names, 1):
        left = MOST_SECONDS * len(names) - (monotonic() - began)
        most = left - LEAST_SECONDS * (len(names) - number)
        summary.append(compared(name, budget, objective, most))
        result.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {result}")


def _asked(arguments: Sequence[str]) -> tuple[list[str], Path, float, str]:
    """Workloads, the result file, seconds and the objective."""
    words = list(arguments)
    options = {"--budget": f"{BUDGET_SECONDS:g}", "--objective": LATENCY}
    for name in options:
        if name in words:
            place = words.index(name)
            options[name] = "".join(words[place + 1 : place + 2])
            del words[place : place + 2]
    files = [word for word in words if word.endswith(".json")]
    names = [word for word in words if not word.endswith(".json")] or list(workloads.QUICK)
    if options["--objective"] not in OBJECTIVES:
        raise UsageError(f"--objective: give {', '.join(OBJECTIVES)}")
    workloads.find(names)
    path = Path(files[-1]) if files else default_path("exhaustive-tuning")
    return names, path, seconds_of(options["--budget"]), options["--objective"]


def compared(name: str, budget: float, objective: str, most: float) -> dict[str, Any]:
    """`exhausted` of a workload with named sizes."""
    (workload,) = workloads.find([name])
    traced = workload.source().traced(named=True)
    found = exhausted(traced, workload.input_sets(), budget, objective, most)
    return {"workload": name, **found}


def exhausted(
    traced: Traced,
    samples: Sequence[Any],
    budget: float,
    objective: str,
    most_seconds: float = MOST_SECONDS,
    backends: Sequence[str] | None = None,
) -> dict[str, Any]:
    """What was chosen, how many times as much it costs as the others, and the verdict.

    most_seconds: after which nothing further is opened.
    """
    began = monotonic()
    choice = im.tune(
        traced,
        samples,
        objective=objective,
        budget_seconds=budget,
        backends=backends,
        refresh=True,
        progress=_say,
    )
    seconds = monotonic() - began
    work = work_of(traced, samples)
    offered = offer(backends, objective, Given(), static=work.can_be_static)
    cost = cost_by(objective, lambda setting: 1.0)
    terms = Terms(Accuracy(), cost, lambda setting: "", budget)
    with TemporaryDirectory(prefix="isthmus-study-") as folder:
        race = Candidates(work, offered, terms, Path(folder), _say, SLOW)
        try:
            race.open_default()
            survey = Survey(race, choice.setting, cost, began + most_seconds)
            survey.measure(offered)
            survey.confirm()
        finally:
            race.close()
    rows = sorted(survey.rows.values(), key=times_of, reverse=True)
    verdict = verdict_of(rows, seconds, survey.skipped)
    print(f"chosen {choice.setting} in {seconds:.0f} s: {verdict}")
    return {
        "seconds": round(seconds, 1),
        "all_seconds": round(monotonic() - began, 1),
        "chosen": str(choice.setting),
        "best": rows[0]["setting"] if rows and times_of(rows[0]) > 1 else str(choice.setting),
        "chosen_over_best": max(1.0, times_of(rows[0])) if rows else 1.0,
        "verdict": verdict,
        "settings": len(race.entries) + len(survey.skipped),
        "measured": rows,
        "others": survey.others(),
    }


def verdict_of(rows: Sequence[dict[str, Any]], seconds: float, skipped: dict[str, str]) -> str:
    """Whether the choice was within 3 % of the best and there within 90 s, in a sentence.

    rows: the one first beside which the choice costs most.
    """
    if seconds > WITHIN_SECONDS:
        return f"no: it took {seconds:.0f} s"
    for row in rows:
        if row["interval_95"][0] > WITHIN:
            return f"no: it costs {times_of(row):.3f} times as much as {row['setting']}"
    if late := sum(LATE in why for why in skipped.values()):
        return f"undecided: there was no time for {late} settings"
    for row in rows:
        low, high = row["interval_95"]
        if high > WITHIN:
            return f"undecided: [{low:.3f}, {high:.3f}] times as much as {row['setting']}"
    return f"yes: at most {WITHIN} times as much as any"


def _say(step: Any) -> None:
    print(step.text, file=sys.stderr)


if __name__ == "__main__":
    command.run(main)
