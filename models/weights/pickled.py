"""PyTorch's .pth, .pt and .bin files as NumPy arrays, without PyTorch and without running them.

Two formats: the zip archive (PyTorch 1.6 and later) and the stream of pickles before it (0.1.10
to 1.5). `torch/serialization.py` defines both. What the pickles may say: `tensor_pickle.py`.
"""

from __future__ import annotations

import io
import math
import mmap
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy

from isthmus.errors import FileError

from .tensor_pickle import StorageRef, TensorRef, shown, unpickle

__all__ = ["MAGIC", "PICKLE_LIMIT_BYTES", "PROTOCOL", "read_pickled"]

Array = numpy.ndarray[Any, Any]

PICKLE_LIMIT_BYTES = 16 * 2**20  # a hostile pickle grows about 60-fold in memory
MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001

BROKEN = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError),
    *(RuntimeError, TypeError, ValueError),
    *(pickle.UnpicklingError, struct.error, zipfile.BadZipFile),
)

OTHER_KINDS = (
    (b"version https://git-lfs", "a Git LFS pointer, not the weights; run `git lfs pull`"),
    (b"<", "a web page, not the weights; download the file itself"),
    (b"", "not a PyTorch file; name a file that torch.save wrote, or a .safetensors file"),
)


def read_pickled(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Tensor names and values of the first mapping in the file whose values are all tensors.

    Containers such as {"state_dict": {...}, "epoch": 3} are opened; a "module." before every
    name is dropped. The arrays are copies: writable, aligned, C-contiguous. bfloat16 and float8
    come as ml_dtypes types.

    Raises FileError for a file that is missing, truncated, damaged, names anything but tensors,
    or claims sizes that it does not hold.
    """
    try:
        return _without_wrapper(_read(Path(path)))
    except FileError as error:
        raise FileError(f"{path}: {error}") from None
    except PermissionError:
        raise FileError(f"{path}: may not be read; change its permissions") from None
    except BROKEN as error:
        detail = shown(f"{type(error).__name__}: {error}")
        raise FileError(f"{path}: truncated or damaged ({detail}); download it again") from None


def _read(path: Path) -> dict[str, Array]:
    if not path.is_file():
        raise FileError("no such file; give the path of a file that torch.save wrote")
    if path.stat().st_size == 0:
        raise FileError("the file is empty; download it again")
    with path.open("rb") as file:
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    start = bytes(data[:64])
    if start.startswith(b"PK\x03\x04"):
        return _read_zip(path, data)
    return _read_legacy(data) if start.startswith(b"\x80") else _refuse(start, data)


def _refuse(start: bytes, data: memoryview) -> NoReturn:
    if bytes(data[257:262]) == b"ustar":
        raise FileError("the tar format of PyTorch before 0.1.10; save it again with a newer one")
    text = start.lstrip()
    raise FileError(next(fact for prefix, fact in OTHER_KINDS if text.startswith(prefix)))


def _read_zip(path: Path, data: memoryview) -> dict[str, Array]:
    """NAME/data.pkl holds the pickle, NAME/data/KEY the bytes of each storage."""
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: info for info in archive.infolist()}
    root = _zip_root(entries)
    order = entries.get(f"{root}/byteorder")
    _require_little_endian(order is None or bytes(_zip_bytes(data, order)) == b"little")
    program = entries[f"{root}/data.pkl"]
    if program.file_size > PICKLE_LIMIT_BYTES:
        raise FileError(f"refused: a pickle of {program.file_size} bytes; save the weights alone")
    found = _tensors(unpickle(io.BytesIO(_zip_bytes(data, program))))
    keys = {tensor.storage.key for tensor in found.values()}
    storages = {key: _zip_bytes(data, entries[f"{root}/data/{key}"]) for key in keys}
    return {name: _array(tensor, storages) for name, tensor in found.items()}


def _zip_root(names: Iterable[str]) -> str:
    parts = [name.split("/") for name in names]
    if any(part[1:] == ["constants.pkl"] for part in parts):
        raise FileError("a TorchScript program; save model.state_dict() instead")
    roots = [part[0] for part in parts if part[1:] == ["data.pkl"]]
    if len(roots) != 1:
        raise FileError("a zip without one data.pkl; name a file that torch.save wrote")
    return roots[0]


def _zip_bytes(data: memoryview, info: zipfile.ZipInfo) -> memoryview:
    """The bytes of a stored entry: inside the file, uncompressed, and equal to their checksum."""
    name = shown(info.filename)
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        raise FileError(f"refused: {name} is compressed, as torch.save never does; save it again")
    magic, *lengths = struct.unpack_from("<4s22xHH", data, info.header_offset)
    start = info.header_offset + 30 + sum(lengths)
    body = data[start : start + info.file_size]
    if magic != b"PK\x03\x04" or len(body) != info.file_size:
        raise FileError(f"truncated: {name} is cut short; download it again")
    if zlib.crc32(body) != info.CRC:
        raise FileError(f"damaged: the checksum of {name} differs; download or save it again")
    return body


def _require_little_endian(is_little: bool) -> None:
    if not is_little:
        raise FileError("written on a big-endian machine; save it again on a little-endian one")


def _read_legacy(data: memoryview) -> dict[str, Array]:
    """Five pickles (magic, protocol, machine, the object, storage keys), then raw storages."""
    stream = io.BytesIO(data[:PICKLE_LIMIT_BYTES])
    if unpickle(stream) != MAGIC or unpickle(stream) != PROTOCOL:
        raise FileError("a pickle, but not one that torch.save wrote; save model.state_dict()")
    machine = unpickle(stream)
    _require_little_endian(isinstance(machine, dict) and machine.get("little_endian") is True)
    declared: dict[str, StorageRef] = {}
    content, keys = unpickle(stream, declared), unpickle(stream)
    if not isinstance(keys, list) or sorted(keys) != sorted(declared):
        raise FileError("damaged: the storages listed are not those used; download it again")
    storages = dict(_legacy_storages(data, stream.tell(), map(declared.__getitem__, keys)))
    return {name: _array(tensor, storages) for name, tensor in _tensors(content).items()}


def _legacy_storages(
    data: memoryview, start: int, storages: Iterable[StorageRef]
) -> Iterator[tuple[str, memoryview]]:
    """Each storage: its element count as int64, then its bytes."""
    for storage in storages:
        (count,) = struct.unpack_from("<q", data, start)
        body = data[start + 8 : start + 8 + storage.nbytes]
        if count != storage.count:
            fact = f"storage {shown(storage.key)} has {count} numbers, not {storage.count}"
            raise FileError(f"damaged: {fact}; download it again")
        yield storage.key, body
        start += 8 + storage.nbytes


def _array(tensor: TensorRef, storages: Mapping[str, memoryview]) -> Array:
    """A copy of the strided view: the file may lie at any alignment, or change later."""
    storage, itemsize = tensor.storage, tensor.storage.dtype.numpy().itemsize
    body = storages[storage.key]
    if len(body) // itemsize != storage.count:
        fact = f"storage {shown(storage.key)} has {len(body)} bytes, not {storage.nbytes}"
        raise FileError(f"truncated: {fact}; download it again")
    if not math.prod(tensor.shape):
        return numpy.zeros(tensor.shape, tensor.dtype.numpy())
    return _strided(body[storage.start * itemsize :][: storage.length * itemsize], tensor)


def _strided(body: memoryview, tensor: TensorRef) -> Array:
    # A byte other than 0 or 1 is no valid bool, and breaks NumPy's logic.
    is_bool = tensor.dtype.name == "bool"
    dtype = numpy.dtype("uint8") if is_bool else tensor.dtype.numpy()
    flat = numpy.frombuffer(body, dtype, len(body) // dtype.itemsize)[tensor.offset :]
    strides = tuple(stride * dtype.itemsize for stride in tensor.strides)
    view = numpy.lib.stride_tricks.as_strided(flat, tensor.shape, strides)
    return numpy.array(view != 0 if is_bool else view, order="C")


def _tensors(content: object) -> dict[str, TensorRef]:
    """The first mapping, outermost first, whose values are all tensors; at most two levels in."""
    level = [content]
    for _ in range(3):
        for mapping in level:
            if isinstance(mapping, dict) and _holds_tensors(mapping):
                return mapping
        level = [value for outer in level if isinstance(outer, dict) for value in outer.values()]
    raise FileError("no mapping whose values are all tensors; save model.state_dict() alone")


def _holds_tensors(mapping: Mapping[object, object]) -> bool:
    items = mapping.items()
    return bool(mapping) and all(isinstance(k, str) and isinstance(v, TensorRef) for k, v in items)


def _without_wrapper(arrays: dict[str, Array]) -> dict[str, Array]:
    """Drops the "module." that torch's DataParallel puts before every name."""
    if not all(name.startswith("module.") for name in arrays):
        return arrays
    return {name.removeprefix("module."): array for name, array in arrays.items()}
