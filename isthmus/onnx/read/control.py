"""If, Loop and Scan: a branch or the steps themselves where they are known, else one node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.npx.branches import either
from isthmus.trace.discovery import is_recording
from isthmus.trace.traced import is_traced

from .facts import Facts
from .model import Body
from .numbers import as_array

__all__ = ["RULES"]

MOST_UNROLLED = 4_000  # nodes


def branch(facts: Facts, condition: Any) -> Any:
    condition = as_array(condition)
    then, otherwise = facts["then_branch"], facts["else_branch"]
    if not is_traced(condition):
        return facts.run(then if np.reshape(condition, ()) else otherwise, {})
    return either(
        np.reshape(condition, ()),
        lambda: _arrays(facts.run(then, {})),
        lambda: _arrays(facts.run(otherwise, {})),
    )


def loop(facts: Facts, limit: Any, go: Any, *states: Any) -> Any:
    """Steps one by one where how many there are is known; else one node of any number of steps."""
    body: Body = facts["body"]
    limit, go = as_array(limit), as_array(go)
    known = None if limit is None or is_traced(limit) else int(limit)
    if not is_traced(limit) and not is_traced(go):
        found = _unrolled(facts, body, known, True if go is None else bool(go), states)
        if found is not None:
            return found
    return _looped(facts, body, limit, go, states)


def _unrolled(
    facts: Facts, body: Body, limit: int | None, go: bool, states: tuple[Any, ...]
) -> list[Any] | None:
    """The steps themselves; None where one tells only by values whether there is another, where
    there is none, and where there are too many to be written out."""
    most = MOST_UNROLLED // max(len(body.nodes), 1) if is_recording() else None
    kept, rows, step = list(states), [], 0
    while go and (limit is None or step < limit):
        if most is not None and step >= most:
            return None
        given = (numpy.asarray(step), numpy.asarray(True), *kept)
        found = facts.run(body, dict(zip(body.inputs, given, strict=True)))
        again = as_array(found[0])
        if is_traced(again):
            return None
        go, kept, step = bool(again), found[1 : 1 + len(states)], step + 1
        rows.append(_arrays(found[1 + len(states) :]))
    columns = len(body.outputs) - 1 - len(states)
    if not rows and columns:
        return None
    return [*kept, *(np.stack([row[i] for row in rows]) for i in range(columns))]


def _looped(facts: Facts, body: Body, limit: Any, go: Any, states: tuple[Any, ...]) -> list[Any]:
    def goes_on(step: Any, go: Any, *_: Any) -> Any:
        return go if limit is None else np.logical_and(go, step < np.reshape(limit, ()))

    def next_step(step: Any, go: Any, *kept: Any) -> Any:
        found = _arrays(facts.run(body, dict(zip(body.inputs, (step, go, *kept), strict=True))))
        again, after, out = found[0], found[1 : 1 + len(states)], found[1 + len(states) :]
        _check_states(body.inputs[2:], kept, after)
        return tuple(out) or None, (step + 1, np.reshape(again, ()), *after)

    start = np.asarray(True) if go is None else np.reshape(go, ())
    first = (np.asarray(0, dtype=numpy.int64), start, *_arrays(states))
    outputs, after = npx.while_loop(goes_on, next_step, first)
    return [*after[2:], *(outputs or ())]


def _check_states(names: Sequence[str], before: Sequence[Any], after: Sequence[Any]) -> None:
    """UsageError for a state that a step makes another type of: a node's states keep theirs."""
    for name, old, new in zip(names, before, after, strict=True):
        if (found := _kind(new)) != (given := _kind(old)):
            raise UsageError(
                f"a step makes {found} of its state '{name}' of {given}; a program's states keep "
                "their types where only data decides how many steps there are: where inputs of the "
                "file do, fix these by net.fixed(NAME=array), or run it without compiling"
            )


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"a sequence of {len(value)}"
    return f"{value.dtype}[{', '.join(map(str, value.shape))}]"


def scan(facts: Facts, *operands: Any) -> Any:
    """Steps along an axis of some operands, each in either direction."""
    if facts.opset < 9:
        return _scan_by_batch(facts, *operands)
    body: Body = facts["body"]
    count = facts["num_scan_inputs"]
    states, data = _arrays(operands[: len(operands) - count]), _arrays(operands[-count:])
    axes = facts.get("scan_input_axes") or [0] * count
    backward = facts.get("scan_input_directions") or [0] * count
    rows = [_leading(x, axis, flip) for x, axis, flip in zip(data, axes, backward, strict=True)]

    def step(slices: Any, kept: Any) -> Any:
        given = dict(zip(body.inputs, (*kept, *slices), strict=True))
        found = _arrays(facts.run(body, given))
        return tuple(found[len(states) :]) or None, tuple(found[: len(states)])

    outputs, after = npx.foreach(step, tuple(rows), tuple(states))
    results = list(outputs or ())
    axes = facts.get("scan_output_axes") or [0] * len(results)
    backward = facts.get("scan_output_directions") or [0] * len(results)
    back = zip(results, axes, backward, strict=True)
    return [*after, *(np.moveaxis(_leading(y, 0, flip), 0, axis) for y, axis, flip in back)]


def _scan_by_batch(facts: Facts, lengths: Any, *operands: Any) -> Any:
    """As it was in opset 8: the first axis of all operands is one of batches, each its own scan."""
    count = operands[0].shape[0]
    if lengths is not None or not isinstance(count, int):
        raise UsageError("with lengths, or with a named number of batches; convert to opset 9")
    newer = replace(facts, opset=9)
    rows = [scan(newer, *(np.getitem(x, i) for x in _arrays(operands))) for i in range(count)]
    return [np.stack(list(column)) for column in zip(*rows, strict=True)]


def _leading(x: Any, axis: int, backward: int) -> Any:
    x = np.moveaxis(x, axis, 0) if axis else x
    return np.flip(x, axis=0) if backward else x


def _arrays(values: Any) -> list[Any]:
    return [as_array(value) for value in values]


RULES: dict[str, Callable[..., Any]] = {"If": branch, "Loop": loop, "Scan": scan}
