"""A kernel tried in a process of its own: it may end that process, or give other numbers.

The child knows nothing of the operator but its types: it makes a program of one node, lets the
backend load it as any other, and writes what it gives for the arrays it was sent. The parent
compares that with what the operator's body gives for them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import IsthmusError
from isthmus.graph.dims import Dim
from isthmus.graph.kernel import Kernel
from isthmus.graph.nodes import Graph, Input, Node, Result, Type
from isthmus.graph.shapes import evaluate
from isthmus.graph.size_text import parse
from isthmus.trace.op import Op

from .backend import find_backend
from .options import Options

__all__ = ["Trial", "tried"]

Array = numpy.ndarray[Any, Any]
Written = tuple[str, tuple[str, ...]]  # a dtype's name, and sizes as text

BOOT = "import sys, json; job = json.load(open(sys.argv[1], encoding='utf-8')); \
sys.path[:] = job['path']; from isthmus.program.kernel_trial import main; main(job)"
SECONDS = 120
SIZES = (1, 3, 37, 1025)  # of each name; more elements than vectors are long, and not a multiple
MOST_ELEMENTS = 2**22  # of an array of a draw
MOST_KNOWN_ELEMENTS = 2**26  # where a type has no named size; of larger ones nothing is drawn
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1e4, -1e4, numpy.inf, -numpy.inf, numpy.nan)
RTOL, ATOL = 1e-5, 1e-5  # of float32, as operators are compared in the tests
SOURCE = "isthmus_kernel_trial"


@dataclass(frozen=True)
class Trial:
    """A node of which a kernel is tried: everything but its operator."""

    kernel: Kernel
    backend: str
    device: str | None
    operands: tuple[Written, ...]
    results: tuple[Written, ...]
    attributes: Mapping[str, Any]

    @classmethod
    def of(cls, node: Node, kernel: Kernel, backend: str, device: str | None) -> Trial:
        operands = _written(value.type for value in node.operands if value is not None)
        results = _written(result.type for result in node.results)
        return cls(kernel, backend, device, operands, results, dict(node.attributes))

    @property
    def key(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    def graph(self) -> Graph:
        """A program of the one node, whose operator has no body here."""
        op: Op[..., Any] = Op(
            _no_body, name=f"{SOURCE}.operator", infer=_no_body,
            kernels={self.backend: self.kernel},
        )  # fmt: skip
        inputs = tuple(Input(of, f"x{i}") for i, of in enumerate(map(_type, self.operands)))
        node = Node(op, inputs, self.attributes)
        node.results = tuple(Result(_type(of), node, i) for i, of in enumerate(self.results))
        names = tuple(f"y{i}" for i in range(len(node.results)))
        return Graph(inputs, node.results, names)

    def sizes(self) -> list[dict[str, int]]:
        """Numbers for the named sizes, several sets; one of none where all are known."""
        named = {
            name
            for of in (*self.operands, *self.results)
            for size in _type(of).shape
            if isinstance(size, Dim)
            for name in size.names()
        }
        if not named:
            return [{}] if self._fits({}, MOST_KNOWN_ELEMENTS) else []
        sets = [dict.fromkeys(sorted(named), size) for size in SIZES]
        sets += [{name: 5 + i for i, name in enumerate(sorted(named))}]
        return [each for each in sets if self._fits(each)]

    def _fits(self, sizes: Mapping[str, int], most: int = MOST_ELEMENTS) -> bool:
        shapes = [_shape(of, sizes) for of in (*self.operands, *self.results)]
        small = all(numpy.prod(shape, dtype=object) <= most for shape in shapes)
        return small and all(size > 0 for shape in shapes for size in shape)

    def draws(self) -> list[tuple[dict[str, int], list[Array]]]:
        """Sets of sizes and operands: normal numbers, and then special ones."""
        found = []
        for seed, sizes in enumerate(self.sizes()):
            for special in (False, True):
                random = numpy.random.default_rng((seed, special))
                arrays = [_drawn(of, _shape(of, sizes), random, special) for of in self.operands]
                found.append((sizes, arrays))
        return found


def tried(op: Op[..., Any] | Any, trial: Trial, draws: Any = None) -> str:
    """What is wrong with the kernel; "" where it computes what the body computes.

    draws: sets of sizes and operands; those of the types unless given. One that the body refuses,
    as a lookup does positions outside, is left out.
    """
    wanted = []
    for sizes, arrays in trial.draws() if draws is None else draws:
        results = _by_body(op, arrays, trial.attributes)
        if results is not None:
            wanted.append((sizes, arrays, results))
    with tempfile.TemporaryDirectory(prefix="isthmus-kernel-") as folder:
        answer = _asked(trial, [(sizes, arrays) for sizes, arrays, _ in wanted], Path(folder))
    if isinstance(answer, str):
        return answer
    for (_, arrays, results), runs in zip(wanted, answer, strict=True):
        if said := _difference(arrays, results, runs):
            return said
    return ""


def _by_body(op: Any, arrays: Sequence[Array], attributes: Mapping[str, Any]) -> Any:
    with numpy.errstate(all="ignore"):
        try:
            found = op(*([list(arrays)] if op.variadic else arrays), **attributes)
        except Exception:  # whatever a body raises of numbers that it does not take
            return None
    return [numpy.asarray(part) for part in (found if isinstance(found, tuple) else (found,))]


def _difference(arrays: Sequence[Array], wanted: Sequence[Array], runs: Any) -> str:
    """What tells the runs of a kernel from the body's results."""
    shapes = ", ".join(str(Type(array.dtype, array.shape)) for array in arrays)
    for found in runs:
        for one, other in zip(found, wanted, strict=True):
            if (one.dtype, one.shape) != (other.dtype, other.shape):
                gave, should = (Type(a.dtype, a.shape) for a in (one, other))
                return f"gives {gave} for {shapes}, of which the body makes {should}"
            if not _is_close(one, other):
                return f"computes something else than the body: {_worst(one, other)} for {shapes}"
    return ""


def _is_close(one: Array, other: Array) -> bool:
    if other.dtype.kind not in "fc":
        return bool((one == other).all())
    return bool(numpy.allclose(one, other, rtol=RTOL, atol=ATOL, equal_nan=True))


def _worst(one: Array, other: Array) -> str:
    with numpy.errstate(all="ignore"):
        apart = numpy.abs(one.astype(numpy.float64) - other.astype(numpy.float64))
    wrong = apart if other.dtype.kind not in "fc" else numpy.where(_equal(one, other), 0, apart)
    wrong = numpy.where(numpy.isnan(wrong), numpy.inf, wrong)
    place = numpy.unravel_index(int(wrong.argmax()), wrong.shape) if wrong.ndim else ()
    return f"{one[place]:.7g} where it is {other[place]:.7g}"


def _equal(one: Array, other: Array) -> Any:
    return (one == other) | (numpy.isnan(one) & numpy.isnan(other))


# The parent's side of the process


def _asked(trial: Trial, draws: Sequence[Any], folder: Path) -> str | list[list[list[Array]]]:
    """The results of each draw, computed twice; or why there are none."""
    for i, (_, arrays) in enumerate(draws):
        numpy.savez(folder / f"in-{i}.npz", *arrays)
    job = {
        **asdict(trial),
        "folder": str(folder),
        "path": sys.path,
        "sizes": [sizes for sizes, _ in draws],
    }
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    try:
        ended = subprocess.run(
            [sys.executable, "-c", BOOT, str(folder / "job.json")],
            capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False,
            stdin=subprocess.DEVNULL, env={**os.environ, "ISTHMUS_CACHE": "off"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"gave no answer in {SECONDS} s, in a process of its own"
    refused = folder / "refused"
    if refused.exists():
        return refused.read_text(encoding="utf-8")
    if ended.returncode:
        return f"ended the process that tried it: {_ended(ended)}"
    return [[_read(folder / f"out-{i}-{turn}.npz") for turn in (0, 1)] for i in range(len(draws))]


def _ended(process: subprocess.CompletedProcess[str]) -> str:
    if process.returncode < 0:
        return signal.Signals(-process.returncode).name
    words = process.stderr.strip().splitlines()[-1:]
    return ": ".join([f"exit code {process.returncode}", *words])


def _read(path: Path) -> list[Array]:
    with numpy.load(path) as file:
        return [file[f"arr_{i}"] for i in range(len(file.files))]


# The child's side


def main(job: Mapping[str, Any]) -> None:
    """Compute the job's node for its arrays, twice each; what is wrong goes to file `refused`."""
    folder = Path(job["folder"])
    trial = Trial(
        kernel=Kernel(**job["kernel"]),
        backend=job["backend"],
        device=job["device"],
        operands=_from_json(job["operands"]),
        results=_from_json(job["results"]),
        attributes={name: _attribute(value) for name, value in job["attributes"].items()},
    )
    try:
        options = Options(device=trial.device)
        runner = find_backend(trial.backend).load(trial.graph(), options)
        for i, sizes in enumerate(job["sizes"]):
            arrays = _read(folder / f"in-{i}.npz")
            for turn in (0, 1):
                numpy.savez(folder / f"out-{i}-{turn}.npz", *runner(arrays, sizes))
    except IsthmusError as problem:
        said = str(problem).replace(f"{SOURCE}.operator: ", "")
        (folder / "refused").write_text(f"is refused: {said}", encoding="utf-8")
    os._exit(0)  # a library may fail when it is let go, which no program of ours does


def _no_body(*_: Any, **__: Any) -> Any:
    raise AssertionError("a trial runs kernels alone")


def _from_json(written: Sequence[Any]) -> tuple[Written, ...]:
    return tuple((dtype, tuple(sizes)) for dtype, sizes in written)


def _attribute(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


# Types as text


def _written(types: Any) -> tuple[Written, ...]:
    return tuple((of.dtype.name, tuple(map(str, of.shape))) for of in types)


def _type(written: Written) -> Type:
    dtype, sizes = written
    return Type(numpy.dtype(dtype), tuple(int(s) if s.isdigit() else parse(s) for s in sizes))


def _shape(written: Written, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(evaluate(size, sizes) for size in _type(written).shape)


def _drawn(written: Written, shape: Any, random: Any, special: bool) -> Array:
    dtype = numpy.dtype(written[0])
    if dtype.kind == "f":
        found = random.choice(SPECIAL, shape) if special else 2 * random.standard_normal(shape)
        return numpy.asarray(found).astype(dtype)
    if dtype.kind == "b":
        return numpy.asarray(random.integers(0, 2, shape)).astype(dtype)
    low, high = (0, 2) if special else (-4 if dtype.kind == "i" else 0, 5)
    return numpy.asarray(random.integers(low, high, shape)).astype(dtype)
