"""Nodes that do nothing: no backend is given them, no file has them, and nobody notices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.graph.passes import without_idle_nodes

X = numpy.arange(12, dtype=numpy.float32).reshape(3, 4) - 5
SPECS = {"named": im.spec("float32", ["n", "m"]), "static": im.spec("float32", (3, 4))}

IDLE: dict[str, Callable[[Any], Any]] = {
    "transpose": lambda x: np.permute_dims(x, (0, 1)),
    "negative axes": lambda x: np.permute_dims(x, (-2, -1)),
    "moveaxis": lambda x: np.moveaxis(x, 0, 0),
    "twice": lambda x: x.T.T if isinstance(x, numpy.ndarray) else np.moveaxis(x[...], 1, 1),
    "reshape": lambda x: np.reshape(x, x.shape),
    "reshape in F order": lambda x: np.reshape(np.reshape(x, (*x.shape,)), x.shape),
    "astype": lambda x: np.astype(x, np.float32),
    "broadcast": lambda x: np.broadcast_to(x, x.shape),
    "expand no axis": lambda x: np.expand_dims(x, axis=()),
    "squeeze no axis": lambda x: np.squeeze(x, axis=()),
    "slice": lambda x: x[:, :],
    "dots": lambda x: x[...],
    "slice from 0": lambda x: x[0:],
    "slice to the end": lambda x: x[: x.shape[0], 0 : x.shape[1] : 1],
    "concat": lambda x: np.concat([x], axis=1),
    "concat with nothing": lambda x: np.concat([x[:0], x, x[:0]]),
    "pad": lambda x: np.pad(x, 0),
    "pad edges": lambda x: np.pad(x, ((0, 0), (0, 0)), mode="edge"),
    "tile": lambda x: np.tile(x, 1),
    "roll": lambda x: np.roll(x, 0, axis=0),
    "flip no axis": lambda x: np.flip(x, axis=()),
}
BUSY: dict[str, Callable[[Any], Any]] = {
    "transpose": lambda x: x.T,
    "reshape": lambda x: np.reshape(x, (-1,)),
    "astype": lambda x: np.astype(x, np.int32),
    "slice": lambda x: x[1:],
    "slice backwards": lambda x: x[::-1],
    "every second": lambda x: x[::2],
    "new axis": lambda x: x[None],
    "concat": lambda x: np.concat([x, x]),
    "broadcast": lambda x: np.broadcast_to(x, (2, *x.shape)),
    "pad": lambda x: np.pad(x, ((0, 0), (0, 1))),
}


@pytest.mark.parametrize("sizes", SPECS)
@pytest.mark.parametrize("name", IDLE)
def test_nothing_is_left_of_it(any_backend: dict[str, Any], name: str, sizes: str) -> None:
    function = IDLE[name]
    alone = im.compile(function, SPECS[sizes], **any_backend)
    assert alone.graph.nodes() == []
    found = alone(X)
    numpy.testing.assert_array_equal(found, X)
    assert not numpy.shares_memory(found, X)
    among = im.compile(lambda x: np.abs(function(np.negative(x))), SPECS[sizes], **any_backend)
    assert [node.op for node in among.graph.nodes()] == [np.negative, np.abs]
    numpy.testing.assert_array_equal(among(X), numpy.abs(X))


@pytest.mark.parametrize("sizes", SPECS)
@pytest.mark.parametrize("name", BUSY)
def test_what_does_something_stays(name: str, sizes: str) -> None:
    graph = im.trace(BUSY[name], SPECS[sizes]).graph
    assert len(without_idle_nodes(graph).nodes()) == len(graph.nodes()) > 0


def test_an_axis_of_one_backwards_is_left_alone() -> None:
    run = im.compile(lambda x: x[::-1], im.spec("float32", (1, 4)), backend="cpu")
    numpy.testing.assert_array_equal(run(X[:1]), X[:1])


def test_an_identity_before_a_product_with_a_bias(any_backend: dict[str, Any]) -> None:
    """ONNX Runtime up to 1.29 computes it wrongly where the transpose is there."""
    w, b = X[:, :2].copy(), numpy.array([1, 2], numpy.float32)
    x = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    run = im.compile(
        lambda x: np.moveaxis(x, 0, 0) @ w + b, im.spec("float32", ["n", 3]), **any_backend
    )
    numpy.testing.assert_allclose(run(x), x @ w + b, rtol=1e-6)


def test_results_that_are_one_value_are_two_arrays(any_backend: dict[str, Any]) -> None:
    """`+y` and `y` are different arrays in NumPy, and results are the caller's."""

    def renamed(x: Any) -> Any:
        y = np.negative(x)
        return y, np.concat([y]), x, np.concat([x])

    run = im.compile(renamed, SPECS["named"], **any_backend)
    found = run(X)
    for position, one in enumerate(found):
        one += position + 1
        wanted = (-X if position < 2 else X) + position + 1
        numpy.testing.assert_array_equal(one, wanted)
    assert X[0, 0] == -5


def test_in_a_loop(any_backend: dict[str, Any]) -> None:
    def steps(x: Any) -> Any:
        return npx.foreach(
            lambda row, total: (np.reshape(row, row.shape), np.concat([total]) + row[:]),
            x,
            np.zeros(4, np.float32),
        )

    run = im.compile(steps, im.spec("float32", (3, 4)), **any_backend)
    inside = [node.op.name for node in run.graph.all_nodes()]
    assert "np.concat" not in inside and "np.reshape" not in inside
    rows, total = run(X)
    numpy.testing.assert_array_equal(rows, X)
    numpy.testing.assert_array_equal(total, X.sum(axis=0))


def test_a_namespaces_array_is_a_view_or_a_copy_as_numpys(
    any_backend: dict[str, Any],
) -> None:
    xp = im.namespace(any_backend["backend"], device=any_backend.get("device"))
    cases: list[tuple[Callable[[Any], Any], bool]] = [
        (lambda x: xp.permute_dims(x, (0, 1)), True),
        (lambda x: x[:, :], True),
        (lambda x: xp.reshape(x, x.shape), True),
        (lambda x: xp.astype(x, xp.float32), False),
        (lambda x: xp.concat([x]), False),
    ]
    for function, is_view in cases:
        x = xp.asarray(X.copy())
        y = function(x)
        y[0, 0] = 99
        assert float(x[0, 0]) == (99 if is_view else -5)


@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
@pytest.mark.parametrize("name", IDLE)
def test_a_file_has_none(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"program{suffix}"
    im.export(lambda x: np.sqrt(IDLE[name](x)), SPECS["named"], path)
    assert kinds(path) == ["Sqrt"]


def kinds(path: Path) -> list[str]:
    """The operations in a file."""
    if path.suffix == ".onnx":
        onnx = pytest.importorskip("onnx")
        return [node.op_type for node in onnx.load(path).graph.node]
    import openvino

    ends = ("Parameter", "Result", "Constant")
    found = [op.get_type_name() for op in openvino.Core().read_model(path).get_ops()]
    return [kind for kind in found if kind not in ends]
