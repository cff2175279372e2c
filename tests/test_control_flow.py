"""Branches and loops: traced programs do what Python does with NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from control_programs import PROGRAMS, ROWS, TABLE, WEIGHT, Program, gru, newton, running_sum

import isthmus as im
from isthmus import np, npx, spec, tree
from isthmus.errors import IndexOutside, TraceError, UsageError
from isthmus.program import Executable, compile

BACKENDS: dict[str, dict[str, Any]] = {
    "numpy": {"backend": "numpy"},
    "cpu": {"backend": "cpu"},
    "gpu": {"backend": "gpu", "device": "cpu"},
}
ROW, NUMBER, COUNT = spec("float32", [3]), spec("float32"), spec("int32")
NAMED = spec("float32", ["n", 3])
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
    program = PROGRAMS[name]
    check_program(program, compile(program.function, program.specs, **BACKENDS[backend]))


@pytest.mark.parametrize("name", [name for name, program in PROGRAMS.items() if program.native])
def test_runtimes_run_the_whole(name: str, device_backend: dict[str, Any]) -> None:
    program = PROGRAMS[name]
    compile(program.function, program.specs, **device_backend, on_host="error")


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


def test_constants_stay_constants_and_are_not_copied() -> None:
    rows, state = spec("float32", ["n", "b", 3]), spec("float32", ["b", 3])
    graph = im.trace(gru, (rows, state)).graph
    assert any(constant.array is WEIGHT for constant in graph.constants())
    (loop,) = (node for node in graph.nodes() if node.bodies)
    assert len(loop.operands) == 2


def test_a_host_loop_drives_compiled_bodies(device_backend: dict[str, Any]) -> None:
    program = PROGRAMS["partly_on_the_host"]
    said = compile(program.function, program.specs, **device_backend).explain()
    product = "FullyConnected f32" if device_backend["backend"] == "cpu" else "MatMul"
    assert f"{device_backend['backend']}: {product}" in said.replace("2 x ", "")
    assert "host: np.astype(float32[3])" in said
    with pytest.raises(UsageError, match=r"leaves npx\.while_loop: np\.\w+ in it: .*float64"):
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
            self.mix = im.nn.Dense(6, 3)

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
    with pytest.raises(UsageError, match=r"cannot hold npx\.while_loop, .* in it: .*float64"):
        im.export(program.function, program.specs, tmp_path / "program.onnx")


# Gradients


def scanned(rows: Any, x: Any, w: Any) -> Any:
    def step(row: Any, states: Any) -> Any:
        k, s = states
        s = npx.cond(np.sum(s) > 0, lambda: np.tanh(s @ w + row), lambda: s - row * row)
        _, t = npx.foreach(lambda e, a: (None, a * np.sin(e) + x[0]), s, np.sum(row))
        return (t, s), (k + 1, s + t * x)

    (t, s), (_, last) = npx.foreach(step, rows, (ONE, x))
    return np.sum(t * t) + np.sum(s) + np.sum(last * x)


def exchanged(rows: Any, x: Any, w: Any) -> Any:
    def step(row: Any, states: Any) -> Any:
        a, b = states
        return (a, row, a), (b, (a * x) @ w + row)

    outputs, (a, b) = npx.foreach(step, rows, (x, x))
    return np.sum(outputs[0] * outputs[1]) + np.sum(outputs[2]) + np.sum(a * b)


def branched(rows: Any, x: Any, w: Any) -> Any:
    both = npx.cond(np.sum(x) > 0, lambda: (x @ w, x, rows), lambda: (x, x * x, rows * 2))
    return np.sum(both[0] * both[1]) + np.sum(both[2] * both[2])


def differences(function: Callable[..., Any], given: list[Any], position: int) -> Any:
    result = numpy.zeros_like(given[position])
    for index in numpy.ndindex(result.shape):
        sides = []
        for change in (1e-6, -1e-6):
            moved = [array.copy() for array in given]
            moved[position][index] += change
            sides.append(function(*moved))
        result[index] = (sides[0] - sides[1]) / 2e-6
    return result


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("function", [scanned, exchanged, branched])
def test_gradient_equals_differences(function: Callable[..., Any], sign: int) -> None:
    random = numpy.random.default_rng(1)
    given = [random.random((4, 3)), sign * random.random(3), random.standard_normal((3, 3))]
    found = im.grad(function, wrt=(0, 1, 2))(*given)
    for position, gradient in enumerate(found):
        wanted = differences(function, given, position)
        numpy.testing.assert_allclose(gradient, wanted, rtol=1e-5, atol=1e-6)


def test_a_gradient_through_a_scan_runs_on_the_runtimes(device_backend: dict[str, Any]) -> None:
    def function(rows: Any, x: Any, w: Any) -> Any:
        return im.grad(scanned, wrt=(0, 1, 2))(rows, x, w)

    specs = (NAMED, ROW, spec("float32", [3, 3]))
    run = compile(function, specs, **device_backend, on_host="error")
    for rows, x in ROWS:
        found, wanted = run(rows, x, WEIGHT), function(rows, x, WEIGHT)
        for a, b in zip(found, wanted, strict=True):
            numpy.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


def test_a_while_loop_has_no_gradient() -> None:
    def function(x: Any) -> Any:
        return np.sum(npx.while_loop(lambda y: np.sum(y) < 9, lambda y: (None, y * 2), x)[1])

    with pytest.raises(
        UsageError, match=r"does not keep the states of its steps; use npx\.foreach"
    ):
        im.grad(function)(numpy.ones(3))


# Python's own meaning, while nothing is traced


def test_nothing_traced_is_pythons_own() -> None:
    seen = []

    def step(k: Any, y: Any) -> Any:
        seen.append(int(k))
        return None, (k + 1, y * 2 if k else y)

    outputs, (k, y) = npx.while_loop(lambda k, y: k < 3, step, (0, numpy.ones(2)))
    assert (outputs, seen, k) == (None, [0, 1, 2], 3)
    numpy.testing.assert_array_equal(y, [4, 4])
    assert npx.cond(numpy.asarray(1), lambda: "then", lambda: 1 / 0) == "then"


def test_steps_have_arrays_of_their_own() -> None:
    x = numpy.zeros(2)

    def step(row: Any, s: Any) -> Any:
        row[0] = s[0] = s[0] + 1
        return s, s

    rows = numpy.ones((3, 2))
    outputs, last = npx.foreach(step, rows, x)
    numpy.testing.assert_array_equal(outputs, [[1, 0], [2, 0], [3, 0]])
    numpy.testing.assert_array_equal(last, [3, 0])
    assert not x.any() and rows.all()


def test_loops_on_arrays_of_a_device() -> None:
    xp = im.namespace("cpu")
    x = xp.asarray(numpy.arange(3, dtype=numpy.float32))
    outputs, last = npx.while_loop(lambda y: xp.sum(y) < 9, lambda y: (y, y * 2), x)
    assert last.device == x.device == outputs.device
    numpy.testing.assert_array_equal(numpy.asarray(outputs), [[0, 1, 2], [0, 2, 4]])
    none, same = npx.while_loop(lambda y: xp.sum(y) < 0, lambda y: (y, y * 2), x)
    assert (none.shape, none.device, same.shape) == ((0, 3), x.device, (3,))
    assert npx.cond(xp.sum(x) > 1, lambda: "then", lambda: "else") == "then"


def test_a_loop_over_constants_is_traced_if_its_body_uses_traced_arrays() -> None:
    def function(x: Any) -> Any:
        _, (_, y) = npx.while_loop(
            lambda k, y: k < 3, lambda k, y: (None, (k + 1, y + x)), (0, ZERO)
        )
        return npx.foreach(lambda r, s: (None, s + r * x), TABLE, y)[1]

    graph = im.trace(function, ROW).graph
    assert [node.op.name for node in graph.nodes()] == ["npx.while_loop", "npx.foreach"]
    check_equal(compile(function, ROW, backend="numpy")(ZERO + 1), function(ZERO + 1))


# Wrong use


def loop(cond: Callable[..., Any], func: Callable[..., Any], start: Any, **options: Any) -> Any:
    return lambda x: npx.while_loop(cond, func, start(x), **options)


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "branches of other types": (
        lambda x: npx.cond(x[0] > 0, lambda: {"a": x}, lambda: {"a": x[:2]}),
        r"the result of then_func 'a' is float32\[3\], but that of else_func 'a' is float32\[2\]",
    ),
    "branches of other structure": (
        lambda x: npx.cond(x[0] > 0, lambda: (x, x), lambda: x),
        r"then_func \(0, 1\) and that of else_func \(one array\) are nested differently",
    ),
    "a predicate of several": (lambda x: npx.cond(x > 0, lambda: x, lambda: x), r"shape \(3,\)"),
    "a variable of another dtype": (
        loop(lambda k, y: k < 3, lambda k, y: (None, (k + 1, y * k)), lambda x: (0, x)),
        r"the state '1' is float32\[3\], but what func makes of it '1' is float64\[3\]",
    ),
    "a variable of another shape": (
        loop(lambda y: y[0] < 3, lambda y: (None, np.concat([y, y])), lambda x: x),
        r"the state is float32\[3\], but what func makes of it is float32\[6\]",
    ),
    "variables of another number": (
        loop(lambda a, b: a[0] < 3, lambda a, b: (None, (a,)), lambda x: (x, x)),
        r"the state \(0, 1\) and what func makes of it \(0\) are nested differently",
    ),
    "no pair": (loop(lambda y: y[0] < 3, lambda y: y, lambda x: x), "func returned .* a pair"),
    "a condition of several": (
        loop(lambda y: y < 3, lambda y: (None, y), lambda x: x),
        r"the condition is bool\[3\]; give one truth value",
    ),
    "a negative limit": (
        loop(lambda y: True, lambda y: (None, y), lambda x: x, max_iterations=-1),
        "max_iterations=-1: give a whole number from 0",
    ),
    "no first axis": (lambda x: npx.foreach(lambda r, s: (r, s), x[0], x), "has no first axis"),
    "other first axes": (
        lambda x: npx.foreach(lambda r, s: (None, s), (x, x[:2]), x),
        "first axes of 3 and 2 elements",
    ),
    "a size of every step": (
        lambda x: npx.foreach(lambda r, s: (np.flatnonzero(s > r), s), x, x),
        "the size .* of output '' is found at every step anew",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use(name: str) -> None:
    function, message = WRONG[name]
    with pytest.raises(UsageError, match=message):
        im.trace(function, ROW)


EAGER = ["a variable of another shape", "no pair", "variables of another number", "no first axis"]


@pytest.mark.parametrize("name", EAGER)
def test_wrong_use_of_numbers(name: str) -> None:
    function, message = WRONG[name]
    with pytest.raises(UsageError, match=message):
        function(ZERO)


ASSIGNED: dict[str, Callable[[Any, Any], Any]] = {
    "in a branch": lambda x, y: npx.cond(y[0] > 0, lambda: _set(x), lambda: x),
    "to an input of a branch": lambda x, y: npx.cond(y[0] > 0, _set, lambda x: x, (x,)),
    "in a loop": lambda x, y: npx.while_loop(lambda y: y[0] < 9, lambda y: (None, _set(x)), y),
    "in a scan": lambda x, y: npx.foreach(lambda r, s: (_set(x), s), y, y),
    "to a view": lambda x, y: npx.foreach(lambda r, s: (_set(x[1:]), s), y, y),
    "in place": lambda x, y: npx.foreach(lambda r, s: (x.__iadd__(1), s), y, y),
}


def _set(x: Any) -> Any:
    x[0] = 1
    return x


@pytest.mark.parametrize("name", ASSIGNED)
def test_arrays_from_outside_are_not_assigned_to(name: str) -> None:
    with pytest.raises(TraceError, match="assignment to an array from outside the body"):
        im.trace(ASSIGNED[name], (ROW, ROW))


def test_what_a_loop_without_steps_stacks_needs_a_trace() -> None:
    def step(y: Any) -> Any:
        return (y if y[0] > 0 else -y), y

    with pytest.raises(TraceError, match="func did no step, and its outputs' types cannot be"):
        npx.while_loop(lambda y: False, step, ZERO)
