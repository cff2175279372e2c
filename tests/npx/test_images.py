"""Images at other sizes, and boxes: what the operators' samples do not say."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import nn, np, npx
from isthmus.errors import DimensionError, IndexOutside, UsageError

BOXES = numpy.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6]], numpy.float32)


def test_resize_says_what_does_not_fit() -> None:
    x = numpy.zeros((2, 3), numpy.float32)
    for options, said in (
        ({}, "neither"),
        ({"sizes": (2,)}, "1 sizes for 2"),
        ({"scales": (1, -1)}, "positive"),
        ({"scales": (1, 2), "mode": "square"}, "square"),
        ({"scales": (1, 2), "mode": "linear", "coordinates": "middle"}, "middle"),
        ({"scales": (1, 2), "antialias": True}, "antialias"),
    ):
        with pytest.raises(UsageError, match=said):
            npx.resize(x, **options)


def test_resize_of_64_bits_of_integers_is_nearest_alone() -> None:
    x = numpy.array([2**60, 3])
    assert npx.resize(x, scales=(2,)).tolist() == [2**60, 2**60, 3, 3]
    with pytest.raises(UsageError, match="int64"):
        npx.resize(x, scales=(2,), mode="linear")


def test_an_infinite_pixel_stays_where_it_is() -> None:
    x = numpy.array([1, numpy.inf, 2, 3, 4], numpy.float32)
    y = npx.resize(x, scales=(2,), mode="linear")
    assert numpy.isfinite(y[5:]).all() and y[2] == numpy.inf


def test_scales_of_sizes_with_names_have_to_be_simple() -> None:
    with pytest.raises(UsageError, match="not known"):
        im.eval_shape(lambda x: npx.resize(x, scales=(0.7313,)), im.spec("float32", ["n"]))
    half = im.eval_shape(lambda x: npx.resize(x, scales=(0.5,)), im.spec("float32", ["n"]))
    assert str(half) == "float32[((n)//2)]"


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_coordinates_that_are_no_numbers_give_none(padding: str, mode: str) -> None:
    x = numpy.arange(4, dtype=numpy.float32).reshape(1, 1, 2, 2)
    grid = numpy.array([[[[numpy.nan, 0], [numpy.inf, 0], [0, 0]]]], numpy.float32)
    y = npx.grid_sample(x, grid, padding_mode=padding, mode=mode)[0, 0, 0]
    assert numpy.isnan(y[0]) and numpy.isfinite(y[2])
    assert mode != "linear" or y[2] == 1.5
    assert padding != "zeros" or y[1] == 0


def test_an_image_of_one_element_is_reflected() -> None:
    x = numpy.full((1, 1, 1, 1), 3, numpy.float32)
    grid = numpy.array([[[[-3, 2.5], [0.3, 9]]]], numpy.float32)
    y = npx.grid_sample(x, grid, padding_mode="reflection", align_corners=True)
    assert y.tolist() == [[[[3, 3]]]]


def test_boxes_of_centres_overlap_as_those_of_corners() -> None:
    centred = numpy.concatenate([(BOXES[:, :2] + BOXES[:, 2:]) / 2, BOXES[:, 2:] - BOXES[:, :2]], 1)
    wanted = numpy.array([[1, 1 / 7, 0], [1 / 7, 1, 0], [0, 0, 1]])
    numpy.testing.assert_allclose(npx.box_iou(BOXES, BOXES), wanted, rtol=1e-6)
    numpy.testing.assert_allclose(npx.box_iou(centred, centred, format="center"), wanted, rtol=1e-6)
    empty = npx.box_iou(numpy.zeros(4), numpy.zeros((2, 4)))
    assert empty.tolist() == [0, 0]


def test_box_nms_is_the_example_of_mxnet() -> None:
    rows = [[0, 0.5, 0.1, 0.1, 0.2, 0.2], [1, 0.4, 0.1, 0.1, 0.2, 0.2],
            [0, 0.3, 0.1, 0.1, 0.14, 0.14], [2, 0.6, 0.5, 0.5, 0.7, 0.8]]  # fmt: skip
    facts: dict[str, Any] = {"overlap_thresh": 0.1, "id_index": 0}
    found = npx.box_nms(numpy.array(rows), force_suppress=True, **facts)
    assert found.tolist() == [rows[3], rows[0], [-1] * 6, [-1] * 6]
    found = npx.box_nms(numpy.array(rows), **facts)
    assert found.tolist() == [rows[3], rows[0], rows[1], [-1] * 6]
    found = npx.box_nms(numpy.array(rows), background_id=2, topk=1, **facts)
    assert found.tolist() == [rows[0], [-1] * 6, [-1] * 6, [-1] * 6]


def test_box_nms_gives_the_other_format() -> None:
    found = npx.box_nms(numpy.array([[0, 0.5, 1.0, 1, 3, 5]]), out_format="center")
    assert found.tolist() == [[0, 0.5, 2, 3, 2, 4]]


def test_regions_of_images_that_there_are_not() -> None:
    x, roi = numpy.zeros((1, 1, 4, 4), numpy.float32), numpy.zeros((1, 4), numpy.float32)
    with pytest.raises((IndexOutside, IndexError)):
        npx.roi_align(x, roi, numpy.array([1]), output_size=(1, 1), samples=1)


def test_pixel_shuffle_is_undone() -> None:
    x = numpy.arange(72, dtype=numpy.float32).reshape(1, 8, 3, 3)
    y = nn.PixelShuffle2D(2)(x)
    assert y.shape == (1, 2, 6, 6) and y[0, 0, 0, :2].tolist() == [0, 9]
    assert (npx.space_to_depth(y, 2, mode="CRD") == x).all()
    with pytest.raises(DimensionError):
        npx.depth_to_space(x, 3)
    with pytest.raises(DimensionError):
        npx.space_to_depth(x, 2)


def test_the_best_boxes_of_a_compiled_program() -> None:
    run = im.compile(
        lambda boxes, scores: np.take(boxes, npx.non_max_suppression(
            boxes[None], scores[None, None], np.asarray(2), np.asarray(0.1, "float32")
        )[:, 2], axis=0),
        {"boxes": im.spec("float32", ["n", 4]), "scores": im.spec("float32", ["n"])},
    )  # fmt: skip
    found = run(boxes=BOXES, scores=numpy.array([0.1, 0.5, 0.2], numpy.float32))
    assert found.tolist() == BOXES[[1, 2]].tolist()
