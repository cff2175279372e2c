"""Image files that a program is given as bytes, decoded on the host by Pillow."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError, WrongKind
from isthmus.graph.dims import Dim
from isthmus.graph.infer import INT64
from isthmus.graph.nodes import Type
from isthmus.np import host_only
from isthmus.system.extras import require
from isthmus.trace.op import primitive

from .sizes import computed_size

__all__ = ["CHANNELS", "decode_image"]

Array = numpy.ndarray[Any, Any]

CHANNELS = {"BGR": 3, "Grayscale": 1, "RGB": 3}
FORMATS = ("BMP", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")  # as ONNX lists them
MAX_PIXELS = 2**26  # 67 million: a small file may claim any size
BYTE = numpy.dtype(numpy.uint8)


def _type(encoded: Type, channels: str, size: int | Dim) -> tuple[Type, Type]:
    if encoded.dtype != BYTE or encoded.ndim != 1:
        raise WrongKind(f"{encoded} is no file; give its bytes as uint8[n]")
    return Type(BYTE, (size,)), Type(INT64, (2,))


@primitive(infer=_type, discovers=True, host_only=host_only.DISCOVERED, checked=True)
def _decoded_bytes(encoded: Any, /, channels: str, size: Any = None) -> tuple[Any, Any]:
    """The elements of an image, and its height and width."""
    found = _decoded(encoded, channels)
    return found.reshape(-1), numpy.asarray(found.shape[:2], numpy.int64)


def decode_image(encoded: Any, channels: str = "RGB") -> Any:
    """An image file's pixels: uint8 [height, width, channels]; [0, 0, channels] of what is none.

    encoded: the file's bytes, uint8 [n], of BMP, JPEG, JPEG 2000, PNG, PNM, TIFF or WebP. channels:
    "RGB", "BGR" or "Grayscale". Images of more than 67 million pixels count as none. Raises
    UsageError for other channels, WrongKind for what are no bytes, MissingExtra without Pillow. As
    ONNX's ImageDecoder.
    """
    require("models", "pillow", user="ImageDecoder")
    if channels not in CHANNELS:
        known = ", ".join(map(repr, CHANNELS))
        raise UsageError(f"pixel_format={channels!r} is not known; give one of {known}")
    flat, sizes = _decoded_bytes(encoded, channels)
    if isinstance(flat, numpy.ndarray):
        return flat.reshape(*map(int, sizes), CHANNELS[channels])
    height, width = (computed_size(np.getitem(sizes, axis)).shape[0] for axis in (0, 1))
    whole = np.getitem(flat, slice(0, height * width * CHANNELS[channels]))
    return np.reshape(whole, (height, width, CHANNELS[channels]))


def _decoded(encoded: Array, channels: str) -> Array:
    from PIL import Image

    broken = (
        *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
        *(RuntimeError, struct.error, Image.DecompressionBombError),
    )
    nothing = numpy.zeros((0, 0, CHANNELS[channels]), numpy.uint8)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = io.BytesIO(numpy.ascontiguousarray(encoded).tobytes())
            with Image.open(content, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    return nothing
                pixels = image.convert("L" if channels == "Grayscale" else "RGB")
    except broken:
        return nothing
    found = numpy.asarray(pixels)
    if channels == "Grayscale":
        return found[..., None]
    return numpy.ascontiguousarray(found[..., ::-1]) if channels == "BGR" else found
