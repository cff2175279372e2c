"""An exported repository as a real Triton core reads, checks, warms up and serves it.

Its backends are stand-ins (`tests/serve/triton/backends`), as no index has the real ones: they open
the same files with the same parameters, and compare the same sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy
import openvino
import pytest
from served_programs import PROGRAMS
from triton_core import Core, core_on

import isthmus as im
from isthmus.serve.repository import Settings, export_repository
from isthmus.serve.repository.servers import BACKENDS
from isthmus.system.threads import available_threads

REQUESTS = 250  # by each protocol, of each of two models
MOST = 8
DELAY_US = 200_000
SLOW = "slow"  # the model that waits so long
# A process each; `test_files_agree` has every kind of program.
SERVED = {
    "onnxruntime": (
        *("several", "looked up", "of fixed sizes", "one axis", "a scalar", "float64"),
        *("free height and width", "a name to be escaped"),
    ),
    "openvino": ("looked up", "one axis", "a name to be escaped"),
}
KINDS = [
    (f"{backend}-{at}", name, backend)
    for backend, names in SERVED.items()
    for at, name in enumerate(names)
]


def small_bert() -> Any:
    net = im.models.bert("minilm-l6", layers=2, vocabulary=300)
    return net, net.specs()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository") / "models"
    for model, name, backend in KINDS:
        program = PROGRAMS[name]
        export_repository(
            program.function,
            folder,
            name=model,
            specs=program.specs,
            settings=Settings(server_backend=backend, buckets=buckets(name)),
        )
    net, specs = small_bert()
    for backend in BACKENDS:
        settings = Settings(
            server_backend=backend,
            max_batch_size=MOST,
            queue_delay_us=20_000,
            buckets={"seq": [16, 32]},
        )
        export_repository(net, folder, name=f"text-{backend}", specs=specs, settings=settings)
    dense = PROGRAMS["dense"]
    slow = Settings(server_backend="onnxruntime", max_batch_size=MOST, queue_delay_us=DELAY_US)
    export_repository(dense.function, folder, name=SLOW, specs=dense.specs, settings=slow)
    for _ in range(2):
        export_repository(dense.function, folder, name="versions", specs=dense.specs)
    (folder / "versions" / ".isthmus-left" / "version").mkdir(parents=True)  # by a kill
    for name, (text, other) in WRONG.items():
        export_repository(dense.function, folder, name=name, specs=dense.specs)
        path = folder / name / "config.pbtxt"
        assert text in path.read_text()
        path.write_text(path.read_text().replace(text, other))
    return folder


# Configurations that say what is not so: whoever takes these would take anything.
WRONG = {
    "wrong-size": ("dims: [5]", "dims: [4]"),
    "wrong-rank": ("dims: [6]", "dims: [6, 1]"),
    "wrong-name": ('name: "x"', 'name: "y"'),
    "wrong-field": ("max_batch_size", "max_batch_sizes"),
    "wrong-dimension": ("dims: [6]", "dims: [0]"),
    "wrong-warm-up": ("dims: [6]\n      zero", "dims: [7]\n      zero"),
}


def buckets(name: str) -> Mapping[str, list[int]]:
    return {"looked up": {"seq": [3, 6]}, "free height and width": {"h": [4], "w": [6]}}.get(
        name, {}
    )


@pytest.fixture(scope="module")
def core(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    with core_on(repository, tmp_path_factory.mktemp("core")) as found:
        yield found


def of_model(core: Core, model: str) -> None:
    assert core.is_ready(model), core.log.read_text(errors="replace")[-4000:]


@pytest.mark.parametrize(("model", "name", "backend"), KINDS)
def test_every_kind_of_signature_is_accepted_and_warmed_up(
    core: Core, model: str, name: str, backend: str
) -> None:
    of_model(core, model)
    shown = core.get(f"models/{model}")
    assert [each["name"] for each in shown["inputs"]]
    assert core.logged(model), "nothing was run before the first request"
    assert core.get(f"models/{model}/config")["backend"] == backend


@pytest.mark.parametrize("model", list(WRONG))
def test_what_is_not_so_is_refused(core: Core, model: str) -> None:
    assert not core.is_ready(model)


def test_models_alone_are_taken_for_models(core: Core, repository: Path) -> None:
    """Not the files beside them, nor what a kill left."""
    models = {path.name for path in repository.iterdir() if path.is_dir()}
    assert {each["name"] for each in core.post("repository/index")} == models
    assert core.get("models/versions")["versions"] == ["2"]


def test_warm_ups_have_the_sizes_of_the_buckets(core: Core) -> None:
    of_model(core, "text-onnxruntime")
    shapes = [each["shapes"]["input_ids"] for each in core.logged("text-onnxruntime")[:3]]
    assert shapes == [[1, 16], [1, 32], [MOST, 16]]


def test_the_newest_version_alone_is_served(core: Core) -> None:
    of_model(core, "versions")
    assert core.get("models/versions")["versions"] == ["2"]


def written(path: Path, pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> Path:
    arrays = {
        f"{side}.{number}.{name}": array
        for number, pair in enumerate(pairs)
        for side, some in zip(("in", "out"), pair, strict=True)
        for name, array in some.items()
    }
    numpy.savez(path, **arrays)
    return path


def texts(number: int, length: int | None = None) -> list[dict[str, Any]]:
    """Requests of one row, of one length or of many."""
    draw = numpy.random.default_rng(number)
    found = []
    for _ in range(number):
        shape = (1, length or int(draw.integers(2, 33)))
        ids = draw.integers(0, 300, shape).astype(numpy.int32)
        kinds = draw.integers(0, 2, shape).astype(numpy.int32)
        mask = numpy.ones(shape, numpy.int32)
        found.append({"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds})
    return found


def as_the_runtime_answers(folder: Path, requests: list[dict[str, Any]]) -> list[Any]:
    """OpenVINO by hand on the file that is served, with what Triton's backend tells it."""
    threads = str(available_threads())
    told = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": "1", "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(folder / "text-openvino/1/model.xml", "CPU", told)
    return [(one, {"embedding": compiled(one)["embedding"]}) for one in requests]


def answered(requests: list[dict[str, Any]], threads: int) -> list[Any]:
    net, specs = small_bert()
    run = im.compile(net, specs, backend="gpu", device="cpu", threads=threads)
    return [(one, run(**one)) for one in requests]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_answers_are_ours_and_requests_are_joined(
    core: Core, protocol: str, tmp_path: Path
) -> None:
    """500 requests in all, of eight callers at once."""
    of_model(core, "text-onnxruntime")
    pairs = answered(texts(REQUESTS, 16), available_threads())
    before = core.batches("text-onnxruntime")
    found = core.sent(protocol, "text-onnxruntime", written(tmp_path / "x.npz", pairs), MOST)
    assert found["sent"] == REQUESTS and found["largest"] <= 1e-6
    new = since(before, core.batches("text-onnxruntime"))
    assert max(new) <= MOST
    assert sum(rows * count for rows, count in new.items()) == REQUESTS
    assert any(rows > 1 for rows in new), "no requests were joined"


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_answers_are_the_runtime_s_to_the_bit(
    core: Core, repository: Path, protocol: str, tmp_path: Path
) -> None:
    """500 more. In bfloat16 where the processor has that, which is why this is not the default."""
    of_model(core, "text-openvino")
    pairs = as_the_runtime_answers(repository, texts(REQUESTS, 16))
    before = core.batches("text-openvino")
    found = core.sent(protocol, "text-openvino", written(tmp_path / "x.npz", pairs), MOST)
    assert found["sent"] == found["same"] == REQUESTS
    assert since(before, core.batches("text-openvino")) == {1: REQUESTS}


def since(before: Mapping[int, int], after: Mapping[int, int]) -> dict[int, int]:
    """How many calls of each number of rows came in between."""
    more = {rows: count - before.get(rows, 0) for rows, count in after.items()}
    return {rows: count for rows, count in more.items() if count}


def test_requests_of_many_lengths_are_answered_too(core: Core, tmp_path: Path) -> None:
    of_model(core, "text-onnxruntime")
    pairs = answered(texts(60), 1)
    found = core.sent("grpc", "text-onnxruntime", written(tmp_path / "x.npz", pairs), MOST)
    assert found["sent"] == 60 and found["largest"] <= 1e-6


def dense_pairs(count: int, rows: int = 1) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    program = PROGRAMS["dense"]
    run = im.compile(program.function, program.specs, backend="gpu", device="cpu")
    draw = numpy.random.default_rng(count)
    inputs = [draw.standard_normal((rows, 6)).astype(numpy.float32) for _ in range(count)]
    return [({"x": x}, {"output": run(x)}) for x in inputs]


def queued_seconds(core: Core) -> tuple[int, float]:
    stats = core.statistics(SLOW)["inference_stats"]["queue"]
    return int(stats.get("count", 0)), int(stats.get("ns", 0)) / 1e9


def test_a_lone_request_waits_for_others_as_long_as_it_was_told(core: Core, tmp_path: Path) -> None:
    of_model(core, SLOW)
    count, before = queued_seconds(core)
    assert (
        core.sent("http", SLOW, written(tmp_path / "x.npz", dense_pairs(2)), 1)["largest"] <= 1e-6
    )
    after_count, after = queued_seconds(core)
    assert after_count - count == 2
    waited = (after - before) / 2
    assert DELAY_US / 1e6 * 0.9 <= waited <= 10


def test_a_full_batch_does_not_wait_and_none_is_larger(core: Core, tmp_path: Path) -> None:
    of_model(core, SLOW)
    count, before = queued_seconds(core)
    pairs = dense_pairs(3, MOST)
    assert core.sent("http", SLOW, written(tmp_path / "x.npz", pairs), 1)["largest"] <= 1e-6
    after_count, after = queued_seconds(core)
    assert after_count - count == 3
    assert (after - before) / 3 < DELAY_US / 1e6
    core.sent("grpc", SLOW, written(tmp_path / "y.npz", dense_pairs(40)), 16)
    assert max(core.batches(SLOW)) == MOST


def test_more_rows_than_the_most_are_refused(core: Core, tmp_path: Path) -> None:
    of_model(core, SLOW)
    with pytest.raises(AssertionError, match="batch"):
        core.sent("http", SLOW, written(tmp_path / "x.npz", dense_pairs(1, MOST + 1)), 1)
