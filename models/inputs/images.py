"""Photographs as the numbers that ImageNet classifiers were trained on (torchvision's evaluation).

Resize the short side to 256 (bilinear, antialiased), cut the central 224 x 224, divide by 255,
subtract the mean of ImageNet and divide by its standard deviation; or other sizes, colours and
filter, which a model's `Pixels` say.
"""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections.abc import Iterable
from typing import Any

import numpy

from isthmus.errors import FileError, UsageError
from isthmus.graph.dims import same
from isthmus.graph.nodes import Type
from isthmus.system.extras import missing

from .pixels import MEAN, STANDARD_DEVIATION, Colours, Filter

try:
    from PIL import Image, ImageOps
except ModuleNotFoundError:
    raise missing("models", ["pillow"], "reading images") from None

__all__ = [
    "MEAN",
    "STANDARD_DEVIATION",
    "as_image",
    "fitted",
    "load_image",
    "prepare",
    "read_images",
]

Float32Array = numpy.ndarray[Any, numpy.dtype[numpy.float32]]
Path = str | os.PathLike[str]
Source = Path | bytes | numpy.ndarray[Any, Any] | Image.Image

MAX_PIXELS = 2**26  # 67 million: a small file may claim any size
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

BROKEN = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError),
    *(struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning),
)


def read_images(
    sources: Iterable[Source],
    resize: int = 256,
    crop: int = 224,
    mean: Colours = MEAN,
    deviation: Colours = STANDARD_DEVIATION,
    filter: Filter = "bilinear",
) -> Float32Array:
    """[N, 3, crop, crop] float32 from images: `as_image`, then `prepare`."""
    return prepare([as_image(source) for source in sources], resize, crop, mean, deviation, filter)


def as_image(source: Any) -> Image.Image:
    """An image as RGB: of a file by its path, of the bytes of one, of pixels, or one of Pillow's.

    Pixels are uint8 [H, W, 3], [H, W, 4] or [H, W]. Raises FileError for what is no image.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _read(io.BytesIO(source), f"{len(source)} bytes")
    if isinstance(source, numpy.ndarray):
        return _of_pixels(source)
    if isinstance(source, Image.Image):
        return source.convert("RGB")
    if isinstance(source, str | os.PathLike):
        return load_image(source)
    said = repr(source)[:60]
    raise FileError(f"{said}: no image; give a path, the bytes of a file, or uint8 [H, W, 3]")


def _of_pixels(array: numpy.ndarray[Any, Any]) -> Image.Image:
    deep = array.ndim == 3 and array.shape[2] in (3, 4)
    if array.dtype != numpy.uint8 or not (deep or array.ndim == 2) or not array.size:
        said = f"{array.dtype}{list(array.shape)}"
        raise FileError(f"pixels of {said}: no image; give uint8 [H, W, 3], [H, W, 4] or [H, W]")
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise FileError(f"pixels of {list(array.shape)}: refused; {MAX_PIXELS} at the most")
    return Image.fromarray(numpy.ascontiguousarray(array)).convert("RGB")


def load_image(path: Path) -> Image.Image:
    """An image file as RGB, upright by its EXIF orientation.

    Raises FileError where it is missing, truncated, no image, or of more than 67 million pixels.
    """
    if not os.path.isfile(path):
        raise FileError(f"{path}: no such file; give the path of an image")
    return _read(path, path)


def prepare(
    images: Iterable[Image.Image],
    resize: int = 256,
    crop: int = 224,
    mean: Colours = MEAN,
    deviation: Colours = STANDARD_DEVIATION,
    filter: Filter = "bilinear",
) -> Float32Array:
    """[N, 3, crop, crop] float32, normalised; the images in RGB, of any sizes.

    resize: pixels of the short side before the crop. mean, deviation: of red, green and blue,
    ImageNet's unless others are given. filter: "bilinear" or "bicubic", antialiased. Raises
    UsageError for no images, a crop larger than `resize`, another filter, and images so narrow
    that the resized ones would exceed the limit.
    """
    if filter not in FILTERS:
        raise UsageError(f"filter={filter!r}: choose from {', '.join(FILTERS)}")
    if not 0 < crop <= resize:
        raise UsageError(f"resize={resize}, crop={crop}: the crop must fit; try 256 and 224")
    rows = [
        _normalised(_cropped(_resized(image, resize, filter), crop), mean, deviation)
        for image in images
    ]
    if not rows:
        raise UsageError("no images; give at least one")
    return numpy.stack(rows)


def fitted(path: Source, kind: Type) -> Any:
    """An image as one array of a type, the axis of colours where the type has a size of 3.

    kind: float or uint8, [N, 3, H, W], [N, H, W, 3], or either without N. The image is resized to
    H and W (bilinear, antialiased) where these are numbers. Elements are 0 to 255 in uint8, and 0
    to 1 in floats: what a model wants beyond that it has to be given as an array. Raises
    UsageError for another type, FileError as `load_image`.
    """
    axes = kind.ndim - 3
    places = [
        i
        for i in (axes, axes + 2)
        if axes in (0, 1) and kind.shape[i] is not None and same(kind.shape[i], 3)
    ]
    if not places or (kind.dtype.kind != "f" and kind.dtype != numpy.uint8):
        raise UsageError(
            f"{_name(path)}: an image is of type float32 or uint8 [N, 3, H, W] or [N, H, W, 3]; "
            f"{kind} is asked for, so give an array of numpy.save"
        )
    is_first = places[0] == axes
    sizes = kind.shape[axes + 1 :] if is_first else kind.shape[axes : axes + 2]
    image = as_image(path)
    height, width = sizes
    if isinstance(height, int) and isinstance(width, int):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    array = numpy.asarray(image)
    array = array if array.dtype == kind.dtype else (array / 255).astype(kind.dtype)
    array = array.transpose(2, 0, 1) if is_first else array
    return numpy.ascontiguousarray(array[None] if axes else array)


def _read(file: Path | io.BytesIO, name: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decoded(file, name)
    except FileError:
        raise
    except BROKEN as error:
        reason = ascii(f"{type(error).__name__}: {error}")[1:-1][:120]
        raise FileError(
            f"{name}: not a whole image ({reason}); save it again as JPEG or PNG"
        ) from None


def _decoded(file: Path | io.BytesIO, name: Path) -> Image.Image:
    with Image.open(file) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise FileError(f"{name}: refused: {width} x {height} pixels; {MAX_PIXELS} at the most")
        image.load()
        return ImageOps.exif_transpose(image).convert("RGB")


def _name(source: Source) -> str:
    return os.fspath(source) if isinstance(source, str | os.PathLike) else "an image"


def _resized(image: Image.Image, short_side: int, filter: Filter = "bilinear") -> Image.Image:
    """The long side is rounded down, as torchvision does."""
    short, long = sorted(image.size)
    other = int(short_side * long / short)
    if short_side * other > MAX_PIXELS:
        raise UsageError(f"an image of {image.size} is too narrow to resize; crop it first")
    size = (short_side, other) if image.width <= image.height else (other, short_side)
    return image.resize(size, FILTERS[filter])


def _cropped(image: Image.Image, side: int) -> Image.Image:
    left, top = (round((length - side) / 2) for length in image.size)
    return image.crop((left, top, left + side, top + side))


def _normalised(image: Image.Image, mean: Colours, deviation: Colours) -> Float32Array:
    values = numpy.asarray(image.convert("RGB"), numpy.float32) / numpy.float32(255)
    middle, unit = (numpy.asarray(v, numpy.float32) for v in (mean, deviation))
    return numpy.ascontiguousarray(((values - middle) / unit).transpose(2, 0, 1))
