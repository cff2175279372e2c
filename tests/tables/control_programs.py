"""Programs with branches and loops: on NumPy arrays they are Python's own control flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy
from control_arrays import BOTH, COUNT, COUNTS, NAMED, ROW, ROWS, TRUTH, b, f
from loop_programs import (
    assigned,
    at_most,
    branch,
    branch_of_branches,
    branch_of_constants,
    branch_of_inputs,
    branch_of_named,
    branch_of_truths,
    branch_on_a_size,
    branch_on_numbers,
    branch_once,
    branch_unchanged,
    branch_with_a_composite,
    count,
    count_stacked,
    count_then_use,
    long_counter,
    never,
    newton,
    partly_on_the_host,
    stacked_inside,
    static_parts,
    swapped,
    taken_constant,
    truths,
    twice_the_same,
    unchanged,
)
from scan_programs import (
    big_weight,
    branch_of_scans,
    flags,
    gru,
    last_state,
    lookups,
    loop_of_branches,
    nests,
    no_outputs,
    no_states,
    numbers,
    of_slices_alone,
    running_sum,
    scan_of_loops_of_branches,
    scan_of_scans,
    scan_over_taken,
    sizes_alone,
    sizes_inside,
    slices_of_constants,
)

from isthmus import spec


class Program(NamedTuple):
    """A function, its types, and calls of it. native: whether both runtimes run all of it."""

    function: Callable[..., Any]
    specs: tuple[Any, ...]
    calls: list[tuple[Any, ...]]
    native: bool = True


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
            of_slices_alone, last_state, sizes_inside, sizes_alone, scan_of_scans,
            scan_of_loops_of_branches, scan_over_taken,
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
    "lookups, int64": Program(
        lookups, (spec("int64", ["n"]), ROW), [(ids.astype("int64"), x) for ids, x in ID_CALLS]
    ),
    "big_weight": Program(big_weight, (spec("float32", ["n", 40]), ROW), BIG_CALLS),
    "gru": Program(gru, GRU, GRU_CALLS),
}  # fmt: skip
