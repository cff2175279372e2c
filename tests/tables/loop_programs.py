"""Programs with branches and while loops; see `control_programs`."""

from __future__ import annotations

from typing import Any

import numpy
from control_arrays import WEIGHT, i

from isthmus import np, npx

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
