"""Programs in files: whole again on every backend, and wrong files in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import load_file, save_file

from isthmus import compile, load, nn, np, npx, primitive, spec
from isthmus.errors import FileError, UsageError
from isthmus.program.archive import read

RANDOM = numpy.random.default_rng(0)


def network() -> nn.Block:
    """Convolution to classes, with every kind of constant."""
    net = nn.Sequential(
        nn.Conv2D(8, 3, 3, strides=2, padding=((1, 0), (0, 1)), bias=True),
        nn.BatchNorm(8),
        nn.Activation("hard_swish"),
        nn.GlobalAvgPool2D(),
        nn.Flatten(),
        nn.Dense(5, 8),
    )
    net.initialize(3)
    return net


def varied(x: Any, scale: Any) -> dict[str, Any]:
    """Slices, ellipses, sizes, dtypes, several results."""
    y = x[..., None, 1:] * scale["by"]
    y = np.concat([y, np.zeros_like(y)], axis=-1)
    z = np.astype(x, np.int32) + np.arange(x.shape[1], dtype=np.int32)
    return {"y": (y, npx.softmax(x / x.shape[0], axis=0)), "z": [z, np.full((x.shape[0],), 2.5)]}


def test_a_network_comes_back(tmp_path: Path, device_backend: dict[str, Any]) -> None:
    program = compile(network(), spec("float32", ["n", 3, "h", "w"]), **device_backend)
    program.save(tmp_path / "net.im")
    again = load(tmp_path / "net.im", **device_backend)
    for shape in [(1, 3, 9, 12), (2, 3, 32, 32)]:
        x = RANDOM.standard_normal(shape, numpy.float32)
        numpy.testing.assert_array_equal(again(x), program(x))
    assert again.cost(n=1, h=32, w=32) == program.cost(n=1, h=32, w=32)


def test_nests_names_and_attributes_come_back(
    tmp_path: Path, device_backend: dict[str, Any]
) -> None:
    specs = {"x": spec("float32", ["n", "m"]), "scale": {"by": spec("float32")}}
    compile(varied, specs, backend="numpy").save(tmp_path / "varied.im")
    x, by = RANDOM.standard_normal((4, 6), numpy.float32), numpy.array(3, numpy.float32)
    found = load(tmp_path / "varied.im", **device_backend)(x=x, scale={"by": by})
    wanted = varied(x, {"by": by})
    assert list(found) == ["y", "z"]
    for a, b in zip([*found["y"], *found["z"]], [*wanted["y"], *wanted["z"]], strict=True):
        assert a.dtype == b.dtype
        numpy.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_python_scalars_stay_weak(tmp_path: Path) -> None:
    program = compile(lambda x: npx.fully_connected(x, x, 2), spec("float32", [3, 3]))
    program.save(tmp_path / "weak.im")
    x = RANDOM.standard_normal((3, 3), numpy.float32)
    found = load(tmp_path / "weak.im")(x)
    assert found.dtype == numpy.float32
    numpy.testing.assert_allclose(found, x @ x.T + 2, rtol=1e-5)


@primitive(infer=lambda x: x)
def plus_one(x: Any, /) -> Any:
    """An operator of a user."""
    return x + 1


def test_an_operator_of_the_user_must_be_defined(tmp_path: Path) -> None:
    path = tmp_path / "own.im"
    compile(lambda x: plus_one(x), spec("float32", [2])).save(path)
    assert load(path)(numpy.zeros(2, numpy.float32)).tolist() == [1, 1]
    _rewrite(path, lambda document: document["nodes"][0].__setitem__(0, "elsewhere.minus_one"))
    with pytest.raises(FileError, match=r"'elsewhere.minus_one' is not defined; import the module"):
        load(path)


def _rewrite(path: Path, change: Any) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        document = json.loads(file.metadata()["isthmus"])
    change(document)
    save_file(load_file(path), path, metadata={"isthmus": json.dumps(document)})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "net.im"
    compile(network(), spec("float32", ["n", 3, 8, 8]), backend="numpy").save(path)
    return path


WRONG: dict[str, tuple[Any, str]] = {
    "format": (lambda d: d.update(format=99), "of another format than 1"),
    "operand": (lambda d: d["nodes"][0][1].__setitem__(0, ["node", 99, 0]), "malformed"),
    "constant": (lambda d: d["nodes"][0][1].__setitem__(1, ["constant", "x"]), "malformed"),
    "attribute": (lambda d: d["nodes"][0].__setitem__(2, {"dict": {"strides": "a"}}), "strides"),
    "shape": (lambda d: d["inputs"][0].__setitem__(2, ["n", "4", "8", "8"]), "4 channels"),
    "size": (lambda d: d["inputs"][0].__setitem__(2, ["__import__('os')", "3"]), "is not a size"),
    "dtype": (lambda d: d["inputs"][0].__setitem__(1, "object"), "malformed|dtype|float"),
    "nodes": (lambda d: d.pop("nodes"), "malformed"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_program_changed_by_hand_is_one_line(saved: Path, name: str) -> None:
    change, message = WRONG[name]
    _rewrite(saved, change)
    with pytest.raises((FileError, UsageError), match=message) as raised:
        load(saved, backend="numpy")
    assert "\n" not in str(raised.value)


def test_a_truncated_file_is_one_line(saved: Path) -> None:
    whole = saved.read_bytes()
    for length in [0, 1, 7, 8, 9, len(whole) // 2, len(whole) - 1]:
        saved.write_bytes(whole[:length])
        with pytest.raises(FileError, match="cannot be read as a program") as raised:
            read(saved)
        assert "\n" not in str(raised.value)


def test_weights_alone_are_no_program(tmp_path: Path) -> None:
    save_file({"x": numpy.zeros(3)}, tmp_path / "weights.safetensors")
    with pytest.raises(FileError, match="holds weights but no program"):
        load(tmp_path / "weights.safetensors")


def test_a_folder_that_is_not_there_leaves_nothing(saved: Path, tmp_path: Path) -> None:
    program = load(saved, backend="numpy")
    with pytest.raises(FileError, match="cannot be written"):
        program.save(tmp_path / "missing" / "net.im")
    assert [path.name for path in tmp_path.iterdir()] == ["net.im"]


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 3)])
def test_complex_constants_are_kept(dtype: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    parts = RANDOM.standard_normal((2, *shape))
    constant = numpy.asarray(parts[0] + 1j * parts[1], dtype)
    x = RANDOM.standard_normal(shape)
    run = compile(lambda x: x * constant, spec("float64", shape), backend="numpy")
    run.save(tmp_path / "complex.im")
    found = load(tmp_path / "complex.im", backend="numpy")(x)
    assert found.dtype == numpy.complex128
    numpy.testing.assert_array_equal(found, x * constant)
