"""Peers below float32: the files that they make, in which precision they say they ran, how right.

Each runs in its own environment where `make peers` made one; where there is none it skips.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import nn, npx
from isthmus.benchmarks.harness import environments, variants
from isthmus.benchmarks.harness.making import make
from isthmus.benchmarks.harness.parity import cosine
from isthmus.benchmarks.harness.processes import measured
from isthmus.benchmarks.portable.timing.inputs import read_outputs, write_sets
from isthmus.benchmarks.portable.timing.precision import told, with_precision
from isthmus.errors import BackendMissing, IsthmusError

WIDTH = 512  # narrower ones OpenVINO computes as one kernel of floats, with AVX-512
PEERS = {
    "openvino-as-it-comes": ("f32", "bf16", "f16"),
    "openvino-nncf-int8": ("int8",),
    "onnxruntime-dynamic-int8": ("int8",),
    "onnxruntime-static-int8": ("int8",),
    "torch-eager-bf16": ("bf16",),
}


class Layers(nn.Block):
    def __init__(self) -> None:
        self.first, self.second = nn.Dense(WIDTH, WIDTH), nn.Dense(WIDTH, WIDTH)

    def forward(self, x: Any) -> Any:
        return self.second(npx.relu(self.first(x)))


def arrays(seed: int) -> dict[str, Any]:
    random = numpy.random.default_rng(seed)
    return {"x": random.standard_normal((4, WIDTH), numpy.float32)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of two dense layers, inputs of it, and others to calibrate by."""
    net = Layers()
    net.initialize(seed=0)
    specs = {"x": im.spec("float32", [4, WIDTH])}
    im.export(net, specs, tmp_path / "model.onnx")
    im.compile(net, specs, backend="numpy").save(tmp_path / "program.im")
    write_sets(tmp_path / "inputs.npz", [arrays(0), arrays(1)])
    write_sets(tmp_path / "judged.npz", [arrays(seed) for seed in range(2, 6)])
    for name in ("calibration.npz", "tuning.npz"):
        write_sets(tmp_path / name, [arrays(seed) for seed in range(6, 14)])
    return tmp_path


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_says_in_which_precision_it_ran_and_is_right(name: str, folder: Path) -> None:
    (variant,) = variants.find([name])
    try:
        environments.interpreter(variant.environment)
    except BackendMissing as problem:
        pytest.skip(str(problem))
    make(folder, variant, 1)
    try:
        record = measured(
            *(folder, variant, 1, 0.01),
            outputs=folder / "outputs.npz",
            judged=folder / "judged-outputs.npz",
        )
    except BackendMissing as problem:  # bfloat16, on a processor without
        pytest.skip(str(problem))
    assert record["precision"] in PEERS[name]
    assert 1 <= record["products"][record["precision"]] <= 2
    program = im.load(folder / "program.im", backend="numpy")
    for seed, (found,) in enumerate(read_outputs(folder / "outputs.npz")):
        assert (cosine(found, program(**arrays(seed))) or 0) > 0.98
    judged = (folder / "judged-outputs.npz").exists()
    assert judged == (record["precision"] != "f32"), "accuracy is that of lower precisions"


def test_own_integers_are_made_once_and_are_the_saved_program(folder: Path) -> None:
    (variant,) = variants.find(["cpu-int8"])
    make(folder, variant, 1)
    written = (folder / "cpu-int8.im").stat().st_mtime_ns
    make(folder, variant, 1)
    assert (folder / "cpu-int8.im").stat().st_mtime_ns == written
    record = measured(folder, variant, 1, 0.01, outputs=folder / "outputs.npz")
    assert record["precision"] == "int8"


def test_what_tuning_chose_runs_as_it_was_chosen(folder: Path) -> None:
    (variant,) = variants.find(["auto"])
    short = replace(variant, options={**variant.options, "budget": "6s"})
    make(folder, short, 1, classes=True)
    tuning = im.load(folder / "auto.im").tuning
    assert tuning is not None and tuning["accuracy"]["top1"] == 0.99
    record = measured(folder, short, 1, 0.01, outputs=folder / "outputs.npz")
    module = {"cpu": "openvino", "gpu": "onnxruntime", "numpy": "numpy"}
    assert record["runtime"].startswith(module[tuning["keywords"]["backend"]])
    program = im.load(folder / "program.im", backend="numpy")
    for seed, (found,) in enumerate(read_outputs(folder / "outputs.npz")):
        assert (cosine(found, program(**arrays(seed))) or 0) > 0.98


def test_what_cannot_be_made_is_one_line(folder: Path) -> None:
    (folder / "calibration.npz").unlink()
    (variant,) = variants.find(["onnxruntime-static-int8"])
    with pytest.raises(IsthmusError, match=r"^FileNotFoundError: .*calibration\.npz"):
        make(folder, variant, 1)


def test_a_program_is_of_the_precision_that_most_of_its_products_have() -> None:
    call = with_precision(lambda arrays: arrays, lambda: {"f32": 2, "int8": 5})
    assert told(call) == {"precision": "int8", "products": {"f32": 2, "int8": 5}}
    assert told(lambda arrays: arrays) == {"precision": "f32", "products": {}}
