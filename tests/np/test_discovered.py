"""Sizes that values decide, all the way through a compiled program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

from isthmus import np, npx
from isthmus.errors import DimensionError, UsageError
from isthmus.program.compiling import compile, load
from isthmus.program.executable import Executable
from isthmus.program.jitted import jit
from isthmus.rewrite.gradient import grad
from isthmus.trace.op import OPERATORS, composite
from isthmus.trace.tracing import spec, trace

MANY = numpy.random.default_rng(1).standard_normal(9).astype(numpy.float32)
ONE = numpy.array([-1, -2, 0.5, -0.5], numpy.float32)
NONE = -numpy.abs(MANY)


def chosen(x: Any) -> Any:
    return np.take(x, np.flatnonzero(x > 0))


def shares(x: Any) -> Any:
    found = np.unique_counts(np.round(x))
    return found.counts / np.sum(found.counts)


def from_float64(x: Any) -> Any:
    """The runtime meets the size as size + 1 alone."""
    counted = np.astype(np.flatnonzero(x > 0), "float64")
    return np.tanh(np.astype(np.concat([counted, np.ones(1)]), "float32"))


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: np.sum(chosen(x)),
    "mean": lambda x: np.mean(chosen(x)),
    "spread": lambda x: np.std(chosen(x), ddof=1),
    "mask": lambda x: x[x > 0] * 2,
    "indices": lambda x: np.tanh(x[np.nonzero(x > 0)]),
    "unique": lambda x: np.unique_values(np.round(x)) * 2,
    "unique, all of it": lambda x: np.unique_all(np.round(x)),
    "shares": shares,
    "a size as a number": lambda x: x * np.flatnonzero(x > 0).shape[0],
    "a size alone": lambda x: np.flatnonzero(x > 0).shape[0],
    "positions": lambda x: np.arange(np.flatnonzero(x > 0).shape[0]),
    "one more": lambda x: np.concat([chosen(x), np.ones(1, "float32")]) * 3,
    "one more, seen late": from_float64,
    "two sizes": lambda x: np.concat([chosen(x), chosen(-x)]),
    "two sizes meet": lambda x: np.reshape(chosen(x), (-1, 1)) * chosen(-x),
    "rows": lambda x: np.reshape(np.argwhere(x > 0), (-1,)),
    "running sum": lambda x: np.cumsum(chosen(x)),
    "softmax": lambda x: npx.softmax(np.concat([chosen(x), np.ones(1, "float32")])),
    "counts": lambda x: np.bincount(np.astype(np.abs(x) * 3, "int64"), minlength=2),
    "counts, used": lambda x: np.sum(np.tanh(np.bincount(np.astype(np.abs(x), "int64")) * 1.0)),
    "estimated bins": lambda x: np.histogram(x, bins="auto"),
    "difference": lambda x: np.setdiff1d(np.round(x), np.zeros(1, "float32")) / 2,
    "union": lambda x: np.union1d(np.round(x), np.ones(1, "float32")),
    "product": lambda x: np.polymul(x, chosen(x + 9)),
}


@pytest.fixture
def any_backend(device_backend: dict[str, Any]) -> list[dict[str, Any]]:
    return [device_backend, {"backend": "numpy"}]


def check(found: Any, wanted: Any) -> None:
    results = found if isinstance(found, tuple) else (found,)
    for one, other in zip(results, wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
        assert one.shape == numpy.shape(other) and one.dtype == numpy.asarray(other).dtype
        numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def discovered(run: Executable) -> list[str]:
    nodes = run.traced.graph.all_nodes()
    return [str(node.discovered) for node in nodes if node.discovered is not None]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("size", [9, "n"], ids=["static", "named"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str, size: Any, any_backend: Any, tmp_path: Path) -> None:
    function = PROGRAMS[name]
    for options in any_backend:
        run = compile(function, spec("float32", [size]), **options)
        run.save(tmp_path / "program")
        again = load(tmp_path / "program", **options)
        for x in (MANY, NONE, *([ONE] if size == "n" else [])):
            check(run(x), function(x))
            check(again(x), function(x))
        sizes = dict.fromkeys(discovered(run), 4)
        assert run.cost(**sizes, **({"n": 9} if size == "n" else {})).bytes_moved > 0


def test_a_cost_needs_every_size() -> None:
    run = compile(PROGRAMS["mask"], spec("float32", ["n"]), backend="numpy")
    with pytest.raises(UsageError, match=r"cost needs a number for n, \w+__\d+"):
        run.cost()


def test_gradients(any_backend: Any) -> None:
    for name in ("sum", "mean", "spread"):
        slope = grad(PROGRAMS[name])
        wanted = slope(MANY.astype(numpy.float64))
        for options in any_backend:
            run = compile(slope, spec("float32", ["n"]), **options)
            numpy.testing.assert_allclose(run(MANY), wanted, rtol=1e-4, atol=1e-6)


def test_what_an_index_assumes_is_checked(any_backend: Any) -> None:
    for options in any_backend:
        run = compile(lambda x: np.sum(chosen(x)[2:]), spec("float32", ["n"]), **options)
        numpy.testing.assert_allclose(run(MANY), MANY[MANY > 0][2:].sum(), rtol=1e-5)
        with pytest.raises(DimensionError, match=r"__\d+=1: np.getitem .* give sizes for which"):
            run(ONE)


def test_extremes_of_nothing_are_refused(any_backend: Any) -> None:
    for options in any_backend:
        run = compile(lambda x: np.max(chosen(x)), spec("float32", ["n"]), **options)
        assert run(ONE) == 0.5
        with pytest.raises(ValueError):
            run(NONE)


def test_bound_arrays(any_backend: Any) -> None:
    for options in any_backend:
        buffer = MANY.copy()
        bound = compile(
            lambda x: (x[x > 0] * 2, np.sum(chosen(x))), spec("float32", [9]), **options
        ).bind(buffer)
        for x in (MANY, NONE, -MANY, MANY):
            buffer[:] = x
            check(bound(), (x[x > 0] * 2, x[x > 0].sum()))
        assert bound() is bound.result


def test_jit() -> None:
    doubled = jit(lambda x: np.unique_values(x) * 2, backend="cpu")
    for x in (MANY, ONE):
        check(doubled(x), numpy.unique(x) * 2)


def kept(x: Any, /) -> Any:
    """The positive elements, and as many numbers."""
    found = chosen(x)
    return found + np.astype(np.arange(found.shape[0]), "float32")


@pytest.fixture
def keeping() -> Iterator[Any]:
    op = composite(kept)
    yield op
    del OPERATORS[op.name]


def test_composites(keeping: Any, any_backend: Any, tmp_path: Path) -> None:
    """What a composite finds keeps its name in a file."""
    for options in any_backend:
        run = compile(
            lambda x: np.zeros((2, 1), "float32") + keeping(x), spec("float32", ["n"]), **options
        )
        run.save(tmp_path / "program")
        for each in (run, load(tmp_path / "program", **options)):
            check(each(MANY), numpy.zeros((2, 1), numpy.float32) + keeping(MANY))
        with pytest.raises(UsageError, match=r"cost needs a number for nonzero__\d+"):
            run.cost(n=9)


def test_a_node_without_operands_waits_for_its_size() -> None:
    graph = trace(PROGRAMS["positions"], spec("float32", [9])).graph
    graph.verify()
    *_, finder, counted = graph.nodes()
    assert (finder.op, counted.op.name) == (np.nonzero, "np.arange")
    assert counted.operands == () and counted.shown == finder.results


def test_sizes_of_two_programs_have_two_names() -> None:
    first, second = (trace(PROGRAMS["mask"], spec("float32", [9])).graph for _ in range(2))
    assert not first.outputs[0].type.same(second.outputs[0].type)
