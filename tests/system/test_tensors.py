"""Arrays of safetensors files: equal to what the package reads, mapped, read-only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from isthmus.graph.foreign import is_shared
from isthmus.system.tensors import KINDS, read_tensors

ARRAYS: dict[str, numpy.ndarray[Any, Any]] = {
    **{
        f"of {kind}": numpy.arange(5).astype(kind.replace("<", "").replace("|", ""))
        for kind in KINDS.values()
    },
    "a number": numpy.array(3.5, numpy.float32),
    "nothing": numpy.zeros((0, 3)),
    "a matrix": numpy.arange(6, dtype=numpy.float32).reshape(2, 3),
    "truth": numpy.array([True, False, True]),
    "half": numpy.array([1, -2], ml_dtypes.bfloat16),
}


def test_arrays_are_those_of_the_package(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    save_file(ARRAYS, path, metadata={"key": "value"})
    metadata, found = read_tensors(path)
    assert metadata == {"key": "value"}
    expected = load_file(path)
    assert found.keys() == expected.keys() == ARRAYS.keys()
    for name, array in found.items():
        numpy.testing.assert_array_equal(array, expected[name], strict=True)


def test_what_numpy_knows_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    save_file(ARRAYS, path)
    _, found = read_tensors(path)
    assert {name for name, array in found.items() if not is_shared(array)} == {"half"}


@pytest.mark.parametrize("length", [0, 4, 8, 20, -1])
def test_a_shortened_file_is_an_error(tmp_path: Path, length: int) -> None:
    path = tmp_path / "file.safetensors"
    save_file(ARRAYS, path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises((SafetensorError, OSError)):
        read_tensors(path)
