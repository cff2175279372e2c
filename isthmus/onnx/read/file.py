"""A model file as bytes that can be trusted: found, parsed, its weights beside it and nowhere else.

Whoever reads a file of somebody else's meets one error of one line, and never a path out of its
folder: external data is a plain file in the folder of the model or below it (CVE-2022-25882,
CVE-2024-5187).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import FileError
from isthmus.system.extras import require
from isthmus.system.file_kinds import explained, kind_of, no_file

__all__ = ["Tensors", "parsed"]

BITS = {21: 4, 22: 4, 23: 4, 25: 2, 26: 2}  # of the element types of less than a byte
LARGEST = 2**31 - 1  # bytes of one protobuf message
Array = numpy.ndarray[Any, Any]


def parsed(path: Path) -> Any:
    """The file as onnx's ModelProto, without its external data.

    Raises FileError for a file that is missing or no ONNX model, MissingExtra without `onnx`.
    """
    require("onnx-cpu", "onnx", user=path.name)
    from onnx import ModelProto

    if wrong := no_file(path, (".onnx",)):
        step = wrong.step if path.is_dir() else "give the path of an ONNX model"
        raise FileError(f"{path}: {wrong.reason}; {step}")
    if path.stat().st_size > LARGEST:
        raise FileError(f"{path}: larger than 2 GiB; export it with external data")
    model = ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except Exception as problem:  # protobuf's own class differs between its versions
        reason = explained(path, problem).reason
        raise FileError(f"{path}: not an ONNX model ({reason}); export it again") from None
    if not model.graph.output:
        other = kind_of(path)
        found = f"not an ONNX model ({other.reason})" if other else "an ONNX model without results"
        raise FileError(f"{path}: {found}; export it again")
    return model


class Tensors:
    """The tensors of a file as arrays. Those beside it are mapped, not read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, Array] = {}

    def array(self, tensor: Any) -> Array:
        """The tensor's elements; FileError for what is none, or lies outside of the file."""
        from onnx import TensorProto, numpy_helper

        name = tensor.name or "a constant"
        shape = tuple(tensor.dims)
        if any(size < 0 for size in shape):
            raise FileError(f"{self.path}: tensor '{name}' has the sizes {shape}; export it again")
        try:
            if tensor.data_location == TensorProto.EXTERNAL:
                return self._external(tensor, shape)
            if tensor.data_type == TensorProto.STRING:
                texts = [text.decode("utf-8") for text in tensor.string_data]
                return numpy.array(texts, dtype=numpy.dtypes.StringDType()).reshape(shape)
            return _native(numpy_helper.to_array(tensor))
        except (ValueError, TypeError, KeyError, MemoryError, OverflowError) as problem:
            reason = " ".join(str(problem).split())[:120]
            raise FileError(f"{self.path}: tensor '{name}': {reason}; export it again") from None

    def _external(self, tensor: Any, shape: tuple[int, ...]) -> Array:
        from onnx import helper

        facts = {entry.key: entry.value for entry in tensor.external_data}
        whole = self._file(facts.get("location", ""))
        dtype = numpy.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        bits = BITS.get(tensor.data_type, 8 * dtype.itemsize)
        size = -(-math.prod(shape) * bits // 8)
        start = int(facts.get("offset", 0))
        length = int(facts.get("length", size))
        if start < 0 or length != size or start + size > len(whole):
            raise FileError(
                f"{self.path}: tensor '{tensor.name}' is {size} bytes, and its file has "
                f"{max(len(whole) - start, 0)} of them from {start} on; export it again"
            )
        if tensor.data_type in BITS:
            return _unpacked(tensor, whole[start : start + size])
        found = whole[start : start + size].view(dtype.newbyteorder("<")).reshape(shape)
        return _native(found)

    def _file(self, location: str) -> Array:
        if location not in self.files:
            place = self.place(location)
            empty = place.stat().st_size == 0
            self.files[location] = (
                numpy.zeros(0, numpy.uint8) if empty else numpy.memmap(place, numpy.uint8, "r")
            )
        return self.files[location]

    def place(self, location: str) -> Path:
        """Where the external data of a name lies; FileError unless that is in the file's folder."""
        folder = self.path.parent
        outside = FileError(
            f"{self.path}: its weights '{location}' lead out of its folder; put them beside it"
        )
        if not location or "\0" in location or Path(location).is_absolute():
            raise outside
        if ".." in Path(location).parts:
            raise outside
        place = folder / location
        if not place.resolve().is_relative_to(folder.resolve()):
            raise outside
        if not place.is_file():
            raise FileError(f"{self.path}: its weights '{location}' are not beside it")
        if place.stat().st_nlink > 1:
            raise FileError(
                f"{self.path}: its weights '{location}' are a hard link, which may be of a file "
                "elsewhere; copy them"
            )
        return place


def _unpacked(tensor: Any, content: Array) -> Array:
    """Elements of less than a byte, several of which are in one."""
    from onnx import TensorProto, numpy_helper

    inside = TensorProto(data_type=tensor.data_type, dims=tensor.dims, raw_data=content.tobytes())
    return numpy_helper.to_array(inside)


def _native(array: Array) -> Array:
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
