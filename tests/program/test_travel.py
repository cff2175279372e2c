"""Blocks, operators, specs and programs as copies, pickles, and in processes of their own."""

from __future__ import annotations

import copy
import copyreg
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import grad, jit, nn, np, npx, primitive, spec, value_and_grad
from isthmus.errors import UsageError
from isthmus.program.compiling import compile, load
from isthmus.trace.op import OPERATORS
from isthmus.trace.tracing import Traced, trace

F = numpy.float32
X = numpy.linspace(-1, 1, 12, dtype=F).reshape(4, 3)


def through_pickle(protocol: int, made: Any) -> Any:
    return pickle.loads(pickle.dumps(made, protocol))


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {number}": partial(through_pickle, number) for number in (2, 4, 5)},
}
copies = pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)


class Gate(nn.Block):
    """Blocks in containers, one of them twice, a shared parameter, and an initializer."""

    def __init__(self) -> None:
        self.layers = [nn.Dense(3, 3), nn.Activation("tanh")]
        self.named = {"out": (nn.Dense(2, 3),)}
        self.again = self.layers[0]
        self.scale = nn.Parameter((3,), nn.normal(2.0))
        self.tied = nn.LayerNorm(3)
        self.tied.bias = self.scale

    def forward(self, x: Any) -> Any:
        for layer in (*self.layers, self.again, self.tied):
            x = layer(x)
        return self.named["out"][0](x * self.scale.data())


def gate() -> Gate:
    net = Gate()
    net.initialize(seed=3)
    return net


# Operators, sizes and types


@copies
def test_operators_are_themselves(copied: Any) -> None:
    for op in OPERATORS.values():
        if not op.foreign:
            assert copied(op) is op


def test_an_operator_of_a_function_says_where_it_belongs() -> None:
    @primitive(infer=lambda x: x)
    def inner(x: Any, /) -> Any:
        return x

    assert copy.copy(inner) is copy.deepcopy(inner) is inner
    with pytest.raises(UsageError, match=r"cannot be sent .*define the operator at the top of a"):
        pickle.dumps(inner)


def test_an_operator_that_is_not_there_says_so() -> None:
    name = pickle.dumps(np.tanh, 0)
    for wrong, message in [
        (name.replace(b"Vtanh", b"Vtahn"), "has none here; define it in a module"),
        (name.replace(b"Visthmus.np.", b"Vabsent.np."), "cannot be imported here .*PYTHONPATH"),
    ]:
        assert wrong != name
        with pytest.raises(UsageError, match=message):
            pickle.loads(wrong)


@copies
@pytest.mark.parametrize("shape", [(), ["n", 3], ["2*n + 1", "n*m"]])
def test_specs_and_sizes(copied: Any, shape: Any) -> None:
    made = spec("float32", shape)
    assert copied(made).same(made) and str(copied(made.shape)) == str(made.shape)


@copies
def test_traced_programs(copied: Any) -> None:
    net = gate()
    traced = trace(net, spec("float32", ["n", 3]))
    again = copied(traced)
    assert again.arguments == traced.arguments and again.result == traced.result
    names = {again.graph.constant_names.get(id(c.array)) for c in again.graph.constants()}
    assert {"again.weight", "scale", "named.out.0.bias"} <= names
    copied(traced.graph).verify()


# Blocks


@copies
@pytest.mark.parametrize("hybridized", [False, True])
def test_blocks(copied: Any, hybridized: bool) -> None:
    net = gate()
    if hybridized:
        net.hybridize(backend="numpy")
    wanted = net(X)
    again = copied(net)
    numpy.testing.assert_array_equal(again(X), wanted)
    assert list(again.parameters()) == list(net.parameters())
    assert again.again is again.layers[0] and again.tied.bias is again.scale


@copies
def test_a_copy_runs_its_own_parameters(copied: Any) -> None:
    net = gate()
    net.hybridize(backend="numpy")
    wanted = net(X)
    again = copied(net)
    again.named = {"out": (nn.Identity(),)}
    assert again(X).shape == (4, 3) and len(vars(again)["_compiled"].executables) == 1
    numpy.testing.assert_array_equal(net(X), wanted)
    if copied is not copy.copy:  # which shares what the attributes are
        again.scale.set([0, 0, 0])
        assert not again(X).any()
        numpy.testing.assert_array_equal(net(X), wanted)


@copies
def test_blocks_before_their_values(copied: Any) -> None:
    net = nn.Sequential(nn.Dense(5), nn.BatchNorm())
    net.initialize(seed=1)
    again = copied(net)
    numpy.testing.assert_array_equal(again(X), net(X))


@pytest.mark.parametrize(
    ("name", "width"), [("resnet-18", 8), ("resnet-50", 8), ("mobilenet-v3-small", 0.5)]
)
def test_models(name: str, width: float) -> None:
    net = im.models.create(name, classes=3, width=width)
    image = numpy.ones((1, 3, 32, 32), F)
    for copied in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        numpy.testing.assert_array_equal(copied(image), net(image))
        assert str(copied.specs()) == str(net.specs())


def test_values_are_pickled_once() -> None:
    net = nn.Sequential(nn.Dense(256, 256))
    net.initialize()
    run = compile(net, spec("float32", ["n", 256]), backend="numpy")
    size = 4 * 256 * 256
    for made in (net, run, [run, run], [net, net]):
        assert size < len(pickle.dumps(made, 5)) < 1.1 * size
        buffers: list[pickle.PickleBuffer] = []
        assert len(pickle.dumps(made, 5, buffer_callback=buffers.append)) < 20_000
        (weight,) = [b for b in buffers if b.raw().nbytes == size]
        shared = numpy.frombuffer(weight.raw(), F)
        assert numpy.shares_memory(shared, net.parameters()["0.weight"].data())


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_values_that_arrive_are_not_copied_again(protocol: int) -> None:
    net = nn.Sequential(nn.Dense(64, 64))
    net.initialize()
    traced = trace(net, spec("float32", ["n", 64]))
    reduce: Any = copyreg.dispatch_table[Traced]
    receive, (document, arrays, operators) = reduce(traced)
    arrived = pickle.loads(pickle.dumps(arrays, protocol))
    constants = receive(document, arrived, operators).graph.constants()
    assert {id(constant.array) for constant in constants} == set(map(id, arrived.values()))


# Programs


def several(x: Any, ids: Any, scale: Any) -> Any:
    rows = np.take(np.tanh(x) * scale["by"], ids, axis=0)
    return {"rows": rows, "all": (npx.softmax(x, axis=-1), np.sort(x, axis=0))}


@copies
def test_programs_of_every_backend(copied: Any, device_backend: dict[str, Any]) -> None:
    specs = {
        "x": spec("float32", ["n", "m"]),
        "ids": spec("int32", ["k"]),
        "scale": {"by": spec("float32")},
    }
    options = {**device_backend, "threads": 1, "numerics": "fast"}
    run = compile(several, specs, constraints=["n <= 9"], **options)
    arguments = {"x": X, "ids": numpy.array([1, 0], "i4"), "scale": {"by": numpy.array(2, F)}}
    again, wanted = copied(run), run(**arguments)
    found = again(**arguments)
    for one, other in zip([found["rows"], *found["all"]], [wanted["rows"], *wanted["all"]],
                          strict=True):  # fmt: skip
        numpy.testing.assert_array_equal(one, other)
    assert again.options == run.options and again.backend.name == run.backend.name
    assert again.traced.graph.constraints == run.traced.graph.constraints
    with pytest.raises(UsageError, match="n <= 9 does not hold"):
        again(**{**arguments, "x": numpy.zeros((10, 2), F)})
    with pytest.raises(IndexError):
        again(**{**arguments, "ids": numpy.array([4], "i4")})


def test_on_host_is_kept() -> None:
    run = compile(np.tanh, spec("float32", ["n"]), on_host="error")
    assert pickle.loads(pickle.dumps(run)).on_host == "error"


def test_bound_calls_stay_where_they_are() -> None:
    run = compile(np.tanh, spec("float32", [4, 3]), backend="numpy").bind(X.copy())
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(UsageError, match="send the Executable, and bind it there"):
            way(run)


@copies
def test_jitted_methods(copied: Any) -> None:
    net = gate()
    run = jit(net.forward, backend="numpy")
    wanted = run(X)
    again = copied(run)
    numpy.testing.assert_array_equal(again(X), wanted)
    assert again.options == {"backend": "numpy"}


@copies
def test_functions_of_blocks_and_gradients(copied: Any) -> None:
    net = gate()
    numpy.testing.assert_array_equal(copied(jit(net, backend="numpy"))(X), net(X))
    for made in (grad(np.sum), value_and_grad(np.sum), jit(grad(np.sum), backend="numpy")):
        for found, wanted in zip(leaves(copied(made)(X)), leaves(made(X)), strict=True):
            numpy.testing.assert_array_equal(found, wanted)


def leaves(outcome: Any) -> Any:
    return outcome if isinstance(outcome, tuple) else (outcome,)


# Other processes

MODULE = """
import numpy
import isthmus as im
from isthmus import nn, np


@im.primitive(infer=lambda x: x)
def plus_one(x, /):
    return x + 1


@im.composite
def plus_two(x, /):
    return plus_one(plus_one(x))


@im.jit(backend="numpy")
def jitted(x):
    return plus_two(x) * 2


class Net(nn.Block):
    def __init__(self):
        self.layers = [nn.Dense(3, 3), nn.Dense(3, 3)]

    def forward(self, x):
        for layer in self.layers:
            x = plus_two(layer(x))
        return x
"""

SCRIPT = """
import multiprocessing
import sys

import numpy

import isthmus as im
from isthmus import np

import travelling


@im.primitive(infer=lambda x: x)
def of_the_script(x, /):
    return x * 3


def called(pair):
    made, x = pair
    return made(x), made


if __name__ == "__main__":
    options = eval(sys.argv[1])
    net = travelling.Net()
    net.initialize(seed=4)
    hybrid = travelling.Net()
    hybrid.initialize(seed=5)
    hybrid.hybridize(**options)
    x = numpy.ones((2, 3), numpy.float32)
    run = im.compile(net, im.spec("float32", ["n", 3]), **options)
    own = im.compile(lambda x: of_the_script(x) + 1, im.spec("float32", ["n", 3]), **options)
    makers = [net, hybrid, run, own, travelling.jitted, travelling.plus_two, of_the_script, np.tanh]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for made, (found, again) in zip(makers, pool.map(called, [(made, x) for made in makers])):
            numpy.testing.assert_array_equal(found, made(x))
            numpy.testing.assert_array_equal(again(x), found)
    print("equal", len(makers))
"""


def in_spawned_processes(folder: Path, options: dict[str, Any]) -> None:
    (folder / "travelling.py").write_text(MODULE)
    (folder / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", repr(options)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stdout == "equal 8\n", done.stderr


def test_a_spawned_process(tmp_path: Path) -> None:
    in_spawned_processes(tmp_path, {"backend": "numpy"})


def test_a_spawned_process_on_a_runtime(tmp_path: Path, device_backend: dict[str, Any]) -> None:
    in_spawned_processes(tmp_path, device_backend)


READER = """
import sys

import numpy
import isthmus as im

path = sys.argv[1]
x = numpy.ones((1, 64), numpy.float32)
found = {float(im.load(path, backend="numpy")(x)[0, 0]) for _ in range(12)}
print(*sorted(found))
"""


def test_one_file_written_and_read_by_processes_at_once(tmp_path: Path) -> None:
    """A reader finds the old program or the new one, whole."""
    path = tmp_path / "net.im"
    weights = [numpy.full((64, 64), value, F) for value in (1, 2)]
    types = spec("float32", [1, 64])
    programs = [compile(lambda x, w=w: x @ w, types, backend="numpy") for w in weights]
    programs[0].save(path)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    count = 0
    while any(reader.poll() is None for reader in readers):
        programs[(count := count + 1) % 2].save(path)
    said = [reader.communicate()[0].split() for reader in readers]
    assert all(reader.returncode == 0 for reader in readers) and count > 1
    assert all(set(each) <= {"64.0", "128.0"} and each for each in said)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.im"]
    assert load(path, backend="numpy")(numpy.ones((1, 64), F))[0, 0] in (64, 128)


def test_cloudpickle_takes_blocks_by_value() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    net = gate()
    numpy.testing.assert_array_equal(pickle.loads(cloudpickle.dumps(net))(X), net(X))
    made = pickle.loads(cloudpickle.dumps(lambda x: np.tanh(x) + npx.relu(x)))
    numpy.testing.assert_array_equal(made(X), np.tanh(X) + npx.relu(X))


NOTEBOOK = """
import cloudpickle
import isthmus as im

@im.primitive(infer=lambda x: x, version="3")
def tripled(x, /):
    return x * 3

@im.jit(backend="numpy")
def jitted(x):
    return tripled(x) + 1

class Net(im.nn.Block):
    def forward(self, x):
        return tripled(x)

with open("made.pkl", "wb") as file:
    cloudpickle.dump([tripled, jitted, Net()], file)
"""


def test_cloudpickle_takes_what_a_notebook_defines(tmp_path: Path) -> None:
    pytest.importorskip("cloudpickle")
    subprocess.run([sys.executable, "-c", NOTEBOOK], cwd=tmp_path, check=True)
    tripled, jitted, net = pickle.loads((tmp_path / "made.pkl").read_bytes())
    assert tripled.version == "3" and tripled.foreign and tripled.checked
    for found, wanted in ((tripled(X), X * 3), (jitted(X), X * 3 + 1), (net(X), X * 3)):
        numpy.testing.assert_array_equal(found, wanted)
