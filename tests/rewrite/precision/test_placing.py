"""Which nodes run in half precision, and where values are rounded to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import isthmus as im
from isthmus import nn, np, npx
from isthmus.errors import UsageError
from isthmus.graph.half import FORMATS, rounded
from isthmus.graph.nodes import Graph, Node
from isthmus.rewrite.precision import Overrides, in_half

X = im.spec("float32", ["n", 4])
W = numpy.linspace(-1, 1, 16, dtype=numpy.float32).reshape(4, 4)


def never(node: Node) -> bool:
    return False


def always(node: Node) -> bool:
    return True


def placed(
    function: Any,
    specs: Any = X,
    overrides: dict[str, str] | None = None,
    keeps: Callable[[Node], bool] = always,
    precision: str = "bf16",
) -> Graph:
    graph = in_half(im.trace(function, specs).graph, precision, Overrides(overrides or {}), keeps)
    graph.verify()
    return graph


def said(graph: Graph) -> list[str]:
    return [f"{node.op.name} {node.precision}".strip() for node in graph.nodes()]


def test_products_go_low_sums_stay_and_the_rest_follows() -> None:
    graph = placed(lambda x: np.sum(np.exp(npx.relu(x @ W) + 1)), keeps=always)
    assert said(graph) == ["np.matmul bf16", "npx.relu bf16", "np.add bf16", "np.exp", "np.sum"]


def test_what_reads_both_kinds_stays() -> None:
    """A residual sum of a float32 array and one in half precision is of the wider."""
    assert said(placed(lambda x: (x @ W) + x)) == ["np.matmul bf16", "np.add"]
    assert said(placed(lambda x: np.maximum(x, 0) * 2)) == ["np.maximum", "np.multiply"]


def test_a_composite_that_follows_is_rounded_at_its_end_alone() -> None:
    graph = placed(lambda x: npx.gelu(x @ W), keeps=never)
    assert said(graph) == ["np.matmul bf16", "npx.gelu", "np.positive bf16"]


def test_a_composite_of_parts_has_each_by_itself() -> None:
    q = im.spec("float32", [2, 5, 4])
    graph = placed(
        lambda q: npx.scaled_dot_product_attention(q @ W, q, q),
        q,
        keeps=lambda node: node.op is npx.softmax,
    )
    assert said(graph) == [
        "np.matmul bf16",
        "np.multiply bf16",
        "np.permute_dims",
        "np.matmul bf16",
        "npx.softmax",
        "np.matmul bf16",
    ]


@pytest.mark.parametrize(
    ("constant", "precision", "goes"),
    [(-1e9, "bf16", True), (-1e9, "f16", False), (1e-12, "f16", False), (numpy.inf, "f16", True)],
)
def test_constants_that_the_format_does_not_hold_stay(
    constant: float, precision: str, goes: bool
) -> None:
    """A mask of -1e9 would be infinite in float16, and then a row of them has no softmax."""
    graph = placed(lambda x: (x @ W) + constant, precision=precision)
    assert said(graph) == [f"np.matmul {precision}", f"np.add {precision if goes else ''}".strip()]


@pytest.mark.parametrize("dtype", ["int32", "int64", "float64", "float16", "complex64"])
def test_other_types_are_not_touched(dtype: str) -> None:
    w = W.astype(dtype)
    graph = placed(lambda x: np.maximum(x.real @ w.real, 0), im.spec(dtype, ["n", 4]))
    if dtype != "complex64":  # whose real part is float32
        assert not any(node.precision for node in graph.nodes())


def test_bodies_of_loops_keep_their_types() -> None:
    def steps(x: Any) -> Any:
        def step(row: Any, state: Any) -> Any:
            state = np.tanh(row @ W + state @ W)
            return state, state

        return npx.foreach(step, x, np.zeros(4, "float32"))[0]

    (loop,) = [node for node in placed(steps).nodes() if node.bodies]
    assert not loop.precision
    (body,) = loop.bodies
    assert said(body).count("np.matmul bf16") == 2
    assert {value.type.dtype.name for value in (*body.inputs, *body.outputs)} == {"float32"}


DENSE = "npx.fully_connected"


class Net(nn.Block):
    def __init__(self) -> None:
        self.first = nn.Dense(4, 4)
        self.layers = [nn.Dense(4, 4), nn.Sequential(nn.Dense(4, 4), nn.Dense(4, 4))]

    def forward(self, x: Any) -> Any:
        x = npx.gelu(self.first(x))
        for layer in self.layers:
            x = layer(x)
        return npx.softmax(x)


def net() -> Net:
    found = Net()
    found.initialize(seed=0)
    return found


@pytest.mark.parametrize("function", [net(), net().forward], ids=["a block", "its forward"])
def test_nodes_know_their_block(function: Any) -> None:
    blocks = [node.block for node in im.trace(function, X).graph.nodes()]
    assert blocks == ["first", "", "layers.0", "layers.1.0", "layers.1.1", ""]


@pytest.mark.parametrize(
    ("overrides", "low"),
    [
        ({}, [DENSE, "npx.gelu", *[DENSE] * 3]),
        ({"npx.gelu": "f32"}, [DENSE] * 4),
        ({"layers": "f32"}, [DENSE, "npx.gelu"]),
        ({"layers": "f32", "layers.1.0": "bf16"}, [DENSE, "npx.gelu", DENSE]),
        ({"npx.fully_connected": "f32"}, []),
        ({"npx.fully_connected": "f32", "npx.softmax": "bf16"}, ["npx.softmax"]),
        ({"layers.1": "f32", "npx.fully_connected": "bf16"}, [DENSE, "npx.gelu", DENSE]),
    ],
)
def test_overrides_by_operator_and_block(overrides: dict[str, str], low: list[str]) -> None:
    graph = placed(net(), overrides=overrides)
    assert [node.op.name for node in graph.nodes() if node.precision] == low


@pytest.mark.parametrize("name", ["layer.0", "npx.gelus", "layers.7"])
def test_an_override_of_nothing_is_named(name: str) -> None:
    with pytest.raises(UsageError, match=rf"no operator or block '{name}'; the nearest is"):
        im.compile(net(), X, backend="numpy", precision="bf16", overrides={name: "f32"})


def test_an_override_may_name_what_a_composite_is_made_of() -> None:
    graph = placed(lambda x: npx.gelu(x), overrides={"npx.erf": "bf16"}, keeps=never)
    assert said(graph) == ["npx.gelu"]  # which decides for its parts
    Overrides({"npx.erf": "f32"}).check(im.trace(npx.gelu, X).graph)


CHAIN: dict[str, Callable[[Any], Any]] = {
    "matmul": lambda x: x @ W,
    "relu": npx.relu,
    "tanh": np.tanh,
    "softmax": npx.softmax,
    "transpose": np.matrix_transpose,
    "halves": lambda x: np.concat([x[..., :2], x[..., 2:]], axis=-1),
    "add": lambda x: x + 1,
    "gelu": npx.gelu,
    "sum": lambda x: x - np.mean(x, axis=0, keepdims=True),
    "where": lambda x: np.where(x > 0, x, 0.5 * x),
    "round trip": lambda x: np.reshape(np.reshape(x, (-1,)), x.shape),
}


@given(
    st.lists(st.sampled_from(sorted(CHAIN)), max_size=7),
    st.sampled_from(sorted(FORMATS)),
    st.booleans(),
    st.integers(0, 1000),
)
def test_a_chain_keeps_its_type_and_the_accuracy_of_the_format(
    names: list[str], precision: str, kept: bool, seed: int
) -> None:
    """None of these makes a difference of its operand more than 3 times as large (columns of |W|
    add up to less than 2.2), and each rounds products of 4 terms below 2.2 times the largest number
    there is: by less than 4 epsilon of that."""

    def chain(x: Any) -> Any:
        for name in names:
            x = CHAIN[name](x)
        return x

    x = numpy.random.default_rng(seed).uniform(-1, 1, (4, 4)).astype(numpy.float32)
    largest, y = 1.0, x
    for name in names:
        y = CHAIN[name](y)
        largest = max(largest, float(abs(y).max()))
    spec = im.spec("float32", (4, 4))
    found = im.compile(chain, spec, backend="numpy", threads=1, precision=precision)(x)
    assert (found.dtype, found.shape) == (y.dtype, y.shape)
    graph = placed(chain, spec, keeps=always if kept else never, precision=precision)
    assert [value.type.dtype.name for value in graph.outputs] == ["float32"]
    bound = sum(3.0**k for k in range(len(names))) * 4 * FORMATS[precision].epsilon * largest
    numpy.testing.assert_allclose(found, y, rtol=0, atol=bound)


@pytest.mark.parametrize("precision", sorted(FORMATS))
def test_numpy_rounds_operands_and_results_and_adds_in_float32(precision: str) -> None:
    """A sum of 4,096 products of 1: in float16 or bfloat16 it would stop at 2,048 or 256."""
    rng = numpy.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype(numpy.float32) for shape in ((3, 64), (64, 5)))
    options: dict[str, Any] = {"precision": precision, "backend": "numpy"}
    run = im.compile(lambda x: x @ w, im.spec("float32", ["n", 64]), **options)
    low = rounded(x, precision).astype(float) @ rounded(w, precision).astype(float)
    numpy.testing.assert_allclose(run(x), low, rtol=FORMATS[precision].epsilon, atol=1e-5)
    numpy.testing.assert_array_equal(run(x), rounded(run(x), precision))
    ones = numpy.ones((1, 4096), numpy.float32)
    total = im.compile(lambda x: x @ ones.T, im.spec("float32", ["n", 4096]), **options)
    assert total(ones).item() == 4096
