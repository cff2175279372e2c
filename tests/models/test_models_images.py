"""Photographs to numbers: torchvision's evaluation transform, and refusals; class names."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from PIL import Image

from isthmus.errors import FileError, UsageError
from isthmus.models.inputs import images
from isthmus.models.inputs.images import MEAN, STANDARD_DEVIATION, load_image, prepare, read_images
from isthmus.models.inputs.labels import imagenet_classes, top
from isthmus.models.inputs.samples import photographs

NORMALISED_WHITE = [(1 - m) / d for m, d in zip(MEAN, STANDARD_DEVIATION, strict=True)]


def noise(width: int, height: int) -> Image.Image:
    values = numpy.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=numpy.uint8)
    return Image.fromarray(values)


def test_white_becomes_the_normalised_one() -> None:
    found = prepare([Image.new("RGB", (300, 500), "white")])
    assert (found.shape, found.dtype.name) == ((1, 3, 224, 224), "float32")
    for channel, expected in enumerate(NORMALISED_WHITE):
        numpy.testing.assert_allclose(found[0, channel], expected, rtol=1e-6)


def test_short_side_of_256_is_only_cropped() -> None:
    image = noise(301, 256)
    values = numpy.asarray(image, numpy.float64)[16:240, 38:262]  # round(77 / 2) = 38, to even
    expected = ((values / 255 - MEAN) / STANDARD_DEVIATION).transpose(2, 0, 1)
    numpy.testing.assert_allclose(prepare([image])[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("size", "resized"),
    [((640, 427), (383, 256)), ((427, 640), (256, 383)), ((100, 100), (256, 256))],
)
def test_long_side_is_rounded_down(size: tuple[int, int], resized: tuple[int, int]) -> None:
    assert images._resized(Image.new("RGB", size), 256).size == resized


def test_reduction_is_antialiased() -> None:
    """A pattern of single-pixel stripes averages to grey; sampling alone would keep stripes."""
    stripes = numpy.zeros((1024, 1024, 3), numpy.uint8)
    stripes[:, ::2] = 255
    found = prepare([Image.fromarray(stripes)])
    assert numpy.ptp(found[0, 0]) < 0.2


def test_other_sizes_and_their_limits() -> None:
    assert prepare([noise(50, 60)] * 2, resize=40, crop=32).shape == (2, 3, 32, 32)
    for resize, crop in ((32, 33), (32, 0)):
        with pytest.raises(UsageError, match="the crop must fit"):
            prepare([noise(50, 60)], resize, crop)
    with pytest.raises(UsageError, match="no images"):
        prepare([])
    with pytest.raises(UsageError, match="too narrow"):
        prepare([Image.new("RGB", (1, 60_000))], 2048, 2048)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "LA"])
def test_every_mode_becomes_rgb(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ("a.tiff" if mode == "CMYK" else "a.png")
    Image.new("RGB", (4, 4), "white").convert(mode).save(path)
    found = load_image(path)
    assert (found.mode, found.getpixel((1, 1))) == ("RGB", (255, 255, 255))


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 4), "black")
    image.putpixel((0, 0), (255, 255, 255))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    image.save(tmp_path / "a.png", exif=exif)
    found = load_image(tmp_path / "a.png")
    assert found.size == (4, 8)
    assert found.getpixel((3, 0)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "tiff", "webp"])
def test_truncated_image(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    noise(64, 64).save(path, quality=90)
    whole = path.read_bytes()
    for size in (0, 1, 10, len(whole) // 4, len(whole) // 2):
        path.write_bytes(whole[:size])
        with pytest.raises(FileError, match="not a whole image") as caught:
            load_image(path)
        assert "\n" not in str(caught.value)


def test_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(FileError, match="not a whole image"):
        read_images([tmp_path / "a.jpg"])
    for path in (tmp_path, tmp_path / "none.jpg"):
        with pytest.raises(FileError, match="no such file"):
            load_image(path)


@pytest.mark.parametrize("side", [9_000, 11_000, 20_000])
def test_a_bomb_is_refused(side: int, tmp_path: Path) -> None:
    Image.new("1", (side, side)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 200_000
    with pytest.raises(FileError, match=r"bomb\.png: .*pixels"):
        load_image(tmp_path / "bomb.png")


def test_published_photographs() -> None:
    try:
        paths = photographs()
    except FileError as error:
        pytest.skip(str(error))
    found = read_images(paths)
    assert found.shape == (2, 3, 224, 224)
    assert found.flags.c_contiguous and numpy.abs(found).max() < 2.7


# --- classes -----------------------------------------------------------------------------------


def test_a_thousand_distinct_names_in_order() -> None:
    names = imagenet_classes()
    assert len(set(names)) == len(names) == 1000
    known = {0: "tench", 1: "goldfish", 207: "golden retriever", 281: "tabby", 985: "daisy"}
    assert {place: names[place] for place in known} == known


def test_top_is_the_softmax_in_order() -> None:
    logits = numpy.full((1, 1000), -1e4, numpy.float32)
    logits[0, [0, 1, 985]] = numpy.log([0.2, 0.7, 0.1]) + 300
    found = top(logits, 3)
    assert [name for name, _ in found] == ["goldfish", "tench", "daisy"]
    numpy.testing.assert_allclose([p for _, p in found], [0.7, 0.2, 0.1], rtol=1e-4)
    assert top(logits[0]) == top(logits, 5) and len(top(logits, 1000)) == 1000


def test_top_refuses() -> None:
    for logits in (numpy.zeros(1001), numpy.zeros((2, 1000)), numpy.zeros(())):
        with pytest.raises(UsageError, match="logits of shape"):
            top(logits)
    for k in (0, 1001):
        with pytest.raises(UsageError, match=f"k={k}"):
            top(numpy.zeros(1000), k)
    with pytest.raises(UsageError, match="finite"):
        top(numpy.full(1000, numpy.nan))
