"""Names of inputs and results in files: the runtimes that read them find what was promised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import openvino
import pytest

import isthmus as im
from isthmus import nn, np
from isthmus.errors import UsageError
from isthmus.program.export import export

onnxruntime = pytest.importorskip("onnxruntime")

F32 = numpy.float32
X = im.spec("float32", ["n"])
A, B = numpy.array([1, 4], F32), numpy.array([2, 3], F32)
CONSTANT = numpy.array([7], F32)
SUFFIXES = [".onnx", ".xml"]


def run_bare(path: Path, given: dict[str, Any]) -> dict[str, Any]:
    """The file run by its own runtime, every result asked for by its name."""
    if path.suffix == ".onnx":
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [value.name for value in session.get_outputs()]
        return {name: session.run([name], given)[0] for name in names}
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(path, "CPU", settings)
    found = compiled(given)
    assert {name for port in compiled.inputs for name in port.names} == set(given)
    named: list[str] = [name for port in compiled.outputs for name in port.names]
    return {name: numpy.array(found[name]) for name in named}


def assert_kept(
    function: Callable[..., Any], specs: Any, given: dict[str, Any], wanted: Any, path: Path
) -> None:
    export(function, specs, path)
    found = run_bare(path, given)
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        numpy.testing.assert_allclose(found[name], array, rtol=1e-6, err_msg=name)


RESULTS: dict[str, tuple[Callable[[Any, Any], Any], dict[str, Any]]] = {
    "an input": (lambda a, b: {"y": a, "z": b}, {"y": A, "z": B}),
    "an input thrice": (lambda a, b: {"y": a, "z": a, "u": a}, {"y": A, "z": A, "u": A}),
    "an input of its name": (lambda a, b: {"a": a, "z": a + b}, {"a": A, "z": A + B}),
    "that and others": (lambda a, b: {"y": a, "a": a, "b": b}, {"y": A, "a": A, "b": B}),
    "one value twice": (lambda a, b: {"y": (s := a + b), "z": s}, {"y": A + B, "z": A + B}),
    "equal values": (
        lambda a, b: {"y": np.tanh(a), "z": np.tanh(a)},
        {"y": numpy.tanh(A), "z": numpy.tanh(A)},
    ),
    "nothing done": (
        lambda a, b: {"y": a + 0, "z": a * 1, "u": np.positive(a), "v": np.reshape(b, (-1,))},
        {"y": A, "z": A, "u": A, "v": B},
    ),
    "a constant": (lambda a, b: {"c": CONSTANT, "y": a}, {"c": CONSTANT, "y": A}),
    "a constant twice": (lambda a, b: dict.fromkeys("cd", CONSTANT), dict.fromkeys("cd", CONSTANT)),
    "a list": (lambda a, b: [a, b], {"output.0": A, "output.1": B}),
    "one": (lambda a, b: a + b, {"output": A + B}),
    "nested": (lambda a, b: {"x": {"y": a}, "z": [b]}, {"x.y": A, "z.0": B}),
    "as the tracer names": (
        lambda a, b: {"literal.0": a + 1, "constant.0": b * CONSTANT, "isthmus": a + b},
        {"literal.0": A + 1, "constant.0": B * 7, "isthmus": A + B},
    ),
}  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", RESULTS)
def test_results_have_their_names(name: str, suffix: str, tmp_path: Path) -> None:
    function, wanted = RESULTS[name]
    assert_kept(function, {"a": X, "b": X}, {"a": A, "b": B}, wanted, tmp_path / f"m{suffix}")


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "bool"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_copies_of_any_type(suffix: str, dtype: str, tmp_path: Path) -> None:
    a, b = numpy.array([1, 0, 1], dtype), numpy.array(1, dtype)
    assert_kept(
        lambda a, b: {"y": a, "z": a, "u": b},
        {"a": im.spec(dtype, ["n"]), "b": im.spec(dtype)},
        {"a": a, "b": b},
        {"y": a, "z": a, "u": b},
        tmp_path / f"m{suffix}",
    )


TEXTS = ["x y", " x ", "a/b", "a\\b", "a,b", "a\\,b", ",", "é", "日本", "1", "1a", "a:0", '"x"',
         "<x>&amp;", "x" * 5000, "a.b", "$%{}", "a#2", ";|*?", "\ufeff", "😀", "\xa0"]  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_text_is_a_name(suffix: str, tmp_path: Path) -> None:
    def program(x: Any) -> Any:
        return {text: x[text] + i for i, text in enumerate(TEXTS)}

    given = {f"x.{text}": A * i for i, text in enumerate(TEXTS)}
    wanted = {text: A * i + i for i, text in enumerate(TEXTS)}
    assert_kept(program, {"x": dict.fromkeys(TEXTS, X)}, given, wanted, tmp_path / f"m{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda a, b: {"a": b, "b": a},
            "a result and an input are both named 'a', which in a file",
        ),
        (lambda a, b: {"b": a + b}, "a result and an input are both named 'b'"),
        (lambda a, b: {"x": {"y": a}, "x.y": b}, r"two results are named 'x\.y', keys joined by"),
        (lambda a, b: {1: a, "1": b}, "two results are named '1'"),
        (lambda a, b: {"": a}, "result '': a file cannot hold this name; give another"),
        (lambda a, b: {"a\nb": a}, r"result 'a\\nb': a file cannot hold this name"),
        (lambda a, b: {"\x00": a}, r"result '\\x00': a file cannot hold this name"),
        (lambda a, b: {"\ud800": a}, r"the name '\\ud800' is no text of Unicode"),
    ],
)
def test_names_that_clash_or_cannot_be_held(
    function: Any, message: str, suffix: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        export(function, {"a": X, "b": X}, tmp_path / f"m{suffix}")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_two_inputs_of_one_name_are_refused() -> None:
    specs = {"x": {"a.b": X, "a": {"b": X}}}
    with pytest.raises(UsageError, match=r"two inputs are named 'x\.a\.b', keys joined by dots"):
        im.trace(lambda x: x["a.b"] - x["a"]["b"], specs)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_size_that_no_input_shows_is_refused(suffix: str, tmp_path: Path) -> None:
    size = im.spec("float32", ["n"]).shape[0]
    with pytest.raises(UsageError, match="the size 'm' is no axis of an input"):
        export(
            lambda x: np.broadcast_to(np.sum(x), (size,)),
            im.spec("float32", ["m*n"]),
            tmp_path / f"m{suffix}",
        )
    assert not list(tmp_path.iterdir())


# Programs, which go by position


def test_a_program_keeps_what_a_file_cannot(device_backend: dict[str, Any], tmp_path: Path) -> None:
    def program(a: Any, b: Any) -> Any:
        return {"a": b, "b": a, "x": {"y": a + b}, "x.y": a - b}

    run = im.compile(program, {"a": X, "b": X}, **device_backend)
    run.save(tmp_path / "program.im")
    for each in (run, im.load(tmp_path / "program.im", **device_backend)):
        found = each(a=A, b=B)
        numpy.testing.assert_array_equal([found["a"], found["b"]], [B, A])
        numpy.testing.assert_array_equal([found["x"]["y"], found["x.y"]], [A + B, A - B])


def test_types_of_results_of_one_name() -> None:
    found = im.eval_shape(lambda x: {"a.b": x[0], "a": {"b": x}}, X)
    assert (found["a.b"].shape, found["a"]["b"].ndim) == ((), 1)


def test_results_on_a_device_that_are_named_as_inputs() -> None:
    xp = im.namespace("gpu", device="cpu")
    run = im.compile(lambda a, b: {"a": b, "b": a}, {"a": X, "b": X}, backend="gpu", device="cpu")
    found = run(a=xp.asarray(A), b=xp.asarray(B))
    numpy.testing.assert_array_equal([found["a"], found["b"]], [B, A])


def test_a_parameter_named_as_constants_are(tmp_path: Path) -> None:
    class Shifted(nn.Block):
        def __init__(self) -> None:
            self.constant = nn.Sequential()
            setattr(self.constant, "0", nn.Parameter((2,), nn.ones))
            self.__metadata__ = nn.Parameter((2,), nn.zeros)

        def forward(self, x: Any) -> Any:
            first = getattr(self.constant, "0").data()
            return x * numpy.array([5, 6], F32) + first + self.__metadata__.data()

    net = Shifted()
    net.initialize()
    im.compile(net, im.spec("float32", [2])).save(tmp_path / "program.im")
    found = im.load(tmp_path / "program.im", backend="numpy")(A)
    numpy.testing.assert_array_equal(found, A * [5, 6] + 1)
