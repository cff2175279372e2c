"""Every version is opened by the runtimes that servers have, and is what its configuration says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import onnxruntime
import openvino
import pytest
from served_programs import PROGRAMS, saved_in

import isthmus as im
from isthmus.serve.repository import Exported, Settings, export_repository
from isthmus.serve.repository.servers import BACKENDS
from isthmus.serve.repository.signature import Tensor

FORMS = [
    (name, backend)
    for name, program in PROGRAMS.items()
    for backend in BACKENDS
    if program.only in (None, backend)
]
# What runtimes call the types of Triton.
OF_ONNX = {"FP32": "float", "FP64": "double", "FP16": "float16"}
OF_OPENVINO = {
    "FP32": "f32", "FP64": "f64", "FP16": "f16", "BOOL": "boolean", "UINT8": "u8", "INT64": "i64",
    "INT32": "i32",
}  # fmt: skip


def exported(folder: Path, name: str, backend: str) -> Exported:
    program = PROGRAMS[name]
    settings = Settings(server_backend=backend)
    return export_repository(
        program.function, folder, name="net", specs=program.specs, settings=settings
    )


def said(tensors: tuple[Tensor, ...]) -> dict[str, tuple[str, list[int]]]:
    return {each.name: (each.type.removeprefix("TYPE_"), list(each.dims)) for each in tensors}


def of_session(values: Any) -> dict[str, tuple[str, list[int]]]:
    known = {f"tensor({v})": k for k, v in OF_ONNX.items()}
    return {
        each.name: (
            known.get(each.type, each.type.removeprefix("tensor(").rstrip(")").upper()),
            [size if isinstance(size, int) else -1 for size in each.shape] or [1],
        )
        for each in values
    }


def of_model(ports: Any) -> dict[str, tuple[str, list[int]]]:
    known = {v: k for k, v in OF_OPENVINO.items()}
    return {
        each.any_name: (
            known[each.element_type.to_string()],
            [
                size.get_length() if size.is_static else -1
                for size in each.get_partial_shape()
            ] or [1],
        )
        for each in ports
    }  # fmt: skip


@pytest.mark.parametrize(("name", "backend"), FORMS)
def test_a_version_is_what_its_configuration_says(name: str, backend: str, tmp_path: Path) -> None:
    """Names, types and every size: Triton's backends compare the sizes of results one by one."""
    made = exported(tmp_path, name, backend)
    assert made.model_file.name == BACKENDS[backend].file
    if backend == "onnxruntime":
        session = onnxruntime.InferenceSession(
            str(made.model_file), providers=["CPUExecutionProvider"]
        )
        assert of_session(session.get_inputs()) == said(made.signature.inputs)
        assert of_session(session.get_outputs()) == said(made.signature.outputs)
    else:
        model = openvino.Core().read_model(made.model_file)
        assert of_model(model.inputs) == said(made.signature.inputs)
        assert of_model(model.outputs) == said(made.signature.outputs)


@pytest.mark.parametrize("name", [name for name, _ in FORMS if _ == "onnxruntime"])
def test_model_server_opens_the_onnx_file_as_well(name: str, tmp_path: Path) -> None:
    """It reads it by OpenVINO, and calls arrays what OpenVINO calls them first."""
    made = exported(tmp_path, name, "onnxruntime")
    model = openvino.Core().read_model(made.model_file)
    for ports, tensors in (
        (model.inputs, made.signature.inputs),
        (model.outputs, made.signature.outputs),
    ):
        found = of_model(ports)
        wanted = said(tensors)
        assert found.keys() == wanted.keys()
        for array, (kind, sizes) in wanted.items():
            assert (found[array][0], len(found[array][1])) == (kind, len(sizes))


@pytest.mark.parametrize(("name", "backend"), FORMS)
def test_requests_are_joined_where_rows_are_apart(name: str, backend: str, tmp_path: Path) -> None:
    made = exported(tmp_path, name, backend)
    joined = PROGRAMS[name].joined and backend == "onnxruntime"
    assert made.signature.max_batch_size == (8 if joined else 0)
    assert (made.why_alone is None) == joined


@pytest.mark.parametrize(
    ("name", "server"), [(n, p.only) for n, p in PROGRAMS.items() if p.only is not None]
)
def test_what_a_server_does_not_take_is_refused_with_the_one_that_does(
    name: str, server: str, tmp_path: Path
) -> None:
    with pytest.raises(im.IsthmusError, match=f"give --server-backend {server}$") as problem:
        exported(tmp_path, name, "openvino")
    assert "\n" not in str(problem.value)
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        (im.spec("complex64", ["n", 2]), "servers have no complex64"),
        (im.spec("float32", ["n", 0]), "servers refuse an axis of size 0"),
    ],
)
def test_arrays_that_no_server_takes_are_refused(specs: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(im.IsthmusError, match=words):
        export_repository(lambda x: x + x, tmp_path, name="net", specs=specs)
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize("backend", list(BACKENDS))
def test_model_server_s_settings_give_our_bits(backend: str, tmp_path: Path) -> None:
    """OpenVINO's own choice is bfloat16 where the processor has it."""
    net = im.models.bert("minilm-l6", layers=1, vocabulary=50)
    settings = Settings(server_backend=backend)
    made = export_repository(net, tmp_path, name="net", specs=net.specs(), settings=settings)
    (model,) = json.loads((tmp_path / "config.json").read_text())["model_config_list"]
    plugin = model["config"]["plugin_config"]
    compiled = openvino.Core().compile_model(made.model_file, "CPU", plugin)
    draw = numpy.random.default_rng(5)
    shape = (2, 9)
    arrays = {
        "input_ids": draw.integers(0, 50, shape).astype(numpy.int32),
        "attention_mask": numpy.ones(shape, numpy.int32),
        "token_type_ids": draw.integers(0, 2, shape).astype(numpy.int32),
    }
    threads = made.capacity.threads
    ours = im.compile(net, net.specs(), backend="cpu", threads=threads)(**arrays)["embedding"]
    found = compiled(arrays)["embedding"]
    if backend == "openvino":
        numpy.testing.assert_array_equal(found, ours)
    else:  # the same operations, written otherwise
        numpy.testing.assert_allclose(found, ours, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("precision", "backend", "apart"),
    [
        ("bf16", "openvino", 0.03),
        ("f16", "openvino", 0.003),
        ("f16", "onnxruntime", 0.003),
        ("int8", "openvino", 0.05),
        ("int8", "onnxruntime", 0.05),
    ],
)
def test_a_program_of_lower_precision_is_served_in_it(
    precision: str, backend: str, apart: float, tmp_path: Path
) -> None:
    """From its file, by the settings that Model Server gets, and on its own runtime."""
    program = PROGRAMS["dense"]
    x = numpy.random.default_rng(7).standard_normal((64, 6)).astype(numpy.float32)
    path = tmp_path / "net.im"
    if precision == "int8":
        im.compile(program.function, program.specs, precision="int8", samples=[x]).save(path)
    else:
        saved_in(path, "dense", precision)
    made = export_repository(path, tmp_path, settings=Settings(server_backend=backend))
    (model,) = json.loads((tmp_path / "config.json").read_text())["model_config_list"]
    plugin = model["config"]["plugin_config"]
    compiled = openvino.Core().compile_model(made.model_file, "CPU", plugin)
    found = [next(iter(compiled({"x": x}).values()))]
    if backend == "onnxruntime":
        session = onnxruntime.InferenceSession(
            str(made.model_file), providers=["CPUExecutionProvider"]
        )
        found += session.run(None, {"x": x})
    exact = im.compile(program.function, program.specs, backend="numpy")(x)
    for each in found:
        assert each.dtype == numpy.float32
        assert 1e-5 < numpy.abs(each - exact).max() < apart


def test_the_file_computes_what_the_program_computes(tmp_path: Path) -> None:
    made = exported(tmp_path, "dense", "onnxruntime")
    x = numpy.random.default_rng(3).standard_normal((5, 6)).astype(numpy.float32)
    program = im.compile(PROGRAMS["dense"].function, PROGRAMS["dense"].specs, backend="numpy")
    session = onnxruntime.InferenceSession(str(made.model_file), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": x})
    numpy.testing.assert_allclose(found, program(x), atol=1e-6)
