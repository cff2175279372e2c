"""What servers are told, field by field, by the readers that they have themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ovms_schema import SCHEMA
from served_programs import PROGRAMS, saved_in
from serving_environments import parsed, ran

import isthmus as im
from isthmus.errors import UsageError
from isthmus.serve.repository import Exported, Settings, export_repository
from isthmus.serve.repository.servers import BACKENDS

FORMS = [
    (name, backend)
    for name, program in PROGRAMS.items()
    for backend in BACKENDS
    if program.only in (None, backend)
]


def exported(folder: Path, name: str = "dense", model: str = "net", **settings: Any) -> Exported:
    program = PROGRAMS[name]
    return export_repository(
        program.function, folder, name=model, specs=program.specs, settings=Settings(**settings)
    )


def test_triton_reads_every_configuration(tmp_path: Path) -> None:
    """Parsed by Triton's own message: names, types and sizes are the signature's."""
    made = [
        exported(tmp_path, name, f"net-{at}", server_backend=backend)
        for at, (name, backend) in enumerate(FORMS)
    ]
    found = parsed(*(tmp_path / each.name / "config.pbtxt" for each in made))
    for each, config in zip(made, found, strict=True):
        batch = each.signature.max_batch_size
        assert config["name"] == each.name and config["backend"] == each.signature.backend
        assert config.get("max_batch_size", 0) == batch
        for key, tensors in (("input", each.signature.inputs), ("output", each.signature.outputs)):
            wanted = [
                (one.name, one.type, list(one.dims[1:] if batch else one.dims)) for one in tensors
            ]
            got = [
                (one["name"], one["data_type"], list(map(int, one["dims"]))) for one in config[key]
            ]
            assert got == wanted
            assert all(dims and 0 not in dims for _, _, dims in got)
        assert ("dynamic_batching" in config) == (batch > 0)


def test_each_field_has_the_value_that_was_asked_for(tmp_path: Path) -> None:
    made = exported(
        tmp_path,
        "looked up",
        max_batch_size=12,
        queue_delay_us=750,
        served_versions=3,
        buckets={"seq": [5, 3]},
    )
    (config,) = parsed(tmp_path / "net/config.pbtxt")
    threads = str(made.capacity.threads)
    zeros = {
        size: {
            "ids": {"data_type": "TYPE_INT64", "dims": [size], "zero_data": True},
            "mask": {"data_type": "TYPE_BOOL", "dims": [size], "zero_data": True},
        }
        for size in ("3", "5")
    }
    assert config == {
        "name": "net",
        "backend": "onnxruntime",
        "max_batch_size": 12,
        "input": [
            {"name": "ids", "data_type": "TYPE_INT64", "dims": ["-1"]},
            {"name": "mask", "data_type": "TYPE_BOOL", "dims": ["-1"]},
        ],
        "output": [
            {"name": "mean", "data_type": "TYPE_FP32", "dims": ["4"]},
            {"name": "rows", "data_type": "TYPE_FP32", "dims": ["-1", "4"]},
        ],
        "version_policy": {"latest": {"num_versions": 3}},
        "instance_group": [{"count": 1, "kind": "KIND_CPU"}],
        "dynamic_batching": {
            "preferred_batch_size": [6, 12],
            "max_queue_delay_microseconds": "750",
        },
        "parameters": {
            "intra_op_thread_count": {"string_value": threads},
            "inter_op_thread_count": {"string_value": "1"},
        },
        "model_warmup": [
            {"name": "batch 1, seq 3", "batch_size": 1, "inputs": zeros["3"]},
            {"name": "batch 1, seq 5", "batch_size": 1, "inputs": zeros["5"]},
            {"name": "batch 12, seq 3", "batch_size": 12, "inputs": zeros["3"]},
        ],
    }


def test_on_a_gpu_float32_stays_float32(tmp_path: Path) -> None:
    exported(tmp_path, device="cuda")
    (config,) = parsed(tmp_path / "net/config.pbtxt")
    assert config["instance_group"] == [{"count": 1, "kind": "KIND_GPU"}]
    accelerators = config["optimization"]["execution_accelerators"]["gpu_execution_accelerator"]
    assert accelerators == [{"name": "cuda", "parameters": {"use_tf32": "0"}}]


def test_openvino_has_its_own_parameters_and_joins_nothing(tmp_path: Path) -> None:
    made = exported(tmp_path, server_backend="openvino")
    (config,) = parsed(tmp_path / "net/config.pbtxt")
    assert {key: value["string_value"] for key, value in config["parameters"].items()} == {
        "INFERENCE_NUM_THREADS": str(made.capacity.threads),
        "NUM_STREAMS": "1",
        "PERFORMANCE_HINT": "LATENCY",
    }
    assert config["input"][0]["dims"] == ["-1", "6"] and "dynamic_batching" not in config
    assert [each["batch_size"] for each in config["model_warmup"]] == [1]
    assert config["model_warmup"][0]["inputs"]["x"]["dims"] == ["1", "6"]


def fields(text: str) -> list[int]:
    """The lines of a configuration that begin with a field's name."""
    return [at for at, line in enumerate(text.splitlines()) if line.strip(" }")]


def test_every_field_is_one_that_triton_knows(tmp_path: Path) -> None:
    """Each line's field, misspelt, is refused: so none of them goes unread."""
    exported(tmp_path, "looked up", buckets={"seq": [3]})
    lines = (tmp_path / "net/config.pbtxt").read_text().splitlines()
    names = {
        line.split(":")[0].split("{")[0].strip(): at
        for at, line in enumerate(lines)
        if line.strip(" }")
    }
    assert len(names) > 20
    for name, at in names.items():
        wrong = [*lines[:at], lines[at].replace(name, f"{name}_x", 1), *lines[at + 1 :]]
        path = tmp_path / "wrong.pbtxt"
        path.write_text("\n".join(wrong))
        done = ran("triton", "check_config.py", path)
        assert done.returncode == 1 and f'no field named "{name}_x"' in done.stderr, name


def documents(folder: Path) -> Iterator[tuple[str, Any]]:
    """config.json, and it again with each of its keys misspelt in turn."""
    whole = json.loads((folder / "config.json").read_text())
    (model,) = whole["model_config_list"]
    config = model["config"]
    yield "", whole
    yield "list", {"model_config_lists": whole["model_config_list"]}
    for key in config:
        changed = {k if k != key else f"{k}_x": v for k, v in config.items()}
        yield key, {"model_config_list": [{"config": changed}]}
    policy = {"model_version_policy": {"latest": {"num_version": 1}}}
    yield "policy", {"model_config_list": [{"config": {**config, **policy}}]}
    nested = {"plugin_config": {"NUM_STREAMS": [1]}}
    yield "plugin", {"model_config_list": [{"config": {**config, **nested}}]}


def test_model_server_knows_every_key(tmp_path: Path) -> None:
    exported(tmp_path, served_versions=2)
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA))
    tried = 0
    for key, document in documents(tmp_path):
        path = tmp_path / "tried.json"
        path.write_text(json.dumps(document))
        done = ran("triton", "check_schema.py", schema, path)
        assert done.returncode == (1 if key else 0), (key, done.stderr)
        tried += 1
    assert tried == 10


@pytest.mark.parametrize(
    ("precision", "hint"), [("f32", "f32"), ("bf16", "bf16"), ("f16", "dynamic")]
)
def test_model_server_computes_in_the_program_s_precision(
    precision: str, hint: str, tmp_path: Path
) -> None:
    saved_in(tmp_path / "net.im", "dense", precision)
    export_repository(tmp_path / "net.im", tmp_path)
    (model,) = json.loads((tmp_path / "config.json").read_text())["model_config_list"]
    config = model["config"]
    assert config["plugin_config"]["INFERENCE_PRECISION_HINT"] == hint
    assert config["plugin_config"]["DYNAMIC_QUANTIZATION_GROUP_SIZE"] == "0"
    assert (config["base_path"], config["nireq"], config["target_device"]) == ("net", 1, "CPU")


def test_onnx_runtime_has_no_bf16_on_processors(tmp_path: Path) -> None:
    """It does not open such a file there: "could not find an implementation"."""
    saved_in(tmp_path / "net.im", "dense", "bf16")
    made = export_repository(tmp_path / "net.im", tmp_path / "models")
    assert made.signature.backend == "openvino"
    with pytest.raises(UsageError, match=r"give --server-backend openvino, or --device cuda$"):
        settings = Settings(server_backend="onnxruntime")
        export_repository(tmp_path / "net.im", tmp_path / "others", settings=settings)
    on_gpu = export_repository(
        tmp_path / "net.im", tmp_path / "others", settings=Settings(device="cuda")
    )
    assert on_gpu.signature.backend == "onnxruntime"


def tuned(backend: str, device: str | None, **numbers: int) -> dict[str, Any]:
    setting = {
        "backend": backend,
        "device": device,
        "threads": 4,
        "streams": 2,
        "copies": 3,
        **numbers,
    }
    return {"rows": [{"state": "slower", "setting": None}, {"state": "chosen", "setting": setting}]}


@pytest.mark.parametrize(
    ("precision", "tuning", "backend", "instances", "threads"),
    [
        ("bf16", tuned("cpu", None), "openvino", 6, 12),
        ("f32", tuned("cpu", None), "onnxruntime", 1, None),  # openvino might compute in bfloat16
        ("f32", tuned("gpu", "cpu"), "onnxruntime", 6, 12),
        ("f32", tuned("gpu", "cpu", streams=1, copies=1), "onnxruntime", 1, 4),
        ("f32", tuned("gpu", None), "onnxruntime", 1, None),  # on a GPU, and this is not one
        ("f32", tuned("numpy", None), "onnxruntime", 1, None),
        ("f32", {"rows": "of another form"}, "onnxruntime", 1, None),
        ("f32", tuned("cpu", None, threads=0), "onnxruntime", 1, None),
        ("f32", None, "onnxruntime", 1, None),
    ],
)
def test_a_tuned_program_is_served_as_it_was_tuned(
    precision: str, tuning: Any, backend: str, instances: int, threads: int | None, tmp_path: Path
) -> None:
    """threads: of all instances together; None is what this machine has."""
    from isthmus.system.threads import available_threads

    saved_in(tmp_path / "net.im", "dense", precision, tuning)
    made = export_repository(tmp_path / "net.im", tmp_path / "models")
    assert made.signature.backend == backend
    assert made.capacity.instances == instances
    assert made.capacity.threads == (threads or available_threads())
    (config,) = parsed(tmp_path / "models/net/config.pbtxt")
    assert config["instance_group"][0]["count"] == instances
    values = {key: value["string_value"] for key, value in config["parameters"].items()}
    if backend == "openvino":
        assert (values["NUM_STREAMS"], values["INFERENCE_NUM_THREADS"]) == ("6", "12")
    else:
        assert values["intra_op_thread_count"] == str(max(1, made.capacity.threads // instances))


def test_openvino_is_taken_where_it_is_asked_for_and_says_what_it_does(tmp_path: Path) -> None:
    program = PROGRAMS["dense"]
    run = im.compile(program.function, program.specs)
    run.tuning = tuned("cpu", None)
    settings = Settings(server_backend="openvino")
    made = export_repository(run, tmp_path, name="net", settings=settings)
    assert (made.capacity.instances, made.capacity.threads) == (6, 12)
    assert "bfloat16" in made.caution and "bfloat16" in (tmp_path / "net/README.md").read_text()
    usual = export_repository(run, tmp_path, name="usual")
    assert (usual.caution, usual.signature.backend) == ("", "onnxruntime")


def test_a_real_choice_is_read(tmp_path: Path) -> None:
    """The document that `isthmus.tune` gives has the form that is read here."""
    from isthmus.serve.repository.capacity import capacity_of
    from isthmus.tuning.row import Row
    from isthmus.tuning.setting import Setting

    row = Row("cpu", "chosen", Setting("cpu", threads=3, streams=2))
    found = capacity_of({"rows": [row.document()]}, "openvino", "cpu")
    assert (found.instances, found.threads) == (2, 3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"server_backend": "tensorrt"}, "give None, 'onnxruntime' or 'openvino'"),
        ({"device": "gpu"}, "give 'cpu' or 'cuda'"),
        ({"device": "cuda", "server_backend": "openvino"}, "give 'onnxruntime'"),
        ({"max_batch_size": -1}, "whole number from 0"),
        ({"max_batch_size": 2**31}, "whole number from 0"),
        ({"queue_delay_us": 1.5}, "whole number from 0"),
        ({"served_versions": 0}, "whole number from 1"),
        ({"buckets": {"seq": [0]}}, "whole number from 1"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Settings(**settings)


def test_a_manifest_has_the_fields_that_kserve_has(tmp_path: Path) -> None:
    for device, name in (("cpu", "MiniLM_L6.v2"), ("cuda", "9net")):
        exported(tmp_path, model=name, device=device, storage_uri="s3://bucket/models")
        path = tmp_path / f"{name}.kserve.yaml"
        done = ran("kserve", "check_service.py", path)
        assert done.returncode == 0, done.stderr
        for key in ("apiVersion", "predictor", "modelFormat", "storageUri", "requests", "runtime"):
            wrong = tmp_path / "wrong.yaml"
            wrong.write_text(path.read_text().replace(f"{key}:", f"{key}x:"))
            done = ran("kserve", "check_service.py", wrong)
            # Names of resources are the cluster's own.
            assert done.returncode == 1 and f"{key}x" in done.stderr, key


def test_a_manifest_says_what_it_runs(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    made = exported(tmp_path, model="MiniLM_L6.v2")
    text = (tmp_path / "MiniLM_L6.v2.kserve.yaml").read_text()
    document = yaml.safe_load(text)
    assert document["metadata"] == {"name": "minilm-l6-v2"}
    model = document["spec"]["predictor"]["model"]
    assert model["resources"] == {"requests": {"cpu": str(made.capacity.threads)}}
    assert (model["protocolVersion"], model["modelFormat"]["name"]) == ("v2", "triton")
    assert "Replace it" in text
    exported(tmp_path, model="MiniLM_L6.v2", storage_uri="s3://bucket/models")
    text = (tmp_path / "MiniLM_L6.v2.kserve.yaml").read_text()
    assert "Replace it" not in text
    assert yaml.safe_load(text)["spec"]["predictor"]["model"]["storageUri"] == "s3://bucket/models"
