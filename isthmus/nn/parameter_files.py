"""Parameters in files of safetensors, by their names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isthmus.errors import FileError, UsageError
from isthmus.system import files
from isthmus.system.file_kinds import explained, no_file
from isthmus.system.tensors import read_tensors

from .parameter import Parameter

__all__ = ["read", "write"]


def write(parameters: Mapping[str, Parameter], path: str | Path) -> None:
    """The file is complete or not there at all; of a parameter with several names it has one."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    arrays: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if not any(parameter.data() is array for array in arrays.values()):
            arrays[name] = parameter.data()
    try:
        with files.replacing(Path(path)) as partial:
            save_file(arrays, partial)
    except (OSError, SafetensorError) as problem:
        raise FileError(f"{path}: cannot be written ({problem}); choose another place") from None


def read(path: str | Path) -> Mapping[str, Any]:
    """The arrays by name, mapped and read-only."""
    from safetensors import SafetensorError

    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise UsageError(f"a path of type {type(path).__name__}; give a str or a pathlib.Path")
    if wrong := no_file(path, (".safetensors",)):
        raise FileError(f"{path}: no parameters can be read ({wrong.reason}); {wrong.step}")
    try:
        return read_tensors(path)[1]
    except (OSError, SafetensorError) as problem:
        wrong = explained(path, problem)
        raise FileError(
            f"{path}: no parameters can be read ({wrong.reason}); {wrong.step}"
        ) from None
