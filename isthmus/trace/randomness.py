"""Functions that draw random numbers while they are traced, which their programs would repeat.

What a function draws becomes a constant, the same at every call of the program. Generators are
compared before and after, and a function that drew, or that mentions what draws, is traced once
more. If it drew for good, as a Block that makes its parameters when it is first called, the second
program is that of all later calls. If it draws again, it is refused.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import numpy

from isthmus.errors import UsageError
from isthmus.graph.nodes import Constant, Graph

from .reach import reached

__all__ = ["settled"]

# Names in a function's code that may draw from generators made there, or from the system.
_DRAWING = frozenset(
    {
        "BitGenerator", "Generator", "MT19937", "PCG64", "PCG64DXSM", "Philox", "Random",
        "RandomState", "SFC64", "SeedSequence", "SystemRandom", "default_rng", "getrandbits",
        "rand", "randbits", "randint", "randn", "random", "secrets", "token_bytes", "urandom",
        "uuid4",
    }
)  # fmt: skip
LEAST_WAIT_S = 0.01
TRIES = 5  # of a program, beside other threads
_FRESH_KEY, _FRESH_PLACES = 0x80000000, (623, 624)  # of an MT19937 that was seeded by the system
_REMEDY = (
    "which a program would repeat at every call; draw outside and give the numbers as an argument, "
    "or use npx.random_normal and random_uniform with a key that is one"
)


class _HasGraph(Protocol):
    @property
    def graph(self) -> Graph: ...


Traced = TypeVar("Traced", bound=_HasGraph)
State = Any  # equal where a generator would go on in the same way


def settled(record: Callable[[], Traced], function: Any) -> Traced:
    """What `record` makes of the function. UsageError if it draws every time."""
    found, names = reached(function, _is_generator)
    before = _states(found)
    traced = record()
    after = _states(found)
    drew = _changed(before, after)
    if not drew and names.isdisjoint(_DRAWING):
        return traced
    start = time.monotonic()
    # Another thread may have drawn, as an engine's do now and then: the function draws each time.
    for _ in range(1 if threading.active_count() == 1 else TRIES):
        again, before = record(), after
        after = _states(found)
        drew = _changed(before, after)
        if not drew:
            break
    # Or it draws all the time: then the programs must tell.
    alone = drew and not _changes_anyway(found, time.monotonic() - start)
    if alone or _differ(traced.graph, again.graph):
        source = drew or "a generator that it makes"
        raise UsageError(f"the function draws random numbers ({source}), {_REMEDY}")
    return again


def _changes_anyway(found: list[Any], seconds: float) -> bool:
    """Whether generators go on while nothing is traced."""
    if threading.active_count() == 1:
        return False
    before = _states(found)
    time.sleep(max(seconds, LEAST_WAIT_S))
    return bool(_changed(before, _states(found)))


def _is_generator(x: Any) -> bool:
    if isinstance(x, random.Random):
        return True
    made = sys.modules.get("numpy.random")
    kinds = (made.Generator, made.RandomState, made.BitGenerator) if made is not None else ()
    return isinstance(x, kinds)


def _states(found: list[Any]) -> dict[str, State]:
    """Of each generator by its name; that of NumPy once it is imported, which takes a while."""
    states = {f"its {type(x).__name__} {i + 1}": _state(x) for i, x in enumerate(found)}
    states["Python's random"] = random.getstate()
    if "numpy.random" in sys.modules:
        states["numpy.random"] = _state(numpy.random.mtrand._rand)
    return states


def _state(generator: Any) -> State:
    if isinstance(generator, random.Random):
        return generator.getstate() if type(generator) is random.Random else None
    if hasattr(generator, "get_state"):
        return _comparable(generator.get_state(legacy=False))
    return _comparable(getattr(generator, "bit_generator", generator).state)


def _comparable(state: Any) -> Any:
    if isinstance(state, dict):
        return {key: _comparable(value) for key, value in state.items()}
    return state.tobytes() if isinstance(state, numpy.ndarray) else state


def _changed(before: dict[str, State], after: dict[str, State]) -> str:
    """The names of the generators that went on."""
    return ", ".join(
        name
        for name, state in after.items()
        if (not _is_fresh(state) if name not in before else state != before[name])
    )


def _is_fresh(state: State) -> bool:
    """Whether NumPy's own generator has not been used since it was imported."""
    key = int.from_bytes(state["state"]["key"][:4], sys.byteorder)
    return key == _FRESH_KEY and state["state"]["pos"] in _FRESH_PLACES and not state["has_gauss"]


def _differ(graph: Graph, other: Graph) -> bool:
    """Whether two programs are of other operators or other constants."""
    pair = (graph, other)
    operators, again = ([(node.op, str(node)) for node in each.all_nodes()] for each in pair)
    constants, others = (list(_arrays(each)) for each in pair)
    if operators != again or len(constants) != len(others):
        return True
    pairs = zip(constants, others, strict=True)
    return any(a is not b and a.tobytes() != b.tobytes() for a, b in pairs)


def _arrays(graph: Graph) -> Iterator[Any]:
    """Of the constants in order of use, as often as they are used: whether two have one array may
    depend on when memory was let go."""
    nodes = list(graph.all_nodes())
    bodies = [body for node in nodes for body in node.bodies]
    operands = [value for node in nodes for value in node.operands]
    results = [value for each in (graph, *bodies) for value in each.outputs]
    yield from (value.array for value in (*operands, *results) if isinstance(value, Constant))
