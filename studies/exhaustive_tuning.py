"""How far what `isthmus.tune` chooses is from the best of all settings, each measured in full.

    python -m studies.exhaustive_tuning [WORKLOAD ...] [--budget 90s] [--objective NAME] [FILE.json]

First `isthmus.tune` chooses within the budget. Then every combination of what its table of axes
holds is opened, compared with the default's answers, and those that keep the accuracy are measured
in rounds of turns beside the default and the choice, a few at a time. The figure is the choice's
cost over the least, by the rounds that it shared with that setting.
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
from isthmus.errors import IsthmusError, UsageError
from isthmus.system import command
from isthmus.trace.tracing import Traced
from isthmus.tuning.accuracy import Accuracy
from isthmus.tuning.axes import AXES, LATENCY, OBJECTIVES, Offer, offer
from isthmus.tuning.candidates import Candidates, Terms
from isthmus.tuning.entry import Cost, Entry, cost_by, ratio
from isthmus.tuning.opening import Given
from isthmus.tuning.setting import Setting
from isthmus.tuning.work import work_of

from .study import default_path

BUDGET_SECONDS = 90.0
ENDLESS_SECONDS = 24 * 3600.0
ROUNDS, TOGETHER = 20, 4
MEASURED = "measured in full"
IN = ("", MEASURED)


def main(arguments: list[str]) -> None:
    names, result, budget, objective = _asked(arguments)
    record = {
        "datetime": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "objective": objective,
        "budget_seconds": budget,
        "rounds": ROUNDS,
        "summary": [compared(name, budget, objective) for name in names],
    }
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


def compared(name: str, budget: float, objective: str) -> dict[str, Any]:
    """`exhausted` of a workload with named sizes."""
    (workload,) = workloads.find([name])
    traced = workload.source().traced(named=True)
    return {"workload": name, **exhausted(traced, workload.input_sets(), budget, objective)}


def exhausted(
    traced: Traced,
    samples: Sequence[Any],
    budget: float,
    objective: str,
    backends: Sequence[str] | None = None,
) -> dict[str, Any]:
    """What was chosen, what is the best, and how many times as much the choice costs."""
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
    terms = Terms(Accuracy(), cost, lambda setting: "", ENDLESS_SECONDS)
    with TemporaryDirectory(prefix="isthmus-study-") as folder:
        race = Candidates(work, offered, terms, Path(folder), _say)
        try:
            race.open_default()
            times, known = _measured(race, choice.setting, offered, cost)
        finally:
            race.close()
    best = min(times, key=lambda row: float(row["times_the_choice"]))
    over = 1 / min(1.0, float(best["times_the_choice"]))
    print(f"chosen {choice.setting}, best {best['setting']}, {over:.3f} times its cost")
    return {
        "seconds": round(seconds, 1),
        "chosen": str(choice.setting),
        "best": str(choice.setting) if over == 1 else best["setting"],
        "chosen_over_best": over,
        "settings": len(known),
        "measured": sorted(times, key=lambda row: float(row["times_the_choice"])),
        "others": {str(e.setting): f"{e.state}: {e.reason}" for e in known if e.reason not in IN},
    }


def every(offered: Offer) -> list[Setting]:
    """All combinations of the axes, once each."""
    found = list(offered.runtimes)
    for axis in AXES:
        made = [variant for one in found for variant in axis.variants(one, offered)]
        found = list(dict.fromkeys([*found, *made]))
    return found


def _measured(
    race: Candidates, chosen: Setting, offered: Offer, cost: Cost
) -> tuple[list[dict[str, Any]], list[Entry]]:
    """Of each setting that keeps the accuracy, its cost over the choice's, in full rounds."""
    if chosen != race.default.setting:
        race.attempt(chosen, ENDLESS_SECONDS)
    (own,) = [entry for entry in race.entries if entry.setting == chosen]
    if not own.races:
        raise IsthmusError(f"{chosen}: chosen, and then {own.state} ({own.reason}); run it again")
    rows: list[dict[str, Any]] = []
    waiting = [s for s in every(offered) if s not in (chosen, race.default.setting)]
    while True:
        group = [own] if own is race.default else [race.default, own]
        while waiting and len(race.racing) < TOGETHER + 2:
            race.attempt(waiting.pop(0), ENDLESS_SECONDS)
        others = [entry for entry in race.racing if entry not in group]
        _rounds(race, [*group, *others])
        for entry in [*group, *others] if not rows else others:
            rows.append(_row(entry, own, cost))
        for entry in others:
            entry.ends("slower", MEASURED)
        if not waiting:
            return rows, race.entries


def _rounds(race: Candidates, group: Sequence[Entry]) -> None:
    for entry in group:
        entry.windows = []
    for number in range(ROUNDS):
        for entry in list(group)[:: 1 if number % 2 == 0 else -1]:
            if entry.races:
                race.turn(entry)


def _row(entry: Entry, own: Entry, cost: Cost) -> dict[str, Any]:
    found = ratio(entry, own, cost)
    low, high = found.interval() if entry is not own else (1.0, 1.0)
    figures = entry.figures
    return {
        "setting": str(entry.setting),
        "times_the_choice": found.ratio if entry is not own else 1.0,
        "interval_95": [low, high],
        "cosine": figures.cosine if figures else None,
        "rounds": len(entry.windows),
    }


def _say(step: Any) -> None:
    print(step.text, file=sys.stderr)


if __name__ == "__main__":
    command.run(main)
