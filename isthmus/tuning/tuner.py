"""`isthmus.tune`: the question checked, answered from memory or by a race."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isthmus.benchmarks.harness.clock import Step
from isthmus.errors import UsageError
from isthmus.program.backend import backend_names, find_backend
from isthmus.program.options import checked_options
from isthmus.program.precision import is_mostly_dense, last_blocks
from isthmus.trace.tracing import Traced

from . import memory
from .accuracy import Accuracy, checked_accuracy
from .axes import AXES, DOLLARS, LATENCY, OBJECTIVES, Axis, Offer, offer
from .candidates import Candidates, Terms
from .choice import Choice
from .entry import cost_by
from .identity import digest_of, key_of
from .money import Quote, prices_for, quote
from .opening import Given, opened
from .outcome import document_of
from .programs import settled_anew
from .race import race
from .setting import Setting
from .work import Work, work_of

__all__ = ["answer", "tune"]

BUDGET_SECONDS = 60.0


def tune(
    source: Any,
    samples: Sequence[Any],
    specs: Any = None,
    *,
    accuracy: Accuracy | Mapping[str, Any] | None = None,
    objective: str = LATENCY,
    budget_seconds: float = BUDGET_SECONDS,
    backends: Sequence[str] | None = None,
    instance: str | None = None,
    constraints: Sequence[str] = (),
    numerics: str = "numpy",
    on_host: str = "allow",
    overrides: Mapping[str, str] | None = None,
    refresh: bool = False,
    progress: Callable[[Step], None] | None = None,
) -> Choice:
    """The fastest or cheapest way to run a program on this machine, found by measuring.

    source: a function or Block, traced as by `isthmus.compile`; a program's file, or an Executable.
    samples: sets of real arguments: dicts by name, tuples by position, or single arrays. specs: as
    for `compile`; None takes the samples' types, with a name for each size that differs.
    objective: "latency" of one call at a time; "throughput", with calls side by side; "dollars" of
    a million calls on `instance`, or on the first of the price list that fits.
    accuracy: what a setting has to keep of the default's outputs, cosine 0.99 unless said
    otherwise. budget_seconds: for all of it; the default is always opened and measured, however
    long that takes. backends: their names; None is all that are installed.
    overrides, constraints, numerics, on_host: as for `compile`, in all settings.

    From 8 samples on every second one settles int8, at most 16, and all settings are judged on the
    others, the one that is to be chosen on all that there is time for; of fewer it is every second
    row along an axis named batch, if those are 8. Else int8 is judged on what settled it, and the
    table says so. What is chosen is the very program that was judged.
    Each candidate runs in processes of its own, which take turns: what crashes, hangs or takes all
    memory is a row of the table. The default of `compile` races to the end, and anything else is
    chosen only where it was seen to be faster. The answer is remembered in the user's cache folder
    by program, samples, machine, versions and question, unless the accuracy has a metric;
    refresh=True measures again, and so does a longer budget where the one before was used up.
    progress: called with each step.

    Raises UsageError for samples that are none or do not fit, and for numbers out of range;
    IsthmusError where no setting runs the program.

    >>> import numpy
    >>> import isthmus as im
    >>> x = numpy.ones((4, 8), numpy.float32)
    >>> choice = im.tune(lambda x: im.np.tanh(x @ x.T), [x], budget_seconds=1, backends=["numpy"])
    >>> choice.setting.backend, choice.table[0].state
    ('numpy', 'chosen')
    >>> choice.executable(x).shape
    (4, 4)
    """
    _check(objective, budget_seconds, backends)
    checked_options("auto", None, numerics, on_host, None, overrides=overrides)
    wanted = checked_accuracy(accuracy)
    prices = prices_for(instance)
    work = work_of(source, samples, specs, constraints)
    given = Given(numerics, on_host, dict(overrides or work.overrides), work.settled)
    offered = offer(
        *(backends, objective, given),
        static=work.can_be_static,
        precision=work.precision,
        last=() if work.settled else last_blocks(work.traced),
        dense=is_mostly_dense(work.traced),
    )
    return answer(
        work,
        offered,
        wanted,
        axes=[
            axis for axis in AXES if not (work.settled and axis.name in ("precisions", "weights"))
        ],
        budget_seconds=budget_seconds,
        quotes=lambda setting: quote(setting, prices),
        facts={
            "instance": instance,
            "backends": None if backends is None else list(backends),
            "constraints": list(constraints),
        },
        refresh=refresh,
        progress=progress,
    )


def answer(
    work: Work,
    offered: Offer,
    accuracy: Accuracy,
    *,
    axes: Sequence[Axis],
    budget_seconds: float,
    quotes: Callable[[Setting], Quote | str],
    facts: Mapping[str, Any],
    refresh: bool = False,
    progress: Callable[[Step], None] | None = None,
) -> Choice:
    """From memory, or by a race, which is then remembered."""

    def again(setting: Setting) -> Any:
        return opened(settled_anew(work, offered, setting), setting, offered.given)

    question = {
        "objective": offered.objective,
        "accuracy": accuracy.facts(),
        **facts,
        "axes": [axis.name for axis in axes],
        "first": [setting.document() for setting in offered.runtimes],
        "given": asdict(offered.given),
    }
    key = key_of(digest_of(work.traced), work.digest(), question)
    if (
        not refresh
        and accuracy.metric is None
        and (known := _remembered(key, budget_seconds, again))
    ):
        return known
    raced = _raced(work, offered, accuracy, axes, budget_seconds, quotes, question, progress)
    document, program = raced
    if accuracy.metric is None:
        memory.keep(key, document)
    return Choice(document, lambda setting: opened(program, setting, offered.given))


def _remembered(key: str, budget_seconds: float, make: Callable[[Setting], Any]) -> Choice | None:
    """What was found before; None where there is nothing, nothing that is understood, or where
    more time than there was then may find another."""
    document = memory.recall(key)
    if document is None:
        return None
    try:
        if document["budget_seconds"] < budget_seconds and _ran_out(document):
            return None
        found = Choice({**document, "remembered": document["measured"]}, make)
        str(found)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return found


def _ran_out(document: Mapping[str, Any]) -> bool:
    """Whether a race ended because its time was over."""
    is_used_up = document["spent_seconds"] > 0.9 * document["budget_seconds"]
    return is_used_up or any(row["state"] == "untried" for row in document["rows"])


def _raced(
    work: Work,
    offered: Offer,
    accuracy: Accuracy,
    axes: Sequence[Axis],
    budget_seconds: float,
    quotes: Callable[[Setting], Quote | str],
    question: Mapping[str, Any],
    progress: Callable[[Step], None] | None,
) -> tuple[dict[str, Any], Traced]:
    """The document, and the very program of which the one that is chosen was judged."""

    def usd(setting: Setting) -> float:
        found = quotes(setting)
        return found.usd if isinstance(found, Quote) else math.inf

    def unpriced(setting: Setting) -> str:
        found = quotes(setting) if offered.objective == DOLLARS else ""
        return found if isinstance(found, str) else ""

    terms = Terms(accuracy, cost_by(offered.objective, usd), unpriced, budget_seconds)
    # The program that is chosen has its arrays in a file of the folder, mapped.
    with TemporaryDirectory(prefix="isthmus-tune-", ignore_cleanup_errors=True) as folder:
        found = Candidates(work, offered, terms, Path(folder), progress or (lambda step: None))
        chosen = race(found, axes)
        priced = {entry.setting: quotes(entry.setting) for entry in found.entries}
        facts = {**question, "budget_seconds": budget_seconds}
        return document_of(found, chosen, priced, facts), found.programs.program(chosen.setting)


def _check(objective: str, budget_seconds: float, backends: Sequence[str] | None) -> None:
    if objective not in OBJECTIVES:
        raise UsageError(f"objective={objective!r}; give {', '.join(map(repr, OBJECTIVES))}")
    is_number = isinstance(budget_seconds, int | float) and not isinstance(budget_seconds, bool)
    if not is_number or not 0 < budget_seconds < math.inf:
        raise UsageError(f"budget_seconds={budget_seconds!r}; give a number of seconds above 0")
    if backends is not None and (isinstance(backends, str) or not list(backends)):
        raise UsageError(f"backends={backends!r}; give a list of names, or None for all")
    for name in backends or ():
        if name not in backend_names():
            find_backend(name)  # which says which there are
