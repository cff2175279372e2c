"""Files with operators on images: other sizes, grids, regions and boxes, on all backends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus.errors import UsageError

onnx = pytest.importorskip("onnx")
import onnxruntime  # noqa: E402 (behind the skip)
from onnx import helper  # noqa: E402 (behind the skip)
from onnx.reference import ReferenceEvaluator  # noqa: E402 (behind the skip)

RANDOM = numpy.random.default_rng(5)
IMAGE = RANDOM.standard_normal((1, 2, 5, 6)).astype(numpy.float32)
BACKENDS: dict[str, dict[str, Any]] = {"cpu": {}, "gpu": {"device": "cpu"}}


def saved(
    folder: Path,
    op: str,
    inputs: dict[str, Any],
    constants: dict[str, Any] | None = None,
    *,
    operands: tuple[str, ...] = (),
    opset: int = 19,
    open_sizes: Any = None,
    forms: dict[str, dict[str, Any]] | None = None,
    **attributes: Any,
) -> Path:
    """A file of a node for each form; operands name inputs and constants, "" for none."""
    names = operands or (*inputs, *(constants or {}))
    given = {n: numpy.asarray(a) for n, a in (constants or {}).items()}
    nodes = [
        helper.make_node(op, list(names), [name], **attributes, **more)
        for name, more in (forms or {"y": {}}).items()
    ]
    graph = helper.make_graph(
        nodes,
        "forms",
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), open_sizes or array.shape
            )
            for name, array in inputs.items()
        ],
        [helper.make_value_info(node.output[0], onnx.TypeProto()) for node in nodes],
        [onnx.numpy_helper.from_array(array, name) for name, array in given.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    path = folder / "forms.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def results(path: Path, inputs: dict[str, Any], specs: Any = None) -> dict[str, Any]:
    """What each backend makes of it."""
    net = im.load(path)
    found = {"eager": net(**inputs)}
    types = specs or {n: im.spec(a.dtype, a.shape) for n, a in inputs.items()}
    for backend, options in BACKENDS.items():
        found[backend] = im.compile(net, types, backend=backend, **options)(**inputs)
    return found


def check(path: Path, inputs: dict[str, Any], wanted: Any = None, specs: Any = None) -> None:
    """That all backends give what is wanted, or what the reference gives."""
    if wanted is None:
        reference = ReferenceEvaluator(str(path))
        wanted = dict(zip(reference.output_names, reference.run(None, inputs), strict=True))
    else:
        wanted = {"y": wanted}
    for backend, found in results(path, inputs, specs).items():
        arrays = found if isinstance(found, dict) else dict.fromkeys(wanted, found)
        for name, array in arrays.items():
            said, right = f"{name} on {backend}", wanted[name]
            assert array.dtype == right.dtype and array.shape == right.shape, said
            numpy.testing.assert_allclose(array, right, rtol=1e-4, atol=1e-5, err_msg=said)


RESIZES: dict[str, dict[str, Any]] = {
    "nearest": {"mode": "nearest"},
    "floor": {"mode": "nearest", "nearest_mode": "floor",
              "coordinate_transformation_mode": "asymmetric"},
    "ceil": {"mode": "nearest", "nearest_mode": "ceil",
             "coordinate_transformation_mode": "align_corners"},
    "prefer_ceil": {"mode": "nearest", "nearest_mode": "round_prefer_ceil"},
    "linear": {"mode": "linear"},
    "corners": {"mode": "linear", "coordinate_transformation_mode": "align_corners"},
    "symmetric": {"mode": "linear", "coordinate_transformation_mode": "half_pixel_symmetric"},
    "cubic": {"mode": "cubic", "coordinate_transformation_mode": "asymmetric"},
    "cubic_inside": {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1},
    "smooth": {"mode": "linear", "antialias": 1},
    "smooth_cubic": {"mode": "cubic", "antialias": 1},
}  # fmt: skip


@pytest.mark.parametrize("scale", [0.6, 1.7, 2.0, 3.0])
def test_resize_by_scales_is_the_references(scale: float, tmp_path: Path) -> None:
    scales = {"scales": numpy.array([1, 1, scale, scale], numpy.float32)}
    path = saved(
        tmp_path, "Resize", {"x": IMAGE}, scales, operands=("x", "", "scales"), forms=RESIZES
    )
    check(path, {"x": IMAGE})


def test_resize_to_sizes_of_some_axes_is_the_references(tmp_path: Path) -> None:
    path = saved(tmp_path, "Resize", {"x": IMAGE}, {"sizes": numpy.array([3, 9])},
                 operands=("x", "", "", "sizes"), axes=[3, 2], forms=RESIZES)  # fmt: skip
    check(path, {"x": IMAGE})


@pytest.mark.parametrize("scale", [0.5, 0.6, 1.5, 2.0])
def test_resize_of_sizes_with_names_is_that_of_known_ones(scale: float, tmp_path: Path) -> None:
    scales = {"scales": numpy.array([1, 1, scale, scale], numpy.float32)}
    path = saved(tmp_path, "Resize", {"x": IMAGE}, scales, operands=("x", "", "scales"),
                 open_sizes=("n", 2, "h", "w"), forms=RESIZES)  # fmt: skip
    check(path, {"x": IMAGE}, specs=im.load(path).specs())


def test_resize_to_the_sizes_of_another_array(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["like"], ["sizes"]),
        helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode="linear",
                         coordinate_transformation_mode="align_corners"),
    ]  # fmt: skip
    kinds = {"x": (1, 2, "h", "w"), "like": (1, 2, "k", "l")}
    given = [helper.make_tensor_value_info(n, 1, shape) for n, shape in kinds.items()]
    graph = helper.make_graph(nodes, "two", given, [helper.make_value_info("y", onnx.TypeProto())])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    path = tmp_path / "two.onnx"
    path.write_bytes(model.SerializeToString())
    inputs = {"x": IMAGE, "like": numpy.zeros((1, 2, 7, 1), numpy.float32)}
    check(path, inputs, specs=im.load(path).specs())


def test_resize_of_a_part_and_what_is_outside(tmp_path: Path) -> None:
    constants = {"roi": numpy.array([0, 0, -0.2, 0.1, 1, 1, 0.8, 1.3], numpy.float32),
                 "sizes": numpy.array([1, 2, 4, 4])}  # fmt: skip
    path = saved(tmp_path, "Resize", {"x": IMAGE}, constants, operands=("x", "roi", "", "sizes"),
                 mode="linear", coordinate_transformation_mode="tf_crop_and_resize",
                 extrapolation_value=9.0)  # fmt: skip
    check(path, {"x": IMAGE})


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
def test_resize_in_proportion(policy: str, tmp_path: Path) -> None:
    path = saved(tmp_path, "Resize", {"x": IMAGE}, {"sizes": numpy.array([7, 8])}, axes=[2, 3],
                 operands=("x", "", "", "sizes"), keep_aspect_ratio_policy=policy)  # fmt: skip
    check(path, {"x": IMAGE})


def test_resize_of_integers_rounds(tmp_path: Path) -> None:
    pixels = RANDOM.integers(0, 256, (1, 1, 4, 5)).astype(numpy.uint8)
    scales = {"scales": numpy.array([1, 1, 2, 2], numpy.float32)}
    path = saved(tmp_path, "Resize", {"x": pixels}, scales, operands=("x", "", "scales"),
                 mode="cubic")  # fmt: skip
    check(path, {"x": pixels})


def test_upsample_repeats_or_draws_lines(tmp_path: Path) -> None:
    scales = numpy.array([1, 1, 2, 3], numpy.float32)
    path = saved(tmp_path, "Upsample", {"x": IMAGE}, {"scales": scales}, opset=9)
    check(path, {"x": IMAGE}, IMAGE.repeat(2, axis=2).repeat(3, axis=3))
    path = saved(tmp_path, "Upsample", {"x": IMAGE}, opset=7, scales=scales.tolist())
    check(path, {"x": IMAGE}, IMAGE.repeat(2, axis=2).repeat(3, axis=3))
    x = numpy.array([[[[1, 3]]]], numpy.float32)
    path = saved(tmp_path, "Upsample", {"x": x}, {"scales": scales[[0, 0, 1, 2]]}, opset=9,
                 mode="linear")  # fmt: skip
    check(path, {"x": x}, numpy.array([[[[1, 2, 3, 3]]]], numpy.float32))


def test_a_resize_that_the_standard_leaves_open_is_refused(tmp_path: Path) -> None:
    scales = numpy.array([1, 1, 0.6, 0.6], numpy.float32)
    path = saved(tmp_path, "Resize", {"x": IMAGE}, {"scales": scales}, opset=10)
    with pytest.raises(UsageError, match="rounds as it likes"):
        im.load(path)(IMAGE)


# Grids, regions, boxes


GRIDS: dict[str, dict[str, Any]] = {
    f"{mode}_{padding}_{corners}": {
        "mode": mode, "padding_mode": padding, "align_corners": corners
    }
    for mode in ("nearest", "linear", "cubic")
    for padding in ("zeros", "border", "reflection")
    for corners in (0, 1)
}  # fmt: skip


def test_grid_sample_is_the_references(tmp_path: Path) -> None:
    grid = (RANDOM.random((1, 3, 4, 2)) * 4 - 2).astype(numpy.float32)
    inputs = {"x": IMAGE, "grid": grid}
    check(saved(tmp_path, "GridSample", inputs, opset=20, forms=GRIDS), inputs)


def test_grid_sample_of_volumes(tmp_path: Path) -> None:
    volume = RANDOM.standard_normal((2, 2, 3, 4, 5)).astype(numpy.float32)
    grid = (RANDOM.random((2, 2, 3, 2, 3)) * 3 - 1.5).astype(numpy.float32)
    inputs = {"x": volume, "grid": grid}
    check(saved(tmp_path, "GridSample", inputs, opset=20, mode="linear"), inputs)


REGIONS: dict[str, dict[str, Any]] = {
    f"{mode}_{form}_{samples}": {
        "mode": mode, "coordinate_transformation_mode": form, "sampling_ratio": samples
    }
    for mode in ("avg", "max")
    for form in ("half_pixel", "output_half_pixel")
    for samples in (0, 2)
}  # fmt: skip


def test_roi_align_is_the_references(tmp_path: Path) -> None:
    rois = numpy.array([[0, 0, 8, 8], [2.5, 1, 9, 11.5], [-4, -3, 14, 15]], numpy.float32)
    inputs = {"x": IMAGE, "rois": rois, "images": numpy.zeros(3, numpy.int64)}
    path = saved(tmp_path, "RoiAlign", inputs, opset=16, spatial_scale=0.5, output_height=2,
                 output_width=3, forms=REGIONS)  # fmt: skip
    check(path, inputs)


@pytest.mark.parametrize("centered", [0, 1])
def test_non_max_suppression_is_the_references(centered: int, tmp_path: Path) -> None:
    inputs = {
        "boxes": RANDOM.random((2, 12, 4)).astype(numpy.float32),
        "scores": RANDOM.integers(0, 9, (2, 3, 12)).astype(numpy.float32),  # with equal ones
        "most": numpy.array([4]),
        "overlap": numpy.array([0.1], numpy.float32),
        "least": numpy.array([2], numpy.float32),
    }
    path = saved(tmp_path, "NonMaxSuppression", inputs, opset=11, center_point_box=centered)
    check(path, inputs)


@pytest.mark.parametrize("corners", [0, 1])
@pytest.mark.parametrize("sizes", [(2, 1, 3, 4), (2, 1, 2, 3, 4)])
def test_affine_grid_is_the_references(sizes: Any, corners: int, tmp_path: Path) -> None:
    count = len(sizes) - 2
    theta = RANDOM.standard_normal((2, count, count + 1)).astype(numpy.float32)
    path = saved(tmp_path, "AffineGrid", {"theta": theta}, {"size": numpy.array(sizes)}, opset=20,
                 align_corners=corners)  # fmt: skip
    check(path, {"theta": theta})


@pytest.mark.parametrize("size", [2, 5, 8, 9])
def test_center_crop_pad_of_a_size_with_a_name(size: int, tmp_path: Path) -> None:
    wanted = {"size": numpy.array([size, 3])}
    path = saved(tmp_path, "CenterCropPad", {"x": IMAGE}, wanted, opset=18, axes=[2, 3],
                 open_sizes=(1, 2, "h", 6))  # fmt: skip
    check(path, {"x": IMAGE}, specs=im.load(path).specs())


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_depth_becomes_space(mode: str, tmp_path: Path) -> None:
    x = RANDOM.standard_normal((2, 8, 3, 2)).astype(numpy.float32)
    check(saved(tmp_path, "DepthToSpace", {"x": x}, opset=13, blocksize=2, mode=mode), {"x": x})


def test_space_becomes_depth(tmp_path: Path) -> None:
    x = RANDOM.standard_normal((2, 3, 4, 6)).astype(numpy.float32)
    check(saved(tmp_path, "SpaceToDepth", {"x": x}, opset=13, blocksize=2), {"x": x})


PADS = [
    ("reflect", [0, 0, 9, 1, 0, 0, 3, 14]),
    ("edge", [0, 1, 0, 8, 1, 0, 7, 0]),
    ("wrap", [0, 0, 11, 0, 0, 3, 1, 13]),
]


@pytest.mark.parametrize(("mode", "widths"), PADS)
@pytest.mark.parametrize("dtype", [numpy.float32, numpy.int32, numpy.bool_])
def test_pads_longer_than_the_axis(mode: str, widths: Any, dtype: Any, tmp_path: Path) -> None:
    x = (IMAGE * 3).astype(dtype)
    path = saved(tmp_path, "Pad", {"x": x}, {"pads": numpy.array(widths)}, mode=mode)
    check(path, {"x": x})


def test_negative_pads_cut(tmp_path: Path) -> None:
    widths = numpy.array([0, 0, -1, 2, 0, 0, -2, -3])
    wanted = numpy.pad(IMAGE[:, :, 1:-2, :-3], ((0, 0), (0, 0), (0, 0), (2, 0)))
    check(saved(tmp_path, "Pad", {"x": IMAGE}, {"pads": widths}), {"x": IMAGE}, wanted)


def test_scales_that_are_computed(tmp_path: Path) -> None:
    """As of detectors, which bring the longer side of any image to one length."""
    nodes = [
        helper.make_node("Concat", ["ones", "s", "s"], ["scales"], axis=0),
        helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="linear"),
        helper.make_node("Conv", ["y", "w"], ["z"]),
    ]
    given = [helper.make_tensor_value_info("x", 1, (1, 2, "h", "w")),
             helper.make_tensor_value_info("s", 1, (1,))]  # fmt: skip
    constants = [
        onnx.numpy_helper.from_array(numpy.ones(shape, numpy.float32), name)
        for name, shape in (("ones", 2), ("w", (1, 2, 1, 1)))
    ]
    made = [helper.make_value_info("z", onnx.TypeProto())]
    graph = helper.make_graph(nodes, "three", given, made, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    path = tmp_path / "two.onnx"
    path.write_bytes(model.SerializeToString())
    inputs = {"x": IMAGE, "s": numpy.array([1.7], numpy.float32)}
    check(path, inputs, specs=im.load(path).specs())


def test_max_roi_pool_is_onnx_runtimes(tmp_path: Path) -> None:
    rois = numpy.array(
        [[0, 0, 0, 7, 6], [0, 2.5, 1, 9, 11.5], [0, -4, -3, 14, 15], [0, 5, 5, 2, 1]], numpy.float32
    )
    inputs = {"x": IMAGE, "rois": rois}
    path = saved(tmp_path, "MaxRoiPool", inputs, opset=1, pooled_shape=[2, 3], spatial_scale=0.5)
    model = onnx.load(path)
    model.ir_version = 8
    wanted = onnxruntime.InferenceSession(model.SerializeToString()).run(None, inputs)[0]
    check(path, inputs, wanted)
