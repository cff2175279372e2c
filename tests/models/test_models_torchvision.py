"""VGG and EfficientNet: torchvision's names, options by the publisher, padding, regions, pixels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image
from safetensors.numpy import save_file
from torchvision_names import BLOCKS, CONVOLUTIONS, efficientnet_names, vgg_names

import isthmus as im
from isthmus.errors import FileError, UsageError
from isthmus.models.families.efficientnet import PaddedConv2D
from isthmus.models.families.vgg import regions
from isthmus.models.weights.checkpoint_names import translate
from isthmus.models.weights.publishers import trained_with

NAMES = {
    **{name: vgg_names(name) for name in CONVOLUTIONS},
    **{name: efficientnet_names(name) for name in BLOCKS},
}
SMALL: dict[str, dict[str, Any]] = {
    "vgg": {"width": 8, "hidden": 16, "classes": 5},
    "efficientnet": {"width": 0.25, "classes": 5},
}
GENERATOR = numpy.random.default_rng(0)


def small(name: str, **options: Any) -> im.models.Model:
    return im.models.create(name, **{**SMALL[name.split("-")[0]], **options})


def counted(names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith("num_batches_tracked")]


@pytest.mark.parametrize("name", NAMES)
def test_parameters_have_torchvisions_names_in_its_order(name: str) -> None:
    assert list(small(name).parameters()) == counted(NAMES[name])


@pytest.mark.parametrize("name", ["vgg-11", "vgg-16-bn", "efficientnet-b0", "efficientnet-b3"])
def test_weights_of_torchvision_load(name: str, tmp_path: Path) -> None:
    shapes = {n: p.shape for n, p in small(name).parameters().items()}
    theirs = {n: _noise(shapes[n]) for n in counted(NAMES[name])}
    counters = {n: numpy.zeros((), numpy.int64) for n in NAMES[name] if n not in shapes}
    save_file({**theirs, **counters}, tmp_path / "model.safetensors")
    model = small(name, weights=tmp_path)
    for own, parameter in model.parameters().items():
        numpy.testing.assert_array_equal(parameter.data(), theirs[own], strict=True)
    with pytest.raises(FileError, match="does not fit the model"):
        small(name, weights=tmp_path, classes=6)


def _noise(shape: tuple[int, ...]) -> Any:
    return GENERATOR.standard_normal(shape, numpy.float32)


# --- timm's names ------------------------------------------------------------------------------


def test_dense_layers_of_timms_vgg_are_convolutions(tmp_path: Path) -> None:
    model = small("vgg-11", seed=3)
    ours = {name: p.data() for name, p in model.parameters().items()}
    theirs = {name: array for name, array in ours.items() if name.startswith("features.")}
    channels = 8 * SMALL["vgg"]["width"]
    for kind in ("weight", "bias"):
        shapes = {0: (16, channels, 7, 7), 3: (16, 16, 1, 1), 6: (5, 16)}
        names = {0: "pre_logits.fc1", 3: "pre_logits.fc2", 6: "head.fc"}
        for place, shape in shapes.items():
            array = ours[f"classifier.{place}.{kind}"]
            is_weight = kind == "weight"
            theirs[f"{names[place]}.{kind}"] = array.reshape(shape if is_weight else -1)
    save_file(theirs, tmp_path / "model.safetensors")
    x = _noise((1, 3, 32, 32))
    numpy.testing.assert_array_equal(small("vgg-11", weights=tmp_path)(x), model(x))
    theirs["pre_logits.fc1.weight"] = numpy.zeros((16, channels, 7, 6), numpy.float32)
    save_file(theirs, tmp_path / "model.safetensors")
    with pytest.raises(FileError, match=r"misshaped \(classifier\.0\.weight"):
        small("vgg-11", weights=tmp_path)


def test_names_of_timms_efficientnet() -> None:
    expected = {
        "conv_stem.weight": "features.0.0.weight",
        "bn1.bias": "features.0.1.bias",
        "blocks.0.0.conv_dw.weight": "features.1.0.block.0.0.weight",
        "blocks.0.0.se.conv_reduce.bias": "features.1.0.block.1.fc1.bias",
        "blocks.0.0.conv_pw.weight": "features.1.0.block.2.0.weight",
        "blocks.0.0.bn2.weight": "features.1.0.block.2.1.weight",
        "blocks.6.10.conv_pw.weight": "features.7.10.block.0.0.weight",
        "blocks.6.10.conv_dw.weight": "features.7.10.block.1.0.weight",
        "blocks.6.10.se.conv_expand.weight": "features.7.10.block.2.fc2.weight",
        "blocks.6.10.conv_pwl.weight": "features.7.10.block.3.0.weight",
        "blocks.6.10.bn3.running_var": "features.7.10.block.3.1.running_var",
        "conv_head.weight": "features.8.0.weight",
        "bn2.weight": "features.8.1.weight",
        "classifier.weight": "classifier.1.weight",
    }
    assert translate(expected, "efficientnet") == expected


def test_names_of_timms_lite_have_no_squeeze() -> None:
    expected = {
        "blocks.0.0.conv_dw.weight": "features.1.0.block.0.0.weight",
        "blocks.0.0.conv_pw.weight": "features.1.0.block.1.0.weight",
        "blocks.1.0.conv_pw.weight": "features.2.0.block.0.0.weight",
        "blocks.1.0.conv_pwl.weight": "features.2.0.block.2.0.weight",
        "conv_head.weight": "features.3.0.weight",
    }
    assert translate(expected, "efficientnet") == expected


# --- what weights do not tell ------------------------------------------------------------------

GOOGLE: dict[str, Any] = {"epsilon": 1e-3, "padding": "same"}
TIMM: dict[str, Any] = {"epsilon": 1e-5, "padding": "symmetric"}
TOLD: dict[str, tuple[str, dict[str, Any]]] = {
    "hf://timm/tf_efficientnet_b0.in1k": ("efficientnet-b0", GOOGLE),
    "hf://timm/tf_efficientnet_b0.in1k/other.bin": ("efficientnet-b0", GOOGLE),
    "weights/tf_efficientnet_b5_ap-9e82fae8.pth": ("efficientnet-b5", GOOGLE),
    "tf_efficientnet_lite2.pth": ("efficientnet-lite2", GOOGLE),
    "hf://timm/efficientnet_b5.sw_in12k_ft_in1k": ("efficientnet-b5", TIMM),
    "efficientnet_b0_ra-3dd342df.pth": ("efficientnet-b0", TIMM),
    "efficientnet_lite0_ra-37913777.pth": ("efficientnet-lite0", TIMM),
    "efficientnet_b5_lukemelas-1a07897c.pth": ("efficientnet-b5", {}),
    "my_efficientnet_lite0.pth": ("efficientnet-lite0", {}),
    "tf_efficientnet_b0.pth": ("resnet-18", {}),
}


@pytest.mark.parametrize("source", TOLD)
def test_names_of_weights_tell_options(source: str) -> None:
    name, options = TOLD[source]
    assert trained_with(source, im.models.find(name).options()) == options


def test_options_that_the_name_tells_are_taken(tmp_path: Path) -> None:
    google, x = small("efficientnet-b0", seed=5, **GOOGLE), _noise((1, 3, 64, 64))
    arrays = {name: p.data() for name, p in google.parameters().items()}
    for name in ("tf_efficientnet_b0", "mine"):
        save_file(arrays, tmp_path / f"{name}.safetensors")
    found = small("efficientnet-b0", weights=tmp_path / "tf_efficientnet_b0.safetensors")
    assert found.options == google.options
    numpy.testing.assert_array_equal(found(x), google(x))
    other = small("efficientnet-b0", weights=tmp_path / "mine.safetensors")
    assert not numpy.allclose(other(x), google(x), rtol=1e-2)


def test_other_options_than_the_name_tells_are_refused() -> None:
    refused: dict[str, dict[str, Any]] = {
        "epsilon=0.001, padding='same', by its name; leave them out": TIMM,
        "padding='same', by its name; leave it out": {"padding": "symmetric", "epsilon": 1e-3},
    }
    for message, options in refused.items():
        with pytest.raises(UsageError, match=f"trained with {message}$"):
            im.models.create("efficientnet-b0", weights="tf_efficientnet_b0.pth", **options)
    with pytest.raises(FileError, match="no such file"):
        im.models.create("efficientnet-b0", weights="tf_efficientnet_b0.pth", **GOOGLE)


def test_an_unknown_padding_is_named() -> None:
    for name in ("efficientnet-b0", "efficientnet-lite0"):
        with pytest.raises(UsageError, match="padding='valid': choose from symmetric, same"):
            im.models.create(name, padding="valid")


# --- padding and regions -----------------------------------------------------------------------


def by_hand(x: Any, weight: Any) -> Any:
    """TensorFlow's definition of SAME for a stride of 2, and a convolution without padding."""
    kernel = weight.shape[-1]
    totals = [max((math.ceil(n / 2) - 1) * 2 + kernel - n, 0) for n in x.shape[2:]]
    pads = [(total // 2, total - total // 2) for total in totals]
    return im.npx.convolution(numpy.pad(x, ((0, 0), (0, 0), *pads)), weight, strides=2)


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("sizes", [(8, 8), (7, 7), (8, 5), (1, 2), (3, 64)])
def test_padding_is_tensorflows(
    kernel: int, sizes: tuple[int, int], device_backend: dict[str, Any]
) -> None:
    net = PaddedConv2D(4, 3, kernel, 2, 1, "same")
    net.initialize(seed=1)
    x = _noise((2, 3, *sizes))
    expected = by_hand(x, net.weight.data())
    assert expected.shape[2:] == tuple(math.ceil(n / 2) for n in sizes)
    numpy.testing.assert_allclose(net(x), expected, rtol=1e-5, atol=1e-5)
    for form in (x.shape, ("n", 3, "h", "w"), (2, 3, "h", sizes[1])):
        run = im.compile(net, im.spec("float32", form), on_host="error", **device_backend)
        numpy.testing.assert_allclose(run(x), expected, rtol=1e-4, atol=1e-4)


def test_padding_without_a_stride_is_the_same_either_way() -> None:
    x = _noise((1, 3, 6, 7))
    found = []
    for padding in ("same", "symmetric"):
        net = PaddedConv2D(4, 3, 5, 1, 1, padding)
        net.initialize(seed=1)
        found.append(net(x))
    numpy.testing.assert_array_equal(*found)


def means(x: Any, side: int) -> Any:
    """As torch's documentation has it: from floor(i * n / side) to ceil((i + 1) * n / side)."""

    def ends(i: int, n: int) -> slice:
        return slice(math.floor(i * n / side), math.ceil((i + 1) * n / side))

    height, width = x.shape[2:]
    rows = [
        [x[:, :, ends(i, height), ends(j, width)].mean(axis=(2, 3)) for j in range(side)]
        for i in range(side)
    ]
    return numpy.moveaxis(numpy.asarray(rows), (0, 1), (2, 3))


@pytest.mark.parametrize("sizes", [(7, 7), (2, 2), (1, 9), (14, 21), (8, 30)])
def test_regions_are_means(sizes: tuple[int, int], device_backend: dict[str, Any]) -> None:
    x = _noise((2, 3, *sizes))
    expected = means(x, 7)
    for form in (x.shape, ("n", 3, "h", "w")):
        run = im.compile(
            lambda x: regions(x, 7), im.spec("float32", form), on_host="error", **device_backend
        )
        numpy.testing.assert_allclose(run(x), expected, rtol=1e-5, atol=1e-5)


def test_seven_by_seven_are_left_alone() -> None:
    x = im.spec("float32", ("n", 3, 7, 7))
    (node,) = im.trace(lambda x: regions(x, 7) + 1, x).graph.nodes()
    assert node.op is im.np.add


def test_an_image_below_32_pixels_is_refused() -> None:
    with pytest.raises(im.errors.DimensionError):
        small("vgg-11")(_noise((1, 3, 16, 16)))


# --- pixels ------------------------------------------------------------------------------------

SIDES = {
    **{"vgg-16": 224, "efficientnet-b0": 224, "efficientnet-b1": 240, "efficientnet-b2": 260},
    **{"efficientnet-b3": 300, "efficientnet-b4": 380, "efficientnet-b5": 456},
    **{"efficientnet-b6": 528, "efficientnet-b7": 600, "efficientnet-lite0": 224},
    **{"efficientnet-lite1": 240, "efficientnet-lite2": 260, "efficientnet-lite3": 280},
    **{"efficientnet-lite4": 300},
}


@pytest.mark.parametrize(("name", "side"), SIDES.items())
def test_images_are_of_the_models_size(name: str, side: int, tmp_path: Path) -> None:
    Image.fromarray(GENERATOR.integers(0, 256, (90, 120, 3), numpy.uint8)).save(tmp_path / "a.png")
    model = small(name)
    assert model.specs()["x"].shape[1:] == (3, side, side)
    assert model.specs(height="h")["x"].shape[3] == side
    assert model.preprocess([tmp_path / "a.png"])["x"].shape == (1, 3, side, side)
    assert model.preprocess([tmp_path / "a.png"], crop=64)["x"].shape == (1, 3, 64, 64)


def test_colours_and_filters_are_the_publishers(tmp_path: Path) -> None:
    Image.new("RGB", (80, 60), (0, 255, 255)).save(tmp_path / "plain.png")
    (found,) = small("efficientnet-lite1").preprocess([tmp_path / "plain.png"])["x"]
    assert [set(colour.ravel().tolist()) for colour in found] == [{-1.0}, {1.0}, {1.0}]
    noise = Image.fromarray(GENERATOR.integers(0, 256, (90, 120, 3), numpy.uint8))
    noise.save(tmp_path / "noise.png")
    own = small("efficientnet-b1").preprocess([tmp_path / "noise.png"])["x"]
    plain = small("efficientnet-b1").preprocess([tmp_path / "noise.png"], filter="bilinear")["x"]
    assert numpy.abs(own - plain).max() > 0.1
    resized = noise.resize((int(272 * 120 / 90), 272), Image.Resampling.BICUBIC)
    left = round((resized.width - 240) / 2)
    cut = numpy.asarray(resized, numpy.float64)[16:256, left : left + 240]
    expected = (cut / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    numpy.testing.assert_allclose(own[0], expected.transpose(2, 0, 1), rtol=1e-4, atol=1e-5)
    with pytest.raises(UsageError, match="filter='box': choose from bilinear, bicubic"):
        small("vgg-11").preprocess([tmp_path / "noise.png"], filter="box")
