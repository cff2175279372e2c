"""Programs: compiled once, run for many sizes and from many threads, with results of their own."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import nn, np, npx
from isthmus.errors import BackendMissing, IsthmusError, UsageError
from isthmus.program.compiling import compile
from isthmus.program.executable import Executable
from isthmus.program.jitted import jit
from isthmus.trace.tracing import spec

X = numpy.linspace(-1, 1, 6, dtype=numpy.float32).reshape(2, 3)
NAMED = spec("float32", ["n", "m"])
NAMED_3 = spec("float32", ["n", 3])
BACKENDS = [{"backend": "numpy"}, {"backend": "cpu"}]


# Caching


def test_jit_compiles_once_for_each_signature() -> None:
    traces: list[Any] = []

    def doubled(x: Any, scale: Any = None) -> Any:
        traces.append(x.type)
        return 2 * x if scale is None else scale * x

    double = jit(backend="numpy")(doubled)
    for _ in range(3):
        numpy.testing.assert_array_equal(double(X), 2 * X)
    assert len(traces) == 1
    double(X[:1]), double(X.astype("float64")), double(X, X), double(X, scale=X)
    assert len(traces) == 5
    double(X[1:]), double(X, scale=X)
    assert len(traces) == 5 == len(double.executables)


def test_jit_keeps_the_programs_it_was_last_called_with() -> None:
    """As functools.lru_cache: of four kinds in turn, two of which are kept."""
    traces: list[int] = []

    def doubled(x: Any) -> Any:
        traces.append(x.shape[0])
        return 2 * x

    double = jit(backend="numpy", maxsize=2)(doubled)
    rows = numpy.ones((5, 3), numpy.float32)
    for size in (1, 2, 1, 3, 1, 2, 4):
        numpy.testing.assert_array_equal(double(rows[:size]), 2 * rows[:size])
    assert traces == [1, 2, 3, 2, 4] and len(double.executables) == 2
    double.cache_clear()
    double(rows[:4])
    assert traces[5:] == [4] and len(double.executables) == 1


def test_a_copy_of_what_jit_keeps_is_empty() -> None:
    """Programs hold what cannot be copied or sent to another process."""
    double = jit(lambda x: 2 * x, backend="cpu", maxsize=3)
    double(X)
    for copied in (
        copy.deepcopy(double.executables),
        pickle.loads(pickle.dumps(double.executables)),
    ):
        assert len(copied) == 0 and copied.most == 3 and len(double.executables) == 1


def test_jit_without_a_limit_keeps_all() -> None:
    double = jit(lambda x: 2 * x, backend="numpy", maxsize=None)
    for size in range(1, 200):
        double(numpy.ones(size, numpy.float32))
    assert len(double.executables) == 199


@pytest.mark.parametrize("maxsize", [0, -1, 1.5, "2", True])
def test_jit_takes_a_limit_from_1(maxsize: Any) -> None:
    with pytest.raises(UsageError, match=r"maxsize=.*give a whole number from 1, or None"):
        jit(lambda x: x, maxsize=maxsize)


def test_jit_in_several_threads_that_push_each_other_s_programs_out(
    device_backend: dict[str, Any],
) -> None:
    """A program that is dropped while another thread is in it goes on."""
    double = jit(lambda x: np.tanh(x) * 2, maxsize=1, **device_backend)

    def work(size: int) -> None:
        x = numpy.full((size, 2), size, numpy.float32)
        for _ in range(4):
            numpy.testing.assert_allclose(double(x), numpy.tanh(x) * 2, rtol=1e-5)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(1, 5)))
    assert len(double.executables) == 1


def test_jit_without_options_and_names() -> None:
    def twice(x: Any) -> Any:
        """2 * x"""
        return 2 * x

    wrapped = jit(twice)
    assert wrapped.__name__ == "twice" and wrapped.__doc__ == "2 * x"
    numpy.testing.assert_array_equal(wrapped(X), 2 * X)


def test_jit_takes_nests_of_arrays() -> None:
    run = jit(lambda pair, *, more: pair["a"] + pair["b"][0] * more, backend="numpy")
    numpy.testing.assert_array_equal(run({"a": X, "b": (X,)}, more=X), X + X * X)


@pytest.mark.parametrize("argument", [2.0, "text", [1.0]])
def test_jit_takes_arrays_only(argument: Any) -> None:
    with pytest.raises(UsageError, match=r"argument 0.*is no array; give a NumPy array"):
        jit(lambda x: x, backend="numpy")(argument)


def test_named_sizes_serve_many_shapes(device_backend: dict[str, Any]) -> None:
    traces: list[int] = []

    def function(x: Any) -> Any:
        traces.append(1)
        return np.sum(npx.softmax(x) * x, axis=0, keepdims=True) + np.reshape(x, (-1, x.shape[1]))

    run = compile(function, NAMED, **device_backend)
    for shape in ((1, 1), (2, 3), (5, 2), (2, 3), (1, 7)):
        x = numpy.random.default_rng(0).standard_normal(shape, numpy.float32)
        numpy.testing.assert_allclose(run(x), function(x), rtol=1e-5, atol=1e-6)
    assert len(traces) == 6  # one was compiling, five were NumPy's


def test_hybridize_runs_the_block_compiled() -> None:
    net = nn.Dense(4, 3)
    net.initialize(seed=1)
    wanted = net(X)
    net.hybridize(backend="cpu")
    numpy.testing.assert_allclose(net(X), wanted, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(net(X[:1]), wanted[:1], rtol=1e-5, atol=1e-6)
    assert len(vars(net)["_compiled"].executables) == 2
    assert list(net.parameters()) == ["weight", "bias"]
    net.hybridize(active=False)
    assert vars(net)["_compiled"] is None
    numpy.testing.assert_array_equal(net(X), wanted)


def test_a_hybridized_block_is_traced_inside_another() -> None:
    inner = nn.Dense(3, 3)
    inner.initialize()
    wanted = inner(inner(X))
    inner.hybridize(backend="numpy")
    run = compile(nn.Sequential(inner, inner), NAMED_3, backend="numpy")
    numpy.testing.assert_allclose(run(X), wanted, rtol=1e-6)


# Threads


def test_one_program_from_four_threads(device_backend: dict[str, Any]) -> None:
    weight = numpy.random.default_rng(0).standard_normal((16, 16), numpy.float32)

    def function(x: Any) -> Any:
        return np.tanh(x @ weight) // 0.25 + np.sum(x.astype("float64"))

    run = compile(function, spec("float32", ["n", 16]), **device_backend, threads=1)
    arrays = [numpy.full((1 + i % 5, 16), i * 0.01, numpy.float32) for i in range(80)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, arrays))
    for array, result in zip(arrays, results, strict=True):
        numpy.testing.assert_array_equal(result, run(array))
        numpy.testing.assert_allclose(result, function(array), rtol=1e-4)


# Results


@pytest.mark.parametrize("options", BACKENDS, ids=str)
def test_results_are_the_callers(options: dict[str, Any]) -> None:
    table = numpy.ones((2, 3), numpy.float32)

    def function(x: Any) -> Any:
        y = x * 2
        return x, table, y, x.reshape(3, 2), np.broadcast_to(x[0], (2, 3)), y[0], x.T

    run = compile(function, spec("float32", [2, 3]), **options)
    x = X.copy()
    first = run(x)
    for array in first:
        assert array.flags.writeable
        array[...] = 99
    numpy.testing.assert_array_equal(x, X)
    numpy.testing.assert_array_equal(table, numpy.ones((2, 3)))
    for found, wanted in zip(run(x), function(X), strict=True):
        numpy.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("options", BACKENDS, ids=str)
def test_earlier_results_stay(options: dict[str, Any]) -> None:
    run = compile(lambda x: np.exp(x), NAMED, **options)
    first = run(X)
    kept = first.copy()
    run(X + 1)
    numpy.testing.assert_array_equal(first, kept)


def test_outputs_that_are_inputs_and_constants(device_backend: dict[str, Any]) -> None:
    constant = numpy.arange(3)
    run = compile(lambda x, y: (y, constant, x, x), (NAMED, spec("int64")), **device_backend)
    y, three, *pair = run(X, numpy.int64(4))
    assert y == 4 and y.dtype == numpy.int64
    numpy.testing.assert_array_equal(three, constant)
    for x in pair:
        numpy.testing.assert_array_equal(x, X)


def test_a_program_of_nothing_but_an_input(device_backend: dict[str, Any]) -> None:
    run = compile(lambda x: x, NAMED, **device_backend)
    assert run.segments == [] and "0 segment(s)" in run.explain()
    numpy.testing.assert_array_equal(run(X), X)


def test_one_result_given_twice(device_backend: dict[str, Any]) -> None:
    def function(x: Any) -> Any:
        y = np.tanh(x)
        return {"a": y, "b": [y]}

    found = compile(function, NAMED, **device_backend)(X)
    numpy.testing.assert_allclose(found["a"], numpy.tanh(X), rtol=1e-6)
    numpy.testing.assert_array_equal(found["a"], found["b"][0])


def test_0d_arguments(device_backend: dict[str, Any]) -> None:
    run = compile(lambda x, y: x * y + 1, (spec("float32"),) * 2, **device_backend)
    result = run(numpy.float32(2), numpy.array(3, numpy.float32))
    assert result == 7 and isinstance(result, numpy.ndarray) and result.shape == ()


# Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "tpu"}, "no backend 'tpu'; there are cpu, gpu, numpy"),
        ({"threads": 0}, "threads=0: give a whole number from 1, or None"),
        ({"threads": 1.5}, "threads=1.5"),
        ({"on_host": "never"}, "on_host='never': give 'allow' or 'error'"),
        ({"numerics": "exact"}, "numerics='exact': give 'numpy' or 'fast'"),
        ({"precision": "f8"}, "precision='f8': give 'f32', 'bf16', 'f16', 'int8' or 'auto'"),
        ({"backend": "cpu", "device": "cuda"}, "device 'cuda' on backend 'cpu'; leave it out"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compile(lambda x: np.tanh(x), NAMED, **options)


def test_errors_are_one_tree() -> None:
    assert issubclass(UsageError, ValueError) and issubclass(UsageError, IsthmusError)
    assert (UsageError.exit_code, BackendMissing.exit_code) == (2, 5)


def test_fast_numerics_agree_on_numbers() -> None:
    def function(x: Any) -> Any:
        return np.max(np.clip(np.exp(x), 0, 2) / (x + 3), axis=1)

    run = compile(function, NAMED, backend="cpu", numerics="fast")
    numpy.testing.assert_allclose(run(X), function(X), rtol=1e-5)


# Cost


def cost(function: Any, *specs: Any, **sizes: int) -> Any:
    return compile(function, specs, backend="numpy").cost(**sizes)


def test_cost_of_a_matrix_product() -> None:
    weight = numpy.ones((4, 5), numpy.float32)
    found = cost(lambda x: np.tanh(x @ weight), spec("float32", ["n", 4]), n=3)
    rows = {row.operator: row for row in found.operators}
    assert rows["np.matmul"].operations == 2 * 3 * 4 * 5
    assert rows["np.tanh"].operations == 15
    assert rows["np.matmul"].bytes_moved == 4 * (12 + 20 + 15)
    assert found.operations == 120 + 15
    assert [row.operator for row in found.operators] == ["np.matmul", "np.tanh"]


def test_cost_counts_what_composites_are_made_of() -> None:
    found = cost(npx.relu6, spec("float32", [10]))
    assert {row.operator: row.operations for row in found.operators} == {
        "np.maximum": 10, "np.minimum": 10,
    }  # fmt: skip


def test_cost_of_a_convolution() -> None:
    weight = numpy.ones((8, 3, 3, 3), numpy.float32)
    found = cost(
        lambda x: npx.convolution(x, weight, padding=1), spec("float32", ["n", 3, 5, 5]), n=2
    )
    assert found.operations == 2 * (2 * 8 * 5 * 5) * (3 * 3 * 3)


def test_cost_of_parameters() -> None:
    net = nn.Sequential(nn.Dense(4, 3), nn.Dense(2, 4))
    net.initialize()
    found = compile(net, NAMED_3, backend="numpy").cost(n=1)
    assert found.parameters == 4 * 3 + 4 + 2 * 4 + 2
    assert found.parameter_bytes == 4 * found.parameters
    assert "total" in str(found) and f"{found.parameters:,}" in str(found)


def test_moving_elements_costs_no_arithmetic() -> None:
    found = cost(lambda x: np.reshape(x.T, (-1,))[::2], spec("float32", [4, 6]))
    assert found.operations == 0 and found.bytes_moved > 0


def test_cost_needs_the_sizes() -> None:
    with pytest.raises(UsageError, match=r"cost needs a number for n, m: cost\(n=1, ...\)"):
        cost(np.tanh, NAMED)


# The module


def test_the_public_names_are_there() -> None:
    for name in im.__all__:
        assert getattr(im, name) is not None
    with pytest.raises(AttributeError, match="isthmus has no 'nothing'"):
        im.nothing  # noqa: B018


def test_explain_names_operations() -> None:
    run = compile(lambda x: np.tanh(x) + np.tanh(x + 1), NAMED, backend="numpy")
    assert isinstance(run, Executable)
    assert "0: numpy: 4 nodes, 4 operations" in run.explain()
