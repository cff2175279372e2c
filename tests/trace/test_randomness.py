"""Functions that draw random numbers are refused, those that draw once and for all are not."""

from __future__ import annotations

import functools
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy
import pytest
from numpy.random import default_rng as made_otherwise

import isthmus as im
from isthmus import nn, np, npx
from isthmus.errors import UsageError

X = im.spec("float32", [3])
ONES = numpy.ones(3, numpy.float32)
GENERATOR = numpy.random.default_rng(5)
OLD = random.Random(1)


def helper() -> float:
    return numpy.random.default_rng().random()


def closure() -> Callable[[Any], Any]:
    generator = numpy.random.default_rng(1)
    return lambda x: x + generator.random()


class Noise:
    def __init__(self) -> None:
        self.generators = {"one": [numpy.random.RandomState(1)]}

    def forward(self, x: Any) -> Any:
        return x + self.generators["one"][0].rand()

    def __call__(self, x: Any) -> Any:
        return self.forward(x)


@dataclass(slots=True)
class Slotted:
    generator: Any

    @property
    def noise(self) -> Any:
        return numpy.random.default_rng().random()

    def drawn(self, x: Any) -> Any:
        return x + self.generator.random()

    def made(self, x: Any) -> Any:
        return x + self.noise


def stream() -> Iterator[float]:
    generator = numpy.random.default_rng(2)
    while True:
        yield generator.random()


STREAM = stream()
next(STREAM)


@functools.cache
def cached() -> float:
    return numpy.random.default_rng().random()


class NoiseBlock(nn.Block):
    def __init__(self) -> None:
        self.inner = nn.Sequential(nn.Flatten())
        self.generator = numpy.random.default_rng()

    def forward(self, x: Any) -> Any:
        return self.inner(x) + self.generator.normal(size=3)


DRAWING: dict[str, tuple[Callable[..., Any], str]] = {
    "NumPy's own generator": (lambda x: x + numpy.random.rand(3), r"\(numpy\.random\)"),
    "an element": (lambda x: x + numpy.random.randn(), r"\(numpy\.random\)"),
    "Python's": (lambda x: x * random.random(), r"\(Python's random\)"),
    "a branch": (lambda x: x if random.random() < 2 else -x, r"\(Python's random\)"),
    "a global": (lambda x: x + GENERATOR.normal(size=3), r"\(its Generator 1\)"),
    "a closure": (closure(), r"\(its Generator 1\)"),
    "a default": (lambda x, g=OLD: x + g.random(), r"\(its Random 1\)"),
    "a method's object": (Noise().forward, r"\(its RandomState 1\)"),
    "an object": (Noise(), r"\(its RandomState 1\)"),
    "a block": (NoiseBlock(), r"\(its Generator 1\)"),
    "an argument of a partial": (
        functools.partial(lambda g, x: x + g.random(), numpy.random.default_rng()),
        r"\(its Generator 1\)",
    ),
    "one made inside": (
        lambda x: x + numpy.random.default_rng().random(),
        r"\(a generator that it makes\)",
    ),
    "one made inside by another name": (
        lambda x: x + made_otherwise().random(),
        r"\(a generator that it makes\)",
    ),
    "one made by another function": (lambda x: x + helper(), r"\(a generator that it makes\)"),
    "an object with slots": (Slotted(GENERATOR).drawn, r"\(its Generator 1\)"),
    "a property": (Slotted(None).made, r"\(a generator that it makes\)"),
    "a generator of Python": (lambda x: x + next(STREAM), r"\(its Generator 1\)"),
    "the system's": (lambda x: x + os.urandom(8)[0] * os.urandom(8)[1], r"that it makes\)"),
    "what a gradient is of": (
        im.grad(lambda x: np.sum(x * numpy.random.rand())),
        r"\(numpy\.random\)",
    ),
}


@pytest.mark.parametrize("name", DRAWING)
def test_drawing_at_every_call_is_refused(name: str) -> None:
    function, source = DRAWING[name]
    with pytest.raises(UsageError, match=source) as caught:
        im.trace(function, (X,))
    assert str(caught.value).endswith("with a key that is one")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("compiled", ["compile", "jit", "hybridize"])
def test_by_every_way_to_a_program(compiled: str) -> None:
    block = NoiseBlock()
    with pytest.raises(UsageError, match="the function draws random numbers"):
        if compiled == "compile":
            im.compile(block, X)
        elif compiled == "jit":
            im.jit(block.forward)(ONES)
        else:
            block.hybridize(backend="cpu")
            block(ONES)


@pytest.mark.parametrize("drawn", ["numpy.random.rand(312).sum()", "numpy.random.randn()"])
def test_the_first_use_in_a_process(drawn: str) -> None:
    script = f"""
import sys, numpy, isthmus as im
assert "numpy.random" not in sys.modules
try:
    im.trace(lambda x: x + {drawn}, im.spec("float32", [3]))
except im.IsthmusError as problem:
    print(problem)
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.stdout.startswith("the function draws random numbers (numpy.random)"), found


# What is the same at every call


def seeded_globally(x: Any) -> Any:
    numpy.random.seed(0)
    return x + numpy.random.rand()


class Lazy(nn.Block):
    """Makes its weights when it is first called."""

    def __init__(self) -> None:
        self.bias = nn.Parameter((3,), nn.normal(1.0))
        self.weight: Any = None

    def forward(self, x: Any) -> Any:
        if self.weight is None:
            self.initialize(seed=3)
            self.weight = numpy.random.standard_normal(3).astype(numpy.float32)
        return x * self.weight + self.bias.data()


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + numpy.random.default_rng(0).normal(size=3),
        lambda x: x + numpy.random.RandomState(0).rand(),
        seeded_globally,
        lambda x: x + cached(),
        nn.Dropout(),
        Lazy(),
    ],
    ids=["a seed", "a seed of old", "a seed for all", "kept", "dropout", "weights made once"],
)
def test_the_same_numbers_at_every_call_are_constants(function: Any) -> None:
    run = im.compile(function, X, backend="numpy")
    numpy.testing.assert_allclose(run(ONES), function(ONES), rtol=1e-6)


def test_types_may_be_asked_for() -> None:
    assert im.eval_shape(lambda x: x + numpy.random.rand(3), X).shape == (3,)


def test_a_gradient_draws_at_every_call() -> None:
    slope = im.grad(lambda x: np.sum(x * numpy.random.rand()))
    assert (slope(ONES) != slope(ONES)).any()


def test_other_threads_may_draw() -> None:
    stop = threading.Event()

    def draw() -> None:
        while not stop.wait(0.0001):
            numpy.random.rand()

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        for _ in range(20):
            im.trace(lambda x: x + 1, X)
        with pytest.raises(UsageError, match="draws random numbers"):
            im.trace(lambda x: x + numpy.random.rand(3), X)
    finally:
        stop.set()
        thread.join()


# By a key


def drawn(key: Any, x: Any) -> Any:
    noise = npx.random_normal(np.stack([key, np.asarray(3)]), x.shape)
    steps = npx.foreach(
        lambda i, state: (npx.random_uniform(np.stack([key, i]), (2,)), state), np.arange(4), key
    )[0]
    return [x + noise, steps]


def test_a_key_gives_the_same_numbers_everywhere(
    device_backend: dict[str, Any], tmp_path: Any
) -> None:
    specs = (im.spec("int64"), im.spec("float32", ["n"]))
    run = im.compile(drawn, specs, **device_backend)
    run.save(tmp_path / "program.im")
    loaded = im.load(tmp_path / "program.im", **device_backend)
    key = numpy.array(9)
    for a, b, c in zip(run(key, ONES), loaded(key, ONES), drawn(key, ONES), strict=True):
        numpy.testing.assert_array_equal(a, b)
        numpy.testing.assert_array_equal(a, c)


def test_other_keys_give_other_numbers() -> None:
    keys = [0, 1, [0, 0], [0, 1], [1, 0], [1, 2**40]]
    found = [npx.random_uniform(numpy.asarray(key), 100) for key in keys]
    assert len({array.tobytes() for array in found}) == len(keys)
    assert all(array.dtype == numpy.float32 for array in found)
    assert all(0 <= array.min() <= array.max() < 1 for array in found)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (-1, "a key with -1; give numbers of 0 or more"),
        (0.5, r"a key of float64\[\]; give one whole number, or several in an array"),
        (numpy.zeros((2, 2), int), r"a key of int64\[2, 2\]"),
    ],
)
def test_wrong_keys(key: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        npx.random_normal(key, (2,))
