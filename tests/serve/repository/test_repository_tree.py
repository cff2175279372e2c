"""Versions in a folder: each new, none changed, whole or not at all; what people edited is kept."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import numpy
import onnxruntime
import pytest

import isthmus as im
from isthmus.errors import FileError, UsageError
from isthmus.program.export import export_graph
from isthmus.serve.repository import Exported, Settings, export_repository

SPEC = im.spec("float32", ["batch", 3])
FILES = {".isthmus.json", "README.md", "config.pbtxt"}


def scaled(x: Any, by: float = 2.0) -> Any:
    return x * numpy.float32(by)


def added(folder: Path, by: float = 2.0, name: str = "net", **settings: Any) -> Exported:
    return export_repository(
        lambda x: scaled(x, by), folder, name=name, specs=SPEC, settings=Settings(**settings)
    )


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_tree(tmp_path: Path) -> None:
    made = added(tmp_path / "models")
    assert (made.version, made.model_file) == (1, tmp_path / "models/net/1/model.onnx")
    assert set(content(tmp_path / "models")) == {
        ".isthmus.lock",
        "config.json",
        "net.kserve.yaml",
        "net/1/model.onnx",
        *(f"net/{name}" for name in FILES),
    }


def test_an_ir_has_two_files(tmp_path: Path) -> None:
    made = added(tmp_path, server_backend="openvino")
    assert {path.name for path in made.model_file.parent.iterdir()} == {"model.xml", "model.bin"}


def test_weights_that_do_not_fit_into_the_file_are_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above 2 GB; a server opens the version's folder where it is."""
    monkeypatch.setattr("isthmus.onnx.write.model_file.write.__defaults__", (100,))
    weights = numpy.random.default_rng(0).standard_normal((64, 64)).astype(numpy.float32)
    spec = im.spec("float32", ["n", 64])
    made = export_repository(lambda x: x @ weights, tmp_path, name="net", specs=spec)
    names = {path.name for path in made.model_file.parent.iterdir()}
    assert names == {"model.onnx", "model.onnx.data"}
    x = numpy.ones((3, 64), numpy.float32)
    session = onnxruntime.InferenceSession(str(made.model_file), providers=["CPUExecutionProvider"])
    numpy.testing.assert_allclose(session.run(None, {"x": x})[0], x @ weights, atol=1e-4)


def test_the_next_version_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    added(tmp_path, 2.0)
    before = content(tmp_path / "net/1")
    assert added(tmp_path, 3.0).version == 2
    assert content(tmp_path / "net/1") == before
    assert content(tmp_path / "net/2") != before
    (tmp_path / "net/9").mkdir()
    (tmp_path / "net/010").mkdir()
    assert added(tmp_path, 3.0).version == 11


def test_a_folder_that_another_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "net/1").mkdir(parents=True)
    (tmp_path / "net/1/model.onnx").write_text("mine")
    with pytest.raises(UsageError, match="was not made by an export; give another --name"):
        added(tmp_path)
    assert content(tmp_path) == {"net/1/model.onnx": b"mine"}


@pytest.mark.parametrize(
    ("function", "specs", "settings", "words"),
    [
        (scaled, im.spec("float32", ["batch", 4]), {}, "inputs"),
        (scaled, im.spec("float16", ["batch", 3]), {}, "inputs"),
        (lambda y: y * 2, SPEC, {}, "inputs"),
        (lambda x: {"other": x * 2}, SPEC, {}, "outputs"),
        (lambda x: (x * 2).astype("int32"), SPEC, {}, "outputs"),
        (scaled, SPEC, {"server_backend": "openvino"}, "backend"),
        (scaled, SPEC, {"max_batch_size": 0}, "max_batch_size"),
    ],
)
def test_all_versions_take_and_give_the_same(
    function: Any, specs: Any, settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """Triton has one configuration for all of them."""
    added(tmp_path)
    before = content(tmp_path)
    with pytest.raises(UsageError, match=f"versions whose {words} are .*: give another --name"):
        export_repository(
            function, tmp_path, name="net", specs=specs, settings=Settings(**settings)
        )
    assert content(tmp_path) == before


def test_settings_may_change_from_version_to_version(tmp_path: Path) -> None:
    added(tmp_path)
    added(tmp_path, max_batch_size=32, queue_delay_us=7)
    text = (tmp_path / "net/config.pbtxt").read_text()
    assert "max_batch_size: 32" in text and "max_queue_delay_microseconds: 7" in text


@pytest.mark.parametrize("name", ["net/config.pbtxt", "net/README.md", "net.kserve.yaml"])
def test_what_somebody_edited_is_kept(name: str, tmp_path: Path) -> None:
    added(tmp_path)
    edited = (tmp_path / name).read_text() + "# mine\n"
    (tmp_path / name).write_text(edited)
    for _ in range(2):
        made = added(tmp_path, max_batch_size=32)
        assert (tmp_path / name).read_text() == edited
        assert made.kept == (name,)
    (tmp_path / name).unlink()
    assert added(tmp_path).kept == ()
    assert "# mine" not in (tmp_path / name).read_text()


def test_an_edited_part_of_config_json_is_kept_and_so_is_the_rest(tmp_path: Path) -> None:
    added(tmp_path, name="one")
    path = tmp_path / "config.json"
    document = json.loads(path.read_text())
    document["model_config_list"][0]["config"]["nireq"] = 77
    document["model_config_list"].append({"config": {"name": "theirs", "base_path": "/x"}})
    document["monitoring"] = {"metrics": {"enable": True}}
    path.write_text(json.dumps(document))
    assert added(tmp_path, name="one").kept == ("config.json",)
    added(tmp_path, name="two")
    found = json.loads(path.read_text())
    models = {each["config"]["name"]: each["config"] for each in found["model_config_list"]}
    assert list(models) == ["one", "theirs", "two"]
    assert models["one"]["nireq"] == 77 and models["theirs"]["base_path"] == "/x"
    assert found["monitoring"] == {"metrics": {"enable": True}}


@pytest.mark.parametrize("text", ["{", "[]", '{"model_config_list": {}}', "\x00"])
def test_a_config_json_of_another_kind_is_an_error_and_adds_no_version(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(FileError, match="mend or remove it"):
        added(tmp_path)
    assert not (tmp_path / "net/1").exists()
    assert (tmp_path / "config.json").read_text() == text


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("isthmus.serve.repository.exporting.export_graph", failing)
    with pytest.raises(FileError, match="No space left on device"):
        added(tmp_path / "models")
    assert content(tmp_path) == {} and not (tmp_path / "models/net").exists()


def test_a_failure_leaves_the_versions_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(tmp_path)
    before = content(tmp_path)

    def failing(graph: Any, target: Path, options: Any) -> None:
        export_graph(graph, target, options)
        raise KeyboardInterrupt

    monkeypatch.setattr("isthmus.serve.repository.exporting.export_graph", failing)
    with pytest.raises(KeyboardInterrupt):
        added(tmp_path, 3.0)
    assert content(tmp_path) == before
    assert {path.name for path in (tmp_path / "net").iterdir()} == {"1", *FILES}


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        added(tmp_path / "file")


def test_other_users_may_read_a_version(tmp_path: Path) -> None:
    """A server is another user; folders of `tempfile` are the maker's alone."""
    old = os.umask(0o022)
    try:
        made = added(tmp_path)
    finally:
        os.umask(old)
    for path in (made.model_file, made.model_file.parent, tmp_path / "net/config.pbtxt"):
        assert path.stat().st_mode & stat.S_IROTH, path


def add_some(folder: str, count: int) -> None:
    for _ in range(count):
        added(Path(folder))


def test_processes_at_once_each_add_their_own(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    every = [context.Process(target=add_some, args=(str(tmp_path), 3)) for _ in range(3)]
    for one in every:
        one.start()
    for one in every:
        one.join(300)
    assert [one.exitcode for one in every] == [0, 0, 0]
    versions = {path.name for path in (tmp_path / "net").iterdir() if path.is_dir()}
    assert versions == {str(number) for number in range(1, 10)}
    assert len(json.loads((tmp_path / "config.json").read_text())["model_config_list"]) == 1


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../x", "a:b", ".hidden", "ü", "x" * 200])
def test_names_that_servers_refuse(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give --name ") as problem:
        added(tmp_path, name=name)
    assert "\n" not in str(problem.value)
    suggested = str(problem.value).rpartition(" ")[2]
    assert added(tmp_path, name=suggested).version == 1


def test_a_program_in_memory_needs_a_name(tmp_path: Path) -> None:
    run = im.compile(scaled, SPEC, backend="numpy")
    with pytest.raises(UsageError, match="give name="):
        export_repository(run, tmp_path)
    with pytest.raises(UsageError, match="give specs"):
        export_repository(scaled, tmp_path, name="net")
    with pytest.raises(UsageError, match="leave specs out"):
        export_repository(run, tmp_path, name="net", specs=SPEC)


def test_a_file_has_its_own_name(tmp_path: Path) -> None:
    im.compile(scaled, SPEC, backend="numpy").save(tmp_path / "double.im")
    im.export(scaled, SPEC, tmp_path / "triple.onnx")
    for name in ("double.im", "triple.onnx"):
        assert export_repository(tmp_path / name, tmp_path / "models").name == name[:6]
    with pytest.raises(FileError):
        export_repository(tmp_path / "absent.im", tmp_path / "models")
