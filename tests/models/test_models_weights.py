"""Weights by file, folder and hub name; fitting them to parameters; names of checkpoints."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import ml_dtypes
import numpy
import pytest
from places import DATA
from safetensors.numpy import save_file

from isthmus.errors import BackendMissing, FileError, UsageError
from isthmus.models.inputs.samples import minilm, mobilenet_v2
from isthmus.models.weights.checkpoint_names import IGNORED, translate
from isthmus.models.weights.weights import assign, load_weights, read_weights

Array = numpy.ndarray[Any, Any]


def zeros(*shape: int) -> Array:
    return numpy.zeros(shape, numpy.float32)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_file({"a": numpy.arange(6.0).reshape(2, 3), "b": numpy.ones(2, ml_dtypes.bfloat16)}, path)
    return path


# --- reading -----------------------------------------------------------------------------------


def test_safetensors_by_file_and_by_folder(weights: Path) -> None:
    for source in (weights, str(weights), weights.parent):
        found = read_weights(source)
        numpy.testing.assert_array_equal(found["a"], numpy.arange(6.0).reshape(2, 3))
        assert found["b"].dtype == ml_dtypes.bfloat16


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin"])
def test_pickled_suffixes(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"w{suffix}").write_bytes((DATA / "tensors_zip.pth").read_bytes())
    assert read_weights(tmp_path / f"w{suffix}")["scalar"] == 7.5


def test_folder_prefers_safetensors(weights: Path) -> None:
    (weights.parent / "pytorch_model.bin").write_bytes((DATA / "tensors_zip.pth").read_bytes())
    assert set(read_weights(weights.parent)) == {"a", "b"}
    weights.unlink()
    assert "scalar" in read_weights(weights.parent)


def test_missing_unknown_and_empty(tmp_path: Path) -> None:
    (tmp_path / "weights.npz").write_bytes(b"PK")
    for source, message in (
        (tmp_path / "none.pth", "no such file"),
        (tmp_path, r"no model\.safetensors or pytorch_model\.bin"),
        (tmp_path / "weights.npz", r"unknown suffix; weights end in \.safetensors"),
    ):
        with pytest.raises(FileError, match=message) as caught:
            read_weights(source)
        assert "\n" not in str(caught.value)


def test_truncated_safetensors_at_any_offset(weights: Path) -> None:
    whole = weights.read_bytes()
    for size in range(len(whole)):
        weights.write_bytes(whole[:size])
        with pytest.raises(FileError, match="truncated or damaged"):
            read_weights(weights)


def header(text: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text


def entry(dtype: str, shape: list[int], offsets: list[int]) -> bytes:
    return json.dumps({"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}).encode()


@pytest.mark.parametrize(
    "content",
    [
        header(b"{}", 2**63),
        header(b"\xff\xfe{}"),
        header(b"[" * 100_000),
        header(b'{"a": 1}'),
        header(entry("F32", [2**62, 4], [0, 0])),
        header(entry("F32", [2], [0, 4])) + bytes(4),
        header(entry("F32", [1], [4, 8])) + bytes(8),
        header(entry("F32", [1], [8, 4])) + bytes(8),
        header(entry("F32", [-1], [0, 4])) + bytes(4),
        header(entry("object", [1], [0, 8])) + bytes(8),
    ],
)
def test_hostile_safetensors_header(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(FileError, match="truncated or damaged"):
        read_weights(tmp_path / "a.safetensors")


# --- hub ---------------------------------------------------------------------------------------


class Absent(Exception):
    """What the stand-in hub raises for a file that a model does not have."""


def hub(monkeypatch: pytest.MonkeyPatch, download: Callable[[str, str], str]) -> None:
    package, errors = ModuleType("huggingface_hub"), ModuleType("huggingface_hub.errors")
    vars(package).update(hf_hub_download=download)
    vars(errors).update(HfHubHTTPError=ConnectionError, RemoteEntryNotFoundError=Absent)
    monkeypatch.setitem(sys.modules, "huggingface_hub", package)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", errors)


def test_hub_tries_safetensors_then_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def download(model: str, file: str) -> str:
        asked.append((model, file))
        if file == "model.safetensors":
            raise Absent
        return str(DATA / "tensors_zip.pth")

    hub(monkeypatch, download)
    assert "scalar" in read_weights("hf://org/name")
    assert asked == [("org/name", "model.safetensors"), ("org/name", "pytorch_model.bin")]
    asked.clear()
    assert "scalar" in read_weights("hf://org/name/sub/other.bin")
    assert asked == [("org/name", "sub/other.bin")]


def test_hub_without_connection_or_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(model: str, file: str) -> str:
        raise ConnectionError("no network\nand a long story")

    def absent(model: str, file: str) -> str:
        raise Absent

    hub(monkeypatch, offline)
    with pytest.raises(FileError, match=r"no network\); download it elsewhere and pass the file$"):
        read_weights("hf://org/name")
    hub(monkeypatch, absent)
    with pytest.raises(FileError, match=r"has no model\.safetensors or pytorch_model\.bin"):
        read_weights("hf://org/name")


def test_hub_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(BackendMissing, match=r"pip install 'isthmus\[models\]'"):
        read_weights("hf://org/name")
    for source in ("hf://", "hf://org", "hf:///name"):
        with pytest.raises(FileError, match="ORGANISATION/NAME"):
            read_weights(source)


# --- fitting -----------------------------------------------------------------------------------


def test_half_precision_is_widened_and_the_rest_kept() -> None:
    kinds = {"h": numpy.float16, "b": ml_dtypes.bfloat16, "d": numpy.float64, "i": numpy.int64}
    tensors = {name: numpy.array([1.5], numpy.float64).astype(kind) for name, kind in kinds.items()}
    found = assign(tensors, tensors, "file")
    assert [found[name].dtype.name for name in kinds] == ["float32", "float32", "float64", "int64"]
    assert found["b"] == numpy.float32(1.5)


def test_all_mismatches_are_in_one_error() -> None:
    parameters = {**{f"m{n}": zeros(n, 2) for n in range(7)}, "s": zeros(2, 3), "ok": zeros(1)}
    tensors = {"s": zeros(3, 2), "ok": zeros(1), "extra": zeros(4), "skip.me": zeros(5)}
    with pytest.raises(FileError) as caught:
        assign(parameters, tensors, "w.pth", [r"^skip\."])
    assert str(caught.value) == (
        "w.pth: does not fit the model: 7 missing (m0 [0, 2], m1 [1, 2], m2 [2, 2], m3 [3, 2], "
        "m4 [4, 2], and 2 more); 1 unexpected (extra [4]); "
        "1 misshaped (s [3, 2] instead of [2, 3]); check variant and head"
    )


def test_pointwise_convolution_fits_a_linear_layer_and_nothing_else_does() -> None:
    found = assign({"a": zeros(4, 3)}, {"a": zeros(4, 3, 1, 1)}, "file")
    assert found["a"].shape == (4, 3)
    for shape in ((3, 4, 1, 1), (1, 4, 3), (12,), (4, 3, 2)):
        with pytest.raises(FileError, match="1 misshaped"):
            assign({"a": zeros(4, 3)}, {"a": zeros(*shape)}, "file")


def test_parameters_need_only_a_shape() -> None:
    assert assign({"a": SimpleNamespace(shape=(2,))}, {"a": zeros(2)}, "file")["a"].shape == (2,)


# --- names -------------------------------------------------------------------------------------

BODY = "encoder.layer.0.attention.self.query.weight"
TRANSFORM = "cls.predictions.transform.LayerNorm."
NAMES: list[tuple[str, str, str]] = [
    ("bert", "bert." + BODY, BODY),
    ("bert", BODY, BODY),
    ("bert", "bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight"),
    ("bert", "embeddings.LayerNorm.beta", "embeddings.LayerNorm.bias"),
    ("bert", "cls.predictions.bias", "cls.predictions.bias"),
    ("bert", TRANSFORM + "gamma", TRANSFORM + "weight"),
    ("distilbert", "distilbert.transformer.layer.0.attention.q_lin.weight", BODY),
    ("distilbert", "transformer.layer.0.ffn.lin2.bias", "encoder.layer.0.output.dense.bias"),
    ("distilbert", "vocab_projector.bias", "vocab_projector.bias"),
    ("roberta", "roberta." + BODY, BODY),
    ("roberta", "embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight"),
    ("roberta", "lm_head.dense.bias", "lm_head.dense.bias"),
    ("resnet", "layer1.0.conv1.weight", "layer1.0.conv1.weight"),
    (
        "densenet",
        "features.denseblock1.denselayer2.norm.1.weight",
        "features.denseblock1.denselayer2.norm1.weight",
    ),
    ("densenet", "features.transition1.conv.weight", "features.transition1.conv.weight"),
    ("mobilenet", "features.1.conv.0.0.weight", "features.1.conv.0.0.weight"),
    ("efficientnet", "classifier.1.weight", "classifier.1.weight"),
    ("vgg", "pre_logits.fc1.weight", "classifier.0.weight"),
    ("vgg", "classifier.6.bias", "classifier.6.bias"),
]


@pytest.mark.parametrize(("family", "theirs", "ours"), NAMES)
def test_one_name(family: str, theirs: str, ours: str) -> None:
    assert translate([theirs], family) == {theirs: ours}


def test_bert_body_gets_the_prefix_of_our_model() -> None:
    ours = ["bert." + BODY, "classifier.weight"]
    found = translate([BODY, "pooler.dense.weight", "classifier.weight"], "bert", ours)
    assert [*found.values()] == ["bert." + BODY, "bert.pooler.dense.weight", "classifier.weight"]
    assert translate(["bert." + BODY], "bert", ours) == {"bert." + BODY: "bert." + BODY}


@pytest.mark.parametrize("family", ["distilbert", "roberta"])
def test_a_body_gets_the_prefix_of_our_model(family: str) -> None:
    ours = [f"{family}.{BODY}", "classifier.weight"]
    found = translate([BODY, "classifier.weight"], family, ours)
    assert [*found.values()] == ours


def test_hugging_face_resnet() -> None:
    stage = "resnet.encoder.stages.3.layers.1."
    expected = {
        "resnet.embedder.embedder.convolution.weight": "conv1.weight",
        "resnet.embedder.embedder.normalization.running_mean": "bn1.running_mean",
        stage + "layer.2.convolution.weight": "layer4.1.conv3.weight",
        stage + "layer.0.normalization.bias": "layer4.1.bn1.bias",
        stage + "shortcut.convolution.weight": "layer4.1.downsample.0.weight",
        stage + "shortcut.normalization.weight": "layer4.1.downsample.1.weight",
        "classifier.1.weight": "fc.weight",
    }
    assert translate(expected, "resnet") == expected


def test_timm_mobilenet_v2() -> None:
    expected = {
        "conv_stem.weight": "features.0.0.weight",
        "bn1.weight": "features.0.1.weight",
        "blocks.0.0.conv_dw.weight": "features.1.conv.0.0.weight",
        "blocks.0.0.bn1.weight": "features.1.conv.0.1.weight",
        "blocks.0.0.conv_pw.weight": "features.1.conv.1.weight",
        "blocks.0.0.bn2.bias": "features.1.conv.2.bias",
        "blocks.1.0.conv_pw.weight": "features.2.conv.0.0.weight",
        "blocks.1.0.conv_dw.weight": "features.2.conv.1.0.weight",
        "blocks.1.0.bn2.weight": "features.2.conv.1.1.weight",
        "blocks.1.0.conv_pwl.weight": "features.2.conv.2.weight",
        "blocks.1.0.bn3.weight": "features.2.conv.3.weight",
        "conv_head.weight": "features.3.0.weight",
        "bn2.weight": "features.3.1.weight",
        "classifier.weight": "classifier.1.weight",
    }
    assert translate(expected, "mobilenet") == expected


def test_timm_mobilenet_v3() -> None:
    expected = {
        "conv_stem.weight": "features.0.0.weight",
        "blocks.0.0.conv_dw.weight": "features.1.block.0.0.weight",
        "blocks.0.0.se.conv_reduce.bias": "features.1.block.1.fc1.bias",
        "blocks.0.0.conv_pw.weight": "features.1.block.2.0.weight",
        "blocks.0.0.bn2.weight": "features.1.block.2.1.weight",
        "blocks.1.0.conv_pw.weight": "features.2.block.0.0.weight",
        "blocks.1.0.conv_pwl.weight": "features.2.block.2.0.weight",
        "blocks.1.1.se.conv_expand.weight": "features.3.block.2.fc2.weight",
        "blocks.1.1.conv_pwl.weight": "features.3.block.3.0.weight",
        "blocks.1.1.bn3.weight": "features.3.block.3.1.weight",
        "blocks.2.0.conv.weight": "features.4.0.weight",
        "blocks.2.0.bn1.weight": "features.4.1.weight",
        "conv_head.bias": "classifier.0.bias",
        "classifier.weight": "classifier.3.weight",
    }
    assert translate(expected, "mobilenet") == expected


def test_blocks_are_counted_as_numbers_not_as_text() -> None:
    names = [f"blocks.0.{n}.conv_pwl.weight" for n in range(11)]
    found = translate(names, "mobilenet")
    assert found["blocks.0.10.conv_pwl.weight"] == "features.11.conv.2.weight"


def test_mobilenet_v1_keeps_its_names() -> None:
    names = ["conv_stem.weight", "blocks.0.0.conv_dw.weight", "blocks.0.0.conv_pw.weight"]
    assert translate(names, "mobilenet") == {name: name for name in names}


def test_unknown_family_and_clashing_names() -> None:
    known = "bert, distilbert, roberta, resnet, mobilenet, densenet, efficientnet, vgg, vit"
    with pytest.raises(UsageError, match=f"choose from {known}"):
        translate([], "alexnet")
    with pytest.raises(FileError, match=f"are both {BODY}"):
        translate([BODY, "bert." + BODY], "bert")


# --- whole checkpoints -------------------------------------------------------------------------


def sample(find: Callable[[], Path]) -> Path:
    try:
        return find()
    except FileError as error:
        pytest.skip(str(error))


def test_minilm_fits_a_bert_with_and_without_prefix() -> None:
    folder = sample(minilm)
    body = {n: a for n, a in read_weights(folder).items() if not n.endswith("position_ids")}
    assert len(body) == 103
    found = load_weights(body, folder, "bert")
    prefixed = load_weights({"bert." + name: array for name, array in body.items()}, folder, "bert")
    for name, array in body.items():
        numpy.testing.assert_array_equal(found[name], array, strict=True)
        numpy.testing.assert_array_equal(prefixed["bert." + name], array, strict=True)


def test_mobilenet_fits_and_a_wrong_head_does_not() -> None:
    path = sample(mobilenet_v2)
    counters = IGNORED["mobilenet"][0].rstrip("$")
    ours = {n: a for n, a in read_weights(path).items() if counters not in n}
    assert len(ours) == 262 and load_weights(ours, path, "mobilenet").keys() == ours.keys()
    ours["classifier.1.weight"] = zeros(10, 1280)
    message = r"1 misshaped \(classifier\.1\.weight \[1000, 1280\] instead of \[10, 1280\]\)"
    with pytest.raises(FileError, match=message):
        load_weights(ours, path, "mobilenet")
