"""The last look at what is to be chosen: its answers to all samples that judge.

While settings race they answer a part of the samples, so that those which are slow or wrong cost
little. A share of labels is not known from a few: of 16 rows one is 6 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from typing import Any

from isthmus.benchmarks.portable.timing.inputs import read_outputs
from isthmus.errors import IsthmusError
from isthmus.system.signals import begun

from .candidates import Candidates
from .choosing import choose
from .contestant import Contestant, Job
from .entry import Entry
from .process import Failed
from .setting import Setting

__all__ = ["confirmed", "confirming_seconds"]


def confirming_seconds(candidates: Candidates) -> float:
    """What it may take of the budget: the default is opened again and answers, and another."""
    inexact = [entry for entry in candidates.racing if not entry.setting.is_exact]
    if not inexact or not candidates.confirming:
        return 0.0
    slowest = max(inexact, key=_call_seconds)
    both = (candidates.default, slowest)
    answers = len(candidates.confirming) * sum(map(_call_seconds, both))
    return answers + sum(entry.open_seconds or 0.0 for entry in both)


def confirmed(candidates: Candidates) -> Entry:
    """The best whose answers keep the accuracy on all samples that there is time for.

    Raises IsthmusError where the default fails to answer them.
    """
    places, finalists = candidates.confirming, candidates.racing
    candidates.close()  # memory is for those that are looked at
    reference: list[Any] = []
    while True:
        chosen = choose(finalists, candidates.default, candidates.terms.cost)
        if not places or chosen.setting.is_exact:
            return chosen
        candidates.say(f"confirming {chosen.setting} on {len(places)} samples")
        reference = reference or _reference(candidates, places)
        if _keeps(candidates, chosen, places, reference):
            return chosen
        finalists.remove(chosen)


def _keeps(
    candidates: Candidates, entry: Entry, places: Sequence[int], reference: list[Any]
) -> bool:
    try:
        found = _answers(candidates, entry.setting, places)
    except Failed as problem:
        entry.ends("failed", f"while its answers were confirmed: {problem}")
        return False
    if missed := candidates.missed(entry, places, found, reference):
        entry.ends("inaccurate", missed)
    return not missed


def _reference(candidates: Candidates, places: Sequence[int]) -> list[Any]:
    default = candidates.default
    try:
        return _answers(candidates, default.setting, places)
    except Failed as problem:
        raise IsthmusError(f"{default.setting}, the default: {problem}") from None


def _answers(candidates: Candidates, setting: Setting, places: Sequence[int]) -> list[Any]:
    """By a process that does nothing else. Raises Failed."""
    job = Job(candidates.folder, candidates.samples, places, candidates.offer.given)
    program, seconds = candidates.programs.file(setting, 0.0), candidates.patience
    with ExitStack() as ended:
        name = f"confirming-{setting.backend}-{len(candidates.entries)}"
        one = begun(ended, Contestant, replace(setting, copies=1), program, job, name)
        one.opens(seconds)
        one.answers(seconds + 3 * len(places) * one.call_seconds)
        return read_outputs(one.outputs)


def _call_seconds(entry: Entry) -> float:
    return median(window.seconds for window in entry.windows) if entry.windows else 0.0
