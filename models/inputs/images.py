"""Photographs as the numbers that ImageNet classifiers were trained on (torchvision's evaluation).

Resize the short side to 256 (bilinear, antialiased), cut the central 224 x 224, divide by 255,
subtract the mean of ImageNet and divide by its standard deviation.
"""

from __future__ import annotations

import os
import struct
import warnings
from collections.abc import Iterable
from typing import Any

import numpy

from isthmus.errors import FileError, UsageError
from isthmus.system.extras import missing

try:
    from PIL import Image, ImageOps
except ModuleNotFoundError:
    raise missing("models", ["pillow"], "reading images") from None

__all__ = ["MEAN", "STANDARD_DEVIATION", "load_image", "prepare", "read_images"]

Float32Array = numpy.ndarray[Any, numpy.dtype[numpy.float32]]
Path = str | os.PathLike[str]

MAX_PIXELS = 2**26  # 67 million: a small file may claim any size
MEAN = (0.485, 0.456, 0.406)
STANDARD_DEVIATION = (0.229, 0.224, 0.225)

BROKEN = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError),
    *(struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning),
)


def read_images(paths: Iterable[Path], resize: int = 256, crop: int = 224) -> Float32Array:
    """[N, 3, crop, crop] float32 from image files: `load_image`, then `prepare`."""
    return prepare([load_image(path) for path in paths], resize, crop)


def load_image(path: Path) -> Image.Image:
    """An image file as RGB, upright by its EXIF orientation.

    Raises FileError where it is missing, truncated, no image, or of more than 67 million pixels.
    """
    if not os.path.isfile(path):
        raise FileError(f"{path}: no such file; give the path of an image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decoded(path)
    except FileError:
        raise
    except BROKEN as error:
        reason = ascii(f"{type(error).__name__}: {error}")[1:-1][:120]
        raise FileError(
            f"{path}: not a whole image ({reason}); save it again as JPEG or PNG"
        ) from None


def prepare(images: Iterable[Image.Image], resize: int = 256, crop: int = 224) -> Float32Array:
    """[N, 3, crop, crop] float32, normalised; the images in RGB, of any sizes.

    resize: pixels of the short side before the crop. Raises UsageError for no images, a crop
    larger than `resize`, and images so narrow that the resized ones would exceed the limit.
    """
    if not 0 < crop <= resize:
        raise UsageError(f"resize={resize}, crop={crop}: the crop must fit; try 256 and 224")
    rows = [_normalised(_cropped(_resized(image, resize), crop)) for image in images]
    if not rows:
        raise UsageError("no images; give at least one")
    return numpy.stack(rows)


def _decoded(path: Path) -> Image.Image:
    with Image.open(path) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise FileError(f"{path}: refused: {width} x {height} pixels; {MAX_PIXELS} at the most")
        image.load()
        return ImageOps.exif_transpose(image).convert("RGB")


def _resized(image: Image.Image, short_side: int) -> Image.Image:
    """The long side is rounded down, as torchvision does."""
    short, long = sorted(image.size)
    other = int(short_side * long / short)
    if short_side * other > MAX_PIXELS:
        raise UsageError(f"an image of {image.size} is too narrow to resize; crop it first")
    size = (short_side, other) if image.width <= image.height else (other, short_side)
    return image.resize(size, Image.Resampling.BILINEAR)


def _cropped(image: Image.Image, side: int) -> Image.Image:
    left, top = (round((length - side) / 2) for length in image.size)
    return image.crop((left, top, left + side, top + side))


def _normalised(image: Image.Image) -> Float32Array:
    values = numpy.asarray(image.convert("RGB"), numpy.float32) / numpy.float32(255)
    mean, deviation = (numpy.asarray(v, numpy.float32) for v in (MEAN, STANDARD_DEVIATION))
    return numpy.ascontiguousarray(((values - mean) / deviation).transpose(2, 0, 1))
