"""What is tuned: programs from functions, blocks and files, samples of every form, fixed sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.errors import UsageError
from isthmus.program.executable import Executable
from isthmus.program.fixed_sizes import can_be_fixed, with_fixed_sizes
from isthmus.program.options import Options
from isthmus.tuning.work import Work, work_of


def f32(*shape: int) -> Any:
    return numpy.arange(numpy.prod(shape, dtype=int), dtype=numpy.float32).reshape(shape)


def total(x: Any, y: Any) -> Any:
    return np.sum(x, axis=0) + y


def types(work: Work) -> list[str]:
    return [f"{value.name}: {value.type}" for value in work.traced.graph.inputs]


def test_types_are_those_of_the_samples() -> None:
    work = work_of(np.tanh, [f32(2, 3), f32(2, 3)])
    assert types(work) == ["x: float32[2, 3]"]
    assert work.alike and not work.can_be_static


def test_sizes_that_differ_are_named_by_how_they_differ() -> None:
    work = work_of(total, [(f32(2, 3), f32(3)), (f32(4, 5), f32(5)), (f32(2, 3), f32(3))])
    assert types(work) == ["x: float32[n0, n1]", "y: float32[n1]"]
    assert work.sizes == [{"n0": 2, "n1": 3}, {"n0": 4, "n1": 5}, {"n0": 2, "n1": 3}]
    assert not work.alike and not work.can_be_static


def test_given_types_stay() -> None:
    specs = {"x": im.spec("float32", ["a", "b"]), "y": im.spec("float32", ["b"])}
    work = work_of(total, [{"x": f32(2, 3), "y": f32(3)}], specs)
    assert types(work) == ["x: float32[a, b]", "y: float32[b]"]
    assert work.can_be_static
    assert [str(v.type) for v in work.static.graph.inputs] == ["float32[2, 3]", "float32[3]"]


@pytest.mark.parametrize(
    "samples",
    [
        [{"x": f32(2, 3), "y": f32(3)}],
        [(f32(2, 3), f32(3))],
        [[f32(2, 3), f32(3)]],
        ({"x": f32(2, 3), "y": f32(3)} for _ in range(1)),
    ],
)
def test_samples_by_name_by_position_and_from_a_generator(samples: Any) -> None:
    (one,) = work_of(total, samples).sets
    assert list(one) == ["x", "y"] and one["x"].shape == (2, 3)


def test_nested_arguments() -> None:
    def add(pair: Any, more: Any) -> Any:
        return pair[0] + pair[1] + more["z"]

    work = work_of(add, [((f32(2), f32(2)), {"z": f32(2)})])
    assert list(work.sets[0]) == ["pair.0", "pair.1", "more.z"]


@pytest.mark.parametrize("strange", [f32(3)[::-1], f32(3).astype(">f4"), numpy.float32(3)])
def test_strange_arrays_are_taken_as_calls_take_them(strange: Any) -> None:
    (one,) = work_of(np.tanh, [strange]).sets
    assert one["x"].dtype == numpy.float32 and one["x"].dtype.isnative
    numpy.testing.assert_array_equal(one["x"], strange)


def test_arrays_of_a_namespace_are_samples() -> None:
    held = im.namespace("cpu").asarray([1.0, 2.0], dtype="float32")
    (one,) = work_of(np.tanh, [held]).sets
    numpy.testing.assert_array_equal(one["x"], [1, 2])


X, Y = f32(2, 3), f32(3)
WRONG: list[tuple[Any, Any, str]] = [
    ([], None, "no samples; give some"),
    (X, None, "samples is a ndarray; give a list"),
    ({"x": X}, None, "samples is a dict; give a list"),
    ("abc", None, "samples is a str"),
    (None, None, "samples is a NoneType"),
    (3, None, "samples is a int"),
    ([{"x": X, "y": Y}, {"x": X}], None, "sample 1 has the arguments x, sample 0 x, y"),
    ([{"x": X, "y": Y}, (X, Y)], None, "sample 1 has the arguments 0, 1, sample 0 x, y"),
    ([{"x": X, "y": 3}], None, "sample 0: 3 is no array"),
    ([(X, Y), (X, Y.astype("f8"))], None, "samples differ in dtype or number of axes"),
    ([(X, Y), (X, f32(3, 3))], None, "samples differ in dtype or number of axes"),
    (
        [(X, Y), (X, f32(4))],
        (im.spec("float32", ["a", "b"]), im.spec("float32", ["b"])),
        "sample 1: ",
    ),
    ([(X, Y)], (im.spec("int32", ["a", "b"]), im.spec("int32", ["b"])), "sample 0: x"),
]


@pytest.mark.parametrize(("samples", "specs", "words"), WRONG, ids=[row[2] for row in WRONG])
def test_samples_that_do_not_fit_are_refused(samples: Any, specs: Any, words: str) -> None:
    with pytest.raises(UsageError) as problem:
        work_of(total, samples, specs)
    assert words in str(problem.value) and "\n" not in str(problem.value)


def test_a_program_s_file_and_an_executable(tmp_path: Path) -> None:
    run = im.compile(lambda x: np.tanh(x), {"x": im.spec("float32", ["n"])}, backend="numpy")
    run.save(tmp_path / "net.im")
    for source in (run, tmp_path / "net.im", str(tmp_path / "net.im"), run.traced):
        work = work_of(source, [{"x": f32(3)}])
        assert types(work) == ["x: float32[n]"] and not work.settled
        with pytest.raises(UsageError, match="of a program that is traced already"):
            work_of(source, [{"x": f32(3)}], {"x": im.spec("float32", [3])})


def test_as_many_samples_are_compared_as_there_is_time_for() -> None:
    quick = work_of(np.tanh, [f32(3)] * 100)
    assert quick.compared(1.0, 1, range(100)) == list(range(100))
    assert quick.compared(1.0, 1, range(1, 100, 2)) == list(range(1, 100, 2))
    heavy = work_of(lambda x: x @ x, [numpy.ones((1000, 1000), numpy.float32)] * 20)
    assert heavy.compared(1e-3, 1, range(20)) == [0, 2, 5, 7, 10, 12, 15, 17]
    assert heavy.compared(1e-3, 1, range(1, 20, 2)) == [1, 3, 5, 7, 11, 13, 15, 17]


def test_the_digest_is_of_every_element() -> None:
    x = f32(4)
    one, two = work_of(np.tanh, [x]), work_of(np.tanh, [x + 1])
    assert one.digest() == work_of(np.tanh, [x.copy()]).digest() != two.digest()
    assert one.digest() != work_of(np.tanh, [x, x]).digest()


# --- fixed sizes -------------------------------------------------------------------------------


def looped(x: Any) -> Any:
    """A loop over rows, a slice, a reshape and a named size as a number."""
    out, _ = im.npx.foreach(
        lambda row, s: (row * 2 + s, s + 1), x, np.zeros((x.shape[1],), "float32")
    )
    return out.reshape(-1)[: x.shape[1]] / x.shape[0]


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
@pytest.mark.parametrize("function", [looped, np.tanh, lambda x: x.T.reshape(2, -1)])
def test_a_program_of_fixed_sizes_gives_the_same(function: Any, backend: str) -> None:
    x = f32(4, 3)
    named = im.trace(function, im.spec("float32", ["m", "k"]), constraints=["m % 2 == 0"])
    assert can_be_fixed(named)
    fixed = with_fixed_sizes(named, {"m": 4, "k": 3})
    assert fixed.graph.dimension_names() == []
    assert [value.type.shape for value in fixed.graph.inputs] == [(4, 3)]
    outputs = [Executable(t, backend, Options(), "allow")(x) for t in (named, fixed)]
    numpy.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-6)
    with pytest.raises(UsageError):
        Executable(fixed, backend, Options(), "allow")(f32(6, 3))


def test_sizes_that_values_decide_are_not_fixed() -> None:
    assert not can_be_fixed(im.trace(lambda x: x[x > 1], im.spec("float32", ["n"])))
    assert not work_of(lambda x: x[x > 1], [f32(3)], im.spec("float32", ["n"])).can_be_static


def test_what_was_fixed_is_the_same_program_but_for_its_sizes() -> None:
    net = im.models.create("minilm-l6", vocabulary=50, layers=1, width=16, heads=2, seed=1)
    ids = numpy.ones((2, 5), numpy.int32)
    sample = {"input_ids": ids, "attention_mask": ids, "token_type_ids": 0 * ids}
    work = work_of(net, [sample], net.specs())
    assert work.static.graph.dimension_names() == []
    named, fixed = (
        Executable(work.program(static=static), "cpu", Options(), "allow")(**sample)
        for static in (False, True)
    )
    for name, array in named.items():
        numpy.testing.assert_allclose(fixed[name], array, rtol=1e-4, atol=1e-5)
