"""Named arrays in one file, as `numpy.load` reads it: the same arrays are the same bytes.

`numpy.savez` takes no name that is one of its own arguments, and needs all arrays in memory.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import FileError

__all__ = ["read_arrays", "write_array", "write_arrays"]

Array = numpy.ndarray[Any, Any]
SUFFIX = ".npy"


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """A file of these arrays."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            write_array(archive, name, array.shape, array.dtype, [array])


def write_array(
    archive: zipfile.ZipFile,
    name: str,
    shape: tuple[int, ...],
    dtype: numpy.dtype[Any],
    parts: Iterable[Array],
) -> None:
    """One array of this shape, from its parts along the first axis, of which one is held."""
    # A fixed time, so that equal arrays make equal files.
    with archive.open(zipfile.ZipInfo(name + SUFFIX), "w", force_zip64=True) as file:
        about = {
            "descr": numpy.lib.format.dtype_to_descr(dtype),
            "fortran_order": False,
            "shape": shape,
        }
        numpy.lib.format.write_array_header_2_0(file, about)
        for part in parts:
            file.write(numpy.ascontiguousarray(part, dtype).tobytes())


@contextmanager
def read_arrays(path: Path) -> Iterator[Any]:
    """The arrays by name, each read when it is asked for; FileError for a damaged file."""
    try:
        # A file that is opened here is closed here, whatever is in it.
        with open(path, "rb") as file, numpy.load(file, allow_pickle=False) as found:
            yield found
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise FileError(
            f"{path}: is damaged ({type(problem).__name__}: {problem}); remove it, and run the "
            "same command again, which makes this part anew"
        ) from None
