"""ImageDecoder: files as bytes, to pixels, on every backend, and what is no image."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy
import pytest
from backends import BACKENDS
from onnx_files import node, written
from PIL import Image

import isthmus as im
from isthmus.errors import MissingExtra, UsageError
from isthmus.npx import image_decoding

PIXELS = numpy.random.default_rng(0).integers(0, 256, (13, 7, 3)).astype(numpy.uint8)
EXACT = ("BMP", "PNG", "PPM", "TIFF")
CLOSE = {"JPEG": {"quality": 95}, "JPEG2000": {}, "WEBP": {"quality": 95}}


def encoded(kind: str, pixels: Any = PIXELS, **options: Any) -> Any:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return numpy.frombuffer(file.getvalue(), numpy.uint8)


def of_file(folder: Path, channels: str | None = None) -> Any:
    more = {} if channels is None else {"pixel_format": channels}
    nodes = [
        node("ImageDecoder", ["file"], ["pixels"], "decode", **more),
        node("Cast", ["pixels"], ["floats"], to=1),
        node("Mul", ["floats", "two"], ["twice"]),
    ]
    kinds = {"file": ("uint8", ["n"])}
    constants = {"two": numpy.float32(2)}
    return im.load(written(folder, nodes, kinds, ["pixels", "twice"], constants))


@pytest.mark.parametrize("kind", [*EXACT, *CLOSE])
def test_kinds_of_files(kind: str, tmp_path: Path) -> None:
    smooth = numpy.add.outer(numpy.arange(16) * 8, numpy.arange(24) * 5).astype(numpy.uint8)
    pixels = numpy.stack([smooth, 255 - smooth, smooth // 2], axis=-1)
    net, file = of_file(tmp_path), encoded(kind, pixels, **CLOSE.get(kind, {}))
    found = net(file=file)["pixels"]
    assert (found.dtype, found.shape) == (numpy.uint8, pixels.shape)
    numpy.testing.assert_allclose(found.astype(int), pixels, atol=0 if kind in EXACT else 12)
    assert (found == numpy.asarray(Image.open(io.BytesIO(file.tobytes())))).all()


@pytest.mark.parametrize("channels", [None, "RGB", "BGR", "Grayscale"])
def test_on_every_backend(channels: str | None, tmp_path: Path) -> None:
    net = of_file(tmp_path, channels)
    whole = Image.fromarray(PIXELS)
    wanted = {
        "BGR": PIXELS[..., ::-1],
        "Grayscale": numpy.asarray(whole.convert("L"))[..., None],
    }.get(channels or "", PIXELS)
    for options in BACKENDS.values():
        run = im.compile(net, net.specs(), **options)
        for _ in range(2):
            found = run(file=encoded("PNG"))
            numpy.testing.assert_array_equal(found["pixels"], wanted)
            numpy.testing.assert_array_equal(found["twice"], wanted.astype(numpy.float32) * 2)
        assert run(file=encoded("BMP", PIXELS[:2]))["pixels"].shape[:2] == (2, 7)


def test_other_forms_of_pixels_become_those_asked_for(tmp_path: Path) -> None:
    net = of_file(tmp_path)
    gray = PIXELS[..., 0]
    numpy.testing.assert_array_equal(
        net(file=encoded("PNG", gray))["pixels"], numpy.repeat(gray[..., None], 3, axis=2)
    )
    with_alpha = numpy.concatenate([PIXELS, PIXELS[..., :1]], axis=2)
    numpy.testing.assert_array_equal(net(file=encoded("PNG", with_alpha))["pixels"], PIXELS)


@pytest.mark.parametrize("backend", ["eager", *BACKENDS])
def test_what_is_no_image_is_empty(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the standard says."""
    net = of_file(tmp_path, "BGR")
    run: Any = net if backend == "eager" else im.compile(net, net.specs(), **BACKENDS[backend])
    whole = encoded("PNG")
    gif = encoded("GIF", PIXELS[..., 0])  # which the standard does not list
    for file in (whole[:40], whole[:0], numpy.zeros(9, numpy.uint8), gif):
        found = run(file=file)
        assert found["pixels"].shape == found["twice"].shape == (0, 0, 3)
    monkeypatch.setattr(image_decoding, "MAX_PIXELS", 13 * 7 - 1)
    assert run(file=whole)["pixels"].shape == (0, 0, 3)


def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"ImageDecoder 'decode': pixel_format='CMYK' is not"):
        of_file(tmp_path, "CMYK")(file=encoded("PNG"))
    net = of_file(tmp_path)
    monkeypatch.setattr("isthmus.system.extras.is_here", lambda package: package != "pillow")
    with pytest.raises(MissingExtra, match=r"ImageDecoder needs pillow.*isthmus\[models\]"):
        net(file=encoded("PNG"))
