"""Branches and steps whose results have other types: what runs, and what is one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from backends import BACKENDS
from onnx_files import body, by_runtime, node, written

import isthmus as im
from isthmus.errors import UsageError

F, L, B = "float32", "int64", "bool"
X = numpy.arange(12, dtype=F).reshape(4, 3) / 6 - 0.9


def branched(folder: Path, then: Any, other: Any, names: list[str], **constants: Any) -> Path:
    """y, ... of one of two branches, and twice the first of them."""
    made = [
        node("If", ["go"], names, "choose", then_branch=then, else_branch=other),
        node("Add", [names[0], names[0]], ["twice"]),
    ]
    kinds = {"x": (F, ["n", 3]), "go": (B, [])}
    return written(folder, made, kinds, [*names, "twice"], constants)


def check(path: Path, **given: Any) -> list[Any]:
    """Eagerly and on every backend what ONNX Runtime makes of the file; the programs."""
    net, wanted = im.load(path), by_runtime(path, given)
    programs = [im.compile(net, net.specs(), **options) for options in BACKENDS.values()]
    for run in [net, *programs]:
        found = run(**given)
        for one, expected in zip(found.values(), wanted, strict=True):
            assert one.dtype == expected.dtype
            numpy.testing.assert_allclose(one, expected, rtol=1e-5, atol=1e-6)
            assert one.shape == expected.shape
    return programs


def cut(folder: Path) -> Path:
    then = body("t", [node("Slice", ["x", "from", "to"], ["a"])], {}, {"a": (F, None)})
    other = body("e", [node("Neg", ["x"], ["b"])], {}, {"b": (F, None)})
    return branched(folder, then, other, ["y"], **{"from": [0], "to": [2]})


@pytest.mark.parametrize("go", [True, False])
def test_branches_of_other_sizes(go: bool, tmp_path: Path) -> None:
    for run in check(cut(tmp_path), x=X, go=numpy.array(go)):
        said = run.explain()
        assert "npx.sized_cond" in said
        if "backend 'numpy'" not in said:
            assert "because npx.sized_cond: how many elements it gives depends on values" in said


@pytest.mark.parametrize("go", [True, False])
def test_sizes_that_a_branch_finds(go: bool, tmp_path: Path) -> None:
    """Three results, of which two have other sizes, of other dtypes."""
    then = body(
        "t",
        [
            node("Greater", ["x", "half"], ["m"]),
            node("NonZero", ["m"], ["places"]),
            node("Transpose", ["places"], ["rows"]),
            node("Cast", ["rows"], ["floats"], to=1),
            node("Identity", ["x"], ["same"]),
        ],
        {},
        {"floats": (F, None), "places": (L, None), "same": (F, None)},
    )
    other = body(
        "e",
        [
            node("Identity", ["one"], ["ones"]),
            node("Identity", ["none"], ["empty"]),
            node("Neg", ["x"], ["minus"]),
        ],
        {},
        {"ones": (F, None), "empty": (L, None), "minus": (F, None)},
    )
    constants = {
        "half": numpy.float32(0.5),
        "one": numpy.ones((1, 2), F),
        "none": numpy.zeros((2, 0), L),
    }
    path = branched(tmp_path, then, other, ["floats_", "places_", "same_"], **constants)
    check(path, x=X, go=numpy.array(go))
    check(path, x=X[:1] - 9, go=numpy.array(go))  # nothing is found


def test_a_saved_program_chooses_as_before(tmp_path: Path) -> None:
    net = im.load(cut(tmp_path))
    im.compile(net, net.specs(), backend="numpy").save(tmp_path / "net.im")
    for options in BACKENDS.values():
        run = im.load(tmp_path / "net.im", **options)
        for go, size in ((True, 2), (False, 4), (True, 2)):
            assert run(x=X, go=numpy.array(go))["y"].shape == (size, 3)
    names = dict.fromkeys(("n", *_found(run)), 2)
    assert run.cost(**names).operations > 0


def _found(run: Any) -> list[str]:
    nodes = run.graph.all_nodes()
    sizes = (one.discovered for one in nodes)
    return [name for size in sizes if size is not None for name in size.names()]


def test_branches_of_other_numbers_of_axes(tmp_path: Path) -> None:
    then = body("t", [node("ReduceSum", ["x"], ["a"], keepdims=0)], {}, {"a": (F, None)})
    other = body("e", [node("Neg", ["x"], ["b"])], {}, {"b": (F, None)})
    net = im.load(branched(tmp_path, then, other, ["y"]))
    for go, axes in ((True, 0), (False, 2)):
        assert net(x=X, go=numpy.array(go))["y"].ndim == axes
        fixed = net.fixed(go=numpy.array(go))
        assert im.compile(fixed, fixed.specs())(x=X)["y"].ndim == axes
    with pytest.raises(UsageError) as raised:
        im.compile(net, net.specs())
    said = str(raised.value)
    assert said.startswith("ONNX If 'choose': its branches give float32[] and float32[n, 3], of ")
    assert "fix these by net.fixed(NAME=array)" in said and "\n" not in said


def test_a_state_that_grows(tmp_path: Path) -> None:
    nodes = [node("Concat", ["s", "x"], ["s_"], axis=0), node("Identity", ["go"], ["again"])]
    step = body(
        "step",
        nodes,
        {"i": (L, []), "go": (B, []), "s": (F, None)},
        {"again": (B, []), "s_": (F, None)},
    )
    made = [node("Loop", ["n", "yes", "x"], ["y"], "grow", body=step)]
    path = written(tmp_path, made, {"x": (F, [2]), "n": (L, [])}, ["y"], {"yes": True})
    net, x, n = im.load(path), numpy.ones(2, F), numpy.array(3)
    assert net(x, n).shape == (8,)
    fixed = net.fixed(n=n)
    for options in BACKENDS.values():
        assert im.compile(fixed, fixed.specs(), **options)(x).shape == (8,)
    with pytest.raises(UsageError) as raised:
        im.compile(net, net.specs())
    said = str(raised.value)
    assert said.startswith(
        "ONNX Loop 'grow': a step makes float32[4] of its state 's' of float32[2]; a program's"
    )
    assert "net.fixed(NAME=array)" in said and "\n" not in said
