"""Programs with branches and loops, for tests: on NumPy arrays they are Python's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

from isthmus import np, npx, spec

_random = numpy.random.default_rng(0)
WEIGHT = _random.standard_normal((3, 3), numpy.float32)
BIG = _random.standard_normal((40, 40), numpy.float32) / 8
TABLE = _random.standard_normal((7, 3), numpy.float32)


class Program(NamedTuple):
    """A function, its types, and calls of it. native: whether both runtimes run all of it."""

    function: Callable[..., Any]
    specs: tuple[Any, ...]
    calls: list[tuple[Any, ...]]
    native: bool = True


def f(*shape: int) -> Any:
    return numpy.asarray(_random.standard_normal(shape, numpy.float32))


def i(number: int) -> Any:
    return numpy.asarray(number, numpy.int32)


def b(truth: bool) -> Any:
    return numpy.asarray(truth)


COUNT, TRUTH = spec("int32"), spec("bool")
ROW, NAMED = spec("float32", [3]), spec("float32", ["n", 3])
BOTH = [(b(True), f(3)), (b(False), f(3)), (b(True), f(3))]
COUNTS = [(i(n), f(3)) for n in (3, 0, 1, 8, 0, 2)]
ROWS = [(f(n, 3), f(3)) for n in (4, 1, 7, 4, 2)]


# Branches


def branch(p: Any, x: Any) -> Any:
    return npx.cond(p, lambda: np.tanh(x) + 1, lambda: x * 2)


def branch_of_inputs(p: Any, x: Any) -> Any:
    return npx.cond(p, lambda a, c: a - c, lambda a, c: c + 1, (x, x * x))


def branch_unchanged(p: Any, x: Any) -> Any:
    y = x + 1
    return npx.cond(p, lambda: (x, y), lambda: (y, x))


def branch_of_constants(p: Any, x: Any) -> Any:
    ones = numpy.ones(3, numpy.float32)
    return npx.cond(p, lambda: {"a": ones, "b": x}, lambda: {"a": x, "b": 2 * ones})


def branch_on_numbers(x: Any, y: Any) -> Any:
    return npx.cond(np.sum(y), lambda: x @ WEIGHT, lambda: x)


def branch_of_branches(p: Any, x: Any) -> Any:
    def inner(y: Any) -> Any:
        return npx.cond(np.sum(y) > 0, lambda: np.abs(y), lambda: y - x)

    return npx.cond(p, lambda: inner(x), lambda: inner(-x) * 2)


def branch_with_a_composite(p: Any, x: Any) -> Any:
    return npx.cond(p, lambda: npx.softmax(x), lambda: npx.gelu(x) + np.mean(x))


def branch_of_truths(p: Any, x: Any) -> Any:
    return npx.cond(p, lambda: (x > 0, p), lambda: (~(x > 0), np.any(x > 0)))


def branch_once(p: Any, x: Any) -> Any:
    y = npx.cond(p, lambda: x, lambda: -x)
    z = npx.cond(np.logical_not(p), lambda: y, lambda: y * y)
    return y, z, npx.cond(p, lambda: z, lambda: y)


def branch_of_named(p: Any, x: Any) -> Any:
    n = x.shape[0]
    return npx.cond(
        p, lambda: x + np.ones((n, 3), "float32"), lambda: np.reshape(np.reshape(x, (-1,)), (n, 3))
    )


def branch_on_a_size(x: Any, row: Any) -> Any:
    return npx.cond(np.asarray(x.shape[0]) > 3, lambda: x[0] + row, lambda: x[0])


# Loops


def count(n: Any, x: Any) -> Any:
    _, found = npx.while_loop(
        lambda k, y: k < n, lambda k, y: (None, (k + 1, y * 2 + x)), (i(0), x)
    )
    return found


def count_stacked(n: Any, x: Any) -> Any:
    return npx.while_loop(
        lambda k, y: k < n, lambda k, y: ({"y": y, "k": k}, (k + 1, y @ WEIGHT)), (i(0), x)
    )


def count_then_use(n: Any, x: Any) -> Any:
    rows, (k, _) = npx.while_loop(lambda k, y: k < n, lambda k, y: (y, (k + 1, y * 0.5)), (i(0), x))
    return np.sum(rows, axis=0), rows * 2, np.concat([rows, x[None]]), k


def at_most(n: Any, x: Any) -> Any:
    return npx.while_loop(
        lambda k, y: k < n, lambda k, y: (y, (k + 1, y * 2)), (i(0), x), max_iterations=3
    )


def never(n: Any, x: Any) -> Any:
    return npx.while_loop(lambda y: np.sum(y) < -1e9, lambda y: (y * 2, y), x)


def unchanged(n: Any, x: Any) -> Any:
    def step(k: Any, y: Any, z: Any, go: Any) -> Any:
        return (z, y), (k + 1, y, z * 2, k + 2 < n)

    return npx.while_loop(lambda k, y, z, go: go, step, (i(0), x, x, n > 0))


def swapped(n: Any, x: Any) -> Any:
    def step(k: Any, y: Any, z: Any) -> Any:
        return None, (k + 1, z, y)

    return npx.while_loop(lambda k, y, z: k < n, step, (i(0), x, x * 2))[1]


def twice_the_same(n: Any, x: Any) -> Any:
    return npx.while_loop(
        lambda k, y, z: k < n, lambda k, y, z: ((y, y), (k + 1, y + z, y + z)), (i(0), x, x)
    )


def taken_constant(n: Any, x: Any) -> Any:
    ones = numpy.ones(3, numpy.float32)
    return npx.while_loop(lambda k, y: k < n, lambda k, y: ((ones, x), (k + 1, ones)), (i(0), x))


def truths(n: Any, x: Any) -> Any:
    return npx.while_loop(
        lambda k, go, t: np.logical_and(go, k < n),
        lambda k, go, t: (t, (k + 1, go, ~t)),
        (i(0), n > -1, x > 0),
    )


def static_parts(n: Any, x: Any) -> Any:
    def step(k: Any, y: Any) -> Any:
        return None, (k + 1, y + np.tanh(x) @ WEIGHT)  # of which only the sum is computed again

    return npx.while_loop(lambda k, y: k < n, step, (i(0), x))[1]


def newton(n: Any, x: Any) -> Any:
    """The square root of |x| + 1 by Newton's iteration."""
    x = np.abs(x) + 1

    def far(y: Any) -> Any:
        return np.any(np.abs(y * y - x) > 1e-3 * x)

    return npx.while_loop(far, lambda y: (None, (y + x / y) / 2), x, max_iterations=30)[1]


def assigned(n: Any, x: Any) -> Any:
    def step(k: Any, y: Any) -> Any:
        before = np.copy(y)
        y[1] = np.astype(k, "float32")
        y += 1
        return before, (k + 1, y)

    return npx.while_loop(lambda k, y: k < n, step, (i(0), x))


def long_counter(n: Any, x: Any) -> Any:
    return npx.while_loop(lambda k, y: k < n, lambda k, y: (k, (k + 1, y * 2 + x)), (0, x))


def partly_on_the_host(n: Any, x: Any) -> Any:
    def step(k: Any, y: Any) -> Any:
        wide = np.astype(y @ WEIGHT, "float64")
        return wide, (k + 1, np.tanh(np.astype(wide / 3, "float32")) @ WEIGHT)

    return npx.while_loop(lambda k, y: k < n, step, (i(0), x))


def stacked_inside(n: Any, x: Any) -> Any:
    """A loop whose steps are loops with outputs of their own lengths."""

    def step(k: Any, y: Any) -> Any:
        rows, _ = npx.while_loop(lambda m: m < k, lambda m: (y * 2, m + 1), i(0))
        total = np.sum(rows, axis=0)
        return total, (k + 1, y + total)

    return npx.while_loop(lambda k, y: k < n, step, (i(0), x))


# Scans


def running_sum(rows: Any, x: Any) -> Any:
    return npx.foreach(lambda row, s: (s + row, s + row), rows, x)


def no_outputs(rows: Any, x: Any) -> Any:
    return npx.foreach(lambda row, s: (None, s * row), rows, x)


def no_states(rows: Any, x: Any) -> Any:
    return npx.foreach(lambda row, s: (np.tanh(row) @ WEIGHT + x, s), rows, None)[0]


def nests(rows: Any, x: Any) -> Any:
    def step(data: Any, states: Any) -> Any:
        a, c = data
        s = states["s"] + a * c
        return {"s": s, "a": a}, {"s": s, "t": states["t"]}

    return npx.foreach(step, [rows, rows * 2], {"s": x, "t": np.sum(x)})


def numbers(rows: Any, x: Any) -> Any:
    return npx.foreach(lambda r, s: (r * s, s + r), rows[:, 0], x[0])


def slices_of_constants(rows: Any, x: Any) -> Any:
    return npx.foreach(lambda w, s: (s, np.tanh(s @ WEIGHT + w)), TABLE, x)


def flags(rows: Any, x: Any) -> Any:
    return npx.foreach(lambda r, s: (r, np.logical_xor(s, r)), rows > 0, x > 0)


def of_slices_alone(rows: Any, x: Any) -> Any:
    return npx.foreach(lambda r, s: (r, s), rows, x)


def last_state(rows: Any, x: Any) -> Any:
    return npx.foreach(lambda r, s: (s, r), rows, x)


def lookups(ids: Any, x: Any) -> Any:
    return npx.foreach(lambda k, s: (s, s + np.take(TABLE, k, axis=0)), ids, x)


def sizes_inside(rows: Any, x: Any) -> Any:
    n = rows.shape[0]

    def step(row: Any, s: Any) -> Any:
        wide = np.broadcast_to(row, (n, 3)) + np.arange(n, dtype="float32")[:, None]
        return np.mean(wide, axis=1), s + np.sum(wide, axis=0) / n

    return npx.foreach(step, rows, x)


def big_weight(rows: Any, x: Any) -> Any:
    return npx.foreach(lambda r, s: (s, np.tanh(s @ BIG + r)), rows, np.zeros(40, "float32"))


def gru(rows: Any, state: Any) -> Any:
    """A gated recurrent unit over the rows, for a batch of states [b, 3]."""
    u, r, c = WEIGHT, WEIGHT.T.copy(), WEIGHT * 0.5

    def step(x: Any, h: Any) -> Any:
        update = npx.sigmoid(x @ u + h @ r)
        reset = npx.sigmoid(x @ r + h @ u)
        candidate = np.tanh(x @ c + (reset * h) @ c)
        h = update * h + (1 - update) * candidate
        return h, h

    return npx.foreach(step, rows, state)


# One in the other


def loop_of_branches(n: Any, x: Any) -> Any:
    def step(k: Any, y: Any) -> Any:
        y = npx.cond(np.sum(y) > 0, lambda: y - x * 3, lambda: y + x * 2)
        return y, (k + 1, y)

    return npx.while_loop(lambda k, y: k < n, step, (i(0), x))


def scan_of_loops_of_branches(rows: Any, x: Any) -> Any:
    def step(row: Any, state: Any) -> Any:
        def inner(k: Any, y: Any) -> Any:
            changed = npx.cond(np.sum(y) > 1, lambda: y * 0.5 + row, lambda: y + state + 0.1)
            return None, (k + 1, changed)

        _, (k, y) = npx.while_loop(
            lambda k, y: np.logical_and(k < 4, np.max(y) < 3), inner, (i(0), row)
        )
        return (y, k), np.tanh(state + y)

    return npx.foreach(step, rows, x)


def branch_of_scans(p: Any, x: Any) -> Any:
    def scan(y: Any) -> Any:
        return npx.foreach(lambda r, s: (s, s * r + x[0]), y, x[1])

    return npx.cond(p, lambda: scan(x), lambda: scan(x * 2 + 1))


def scan_of_scans(rows: Any, x: Any) -> Any:
    def step(row: Any, s: Any) -> Any:
        inner, t = npx.foreach(lambda r, t: (r * t, t + r), row, s)
        return inner + x, t

    return npx.foreach(step, rows, np.sum(x))


def scan_over_taken(rows: Any, x: Any) -> Any:
    def step(row: Any, s: Any) -> Any:
        _, t = npx.foreach(lambda r, t: (None, np.tanh(t + r * row)), rows, s)
        return t, t

    return npx.foreach(step, rows, x)


IDS = spec("int32", ["n"])
ID_CALLS = [(numpy.array(k, numpy.int32), f(3)) for k in ([0, 6, 2], [5], [1, 1, -7, 3])]
GRU = (spec("float32", ["n", "b", 3]), spec("float32", ["b", 3]))
GRU_CALLS = [(f(n, m, 3), f(m, 3)) for n, m in ((4, 2), (1, 1), (6, 5))]
PX, NX, RX = (TRUTH, ROW), (COUNT, ROW), (NAMED, ROW)
NAMED_BRANCH = [(b(t), f(n, 3)) for t, n in ((True, 4), (False, 1), (False, 6), (True, 1))]
BIG_CALLS = [(f(n, 40), f(3)) for n in (3, 1, 5)]

PROGRAMS: dict[str, Program] = {
    **{
        p.__name__: Program(p, PX, BOTH)
        for p in (
            branch, branch_of_inputs, branch_unchanged, branch_of_constants, branch_of_branches,
            branch_with_a_composite, branch_of_truths, branch_once, branch_of_scans,
        )
    },
    **{
        p.__name__: Program(p, NX, COUNTS)
        for p in (
            count, count_stacked, at_most, never, unchanged, swapped, twice_the_same,
            taken_constant, truths, static_parts, newton, assigned, loop_of_branches,
        )
    },
    **{
        p.__name__: Program(p, NX, COUNTS, native=False)
        for p in (count_then_use, long_counter, partly_on_the_host, stacked_inside)
    },
    **{
        p.__name__: Program(p, RX, ROWS)
        for p in (
            running_sum, no_outputs, no_states, nests, numbers, slices_of_constants, flags,
            of_slices_alone, last_state, sizes_inside, scan_of_loops_of_branches, scan_of_scans,
            scan_over_taken,
        )
    },
    "running_sum, static": Program(running_sum, (spec("float32", [4, 3]), ROW), [ROWS[0]] * 2),
    "running_sum, one step": Program(running_sum, (spec("float32", [1, 3]), ROW), [ROWS[1]] * 2),
    "branch_of_named": Program(branch_of_named, (TRUTH, NAMED), NAMED_BRANCH),
    "branch_on_numbers": Program(
        branch_on_numbers, (ROW, ROW), [(f(3), f(3)), (f(3), 0 * f(3)), (f(3), f(3) + numpy.nan)]
    ),
    "branch_on_a_size": Program(branch_on_a_size, RX, ROWS, native=False),
    "lookups": Program(lookups, (IDS, ROW), ID_CALLS),
    "big_weight": Program(big_weight, (spec("float32", ["n", 40]), ROW), BIG_CALLS),
    "gru": Program(gru, GRU, GRU_CALLS),
}  # fmt: skip
