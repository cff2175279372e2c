"""Files that a verb is going to write, tried before its work: they can be, and none is an input."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path

from isthmus.errors import UsageError
from isthmus.system.files import same_file, try_file

__all__ = ["check_outputs"]


def check_outputs(
    outputs: Mapping[str, Path | None],
    inputs: Iterable[str | Path] = (),
    *,
    role: str = "read",
    makes_folders: bool = False,
) -> None:
    """FileError for what cannot be written, UsageError for two of one place or an input's.

    outputs: by the option that names them; role: what inputs are for; makes_folders: whether
    folders that lack will be made.
    """
    given = {option: path for option, path in outputs.items() if path is not None}
    read = list(inputs)
    for option, path in given.items():
        if any(same_file(path, one) for one in read):
            raise UsageError(f"{option} {path} is a file that is {role}; name another")
    for (option, path), (other, twin) in combinations(given.items(), 2):
        if same_file(path, twin) and (os.path.isfile(path) or not os.path.exists(path)):
            raise UsageError(f"{option} and {other} both name {path}; give each its own")
    for path in given.values():
        try_file(path, makes_folders=makes_folders)
