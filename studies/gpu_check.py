"""Everything that only a machine with an NVIDIA GPU can tell, in under ten minutes.

    python -m studies.gpu_check [RESULT.json] [--minutes 9]

Parity with NumPy of BERT-base (128 tokens), ResNet-50 and MobileNetV2: float32 with TF32 off within
1e-4 of the largest result, f16 within 1e-2. Time a call in f16, host arrays in and out, beside
torch.compile of the same exported file in f16, the two taking turns; what a call costs with CUDA
graphs and without; that 1,000 inferences leave no more device memory taken. What the minutes do not
suffice for, and what needs a package that is not installed, is told as not measured. Exit code 2
where a check fails, 5 where there is no GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter
from typing import Any

import numpy

import isthmus as im
from isthmus import np
from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.errors import BackendMissing, IsthmusError
from isthmus.system import command, nvidia

Row = dict[str, Any]
Array = numpy.ndarray[Any, Any]
Call = Callable[[], Any]

LIMITS = {"f32": 1e-4, "f16": 1e-2}
BATCHES = {"bert-base": (1, 8, 32, 128), "resnet-50": (1, 8, 64), "mobilenet-v2": (1, 8, 64)}
TOKENS = 128
WARM_CALLS, ROUNDS = 10, 20
LEAK_CALLS, LEAK_MIB = 1000, 8  # the driver tells whole MiB, and other processes may come and go


class Clock:
    """What is left of the minutes."""

    def __init__(self, minutes: float) -> None:
        self.end = monotonic() + 60 * minutes

    def is_over(self, needed_s: float = 0) -> bool:
        return monotonic() + needed_s > self.end


def main(arguments: list[str]) -> None:
    given = parsed(arguments)
    find_gpu()
    clock, found = Clock(given.minutes), list[Row]()
    for row in rows(clock):
        found.append(row)
        print(told(row), flush=True)
    if given.result is not None:
        document = {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "fingerprint": fingerprint(),
            "versions": versions(),
            "gpus": nvidia.query(["name", "driver_version", "memory.total"]),
            "rows": found,
        }
        given.result.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    failed = [row for row in found if row.get("ok") is False]
    if failed:
        raise IsthmusError(f"{len(failed)} of {len(found)} checks failed: {told(failed[0])}")


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m studies.gpu_check")
    parser.add_argument("result", nargs="?", type=Path)
    parser.add_argument("--minutes", type=float, default=9)
    return parser.parse_args(arguments)


def find_gpu() -> None:
    """BackendMissing, in one line, where no program runs on CUDA."""
    if not nvidia.query(["name"]):
        raise BackendMissing("no GPU that nvidia-smi knows; nothing of this check was measured")
    im.compile(np.negative, im.spec("float32", [2]), backend="gpu", device="cuda")


def rows(clock: Clock) -> Iterator[Row]:
    """The checks, those that say whether numbers are right first."""
    yield from guarded("call", clock, lambda: [overhead()])
    for name in BATCHES:
        yield from guarded(f"parity {name}", clock, lambda name=name: parity(name))  # type: ignore[misc]
    yield from guarded("leak", clock, leak)
    for name, batches in BATCHES.items():
        for batch in batches:
            yield from guarded(
                f"speed {name} batch {batch}",
                clock,
                lambda name=name, batch=batch: [speed(name, batch, clock)],  # type: ignore[misc]
            )


def guarded(what: str, clock: Clock, check: Callable[[], Any]) -> Iterator[Row]:
    if clock.is_over():
        yield {"what": what, "not_measured": "the minutes are over"}
        return
    try:
        yield from check()
    except (IsthmusError, RuntimeError) as problem:
        yield {"what": what, "ok": False, "problem": " ".join(str(problem).split())[:300]}


# The models and what they are given


def model(name: str) -> Any:
    return im.models.create(name)


def inputs(name: str, batch: int) -> dict[str, Array]:
    random = numpy.random.default_rng(0)
    if not name.startswith("bert"):
        return {"x": random.standard_normal((batch, 3, 224, 224)).astype(numpy.float32)}
    ids = random.integers(1000, 30000, (batch, TOKENS)).astype(numpy.int32)
    return {key: _text(key, ids) for key in model(name).specs(batch=1, seq=1)}


def _text(name: str, ids: Array) -> Array:
    if name == "input_ids":
        return ids
    return numpy.ones_like(ids) if "mask" in name else numpy.zeros_like(ids)


def specs(name: str, batch: int) -> Any:
    further = {"seq": TOKENS} if name.startswith("bert") else {}
    return model(name).specs(batch=batch, **further)


def on_gpu(name: str, batch: int, precision: str, **levers: Any) -> im.Executable:
    return im.compile(
        model(name), specs(name, batch), backend="gpu", device="cuda", precision=precision,
        on_host="error", levers=levers or None,
    )  # fmt: skip


# The checks


def parity(name: str) -> list[Row]:
    """The largest error by the largest result, of a batch of 1."""
    given = inputs(name, 1)
    wanted = _arrays(im.compile(model(name), specs(name, 1), backend="numpy")(**given))
    found = []
    for precision, limit in LIMITS.items():
        run = on_gpu(name, 1, precision, tf32=False)
        error = max(map(_error, _arrays(run(**given)), wanted))
        bound = max(map(_error, _arrays(run.bind(**given)()), wanted))
        worst = max(error, bound)
        found.append(
            {"what": f"parity {name} {precision}", "error": worst, "limit": limit,
             "ok": bool(worst <= limit)}
        )  # fmt: skip
    return found


def _error(one: Array, other: Array) -> float:
    return float(numpy.max(numpy.abs(one - other)) / numpy.max(numpy.abs(other)))


def _arrays(result: Any) -> list[Array]:
    return list(result.values()) if isinstance(result, dict) else [result]


def overhead() -> Row:
    """Microseconds of a bound call of one small product, with a CUDA graph and without."""
    weight = numpy.eye(64, dtype=numpy.float32)
    x = numpy.ones((1, 64), numpy.float32)
    times, same = {}, True
    for graph in (False, True):
        run = im.compile(
            lambda x: np.tanh(x @ weight), im.spec("float32", [1, 64]), backend="gpu",
            device="cuda", levers={"cuda_graph": graph},
        )  # fmt: skip
        bound = run.bind(x)
        times[graph] = 1e6 * median(_times(bound, 20 * ROUNDS))
        same &= bool(numpy.allclose(bound(), numpy.tanh(x @ weight), atol=1e-5))
    return {"what": "call", "graph_us": times[True], "plain_us": times[False], "ok": same}


def leak() -> list[Row]:
    """Device memory taken before and after 1,000 inferences, of bound calls and of others."""
    run, given = on_gpu("mobilenet-v2", 1, "f16"), inputs("mobilenet-v2", 1)
    bound = run.bind(**given)
    for _ in range(WARM_CALLS):
        run(**given), bound()
    before = _memory_mib()
    for _ in range(LEAK_CALLS // 2):
        run(**given), bound()
    grown = _memory_mib() - before
    row = {"what": f"memory after {LEAK_CALLS} inferences", "grown_mib": grown}
    return [{**row, "ok": grown <= LEAK_MIB}]


def _memory_mib() -> int:
    (used, *_) = nvidia.query(["memory.used"])
    return int(used[0].split()[0])


def speed(name: str, batch: int, clock: Clock) -> Row:
    """Milliseconds a call in f16, host arrays in and out, of both in turns."""
    given = inputs(name, batch)
    ours: Call = on_gpu(name, batch, "f16", cuda_graph=True).bind(**given)
    row: Row = {"what": f"speed {name} batch {batch}"}
    theirs = None if clock.is_over(60) else by_torch(name, batch, given)
    if theirs is None:
        reason = "torch is not installed" if _torch() is None else "the minutes are over"
        return {**row, "ours_ms": 1e3 * median(_times(ours, ROUNDS)), "not_measured": reason}
    pairs = [(_timed(ours), _timed(theirs)) for _ in range(WARM_CALLS + ROUNDS)][WARM_CALLS:]
    mine, others = (median(column) for column in zip(*pairs, strict=True))
    return {**row, "ours_ms": 1e3 * mine, "torch_ms": 1e3 * others, "times": others / mine}


def by_torch(name: str, batch: int, given: dict[str, Array]) -> Call | None:
    """torch.compile of the exported file in f16 on the GPU; None without torch."""
    torch = _torch()
    if torch is None:
        return None
    from isthmus.benchmarks.portable.peers import on_torch

    with TemporaryDirectory() as folder:
        im.export(model(name), specs(name, batch), Path(folder) / "model.onnx")
        loaded = on_torch.load(Path(folder), {}, 1)
    module = torch.compile(loaded.module.half().cuda())
    arrays = [given[key] for key in loaded.inputs]

    def call() -> Any:
        tensors = (torch.from_numpy(array).cuda() for array in arrays)
        with torch.inference_mode():
            results = module(*(t.half() if t.is_floating_point() else t for t in tensors))
            return [result.float().cpu().numpy() for result in results]

    call()  # which compiles
    return call


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        return None
    return torch if torch.cuda.is_available() else None


def _times(call: Call, count: int) -> list[float]:
    return [_timed(call) for _ in range(WARM_CALLS + count)][WARM_CALLS:]


def _timed(call: Call) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def told(row: Row) -> str:
    """A row as one line."""
    facts = [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in row.items()
        if name not in ("what", "ok")
    ]
    verdict = {True: "ok", False: "FAILED"}.get(row.get("ok"), "")  # type: ignore[arg-type]
    return f"{row['what']}: {', '.join(facts)} {verdict}".rstrip()


if __name__ == "__main__":
    command.run(main, sys.argv[1:])
