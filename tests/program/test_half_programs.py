"""Programs in half precision: every backend, files, saved programs, namespaces, loops, sizes."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy
import pytest
from backends import BACKENDS, INSTALLED, parameters
from half_net import GIVEN, NET, X, exact

import isthmus as im
from isthmus import np, npx
from isthmus.cpu_backend.executor import OpenVinoRunner
from isthmus.graph.half import FORMATS
from isthmus.program.options import Options

EPSILON = {name: found.epsilon for name, found in FORMATS.items()}


WITH_F16 = [BACKENDS[name] for name in ("numpy", "gpu") if name in INSTALLED]
HALF_BACKENDS = [
    pytest.param({"backend": "numpy", "precision": "bf16"}, id="numpy bf16"),
    pytest.param({"backend": "numpy", "precision": "f16"}, id="numpy f16"),
    *parameters({"gpu": {**BACKENDS["gpu"], "precision": "f16"}}),
]


@pytest.mark.parametrize("options", HALF_BACKENDS)
def test_a_program_is_within_the_format_of_float32(options: dict[str, Any]) -> None:
    """Five layers, each of which loses less than 8 epsilon; a softmax is 1 at most."""
    run = im.compile(NET, X, **options)
    found = run(GIVEN)
    assert found.dtype == numpy.float32
    numpy.testing.assert_allclose(
        found, exact(), rtol=0, atol=5 * 8 * EPSILON[options["precision"]]
    )
    again = pickle.loads(pickle.dumps(run))
    assert again.options.precision == options["precision"]
    numpy.testing.assert_array_equal(again(GIVEN), found)
    numpy.testing.assert_array_equal(run.bind(GIVEN)(), found)
    numpy.testing.assert_array_equal(run(GIVEN[:0]), exact()[:0])
    assert f"asked {options['precision']}: 0 of 5" in run.explain()


def test_saved_programs_keep_precision_and_overrides(tmp_path: Path) -> None:
    overrides = {"layers.1": "f32", "npx.gelu": "f32"}
    run = im.compile(NET, X, backend="numpy", precision="bf16", overrides=overrides)
    run.save(tmp_path / "net.im")
    loaded = im.load(tmp_path / "net.im", backend="numpy")
    assert (loaded.options.precision, loaded.options.overrides) == ("bf16", overrides)
    numpy.testing.assert_array_equal(loaded(GIVEN), run(GIVEN))
    wide = im.load(tmp_path / "net.im", backend="numpy", precision="f32")
    numpy.testing.assert_array_equal(wide(GIVEN), im.compile(NET, X, backend="numpy")(GIVEN))
    again = im.load(tmp_path / "net.im", backend="numpy", precision="f16", overrides=overrides)
    assert again.options.precision == "f16"


@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_openvino_takes_what_the_graph_says(precision: str) -> None:
    """Where users override; a processor without the format computes the same program in float32."""
    run = im.compile(NET, X, backend="numpy", precision=precision, overrides={"layers.1": "f32"})
    options = Options(precision, threads=1, overrides={"layers.1": "f32"})
    runner = OpenVinoRunner(run.graph, options)
    (found,) = runner([GIVEN], {"n": 5})
    numpy.testing.assert_allclose(found, exact(), rtol=0, atol=5 * 8 * EPSILON[precision])
    assert sum(runner.ran().counts.values()) == 5


def test_loops_run_low_inside() -> None:
    w = (numpy.eye(8) / 2).astype(numpy.float32)

    def steps(x: Any) -> Any:
        def step(row: Any, state: Any) -> Any:
            state = np.tanh(row @ w + state @ w)
            return state, state

        return npx.foreach(step, x, np.zeros(8, "float32"))

    exact = im.compile(steps, X, backend="numpy")(GIVEN)
    for options in WITH_F16:
        found = im.compile(steps, X, precision="f16", **options)(GIVEN)
        for mine, other in zip(found, exact, strict=True):
            assert mine.dtype == other.dtype
            numpy.testing.assert_allclose(mine, other, rtol=0, atol=8 * EPSILON["f16"])


def test_namespaces_round_products_alone() -> None:
    xp = im.namespace("numpy", precision="bf16")
    x = xp.asarray(numpy.array([[1, 2.0**-9]], numpy.float32))
    assert xp is im.namespace("numpy", precision="bf16")
    assert xp is not im.namespace("numpy")
    numpy.testing.assert_array_equal(numpy.asarray(x + 1), [[2, 1 + 2.0**-9]])
    one = numpy.asarray(xp.matmul(x, xp.asarray(numpy.array([[1], [1]], numpy.float32))))
    assert pickle.loads(pickle.dumps(xp)) is xp
    numpy.testing.assert_array_equal(one, [[1]])  # 1 + 2**-9 is no bfloat16


@pytest.mark.parametrize("dtype", ["int32", "int64", "float64"])
def test_programs_of_other_types_are_the_same(dtype: str) -> None:
    w = numpy.arange(16).reshape(4, 4).astype(dtype)
    x = numpy.arange(8).reshape(2, 4).astype(dtype)
    spec = im.spec(dtype, ["n", 4])
    for options in WITH_F16:
        run = im.compile(lambda x: np.maximum(x @ w, 0), spec, precision="f16", **options)
        numpy.testing.assert_array_equal(run(x), numpy.maximum(x @ w, 0))
        assert (
            "no matrix product" in run.explain() or "float64" in run.explain() or dtype != "float64"
        )


def test_jit_and_hybridize_pass_it_on() -> None:
    wanted = im.compile(NET, X, backend="numpy", precision="bf16")(GIVEN)
    numpy.testing.assert_array_equal(im.jit(NET, backend="numpy", precision="bf16")(GIVEN), wanted)
    other = pickle.loads(pickle.dumps(NET))
    other.hybridize(backend="numpy", precision="bf16", overrides={"layers.0": "f32"})
    assert not numpy.array_equal(other(GIVEN), wanted)
    kept = im.compile(NET, X, backend="numpy", precision="bf16", overrides={"layers.0": "f32"})
    numpy.testing.assert_array_equal(other(GIVEN), kept(GIVEN))
