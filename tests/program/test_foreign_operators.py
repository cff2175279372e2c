"""Saved programs of other packages' operators: which module they name, and what they refuse."""

from __future__ import annotations

import json
import pickle
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy
import pytest

from isthmus import compile, load, models, np, npx, primitive, spec
from isthmus.errors import FileError, IndexOutside, IsthmusError, UsageError
from isthmus.program.archive import read
from isthmus.trace.op import OPERATORS

X = numpy.arange(3, dtype=numpy.float32)
SOURCE = '''
import isthmus as im
from isthmus import np

{helper}

@im.primitive(infer=lambda x: x{facts})
def shifted(x, /):
    """One more."""
    return x + {by}


@im.composite
def twice(x, /):
    return shifted(x) + shifted(x)
'''


class Package:
    """A module on the path that is written, imported and forgotten again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "shifting.py"

    def load(self, by: int | str = 1, facts: str = "", helper: str = "") -> Any:
        self.forget()
        self.path.write_text(SOURCE.format(by=by, facts=facts, helper=helper))
        return import_module("shifting")

    def forget(self) -> None:
        sys.modules.pop("shifting", None)
        for name in [name for name in OPERATORS if name.startswith("shifting.")]:
            del OPERATORS[name]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = Package(tmp_path)
    yield made
    made.forget()


def saved(package: Package, tmp_path: Path, **facts: Any) -> Path:
    module = package.load(**facts)
    path = tmp_path / "program.im"
    compile(lambda x: np.tanh(module.twice(x)), spec("float32", ["n"])).save(path)
    return path


def test_the_file_names_module_and_version(package: Package, tmp_path: Path) -> None:
    path = saved(package, tmp_path, facts=', version="2.1"')
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        written = json.loads(file.metadata()["isthmus"])["operators"]
    assert list(written) == ["shifting.twice", "shifting.shifted"]
    assert written["shifting.shifted"]["module"] == "shifting"
    assert written["shifting.shifted"]["version"] == "2.1"


def test_the_same_operator_again(package: Package, tmp_path: Path) -> None:
    path = saved(package, tmp_path)
    package.load(helper="# a comment, and more lines")
    numpy.testing.assert_array_equal(
        load(path, backend="numpy")(X), numpy.tanh(2 * (X + 1), dtype=numpy.float32)
    )


def refused(path: Path) -> str:
    with pytest.raises(FileError) as raised:
        load(path, backend="numpy")
    assert "\n" not in str(raised.value) and str(raised.value).startswith(f"{path}: its operator")
    return str(raised.value)


def test_an_operator_that_is_not_defined(package: Package, tmp_path: Path) -> None:
    path = saved(package, tmp_path)
    package.forget()
    assert "'shifting.twice' is not defined; import shifting first" in refused(path)
    package.path.unlink()
    sys.path_importer_cache.clear()
    assert "install the package that has the module shifting" in refused(path)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"by": 1}, {"by": 2}, "the source of shifting has changed; save it again"),
        ({"facts": ', version="1"'}, {"facts": ', version="2"'}, "is of version '1', and the one"),
        ({"facts": ', version="1"'}, {}, "is of version '1', and .* is of no version"),
        ({}, {"facts": ', version="2"'}, "is of no version, and .* is of version '2'"),
    ],
)
def test_another_operator_of_that_name(
    package: Package, tmp_path: Path, before: Any, after: Any, said: str
) -> None:
    path = saved(package, tmp_path, **before)
    package.load(**after)
    assert re.search(said, refused(path))


def test_a_version_says_that_the_meaning_is_the_same(package: Package, tmp_path: Path) -> None:
    path = saved(package, tmp_path, facts=', version="1"', by=1)
    package.load(facts=', version="1"', by="numpy.int8(1)", helper="import numpy")
    assert load(path, backend="numpy")(X).shape == (3,)


def test_an_operator_that_is_defined_anew_in_one_process(package: Package, tmp_path: Path) -> None:
    """The program keeps the operator it was traced with; the file is not read by the other one."""
    module = package.load(by=1)
    program = compile(module.shifted, spec("float32", ["n"]), backend="numpy")
    package.load(by=5)
    numpy.testing.assert_array_equal(program(X), X + 1)
    program.save(tmp_path / "old.im")
    assert "the source of shifting has changed" in refused(tmp_path / "old.im")


def test_a_pickled_program_imports_them(package: Package) -> None:
    module = package.load()
    sent = pickle.dumps(compile(lambda x: module.twice(x), spec("float32", ["n"]), backend="numpy"))
    package.forget()
    numpy.testing.assert_array_equal(pickle.loads(sent)(X), 2 * (X + 1))
    package.load(by=3)
    with pytest.raises(UsageError, match="is not the one it was saved with"):
        pickle.loads(sent)


def test_a_program_of_an_operator_that_has_no_place_is_not_sent() -> None:
    @primitive(infer=lambda x: x)
    def local(x: Any, /) -> Any:
        return x

    program = compile(local, spec("float32", ["n"]), backend="numpy")
    with pytest.raises(UsageError, match=r"cannot be sent to another process.*top of a module"):
        pickle.dumps(program)


def test_operators_in_bodies_are_named(package: Package, tmp_path: Path) -> None:
    module = package.load()

    def loop(x: Any) -> Any:
        return npx.foreach(lambda row, s: (module.shifted(row), s), x, x[0])[0]

    path = tmp_path / "loop.im"
    compile(loop, spec("float32", [4, 2]), backend="numpy").save(path)
    package.load(by=2)
    assert "'shifting.shifted' is not the one" in refused(path)


def test_files_of_our_own_operators_name_none(tmp_path: Path) -> None:
    compile(np.tanh, spec("float32", ["n"])).save(tmp_path / "own.im")
    assert read(tmp_path / "own.im").graph.nodes()[0].op is np.tanh


# Lines


def test_a_loaded_program_names_the_line_it_was_traced_for(tmp_path: Path) -> None:
    table = numpy.zeros((4, 2), numpy.float32)
    program = compile(lambda i: np.take(table, i, axis=0), spec("int32", ["n"]), backend="cpu")
    program.save(tmp_path / "take.im")
    again = load(tmp_path / "take.im", backend="cpu")
    with pytest.raises(IndexOutside) as traced:
        program(numpy.array([9], "i4"))
    with pytest.raises(IndexOutside) as loaded:
        again(numpy.array([9], "i4"))
    folder = str(Path(__file__).parent)
    assert f"{folder}/test_foreign_operators.py:" in str(traced.value)
    assert str(loaded.value) == str(traced.value).replace(f"{folder}/", "")


def test_a_file_without_lines_names_none(tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    path = tmp_path / "take.im"
    x = spec("float32", ["n"])
    compile(lambda x: x[2:], x, backend="numpy").save(path)
    with safe_open(path, framework="numpy") as file:
        document = json.loads(file.metadata()["isthmus"])
    document["nodes"] = [node[:3] for node in document["nodes"]]
    save_file(load_file(path), path, metadata={"isthmus": json.dumps(document)})
    with pytest.raises(IsthmusError, match=r"^n=1: np.getitem: .*; give sizes for which"):
        load(path, backend="numpy")(X[:1])


def test_a_call_on_a_device_names_no_line_of_another_call() -> None:
    from isthmus import namespace

    xp = namespace("cpu")
    table = xp.zeros((4, 2), dtype=xp.float32)
    said = []
    for _ in range(2):
        with pytest.raises(IndexError) as raised:
            xp.take(table, xp.asarray(numpy.array([9], "i4")), axis=0)
        said.append(str(raised.value))
    assert said[0] == said[1] and ".py" not in said[0]


def test_models_are_saved_without_operators_of_others(tmp_path: Path) -> None:
    net = models.resnet(18, width=8, classes=3)
    compile(net, net.specs(batch=1), backend="numpy").save(tmp_path / "net.im")
    assert read(tmp_path / "net.im").arguments == ((), {"x": "x"})
