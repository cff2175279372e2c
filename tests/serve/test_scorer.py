"""A scorer: what it is made of, what it takes, and that it says the same wherever it is sent."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus.errors import FileError, UsageError
from isthmus.models.inputs import samples
from isthmus.serve import scorer_process, scorer_threads
from isthmus.serve.scorer_process import Opened
from isthmus.system.threads import available_threads

TINY: dict[str, Any] = {"layers": 1, "width": 16, "heads": 2, "inner": 32}
TEXTS = ["A canal.", "A strip of land between two seas.", "Water.", "So the land stays whole."]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """y = 2 x of float32[batch, 3], and a count of int32[batch] plus one."""
    specs = {"x": im.spec("float32", ["batch", 3]), "n": im.spec("int32", ["batch"])}
    run = im.compile(lambda x, n: {"y": 2 * x, "m": n + 1}, specs, threads=1)
    run.save(tmp_path / "net.im")
    return tmp_path / "net.im"


@pytest.fixture
def tokenizer() -> Path:
    try:
        return samples.minilm()
    except FileError as absent:
        pytest.skip(str(absent))


def table(rows: int = 5, **others: Any) -> dict[str, Any]:
    x = numpy.arange(3 * rows, dtype=numpy.float32).reshape(rows, 3)
    return {"x": x, "n": numpy.arange(rows, dtype=numpy.int32), **others}


def test_rows_are_scored_each_for_itself(program: Path) -> None:
    found = im.Scorer(program, threads=1)(table(100))
    numpy.testing.assert_array_equal(found["y"], 2 * table(100)["x"])
    numpy.testing.assert_array_equal(found["m"], numpy.arange(1, 101))
    assert found["y"].dtype == numpy.float32 and found["m"].dtype == numpy.int32


def test_no_rows_have_results_of_the_right_kind(program: Path) -> None:
    tables: list[dict[str, Any]] = [table(0), {"x": [], "n": []}]
    for given in tables:
        found = im.Scorer(program, threads=1)(given)
        assert (found["y"].shape, found["y"].dtype) == ((0, 3), numpy.float32)
        assert (found["m"].shape, found["m"].dtype) == ((0,), numpy.int32)


def test_it_is_small_and_travels(program: Path) -> None:
    score = im.Scorer(program, threads=1)
    content = pickle.dumps(score)
    assert len(content) < 1000
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(pickle.loads(content), [table(3), table(4)])
    numpy.testing.assert_array_equal(found[1]["y"], 2 * table(4)["x"])


def test_two_processes_give_the_same_bits(program: Path) -> None:
    score = im.Scorer(program, threads=1)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.map(score, [table(50)] * 2, chunksize=1)
    assert first["y"].tobytes() == second["y"].tobytes() == score(table(50))["y"].tobytes()


def test_a_forked_process_opens_it_anew(program: Path) -> None:
    score = im.Scorer(program, threads=1)
    score(table())
    with multiprocessing.get_context("fork").Pool(1) as pool:
        found = pool.apply_async(score, (table(),)).get(60)
    numpy.testing.assert_array_equal(found["y"], 2 * table()["x"])


def test_threads_that_ask_at_once_open_it_once(program: Path) -> None:
    made: list[int] = []
    opened = Opened(2)
    barrier = threading.Barrier(4)

    def make() -> str:
        made.append(1)
        return "program"

    def ask() -> None:
        barrier.wait()
        opened("key", make)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_what_could_not_be_opened_is_tried_again() -> None:
    opened = Opened(2)
    with pytest.raises(ZeroDivisionError):
        opened("key", lambda: 1 // 0)
    assert opened("key", lambda: 2) == 2
    assert [opened(name, name.upper) for name in "abc"] == ["A", "B", "C"]
    assert list(opened.known) == ["b", "c"]


def test_copies_of_a_scorer_share_a_program(program: Path) -> None:
    one, other = (pickle.loads(pickle.dumps(im.Scorer(program, threads=1))) for _ in range(2))
    assert one.opened() is other.opened()
    assert one.opened() is not im.Scorer(program, threads=1, batch=7).opened()


def test_inputs_are_read_only_and_stay(program: Path) -> None:
    given = table(9)
    for array in given.values():
        array.flags.writeable = False
    before = {name: array.copy() for name, array in given.items()}
    found = im.Scorer(program, threads=1, keep=("n",))(given)
    for name, array in before.items():
        numpy.testing.assert_array_equal(given[name], array)
    found["y"][:] = 0  # results are the caller's
    assert found["n"] is given["n"]


def test_the_same_table_changed_afterwards_is_another(program: Path) -> None:
    score, given = im.Scorer(program, threads=1), table(4)
    first = score(given)["y"].copy()
    given["x"] += 1
    numpy.testing.assert_array_equal(score(given)["y"], first + 2)


@pytest.mark.parametrize(
    "x",
    [
        numpy.arange(6).reshape(2, 3),
        numpy.arange(6, dtype=">f8").reshape(2, 3),
        numpy.arange(6, dtype=">f4").reshape(2, 3),
        numpy.arange(6, dtype=numpy.float16).reshape(2, 3),
        numpy.asfortranarray(numpy.arange(6, dtype=numpy.float32).reshape(2, 3)),
        numpy.arange(12, dtype=numpy.float32).reshape(2, 6)[:, ::2] / 2,
        [[0, 1, 2], [3.0, 4.0, 5.0]],
        [numpy.arange(3), [3, 4, 5]],
    ],
    ids=["int64", "big f8", "big f4", "f2", "fortran", "strided", "lists", "mixed"],
)
def test_numbers_of_other_types_that_hold(program: Path, x: Any) -> None:
    found = im.Scorer(program, threads=1)({"x": x, "n": [1, 2]})
    numpy.testing.assert_array_equal(found["y"], [[0, 2, 4], [6, 8, 10]])


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "too large an integer": ({"n": [1, 2**31]}, "row 1: n has 2147483648, which int32"),
    "a float that is not whole": ({"n": numpy.array([1, 2.5])}, "row 1: n has 2.5, which int32"),
    "NaN for an integer": ({"n": numpy.array([numpy.nan, 2])}, "row 0: n has nan, which int32"),
    "an integer no float32 has": ({"x": [[2**24 + 1, 0, 0]] * 2}, "row 0: x has 16777217, which f"),
    "beyond float32": ({"x": numpy.full((2, 3), 1e39)}, "row 0: x has 1e+39, which float32"),
    "a missing row": ({"x": [[1, 2, 3], None]}, "row 1: x is None, and float32[3] is asked for"),
    "another length": ({"x": [[1, 2, 3], [1, 2]]}, "row 1: x is int64[2], and float32[3]"),
    "all of another length": ({"x": numpy.ones((2, 4))}, "row 0: x is float64[4], and float32[3]"),
    "ragged inside": ({"x": [[1, [2], 3], [1, 2, 3]]}, "row 0: x is [1, [2], 3], and"),
    "text": ({"n": ["1", 2]}, "row 0: n is '1', and int32[] is asked for"),
    "truth": ({"n": numpy.array([True, False])}, "row 0: n is of bool, and int32 is asked for"),
    "complex": ({"x": numpy.ones((2, 3), complex)}, "row 0: x is of complex128, and float32"),
    "another number of rows": ({"n": [1, 2, 3]}, "columns of different lengths"),
    "a scalar": ({"n": 3}, "a column 3; give an array"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_hold_is_one_line_that_names_the_row(program: Path, case: str) -> None:
    given, said = WRONG[case]
    with pytest.raises(UsageError) as problem:
        im.Scorer(program, threads=1)(table(2, **given))
    assert str(problem.value).startswith(said)
    assert "\n" not in str(problem.value)


def test_rows_that_are_left_out_do_not_move_the_others(program: Path) -> None:
    """Each of many rows, some bad in one column and some in the other."""
    n: list[Any] = list(range(100))
    x: list[Any] = [[row, 0, 0] for row in range(100)]
    for bad in (0, 17, 99):
        n[bad] = None
    for bad in (17, 50):
        x[bad] = [1]
    found = im.Scorer(program, threads=1).rows({"x": x, "n": n})
    assert [row for row, _ in found.rejected] == [0, 17, 50, 99]
    good = [row for row in range(100) if row not in (0, 17, 50, 99)]
    assert found.rows.tolist() == good
    assert found.columns["m"].tolist() == [row + 1 for row in good]
    assert found.columns["y"][:, 0].tolist() == [2 * row for row in good]


def test_a_row_that_a_program_refuses_is_not_the_end_of_its_batch() -> None:
    look_up = im.compile(
        lambda i: im.np.take(numpy.arange(10, dtype=numpy.float32) * 3, i, axis=0),
        im.spec("int32", ["batch", 2]),
        threads=1,
    )
    rows = numpy.stack([numpy.arange(50) % 10, numpy.arange(50) // 5], axis=1)
    rows[[3, 31]] = [0, 10]
    found = im.Scorer(look_up, threads=1).rows({"i": rows})
    assert [row for row, _ in found.rejected] == [3, 31]
    assert "out of bounds" in found.rejected[0].reason
    numpy.testing.assert_array_equal(found.columns["output"], rows[found.rows] * 3.0)


def test_a_program_that_mixes_its_rows_is_refused() -> None:
    mixed = im.compile(
        lambda x: x - im.np.mean(x, axis=0), im.spec("float32", ["batch", 2]), threads=1
    )
    x = numpy.arange(2000, dtype=numpy.float32).reshape(1000, 2)
    for rows in (2, 10, 1000):
        with pytest.raises(UsageError, match="depends on the items it is run with"):
            im.Scorer(mixed, threads=1, batch=7 + rows)({"x": x[:rows]})
    score = im.Scorer(mixed, threads=1)
    score({"x": x[:1]})  # of one row nothing is seen, nor of rows that are alike
    score({"x": x[[0] * 20]})
    with pytest.raises(UsageError, match="depends on the items it is run with"):
        score({"x": x})


def test_rows_of_several_lengths_are_padded_where_that_is_said() -> None:
    total = im.compile(
        lambda x: {"sum": im.np.sum(x, axis=1), "twice": 2 * x},
        im.spec("float32", ["batch", "n"]),
        threads=1,
    )
    rows = [numpy.arange(n, dtype=numpy.float32) for n in (3, 1, 0, 7, 3)]
    for pad in (None, {"x": 0}):
        found = im.Scorer(total, threads=1, pad=pad)({"x": rows})
        assert found["sum"].tolist() == [3, 0, 0, 21, 3]
        assert found["twice"].dtype == object
        for row, own in zip(rows, found["twice"], strict=True):
            numpy.testing.assert_array_equal(own, 2 * row)


def test_another_file_of_that_name_is_refused(program: Path) -> None:
    score = im.Scorer(program, threads=1)
    im.compile(lambda x: x, im.spec("float32", ["batch"]), threads=1).save(program)
    with pytest.raises(FileError, match="is another file than the scorer was made of"):
        score(table())


def test_a_function_is_saved_first_and_an_onnx_file_is_read(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    x = numpy.array([[1, 2], [3, 4]], numpy.float32)
    spec = {"x": im.spec("float32", ["batch", 2])}
    made = im.Scorer(lambda x: {"y": x * x}, specs=spec, threads=1, file=tmp_path / "square.im")
    assert made.source.program == str(tmp_path / "square.im")
    im.export(lambda x: {"y": x * x}, spec, tmp_path / "square.onnx")
    read = im.Scorer(tmp_path / "square.onnx", threads=1)
    for score, name in ((made, "y"), (read, "output")):  # what a file returns alone has no name
        numpy.testing.assert_array_equal(score({"x": x})[name], x * x)
        numpy.testing.assert_array_equal(score({"other": x})[name], x * x)  # the only column


NOT_MADE: dict[str, tuple[tuple[Any, ...], dict[str, Any], str]] = {
    "no file": (("absent.im",), {}, "absent.im: cannot be read"),
    "no model": (("minilm-l7",), {}, "no model 'minilm-l7'; the nearest is"),
    "no weights": (("bert-base",), {}, "bert-base has no sample weights; give weights="),
    "no specs": ((abs,), {}, "a function without specs"),
    "no precision": (("minilm-l6", "f8"), {}, "precision='f8'"),
    "no threads": (("minilm-l6",), {"threads": 0}, "threads=0"),
    "no batch": (("minilm-l6",), {"batch": 0}, "batch=0"),
    "no samples": (("minilm-l6", "int8"), {}, "precision='int8' is settled on real inputs"),
    "no function": ((3,), {}, "a int given"),
}


@pytest.mark.parametrize("case", NOT_MADE)
def test_what_cannot_be_made_is_said_at_once(case: str) -> None:
    words, options, said = NOT_MADE[case]
    with pytest.raises(im.IsthmusError) as problem:
        im.Scorer(*words, **options)
    assert said in str(problem.value) and "\n" not in str(problem.value)


def test_columns_are_found_or_named(program: Path) -> None:
    score = im.Scorer(program, threads=1, column={"x": "features"}, keep=("id",))
    given = {"features": table()["x"], "n": table()["n"], "id": list("abcde")}
    assert score(given)["id"] == list("abcde")
    with pytest.raises(UsageError, match="no column 'x' for the input x: float32"):
        im.Scorer(program, threads=1)(given)
    with pytest.raises(UsageError, match="keep='nobody': no such column"):
        im.Scorer(program, threads=1, keep="nobody")(table())
    with pytest.raises(UsageError, match="keep='y': a result has that name"):
        im.Scorer(program, threads=1, keep="y")(table(y=[0] * 5))
    with pytest.raises(UsageError, match="a table of type list"):
        score([1, 2])


# Texts


@pytest.mark.parametrize("head", ["sentence", "none"])
@pytest.mark.parametrize("name", ["minilm-l6", "distilroberta-base"])
def test_texts_are_scored_as_each_alone(name: str, head: str, tokenizer: Path) -> None:
    """Packed and in buckets; a model that was saved, with its own tokenizer."""
    if head == "sentence" and name != "minilm-l6":
        pytest.skip("its sentence vectors are MiniLM's")
    known = im.models.find(name).options()
    tiny = {key: value for key, value in TINY.items() if key in known}
    net = im.models.create(name, head=head, tokenizer=tokenizer, **tiny)
    alone = im.compile(net, net.specs(), backend="numpy")
    found = im.Scorer(net, threads=1, batch=3)({"text": TEXTS * 3})
    for row, text in enumerate(TEXTS * 3):
        wanted = alone(**net.preprocess([text]))
        assert found.keys() == wanted.keys()
        for output in wanted:
            numpy.testing.assert_allclose(
                found[output][row], wanted[output][0], rtol=1e-4, atol=1e-5
            )


def test_what_is_no_text_is_named(tokenizer: Path) -> None:
    net = im.models.create("minilm-l6", tokenizer=tokenizer, **TINY)
    score = im.Scorer(net, threads=1)
    bad = {1: None, 2: float("nan"), 4: " ", 5: "\udc80", 6: 7, 7: b"bytes"}
    texts = [bad.get(row, f"text {row}") for row in range(9)]
    found = score.rows({"text": texts})
    assert [row for row, _ in found.rejected] == list(bad)
    assert [reason for _, reason in found.rejected] == [
        "text is None, no text",
        "text is nan, no text",
        "text is empty",
        "text is '\\udc80', which is not UTF-8",
        "text is 7, no text",
        "text is b'bytes', no text",
    ]
    whole = score({"text": [f"text {row}" for row in range(9)]})
    numpy.testing.assert_allclose(
        found.columns["embedding"], whole["embedding"][[0, 3, 8]], atol=1e-5
    )
    assert score({"text": []})["embedding"].shape == (0, 16)


def test_one_text_that_fails_leaves_its_batch(tokenizer: Path) -> None:
    """A vocabulary shorter than the tokenizer's: some words are outside of it."""
    net = im.models.create("minilm-l6", tokenizer=tokenizer, vocabulary=10_000, **TINY)
    score = im.Scorer(net, threads=1)
    texts = ["the land", "isthmus canal fishermen zygote", "the sea"] * 5
    found = score.rows({"text": texts})
    assert [row for row, _ in found.rejected] == list(range(1, 15, 3))
    assert all("out of bounds" in reason for _, reason in found.rejected)
    good = score({"text": [text for text in texts if "zygote" not in text]})
    numpy.testing.assert_allclose(found.columns["embedding"], good["embedding"], atol=1e-6)


def test_a_saved_program_of_tokens_takes_texts_with_a_tokenizer(
    tokenizer: Path, tmp_path: Path
) -> None:
    net = im.models.create("minilm-l6", tokenizer=tokenizer, **TINY)
    run = im.compile(net, net.specs(), threads=1)
    run.save(tmp_path / "net.im")
    score = im.Scorer(tmp_path / "net.im", threads=1, tokenizer=tokenizer)
    wanted = numpy.concatenate([run(**net.preprocess([text]))["embedding"] for text in TEXTS])
    found = score({"title": TEXTS})
    numpy.testing.assert_allclose(found["embedding"], wanted, atol=1e-5)


def test_integers_are_settled_where_the_scorer_is_made(tokenizer: Path, tmp_path: Path) -> None:
    net = im.models.create("minilm-l6", tokenizer=tokenizer, **TINY)
    samples = [net.preprocess([text]) for text in TEXTS]
    score = im.Scorer(net, "int8", threads=1, samples=samples, file=tmp_path / "int8.im")
    exact = im.Scorer(net, threads=1)({"text": TEXTS})["embedding"]
    found = pickle.loads(pickle.dumps(score))({"text": TEXTS})["embedding"]
    assert (found != exact).any()
    assert (numpy.sum(found * exact, axis=1) > 0.9).all()


# Images


def test_images_are_paths_bytes_or_pixels(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    random = numpy.random.default_rng(0)
    pixels = [random.integers(0, 256, (240, 250 + 10 * n, 3), numpy.uint8) for n in range(3)]
    paths = [tmp_path / f"{n}.png" for n in range(3)]
    for path, array in zip(paths, pixels, strict=True):
        image.fromarray(array).save(path)
    net = im.models.create("mobilenet-v2", width=0.25, classes=10)
    score = im.Scorer(net, threads=1)
    wanted = im.compile(net, net.specs(), threads=1)(**net.preprocess(paths))
    columns = {
        "path": [str(path) for path in paths],
        "bytes": [path.read_bytes() for path in paths],
        "image": pixels,
        "other": [{"bytes": None, "path": str(path)} for path in paths],
    }
    for name, column in columns.items():
        found = score({name: column})
        numpy.testing.assert_allclose(found["logits"], wanted, rtol=1e-4, atol=1e-5)
    (tmp_path / "broken.png").write_bytes(paths[0].read_bytes()[:100])
    mixed = [pixels[0], str(tmp_path / "broken.png"), None, b"nothing", numpy.ones((3, 4))]
    scored = score.rows({"image": mixed})
    assert scored.rows.tolist() == [0] and [row for row, _ in scored.rejected] == [1, 2, 3, 4]


# Threads


def test_threads_are_those_of_the_engine_within_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allowed = available_threads()
    assert scorer_threads.threads_here(3) == 3
    for given, wanted in ((None, allowed), (0.5, 1), (1.0, 1), (10_000.0, allowed)):
        monkeypatch.setattr(scorer_threads, "assigned", lambda given=given: given)
        assert scorer_threads.threads_here() == wanted


def test_a_scorer_leaves_its_process_on_all_processors(program: Path) -> None:
    """OpenVINO would bind a single thread to processor 0, in every process."""
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        pytest.skip("there is one processor")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        masks = pool.apply(_masks_while_scoring, (im.Scorer(program, threads=1),))
    assert all(mask == before for mask in masks) and masks


def _masks_while_scoring(score: im.Scorer) -> list[set[int]]:
    """The processors of each thread of this process, meanwhile."""
    found: list[set[int]] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            for place in Path("/proc/self/task").iterdir():
                try:
                    found.append(os.sched_getaffinity(int(place.name)))
                except OSError:
                    continue

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(200):
        score(table(64))
    ended.set()
    looking.join()
    return found


def test_the_process_keeps_few_programs() -> None:
    assert scorer_process.opened_here.most <= 8
