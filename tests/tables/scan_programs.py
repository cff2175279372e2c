"""Programs with scans, and with loops and branches inside of each other; see `control_programs`."""

from __future__ import annotations

from typing import Any

from control_arrays import BIG, TABLE, WEIGHT, i

from isthmus import np, npx


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


def sizes_alone(rows: Any, x: Any) -> Any:
    n = np.arange(rows.shape[0], dtype="float32")
    total = npx.foreach(lambda k, s: (s, s + k), n, np.sum(0 * n))

    def counted() -> Any:
        return npx.foreach(lambda k, s: (None, s + k * k), n, total[1])[1]

    return total, npx.cond(np.sum(x) > 0, counted, lambda: total[1])


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
