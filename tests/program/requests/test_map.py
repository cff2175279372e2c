"""`Executable.map`: the results of each item alone, in order, whatever it was run with."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterator
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.errors import DimensionError, IndexOutside, UsageError
from isthmus.program.requests.grouping import RUN_COST, grouped

Array = numpy.ndarray[Any, Any]
RANDOM = numpy.random.default_rng(0)
WEIGHT = RANDOM.random((5, 3), numpy.float32)
TABLE = RANDOM.random((7, 5), numpy.float32)
PAD = {"ids": 0, "mask": 0}


def texts(ids: Any, mask: Any) -> dict[str, Any]:
    """The mean of the words that are there, and every word's own numbers."""
    seen = np.expand_dims(np.astype(mask, "float32"), axis=-1)
    words = np.take(TABLE, ids, axis=0) @ WEIGHT
    return {"mean": np.sum(words * seen, axis=1) / np.sum(seen, axis=1), "words": words}


def text_specs() -> dict[str, Any]:
    return {name: im.spec("int32", ["batch", "seq"]) for name in ("ids", "mask")}


def text(length: int) -> dict[str, Array]:
    return {
        "ids": RANDOM.integers(0, 7, length, numpy.int32),
        "mask": numpy.ones(length, numpy.int32),
    }


def alone(run: Any, item: dict[str, Array]) -> dict[str, Array]:
    found = run(**{name: array[None] for name, array in item.items()})
    return {name: array[0] for name, array in found.items()}


def assert_alike(found: list[Any], wanted: list[Any], rtol: float = 1e-5) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        for name in other:
            numpy.testing.assert_allclose(one[name], other[name], rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("pad", [None, PAD], ids=["exact", "padded"])
@pytest.mark.parametrize("streams", [1, 2])
def test_each_result_is_that_of_the_item_alone_within_float_error(
    device_backend: dict[str, Any], pad: Any, streams: int
) -> None:
    run = im.compile(texts, text_specs(), streams=streams, threads=2, **device_backend)
    items = [text(length) for length in (3, 9, 3, 1, 4, 9, 2, 3, 30, 5, 5)]
    assert_alike(list(run.map(items, batch=4, pad=pad)), [alone(run, item) for item in items])


def test_an_elementwise_program_gives_the_same_bits(device_backend: dict[str, Any]) -> None:
    run = im.compile(lambda x: np.sqrt(x) + x, im.spec("float32", ["n", "m"]), **device_backend)
    items = [RANDOM.random(size, numpy.float32) for size in (3, 5, 3, 3, 5)]
    for found, item in zip(run.map(items, batch=3), items, strict=True):
        numpy.testing.assert_array_equal(found, run(item[None])[0])


def test_sets_of_arguments_keep_the_axis_and_mix_with_examples() -> None:
    run = im.compile(lambda x: x * 2, im.spec("float32", ["batch", 2]), backend="numpy")
    one, three = numpy.ones(2, numpy.float32), numpy.ones((3, 2), numpy.float32)
    assert [found.shape for found in run.map([one, three, one], batch=8)] == [(2,), (3, 2), (2,)]
    assert run.stats.runs == 1


def test_without_a_batch_items_are_calls() -> None:
    run = im.compile(lambda x, y: x - y, (im.spec("float32", ["n"]),) * 2, backend="numpy")
    x, y = numpy.array([3], numpy.float32), numpy.array([1], numpy.float32)
    assert [float(r[0]) for r in run.map([(x, y), {"x": y, "y": x}])] == [2, -2]


def test_an_infinite_iterable_is_read_no_further_than_the_window() -> None:
    read = []

    def endless() -> Iterator[Array]:
        for number in itertools.count():
            read.append(number)
            yield numpy.full(1 + number % 3, number, numpy.float32)

    run = im.compile(lambda x: np.max(x, axis=1), im.spec("float32", ["batch", "n"]))
    found = run.map(endless(), batch=4, window=24)
    for number in range(100):
        assert float(next(found)) == number
        assert len(read) <= number + 1 + 24
    found.close()
    with pytest.raises(StopIteration):
        next(found)


@pytest.mark.parametrize("batch", [None, 1, 3])
def test_an_item_that_fails_raises_at_its_place_alone(batch: int | None) -> None:
    run = im.compile(lambda i: np.take(TABLE, i, axis=0), im.spec("int32", ["batch", 2]))
    good, outside = numpy.array([[0, 6]], numpy.int32), numpy.array([[0, 7]], numpy.int32)
    wrong = numpy.array([[0.0, 1.0]])
    results = run.map([good, outside, good, wrong, good[:, :1], good], batch=batch)
    numpy.testing.assert_array_equal(next(results)[0], TABLE[[0, 6]])
    with pytest.raises(IndexOutside, match="index 7 is out of bounds"):
        next(results)
    next(results)
    with pytest.raises(UsageError, match="float64"):
        next(results)
    with pytest.raises(DimensionError):
        next(results)
    numpy.testing.assert_array_equal(next(results)[0], TABLE[[0, 6]])
    assert next(results, None) is None


def test_what_the_iterable_raises_comes_behind_the_results_before_it() -> None:
    def broken() -> Iterator[Array]:
        yield numpy.ones(1, numpy.float32)
        raise OSError("the disk is gone")

    run = im.compile(lambda x: x + 1, im.spec("float32", ["batch", 1]), backend="numpy")
    results = run.map(broken(), batch=4)
    assert next(results).tolist() == [2]
    with pytest.raises(OSError, match="the disk is gone"):
        next(results)
    assert next(results, None) is None


def test_padding_that_is_seen_is_refused_after_batches_without_any() -> None:
    specs = im.spec("float32", ["batch", "n", "m"])
    run = im.compile(lambda x: np.mean(x, axis=(1, 2)), specs, backend="numpy")

    def items(*shapes: tuple[int, int]) -> list[Array]:
        return [RANDOM.random(shape, numpy.float32) for shape in shapes]

    equal = items((3, 2), (3, 2))
    found = list(run.map(equal, batch=2, pad={"x": 0}))
    numpy.testing.assert_allclose(found, [numpy.mean(item) for item in equal], rtol=1e-6)
    for padded in (items((2, 3), (3, 3)), items((3, 2), (3, 3))):
        with pytest.raises(UsageError, match="on its padding"):
            list(run.map(padded, batch=2, pad={"x": 0}))


def test_padding_of_each_size_is_looked_at() -> None:
    """Of the second size alone, in an item that is neither the first nor the last by its tokens."""
    specs = im.spec("float32", ["batch", "n", "m"])
    run = im.compile(lambda x: np.mean(np.sum(x, axis=1), axis=1), specs, backend="numpy")
    items = [numpy.ones(shape, numpy.float32) for shape in ((1, 5), (3, 2), (2, 5))]
    with pytest.raises(UsageError, match="on its padding"):
        list(run.map(items, batch=3, pad={"x": 0}))


@pytest.mark.parametrize(
    ("mixes", "values"),
    [
        (lambda x: np.sort(x, axis=0), (0, 3, 2, 5)),
        (lambda x: x - np.max(x, axis=0, keepdims=True), (9, 3, 2, 9)),
    ],
)
def test_items_between_the_first_and_the_last_are_looked_at(mixes: Any, values: Any) -> None:
    run = im.compile(mixes, im.spec("float32", ["batch", 1]), backend="numpy")
    with pytest.raises(UsageError, match="depends on the items it is run with"):
        list(run.map([numpy.array([value], numpy.float32) for value in values], batch=4))


def test_what_pads_is_given_by_name() -> None:
    run = im.compile(lambda x: x, im.spec("float32", ["batch", "n"]), backend="numpy")
    with pytest.raises(UsageError, match="give a dict of what pads each input"):
        run.map([], batch=2, pad=["x"])  # type: ignore[arg-type]


def test_a_batch_of_equal_items_does_not_show_that_a_program_mixes_none() -> None:
    specs = im.spec("float32", ["batch", 2])
    run = im.compile(lambda x: x - np.mean(x, axis=0, keepdims=True), specs, backend="numpy")
    items = [numpy.full(2, value, numpy.float32) for value in (1, 1, 1, 2)]
    results = run.map(items, batch=2, window=4)
    assert [next(results).tolist() for _ in range(2)] == [[0, 0]] * 2
    with pytest.raises(UsageError, match="depends on the items it is run with"):
        next(results)


@pytest.mark.parametrize(
    "mixes",
    [
        lambda x: x - np.mean(x, axis=0, keepdims=True),
        lambda x: np.cumulative_sum(x, axis=0),
        lambda x: np.flip(x, axis=0),
        lambda x: npx.softmax(x, axis=0),
    ],
)
def test_a_program_that_mixes_its_items_is_refused(mixes: Any) -> None:
    run = im.compile(mixes, im.spec("float32", ["batch", 2]), backend="numpy")
    items = [numpy.array([i, i * i + 1], numpy.float32) for i in range(4)]
    with pytest.raises(UsageError, match="depends on the items it is run with; leave batch out"):
        list(run.map(items, batch=4))


def test_padding_that_shows_is_refused() -> None:
    run = im.compile(
        lambda x: np.mean(x, axis=1), im.spec("float32", ["batch", "n"]), backend="numpy"
    )
    items = [numpy.ones(n, numpy.float32) for n in (2, 3)]
    with pytest.raises(UsageError, match="or on its padding; leave batch out, or pad such that"):
        list(run.map(items, batch=2, pad={"x": 0}))
    assert [float(mean) for mean in run.map(items, batch=2)] == [1, 1]


@pytest.mark.parametrize(
    ("function", "specs", "options", "message"),
    [
        (lambda x: x, ([3],), {}, "and there is none"),
        (lambda x, y: (x, y), (["n", 2], ["m", 2]), {}, "and there is none"),
        (lambda x, y: x + y, (["m", "n"], ["n", "m"]), {"same": 1}, r"give axis='m'"),
        (lambda x: x, (["n", "m"],), {"axis": "k"}, "axis='k' is no axis of every input"),
        (lambda x: np.sum(x), (["n"],), {}, r"the result .*: float32\[\] does not have n"),
        (lambda x: np.concat([x, x]), (["n"],), {}, "does not have n as one axis"),
        (lambda x: np.nonzero(x), (["n"],), {}, "a size that values decide"),
        (lambda x: x, (["n", "m"],), {"pad": {"y": 0}}, "no input 'y'; there are x"),
        (lambda x: x, (["n", "m"],), {"pad": {"x": "a"}}, "is no float32"),
        (lambda x, y: x + y, (["n", "m"],) * 2, {"pad": {"x": 0}}, r"pad=\{'y': 0\}"),
        (lambda x: np.concat([x, x], axis=1), (["n", "m"],), {"pad": {"x": 0}}, "leave pad out"),
        (lambda x: x, (["n"],), {"batch": 0}, "batch=0: give a whole number"),
        (lambda x: x, (["n"],), {"batch": None, "pad": {"x": 0}}, "pad and axis are about batches"),
    ],
)
def test_what_cannot_be_joined_is_one_line(
    function: Any, specs: Any, options: Any, message: str
) -> None:
    if options.pop("same", None):
        function = lambda x, y: (x, y)  # noqa: E731
    kinds = tuple(im.spec("float32", shape) for shape in specs)
    run = im.compile(function, kinds, backend="numpy")
    with pytest.raises(UsageError, match=message) as raised:
        run.map([], **{"batch": 2, **options})
    assert "\n" not in str(raised.value)


def test_foreign_arrays_are_taken_and_refused_as_in_a_call() -> None:
    run = im.compile(lambda x: x + 1, im.spec("float32", ["batch", 2]))
    given = numpy.array([[1, 2], [3, 4]], numpy.float32)
    items: list[Any] = [
        given[:, ::-1],
        given.astype(">f4"),
        numpy.ma.masked_array(given),
        given.tolist(),
    ]
    results = run.map(items, batch=4)
    assert next(results).tolist() == [[3, 2], [5, 4]]
    assert next(results).tolist() == [[2, 3], [4, 5]]
    with pytest.raises(UsageError, match="its mask would be lost"):
        next(results)
    with pytest.raises(UsageError, match="nested in another way"):
        next(results)


def test_empty_items_have_the_results_of_the_item_alone(device_backend: dict[str, Any]) -> None:
    run = im.compile(
        lambda x: {"sum": np.sum(x, axis=1), "all": x}, im.spec("float32", ["batch", "n"]),
        **device_backend,
    )  # fmt: skip
    items = [numpy.ones(n, numpy.float32) for n in (0, 3, 0, 2)]
    found = list(run.map(items, batch=4, pad={"x": 0}))
    assert [float(each["sum"]) for each in found] == [0, 3, 0, 2]
    assert [each["all"].shape for each in found] == [(0,), (3,), (0,), (2,)]


def test_tokens_asked_and_computed_are_counted_and_explained() -> None:
    run = im.compile(texts, text_specs(), backend="numpy")
    assert "map:" not in run.explain()
    list(run.map([text(length) for length in (8, 10)], batch=2, pad=PAD))
    assert (run.stats.items, run.stats.runs) == (2, 1)
    assert (run.stats.asked, run.stats.computed) == (18, 20)
    assert run.stats.padding == pytest.approx(0.1)
    last = run.explain().splitlines()[-1]
    assert last == "map: 2 items in 1 runs, 18 tokens asked, 20 computed (10.0% padding)"


def test_a_pickled_program_maps_in_its_new_place() -> None:
    run = im.compile(lambda x: x + 1, im.spec("float32", ["batch", 2]), backend="numpy")
    items = [numpy.ones(2, numpy.float32)] * 3
    list(run.map(items, batch=2))
    again = pickle.loads(pickle.dumps(run))
    assert [found.tolist() for found in again.map(items, batch=2)] == [[2, 2]] * 3


def test_groups_have_all_items_once_and_no_more_rows_than_asked() -> None:
    sizes = [(int(n),) for n in RANDOM.integers(1, 400, 100)]
    groups = grouped(sizes, [1] * 100, most=8)
    assert sorted(itertools.chain.from_iterable(groups)) == list(range(100))
    assert max(map(len, groups)) <= 8

    def cost(some: list[list[int]]) -> int:
        return sum(len(group) * max(sizes[i][0] for i in group) + RUN_COST for group in some)

    order = sorted(range(100), key=lambda i: sizes[i])
    assert cost(groups) <= cost([order[i : i + 8] for i in range(0, 100, 8)])
    assert cost(groups) <= cost([[i] for i in order])
    assert grouped([(1,), (1,), (1,)], [5, 1, 1], most=4) in ([[1, 2], [0]], [[0], [1, 2]])
    assert grouped([], [], most=4) == []


def test_what_is_no_iterable_is_one_line() -> None:
    run = im.compile(lambda x: x, im.spec("float32", ["n"]), backend="numpy")
    given: Any = 3
    for batch in (None, 2):
        with pytest.raises(UsageError, match="map: int given; give an iterable"):
            run.map(given, batch)


def test_arrays_of_a_namespace_are_items_of_calls_alone() -> None:
    run = im.compile(lambda x: x + 1, im.spec("float32", ["n"]), backend="numpy")
    held = im.namespace("numpy").asarray([1, 2], dtype="float32")
    (found,) = run.map([held])
    assert numpy.asarray(found).tolist() == [2, 3]
    with pytest.raises(UsageError, match=r"give numpy.asarray\(x\), or leave batch out"):
        next(run.map([held], batch=2))
