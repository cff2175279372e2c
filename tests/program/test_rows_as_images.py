"""Dense layers of integers on OpenVINO: convolutions of one pixel where that kernel is the quick
one, and the same numbers whichever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import npx
from isthmus.graph.nodes import Graph
from isthmus.program.export import export_graph

pytest.importorskip("openvino")

from isthmus.cpu_backend import rows_as_images
from isthmus.cpu_backend.rows_as_images import with_rows_as_images

RANDOM = numpy.random.default_rng(7)
WIDE, BACK = (RANDOM.standard_normal((192, 128), numpy.float32) for _ in range(2))
BIAS = RANDOM.standard_normal(192).astype(numpy.float32)


def rows(*shape: int) -> Any:
    return RANDOM.standard_normal(shape, numpy.float32)


def two_layers(x: Any) -> Any:
    """Of a table [O, I] with a bias, and of one [I, O] without."""
    return npx.relu(npx.fully_connected(x, WIDE, BIAS)) @ BACK


def without_bias(x: Any) -> Any:
    return npx.fully_connected(x, WIDE)


def read_twice(x: Any) -> Any:
    return npx.fully_connected(x, WIDE, BIAS) * npx.fully_connected(x, BACK), x


@pytest.fixture(params=[True, False], ids=["no VNNI", "VNNI"])
def saturating(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """What the processor is taken for; with seven bits convolutions are right on every one."""
    monkeypatch.setattr(rows_as_images, "saturates", lambda node: request.param)
    found: bool = request.param
    return found


def kinds(graph: Graph) -> list[str]:
    return [node.op.name for node in graph.nodes()]


def integers(function: Any, spec: Any, x: Any, **options: Any) -> Any:
    return im.compile(function, spec, precision="int8", samples=[x], **options)


SIZES: dict[str, tuple[list[Any], tuple[int, ...]]] = {
    "a table": ([5, 128], (5, 128)),
    "one row": ([1, 128], (1, 128)),
    "three axes": ([2, 3, 128], (2, 3, 128)),
    "four axes": ([2, 1, 3, 128], (2, 1, 3, 128)),
    "named": (["batch", "seq", 128], (3, 7, 128)),
    "one named": ([2, "seq", 128], (2, 9, 128)),
    "many rows": (["n", 128], (700, 128)),
}


@pytest.mark.parametrize("function", [two_layers, without_bias, read_twice])
@pytest.mark.parametrize("kind", SIZES)
def test_numbers_are_those_of_the_integers(kind: str, function: Any, saturating: bool) -> None:
    sizes, shape = SIZES[kind]
    x, spec = rows(*shape), im.spec("float32", sizes)
    made = integers(function, spec, x)
    by_numpy = im.compile(function, spec, backend="numpy")(x)
    wanted = _reference(made, x)
    for found, exact, near in zip(*map(_leaves, (made(x), wanted, by_numpy)), strict=True):
        numpy.testing.assert_allclose(found, exact, rtol=0, atol=0.01 * abs(exact).max())
        numpy.testing.assert_allclose(found, near, rtol=0, atol=0.1 * abs(near).max())
    explained = made.explain()
    assert ("Convolution u8" in explained) == saturating
    assert ("FullyConnected" in explained) != saturating


def _leaves(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def _reference(made: Any, x: Any) -> Any:
    """The same program of integers by NumPy."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        made.save(Path(folder) / "net.im")
        return im.load(Path(folder) / "net.im", backend="numpy", precision="f32")(x)


def test_rows_that_several_layers_read_are_one_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_as_images, "saturates", lambda node: True)
    x = rows(4, 128)
    graph = integers(read_twice, im.spec("float32", ["n", 128]), x).traced.graph
    found = kinds(with_rows_as_images(graph))
    assert found.count("np.permute_dims") == 3  # the image, and the rows of either layer
    assert "npx.fully_connected" not in found


def test_small_layers_and_floats_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_as_images, "saturates", lambda node: True)
    small, x = WIDE[:8, :8].copy(), rows(4, 8)
    made = integers(lambda x: npx.fully_connected(x, small), im.spec("float32", ["n", 8]), x)
    floats = im.compile(two_layers, im.spec("float32", ["n", 128]))
    for graph in (made.traced.graph, floats.traced.graph):
        assert with_rows_as_images(graph) is graph


def test_an_empty_batch(saturating: bool) -> None:
    made = integers(two_layers, im.spec("float32", ["n", 128]), rows(4, 128))
    assert made(numpy.zeros((0, 128), numpy.float32)).shape == (0, 128)


def test_sizes_may_change_from_call_to_call(saturating: bool) -> None:
    made = integers(two_layers, im.spec("float32", ["n", "t", 128]), rows(4, 3, 128))
    for shape in ((1, 1), (3, 5), (1, 64), (2, 2), (3, 5)):
        x = rows(*shape, 128)
        found, wanted = made(x), _reference(made, x)
        numpy.testing.assert_allclose(found, wanted, rtol=0, atol=0.01 * abs(wanted).max())


def test_files_have_dense_layers(saturating: bool, tmp_path: Path) -> None:
    """Their readers have other kernels."""
    made = integers(two_layers, im.spec("float32", ["n", 128]), rows(4, 128))
    export_graph(made.traced.graph, tmp_path / "net.xml", made.options)
    text = (tmp_path / "net.xml").read_text()
    assert 'type="MatMul"' in text and 'type="Convolution"' not in text
