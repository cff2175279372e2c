"""Branches and loops: traced programs do what Python does with NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from control_arrays import COUNT, NAMED, ROW, ROWS, TABLE, WEIGHT
from control_programs import PROGRAMS, Program
from loop_programs import newton
from scan_programs import gru, running_sum

import isthmus as im
from isthmus import np, npx, spec
from isthmus.errors import IndexOutside, UsageError
from isthmus.graph import tree
from isthmus.program.compiling import compile
from isthmus.program.executable import Executable

BACKENDS: dict[str, dict[str, Any]] = {
    "numpy": {"backend": "numpy"},
    "cpu": {"backend": "cpu"},
    "gpu": {"backend": "gpu", "device": "cpu"},
}
ZERO = numpy.zeros(3, numpy.float32)
ONE = numpy.asarray(1, numpy.int32)


def check_equal(found: Any, wanted: Any) -> None:
    left, right = list(tree.leaves(found)), list(tree.leaves(wanted))
    assert [path for path, _ in left] == [path for path, _ in right]
    for (path, a), (_, b) in zip(left, right, strict=True):
        b = numpy.asarray(b)
        assert (a.dtype, a.shape) == (b.dtype, b.shape), path
        numpy.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5, err_msg=str(path))


def check_program(program: Program, run: Executable) -> None:
    for arguments in program.calls:
        given = [numpy.array(array) for array in arguments]
        wanted = program.function(*given)
        numpy.testing.assert_equal(given, list(arguments))  # nobody has written to them
        check_equal(run(*given), wanted)
        numpy.testing.assert_equal(given, list(arguments))


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_traced_is_eager(name: str, backend: str) -> None:
    """And the runtimes run the whole of what they have operations for."""
    program = PROGRAMS[name]
    whole = program.native and backend != "numpy"
    options = {**BACKENDS[backend], "on_host": "error" if whole else "allow"}
    check_program(program, compile(program.function, program.specs, **options))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_saved_program_is_the_same(name: str, tmp_path: Path) -> None:
    program = PROGRAMS[name]
    compile(program.function, program.specs, backend="numpy").save(tmp_path / "program")
    check_program(program, im.load(tmp_path / "program", backend="numpy"))


# OpenVINO plans the memory of a loop's body as if it ran once


def softmax_of_taken(rows: Any, x: Any) -> Any:
    return npx.foreach(lambda row, s: (None, s + npx.softmax(x)), rows, x)


def late_reads(rows: Any, x: Any) -> Any:
    def step(row: Any, states: Any) -> Any:
        s, t = states
        mixed = npx.softmax(np.tanh(npx.softmax(row) @ WEIGHT) * x)
        return (s, row), (t + mixed * x, s * row + npx.softmax(x))

    return npx.foreach(step, rows, (x, x * 2))


def numbers_alone(rows: Any, x: Any) -> Any:
    def step(r: Any, states: Any) -> Any:
        s, t = states
        return (s, r), (t, np.tanh(np.tanh(s * 0.5) * x[0] + r) * x[1])

    return npx.foreach(step, rows[:, 0], (x[0], x[1]))


@pytest.mark.parametrize("size", [4, "n"])
@pytest.mark.parametrize("function", [softmax_of_taken, late_reads, numbers_alone])
def test_a_step_does_not_see_what_another_has_left(
    function: Callable[..., Any], size: Any, device_backend: dict[str, Any]
) -> None:
    specs = (spec("float32", [size, 3]), ROW)
    run = compile(function, specs, **device_backend, on_host="error")
    calls = [arguments for arguments in ROWS if size == "n" or len(arguments[0]) == size]
    check_program(Program(function, specs, calls), run)


# What is empty, what is outside


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_slices_are_no_steps(backend: str) -> None:
    run = compile(running_sum, (NAMED, ROW), **BACKENDS[backend])
    for rows in (numpy.zeros((0, 3), numpy.float32), ROWS[0][0]):
        check_equal(run(rows, ZERO), running_sum(rows, ZERO))
    static = compile(running_sum, (spec("float32", [0, 3]), ROW), **BACKENDS[backend])
    check_equal(static(rows[:0], ZERO), running_sum(rows[:0], ZERO))


def test_lookups_of_slices_are_checked(device_backend: dict[str, Any]) -> None:
    def function(ids: Any, x: Any) -> Any:
        return npx.foreach(lambda k, s: (None, s + np.take(TABLE, k, axis=0)), ids, x)[1]

    run = compile(function, (spec("int32", ["n"]), ROW), **device_backend, on_host="error")
    with pytest.raises(IndexOutside, match="index 7 is out of bounds for size 7"):
        run(numpy.array([0, 7], numpy.int32), ZERO)


def test_lookups_at_changing_indices_are_the_hosts(device_backend: dict[str, Any]) -> None:
    def function(n: Any, x: Any) -> Any:
        def step(k: Any, s: Any) -> Any:
            return None, (k + 3, s + np.take(TABLE, k, axis=0))

        return npx.while_loop(lambda k, s: k < n, step, (np.zeros((), "int32"), x))[1]

    run = compile(function, (COUNT, ROW), **device_backend)
    assert "indices of a step are not checked" in run.explain()
    check_equal(run(numpy.asarray(6, "int32"), ZERO), function(6, ZERO))
    with pytest.raises(IndexError):
        run(numpy.asarray(10, "int32"), ZERO)


def test_lookups_along_an_axis_at_indices_from_outside_are_the_hosts(
    device_backend: dict[str, Any],
) -> None:
    """A runtime does not check them, and each of its steps would look up at the same ones."""

    def function(x: Any, k: Any) -> Any:
        def step(row: Any, s: Any) -> Any:
            return np.take_along_axis(row, k, axis=0), s

        return npx.foreach(step, x, ZERO)[0]

    x, inside = numpy.arange(12, dtype="float32").reshape(3, 4), numpy.array([0, 3], "int32")
    run = compile(function, (spec("float32", [3, 4]), spec("int32", [2])), **device_backend)
    assert "indices of a step are not checked" in run.explain()
    check_equal(run(x, inside), x[:, inside])
    with pytest.raises(IndexOutside, match="index 4 is out of bounds for size 4"):
        run(x, inside + 1)


# What is computed where


def whole_loop(n: Any, x: Any) -> Any:
    def step(k: Any, y: Any) -> Any:
        return None, (k + 1, y + np.tanh(x) @ WEIGHT)

    return npx.while_loop(lambda k, y: k < n, step, (np.zeros((), "int32"), x))


def test_what_does_not_change_is_computed_once_outside() -> None:
    nodes = im.trace(whole_loop, (COUNT, ROW)).graph.nodes()
    (loop,) = (node for node in nodes if node.bodies)
    assert {node.op.name for node in nodes} == {"np.tanh", "np.matmul", "npx.while_loop"}
    _, body = loop.bodies
    assert {node.op.name for node in body.nodes()} == {"np.add"}


def test_what_may_raise_is_not_computed_before_a_loop_that_may_have_no_steps() -> None:
    def function(n: Any, k: Any, x: Any) -> Any:
        def step(m: Any, y: Any) -> Any:
            return None, (m + 1, y + np.take(x, k, axis=0))

        return npx.while_loop(lambda m, y: m < n, step, (ONE, x[0]))[1][1]

    run = compile(function, (COUNT, COUNT, ROW), backend="numpy")
    assert run(numpy.asarray(1, "int32"), numpy.asarray(5, "int32"), ZERO) == 0
    with pytest.raises(IndexError):
        run(numpy.asarray(2, "int32"), numpy.asarray(5, "int32"), ZERO)


def test_a_branch_that_is_not_taken_is_not_computed() -> None:
    def function(k: Any, x: Any) -> Any:
        return npx.cond(k < 3, lambda: np.take(x, k, axis=0), lambda: x[0])

    run = compile(function, (COUNT, ROW), backend="numpy")
    assert run(numpy.asarray(7, "int32"), ZERO) == 0


def test_constants_stay_constants_each_once() -> None:
    rows, state = spec("float32", ["n", "b", 3]), spec("float32", ["b", 3])
    graph = im.trace(gru, (rows, state)).graph
    assert [c.array.tolist() for c in graph.constants()].count(WEIGHT.tolist()) == 1
    (loop,) = (node for node in graph.nodes() if node.bodies)
    assert len(loop.operands) == 2


def test_a_host_loop_drives_compiled_bodies(device_backend: dict[str, Any]) -> None:
    program = PROGRAMS["partly_on_the_host"]
    said = compile(program.function, program.specs, **device_backend).explain()
    assert f"{device_backend['backend']}: 2 x MatMul" in said
    assert "host: np.astype(float32[3])" in said
    with pytest.raises(UsageError, match=r"leaves npx\.while_loop: .*float64"):
        compile(program.function, program.specs, **device_backend, on_host="error")


def test_cost_counts_steps_and_the_dearer_branch() -> None:
    def function(p: Any, rows: Any, x: Any) -> Any:
        _, y = npx.foreach(lambda r, s: (None, s @ WEIGHT + r), rows, x)
        y = npx.cond(p, lambda: y @ WEIGHT @ WEIGHT, lambda: y + 1)
        outputs, y = npx.while_loop(lambda y: np.sum(y) < 9, lambda y: (y, y * 2), y)
        return outputs, npx.while_loop(lambda y: np.sum(y) < 9, lambda y: (None, y - 1), y)[1]

    run = compile(function, (spec("bool"), NAMED, ROW), backend="numpy")
    (steps,) = (node.discovered for node in run.graph.nodes() if node.discovered is not None)
    cost = run.cost(n=5, **{str(steps): 4})
    uses = {row.operator: (row.uses, row.operations) for row in cost.operators}
    assert uses == {
        "np.matmul": (5 + 2, 7 * 2 * 9),
        "np.add": (5, 5 * 3),
        "np.multiply": (4, 4 * 3),
        "np.subtract": (1, 3),
        "np.sum": (4 + 1, 5 * 3),
        "np.less": (4 + 1, 5),
    }


def test_parameters_of_a_block_in_a_loop_keep_their_names(device_backend: dict[str, Any]) -> None:
    class Recurrent(im.nn.Block):
        def __init__(self) -> None:
            super().__init__()
            self.mix = im.nn.Dense(3, 6)

        def forward(self, rows: Any, state: Any) -> Any:
            def step(row: Any, s: Any) -> Any:
                s = np.tanh(self.mix(np.concat([row, s], axis=-1)))
                return s, s

            return npx.foreach(step, rows, state)

    net = Recurrent()
    net.initialize(0)
    specs = (spec("float32", ["n", 2, 3]), spec("float32", [2, 3]))
    run = compile(net, specs, **device_backend, on_host="error")
    assert run.cost(n=4).parameters == 6 * 3 + 3
    rows, state = numpy.ones((4, 2, 3), "float32"), numpy.zeros((2, 3), "float32")
    check_equal(run(rows, state), net.forward(rows, state))


def test_jit_of_a_loop() -> None:
    root = im.jit(newton, backend="cpu")
    for x in (numpy.array([1.0, 4, 9], "float32"), numpy.ones(5, "float32")):
        numpy.testing.assert_allclose(root(ONE, x), numpy.sqrt(x + 1), rtol=1e-3)


# Files

EXPORTED = [
    "newton",
    "gru",
    "scan_of_loops_of_branches",
    "unchanged",
    "big_weight",
    "count_stacked",
]


@pytest.mark.parametrize("name", EXPORTED)
def test_a_bare_onnx_runtime_runs_the_file(name: str, tmp_path: Path) -> None:
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    program, path = PROGRAMS[name], tmp_path / "program.onnx"
    im.export(program.function, program.specs, path)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = [value.name for value in session.get_inputs()]
    check_file(program, lambda given: session.run(None, dict(zip(inputs, given, strict=True))))


@pytest.mark.parametrize("name", EXPORTED)
def test_a_bare_openvino_runs_the_file(name: str, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    program, path = PROGRAMS[name], tmp_path / "program.xml"
    im.export(program.function, program.specs, path)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(path, "CPU", settings)
    check_file(program, lambda given: list(compiled(list(given)).values()))


def check_file(program: Program, run: Callable[[Any], list[Any]]) -> None:
    for arguments in program.calls:
        found = [numpy.array(array) for array in run(arguments)]
        check_equal(found, [leaf for _, leaf in tree.leaves(program.function(*arguments))])


def test_a_file_cannot_hold_what_the_host_does_in_a_loop(tmp_path: Path) -> None:
    program = PROGRAMS["partly_on_the_host"]
    with pytest.raises(UsageError, match=r"cannot hold npx\.while_loop, .*float64"):
        im.export(program.function, program.specs, tmp_path / "program.onnx")
