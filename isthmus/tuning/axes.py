"""What is tried: a row an axis; variants of the best so far are made along one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from isthmus.errors import BackendMissing
from isthmus.program.backend import backend_names, facts_of, find_backend
from isthmus.program.levers import levers_of
from isthmus.program.options import QUANTIZATION
from isthmus.program.precision import offered
from isthmus.system import machine, topology
from isthmus.system.threads import available_threads

from .opening import Given, options_of
from .setting import Setting

__all__ = [
    "AXES",
    "AXES_OF_AUTO",
    "DOLLARS",
    "LATENCY",
    "OBJECTIVES",
    "THROUGHPUT",
    "Axis",
    "Offer",
    "is_reference",
    "offer",
    "settles",
    "small_weights",
]

LATENCY, THROUGHPUT, DOLLARS = OBJECTIVES = ("latency", "throughput", "dollars")
DEFAULT_BACKEND = "cpu"  # of `isthmus.compile`


@dataclass(frozen=True)
class Offer:
    """What this machine has: runtimes with all threads, the default first, and what is missing.

    last: the blocks of the program whose products no other product follows. dense: whether most of
    its products are dense layers.
    """

    runtimes: tuple[Setting, ...]
    missing: Mapping[str, str]
    threads: int
    cores: int
    static: bool
    objective: str
    given: Given
    last: tuple[str, ...] = ()
    dense: bool = True


@dataclass(frozen=True)
class Axis:
    """variants: settings that differ from one in this. leaders: of how many of the best they are
    made. within: and only of those that take at most so many times as long as the best."""

    name: str
    variants: Callable[[Setting, Offer], Iterable[Setting]]
    leaders: int
    within: float = 1.5


def offer(
    names: Sequence[str] | None,
    objective: str,
    given: Given,
    *,
    static: bool,
    precision: str = "f32",
    last: Sequence[str] = (),
    dense: bool = True,
) -> Offer:
    """What there is to try, on the backends of these names; of all that are installed for None.

    UsageError for a name that no backend has.
    """
    used = available_threads()
    found: list[Setting] = []
    missing: dict[str, str] = {}
    for name in sorted(names or backend_names(), key=lambda name: name != DEFAULT_BACKEND):
        try:
            devices = facts_of(find_backend(name)).devices
        except BackendMissing as problem:
            missing[name] = str(problem)
            continue
        for device in devices:
            if device not in (None, "cpu") and not machine.gpus():
                missing[f"{name} on {device}"] = "no GPU that nvidia-smi knows"
            else:
                found.append(Setting(name, device, precision, threads=used))
    cores = min(used, topology.cores(topology.usable()) or used)
    return Offer(tuple(found), missing, used, cores, static, objective, given, tuple(last), dense)


def runtimes(leader: Setting, offer: Offer) -> Iterator[Setting]:
    """Each backend on each of its devices."""
    yield from offer.runtimes


def is_reference(setting: Setting, offer: Offer) -> bool:
    """Whether its backend computes all lower precisions in float32 and rounds: the operators'
    bodies, which are quick in short calls alone."""
    every = offered(find_backend(setting.backend), options_of(setting, offer.given))
    return len(every) > 1 and _computed(setting, offer) == ["f32"]


def _computed(setting: Setting, offer: Offer) -> list[str]:
    """The precisions that its backend has arithmetic of."""
    backend, options = find_backend(setting.backend), options_of(setting, offer.given)
    emulated = getattr(backend, "emulates", lambda options: ())(options)
    return [name for name in offered(backend, options) if name not in emulated]


def precisions(leader: Setting, offer: Offer) -> Iterator[Setting]:
    """Whatever the backend computes in here; integers also by the ranges of each call."""
    names = _computed(leader, offer)
    if names == ["f32"]:
        return
    for name in names:
        yield replace(leader, precision=name, weights=None)
    if "int8" in names and offer.dense:
        integers = replace(leader, precision="int8", weights=None)
        known = levers_of(find_backend(leader.backend), options_of(integers, offer.given))
        for value in known.get(QUANTIZATION, ())[1:]:
            yield replace(integers, extra=(*leader.extra, (QUANTIZATION, value)))


def small_weights(leader: Setting, offer: Offer) -> Iterator[Setting]:
    """Weights of 8 bits alone, computed in floats."""
    names = _computed(leader, offer)
    for name in ("f32", "bf16"):
        if name in names and names != ["f32"]:
            extra = tuple(pair for pair in leader.extra if pair[0] != QUANTIZATION)
            yield replace(leader, precision=name, weights="int8", kept=(), extra=extra)


def last_layers(leader: Setting, offer: Offer) -> Iterator[Setting]:
    """Low precision in all but the last products: labels change where the scores of two are close,
    and nothing after those products evens out what they are off by."""
    low = leader.precision != "f32" and leader.weights is None
    if low and offer.last and not offer.given.settled:
        yield replace(leader, kept=offer.last)


def settles(offer: Offer) -> bool:
    """Whether a setting may come that is settled on samples."""
    if offer.given.settled:
        return False
    return any(
        setting.needs_samples for first in offer.runtimes for setting in _known(first, offer)
    )


def _known(first: Setting, offer: Offer) -> list[Setting]:
    """Its precisions; none of a runtime that does not load, which is told when it is opened."""
    try:
        return list(precisions(first, offer))
    except BackendMissing:
        return []


def threads(leader: Setting, offer: Offer) -> Iterator[Setting]:
    """Fewer threads; and where it is throughput that counts, calls side by side."""
    if offer.objective == LATENCY:
        for count in dict.fromkeys((offer.cores, max(1, offer.cores // 2), 1)):
            yield replace(leader, threads=count)
        return
    for side_by_side in dict.fromkeys((offer.threads, offer.cores, 2)):
        if 1 < side_by_side <= offer.threads:
            each = offer.threads // side_by_side
            yield replace(leader, streams=side_by_side, threads=offer.threads)
            yield replace(leader, copies=side_by_side, threads=each)


def shapes(leader: Setting, offer: Offer) -> Iterator[Setting]:
    """The very sizes of the samples in place of names."""
    if offer.static:
        yield replace(leader, static=True)


def levers(leader: Setting, offer: Offer) -> Iterator[Setting]:
    """One lever of the backend at a time."""
    known = levers_of(find_backend(leader.backend), options_of(leader, offer.given))
    done = {QUANTIZATION, *dict(leader.extra)}  # of which there are candidates before
    for name in sorted(known.keys() - done):
        for value in known[name][1:]:  # the first is what runs without
            yield replace(leader, extra=(*leader.extra, (name, value)))


AXES = (
    Axis("runtimes", runtimes, leaders=1),
    Axis("precisions", precisions, leaders=4, within=3.0),
    Axis("sizes", shapes, leaders=3, within=1.3),
    Axis("weights", small_weights, leaders=4, within=3.0),
    Axis("last layers", last_layers, leaders=2, within=1.3),
    Axis("threads", threads, leaders=2),
    Axis("levers", levers, leaders=1),
)
AXES_OF_AUTO = (
    Axis("precisions", precisions, leaders=1),
    Axis("weights", small_weights, leaders=1),
    Axis("last layers", last_layers, leaders=2, within=1.3),
)
