"""How many threads a scorer has where it runs: what the engine assigned, within what is allowed.

Engines divide the processors of a machine among their tasks by counting; none of them holds a task
to its share, and OpenVINO and ONNX Runtime read no variable by which Ray and Spark tell theirs
(OMP_NUM_THREADS). A program that took all processors in each of k tasks would run k times as many
threads as there are processors.

Threads are not bound to processors where they are fewer than the machine has (`cpu_backend`): each
process would bind its own from processor 0 on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from isthmus.system.threads import available_threads

__all__ = ["assigned", "threads_here"]


def threads_here(asked: int | None = None) -> int:
    """The threads that were asked for; else the engine's, at most as many as are allowed."""
    if asked is not None:
        return asked
    given = assigned()
    allowed = available_threads()
    return allowed if given is None else max(1, min(int(given), allowed))


def assigned() -> float | None:
    """The processors that an engine gave to the task that asks; None outside of them.

    Of an engine that is not imported nothing runs here, and it is not imported for this.
    """
    for package, ask in ENGINES.items():
        if package in sys.modules:
            # An engine that is imported and not running raises what it likes.
            with suppress(Exception):
                found = ask(sys.modules[package])
                if found is not None:
                    return found
    return None


def _ray(ray: Any) -> float | None:
    """num_cpus of the task or actor; of one with none, which may run beside all others, one."""
    if not ray.is_initialized():
        return None
    context = ray.get_runtime_context()
    if context.worker.mode != ray.WORKER_MODE:  # the driver, which has no resources
        return None
    found: float = context.get_assigned_resources().get("CPU", 1.0)
    return found


def _spark(pyspark: Any) -> float | None:
    """spark.task.cpus, as the task was told; None in the driver."""
    context = pyspark.TaskContext.get()
    return None if context is None else float(context.cpus())


def _dask(distributed: Any) -> float | None:
    """The threads of the worker: its tasks share one program, and take turns to run it."""
    found = distributed.get_worker().state.nthreads
    return None if found is None else float(found)


ENGINES: Mapping[str, Callable[[Any], float | None]] = {
    "ray": _ray,
    "pyspark": _spark,
    "distributed": _dask,
}
