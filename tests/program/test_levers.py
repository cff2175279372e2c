"""`levers=`: what a backend offers, typed by hand, kept by saved programs, and checked."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import save_file

import isthmus as im
from isthmus import nn, npx
from isthmus.cli import main
from isthmus.errors import FileError, UsageError
from isthmus.program import archive
from isthmus.program.archive import Levers

F32 = numpy.float32
WEIGHT = numpy.random.default_rng(0).standard_normal((24, 16)).astype(F32)
X = numpy.random.default_rng(1).standard_normal((4, 16)).astype(F32)
SPEC = im.spec("float32", ["n", 16])
ONEDNN = {"dense_kernel": "onednn"}


def dense(x: Any) -> Any:
    return npx.fully_connected(x, WEIGHT, None)


def compiled(**options: Any) -> im.Executable:
    return im.compile(dense, SPEC, threads=1, **options)


def test_a_lever_reaches_the_backend_and_explain_says_it() -> None:
    run = compiled(levers=ONEDNN)
    assert run.options.extra == ONEDNN
    assert run.explain().splitlines()[0].endswith("1 thread(s), dense_kernel=onednn")
    numpy.testing.assert_allclose(run(X), dense(X), 1e-4, 1e-5)
    assert "dense_kernel" not in compiled().explain()


@pytest.mark.parametrize("levers", [None, {}])
def test_none_are_none(levers: Any) -> None:
    assert compiled(levers=levers).options.extra == {}
    assert compiled(levers=levers, backend="numpy").options.extra == {}


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    ({"dense_kernel": "fast"}, {}, "levers: dense_kernel='fast': give 'mlas' or 'onednn'"),
    ({"dense_kernel": None}, {}, "levers: dense_kernel=None: give 'mlas' or 'onednn'"),
    ({"kernel": "mlas"}, {}, "levers: backend 'cpu' has no 'kernel' with precision='f32'; give"),
    ({1: "mlas"}, {}, "levers: backend 'cpu' has no 1 with"),
    ("onednn", {}, "levers='onednn': give a dict"),
    (["dense_kernel"], {}, "levers=['dense_kernel']: give a dict"),
    (ONEDNN, {"backend": "numpy"}, "backend 'numpy' has no 'dense_kernel' with precision='f32'; l"),
    (ONEDNN, {"weights": "int8"}, "precision='f32' and weights='int8'; leave them out"),
    (ONEDNN, {"precision": "int8", "samples": [X]}, "with precision='int8'; leave them out"),
    (ONEDNN, {"precision": "auto", "samples": [X]}, "with precision='auto'; leave them out"),
]


@pytest.mark.parametrize(("levers", "options", "words"), WRONG, ids=[row[2] for row in WRONG])
def test_a_mistake_is_one_line(levers: Any, options: Any, words: str) -> None:
    with pytest.raises(UsageError) as problem:
        compiled(levers=levers, **options)
    assert words in str(problem.value) and "\n" not in str(problem.value)


def test_a_saved_program_keeps_them_where_they_mean_something(tmp_path: Path) -> None:
    path = tmp_path / "net.im"
    compiled(levers=ONEDNN).save(path)
    assert im.load(path).options.extra == ONEDNN
    im.load(path).save(tmp_path / "again.im")
    assert im.load(tmp_path / "again.im").options.extra == ONEDNN
    elsewhere: list[dict[str, Any]] = [
        {"backend": "numpy"},
        {"weights": "int8"},
        {"precision": "int8", "samples": [X]},
        {"levers": {}},
    ]
    for options in elsewhere:
        assert im.load(path, **options).options.extra == {}
    chosen = {"dense_kernel": "mlas"}
    assert im.load(path, levers=chosen).options.extra == chosen
    with pytest.raises(UsageError, match="dense_kernel='fast'"):
        im.load(path, levers={"dense_kernel": "fast"})
    assert main(("run", str(path), "--input", "random", "--size", "n=2")) == 0


def test_levers_that_the_backend_has_no_more_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "net.im"
    traced = im.trace(dense, SPEC)
    archive.save(traced, path, levers=Levers("cpu", {"dense_kernel": "gone", "other": 1}))
    assert im.load(path).options.extra == {}


@pytest.mark.parametrize("written", [3, {"backend": "cpu"}, {"backend": "cpu", "values": 3}])
def test_a_file_whose_levers_are_malformed_is_an_error(tmp_path: Path, written: Any) -> None:
    path = tmp_path / "net.im"
    document, arrays = archive.described(im.trace(dense, SPEC))
    text = json.dumps({**document, "levers": written})
    save_file(arrays, path, metadata={"isthmus": text})
    with pytest.raises(FileError, match="malformed"):
        im.load(path)


def test_they_go_with_jit_hybridize_and_pickle() -> None:
    jitted = im.jit(dense, levers=ONEDNN, threads=1)
    numpy.testing.assert_allclose(jitted(X), dense(X), 1e-4, 1e-5)
    net = nn.Dense(24, 16)
    net.initialize(seed=0)
    wanted = net(X)
    net.hybridize(levers=ONEDNN, threads=1)
    numpy.testing.assert_allclose(net(X), wanted, 1e-4, 1e-5)
    run = compiled(levers=ONEDNN)
    assert pickle.loads(pickle.dumps(run)).options == run.options == copy.copy(run).options
