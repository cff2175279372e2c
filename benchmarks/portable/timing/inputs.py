"""Sets of inputs and outputs in one .npz file: the arrays of set 3 are named `3/...`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy

__all__ = ["Array", "read_outputs", "read_sets", "write_outputs", "write_sets"]

Array = numpy.ndarray[Any, Any]


def write_sets(path: Path, sets: Sequence[Mapping[str, Array]]) -> None:
    """Write each set's arrays by name, `0/input_ids`."""
    arrays = {f"{i}/{name}": array for i, one in enumerate(sets) for name, array in one.items()}
    numpy.savez(path, **arrays)  # type: ignore[arg-type]  # a stub of NumPy 2 for `allow_pickle`


def read_sets(path: Path) -> list[dict[str, Array]]:
    """The sets of a file that `write_sets` wrote, in their order. Raises ValueError for another."""
    sets: dict[int, dict[str, Array]] = {}
    with numpy.load(path) as file:
        for key in file.files:
            position, _, name = key.partition("/")
            if not position.isdigit() or not name:
                raise ValueError(
                    f"{path}: array '{key}' has no set, such as 0/{key}; prepare again"
                )
            sets.setdefault(int(position), {})[name] = file[key]
    return [sets[position] for position in sorted(sets)]


def write_outputs(path: Path, outputs: Sequence[Sequence[Array]]) -> None:
    """Write each set's arrays by position, `0/1`."""
    write_sets(path, [{str(i): array for i, array in enumerate(one)} for one in outputs])


def read_outputs(path: Path) -> list[list[Array]]:
    """The outputs of each set, in their order."""
    return [[one[name] for name in sorted(one, key=int)] for one in read_sets(path)]
