"""Programs kept on disk: the same numbers as compiled ones, found again only where all is equal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import openvino
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.program import cache
from isthmus.system import mapping, sums
from isthmus.system.store import PAGE, Store

Array = numpy.ndarray[Any, Any]
Function = Callable[..., Any]

WIDTH = 600  # of a matrix that is large enough to be kept
RNG = numpy.random.default_rng(0)
WEIGHT = RNG.standard_normal((WIDTH, WIDTH), numpy.float32) / 25
X = RNG.standard_normal((3, WIDTH), numpy.float32)
SPEC = im.spec("float32", ["n", WIDTH])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of the test's own."""
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "cache"))
    cache._warn.cache_clear()
    yield tmp_path / "cache"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One word for each program that OpenVINO compiles or imports from now on."""
    words: list[str] = []
    for name in ("compile_model", "import_model"):
        real = getattr(openvino.Core, name)

        def call(*args: Any, real: Any = real, name: str = name) -> Any:
            found = real(*args)
            words.append(name.partition("_")[0])
            return found

        monkeypatch.setattr(openvino.Core, name, call)
    return words


def layer(weight: Array = WEIGHT) -> Function:
    return lambda x: npx.softmax(np.tanh(x @ weight) + 1, axis=-1)


def run(function: Function | None = None, spec: Any = SPEC, x: Any = X, **options: Any) -> Any:
    return im.compile(function or layer(), spec, backend="cpu", **options)(x)


def entries(folder: Path) -> list[Path]:
    found = [each.path for each in Store(folder, 2**30).entries()]
    return [path for path in found if not path.name.startswith(cache.FILE)]


def test_the_second_time_it_is_imported_and_gives_the_same_bits(
    compiled: list[str], folder: Path
) -> None:
    first = run()
    second = run()
    assert compiled == ["compile", "import"] and len(entries(folder)) == 1
    numpy.testing.assert_array_equal(first, second, strict=True)


def scanned(x: Any) -> Any:
    """A loop, with the weight in its body."""
    step: Function = lambda row, state: (row @ WEIGHT + state, np.tanh(state))  # noqa: E731
    rows, last = npx.foreach(step, x, np.zeros((WIDTH,), np.float32))
    return {"rows": rows, "last": last}


def chosen(x: Any) -> Any:
    return npx.cond(np.sum(x) > 0, lambda: x @ WEIGHT, lambda: x - 1)


PROGRAMS: dict[str, tuple[Function, Any, Any]] = {
    "named": (layer(), SPEC, X),
    "static": (layer(), im.spec("float32", [3, WIDTH]), X),
    "solved": (layer(), im.spec("float32", ["n + 1", WIDTH]), X),
    "loop": (scanned, SPEC, X),
    "branch": (chosen, SPEC, X),
    "constant result": (lambda x: (x @ WEIGHT, np.asarray(WEIGHT)), SPEC, X),
    "with the host": (lambda x: np.sort(x @ WEIGHT, axis=-1) @ WEIGHT, SPEC, X),
    "empty": (layer(), SPEC, X[:0]),
    "one row, strided": (layer(), SPEC, X[::-2]),
    "a size nothing shows": (lambda x: np.arange(x.shape[0] * 3) + np.sum(x @ WEIGHT), SPEC, X),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_of_all_kinds(compiled: list[str], name: str) -> None:
    function, spec, x = PROGRAMS[name]
    first, second = (im.compile(function, spec, backend="cpu")(x) for _ in range(2))
    assert "import" in compiled and compiled.count("import") == compiled.count("compile")
    oracle = im.compile(function, spec, backend="numpy")(x)
    leaves = [list(map(numpy.asarray, im_leaves(each))) for each in (first, second, oracle)]
    for one, two, wanted in zip(*leaves, strict=True):
        numpy.testing.assert_array_equal(one, two, strict=True)
        numpy.testing.assert_allclose(two, wanted, rtol=2e-4, atol=2e-5)


def im_leaves(result: Any) -> list[Any]:
    from isthmus.graph.tree import leaves

    return [leaf for _, leaf in leaves(result)]


OTHERS: dict[str, Callable[[], Any]] = {
    "weights": lambda: run(layer(WEIGHT + 1)),
    "one weight": lambda: run(layer(changed(WEIGHT, (5, 7)))),
    "order of weights": lambda: run(layer(WEIGHT[::-1])),
    "two signs": lambda: run(layer(changed(changed(WEIGHT, (0, 1)), (0, 3)))),
    "operator": lambda: run(lambda x: npx.softmax(np.tanh(x @ WEIGHT) - 1, axis=-1)),
    "attribute": lambda: run(lambda x: npx.softmax(np.tanh(x @ WEIGHT) + 1, axis=0)),
    "number": lambda: run(lambda x: npx.softmax(np.tanh(x @ WEIGHT) + 1.0000001, axis=-1)),
    "size": lambda: run(spec=im.spec("float32", [3, WIDTH])),
    "threads": lambda: run(threads=1),
    "numerics": lambda: run(numerics="fast"),
}


def changed(array: Array, place: tuple[int, int]) -> Array:
    other = array.copy()
    other[place] *= -1
    return other


@pytest.mark.parametrize("what", OTHERS)
def test_any_difference_is_another_program(compiled: list[str], what: str) -> None:
    run()
    OTHERS[what]()
    assert compiled == ["compile", "compile"]


def test_code_that_changed_is_another_program(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setattr(cache, "code_digest", lambda backend: "another")
    run()
    assert compiled == ["compile", "compile"]


def test_lines_of_the_users_program_mean_nothing(compiled: list[str]) -> None:
    function = "def f(x): return npx.softmax(np.tanh(x @ WEIGHT) + 1, axis=-1)"
    for lines in ("", "\n\n\n"):
        scope = {"np": np, "npx": npx, "WEIGHT": WEIGHT}
        exec(compile(lines + function, "user.py", "exec"), scope)
        run(scope["f"])  # type: ignore[arg-type]
    assert compiled == ["compile", "import"]


def test_small_programs_are_not_kept(folder: Path) -> None:
    im.compile(lambda x: np.tanh(x) + 1, im.spec("float32", ["n"]), backend="cpu")
    assert not folder.exists()


@pytest.mark.parametrize("text", ["off", "OFF", "0", "no", ""])
def test_it_can_be_switched_off(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(cache.FOLDER, text)
    assert cache.cache_store() is None
    run()
    run()
    assert compiled == ["compile", "compile"]


def test_it_is_in_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(cache.FOLDER)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(cache.SIZE, raising=False)
    store = cache.cache_store()
    assert store is not None and store.folder == tmp_path / "isthmus" / "programs"
    assert store.most_bytes == 4 * 2**30
    for relative in ("", "relative"):  # which the specification says to ignore
        monkeypatch.setenv("XDG_CACHE_HOME", relative)
        store = cache.cache_store()
        assert store is not None and store.folder == Path.home() / ".cache/isthmus/programs"


@pytest.mark.parametrize("text", ["many", "-1", "nan", "inf", ""])
def test_a_size_that_is_no_number_is_an_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(cache.SIZE, text)
    with pytest.raises(UsageError, match=r"ISTHMUS_CACHE_GIB=.*give a number of GiB"):
        cache.cache_store()


def test_it_keeps_to_its_size(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv(cache.SIZE, "0.002")
    for factor in range(1, 4):
        run(layer(WEIGHT * factor))
    assert compiled == ["compile"] * 3 and len(entries(folder)) == 1


def flipped(content: bytes, place: int) -> bytes:
    position = place % len(content)
    return content[:position] + bytes([content[position] ^ 64]) + content[position + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a byte of the head": lambda content: flipped(content, 60),
    "a byte of the graph": lambda content: flipped(content, -2000),
    "a byte of a weight": lambda content: flipped(content, PAGE + 100_001),
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "another format": lambda content: b"isthmus store 0\n" + content[16:],
    "no blob": lambda content: content[:PAGE] + bytes(len(content) - PAGE),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_damaged_is_compiled_again(compiled: list[str], folder: Path, name: str) -> None:
    expected = run()
    (path,) = entries(folder)
    path.write_bytes(DAMAGE[name](path.read_bytes()))
    numpy.testing.assert_array_equal(run(), expected)
    numpy.testing.assert_array_equal(run(), expected)
    assert compiled == ["compile", "compile", "import"]


def test_the_entry_of_another_graph_is_compiled_again(compiled: list[str], folder: Path) -> None:
    run(layer(WEIGHT * 2))
    (other,) = entries(folder)
    kept = other.read_bytes()
    expected = run()
    (own,) = (path for path in entries(folder) if path != other)
    own.write_bytes(kept)
    numpy.testing.assert_array_equal(run(), expected)
    assert compiled == ["compile"] * 3


def test_what_the_runtime_does_not_take_is_compiled_again(
    compiled: list[str], folder: Path
) -> None:
    expected = run()
    (path,) = entries(folder)
    store = Store(folder, 2**30)
    found = store.get(path.stem)
    assert found is not None
    blob = found.content.tobytes().replace(b"ov=20", b"ov=19", 1)
    store.put(path.stem, found.facts, lambda file: file.write(blob))
    numpy.testing.assert_array_equal(run(), expected)
    assert compiled == ["compile", "compile"]


def test_a_folder_that_others_may_write_to_is_told_once_and_not_used(
    compiled: list[str], folder: Path
) -> None:
    run()
    folder.chmod(0o777)
    with pytest.warns(RuntimeWarning, match=r"others may write to it.*ISTHMUS_CACHE") as told:
        run()
        run()
    assert len(told) == 1 and compiled == ["compile"] * 3


def test_where_nothing_can_be_written_it_is_compiled(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "file" / "inside"))
    run()
    assert compiled == ["compile"]


def test_bound_arrays_outlive_the_program_and_its_file(compiled: list[str], folder: Path) -> None:
    """The weights are the mapped file; nothing else may keep it in memory."""
    expected = run()
    x = X.copy()
    bound = im.compile(layer(), SPEC, backend="cpu").bind(x)
    for path in entries(folder):
        path.unlink()
    for _ in range(3):
        import gc

        gc.collect()
        numpy.testing.assert_array_equal(bound(), expected)
    assert compiled == ["compile", "import"]


def test_it_explains_itself_as_a_compiled_one(compiled: list[str]) -> None:
    texts = {im.compile(layer(), SPEC, backend="cpu").explain() for _ in range(2)}
    assert compiled == ["compile", "import"] and len(texts) == 1


def test_it_is_exported_saved_and_travels_as_a_compiled_one(
    compiled: list[str], tmp_path: Path
) -> None:
    import pickle

    expected = run()
    found = im.compile(layer(), SPEC, backend="cpu")
    found.save(tmp_path / "program.im")
    for other in (im.load(tmp_path / "program.im"), pickle.loads(pickle.dumps(found))):
        numpy.testing.assert_array_equal(other(X), expected)
    # In a file the elements of constants are known by the file and their place in it.
    assert compiled == ["compile", "import", "compile", "import"]


def saved(path: Path, weight: Array = WEIGHT) -> Path:
    im.compile(layer(weight), SPEC, backend="numpy").save(path)
    return path


@pytest.mark.parametrize("settled", [-1, 60])
def test_a_file_is_known_again_and_a_changed_one_is_not(
    compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: int
) -> None:
    """Whether by its times or, while they may still change unnoticed, by all of its bytes."""
    monkeypatch.setattr(mapping, "SETTLED_SECONDS", settled)
    path = saved(tmp_path / "program.im")
    expected = im.load(path, backend="numpy")(X)
    for _ in range(3):
        numpy.testing.assert_allclose(im.load(path)(X), expected, rtol=1e-4)
    assert compiled == ["compile", "import", "import"]
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    time.sleep(0.02)
    with path.open("r+b") as file:  # in place, of the same size, its times put back
        content = file.read()
        file.seek(-4 * WIDTH * WIDTH, os.SEEK_END)
        file.write(content[-4:] * WIDTH)
    os.utime(path, ns=times)
    other = im.load(path, backend="numpy")(X)
    assert abs(other - expected).max() > 1e-4
    numpy.testing.assert_allclose(im.load(path)(X), other, rtol=1e-4)
    assert compiled == ["compile", "import", "import", "compile"]


def test_a_file_read_once_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "SETTLED_SECONDS", -1)
    summed: list[int] = []
    real = sums.array_sum

    def array_sum(array: Array, secret: bytes) -> bytes:
        summed.append(array.nbytes)
        return real(array, secret)

    monkeypatch.setattr(cache, "array_sum", array_sum)
    path = saved(tmp_path / "program.im")
    im.load(path)
    assert max(summed) > WEIGHT.nbytes
    summed.clear()
    im.load(path)
    assert max(summed, default=0) < 100  # what is not in the file, such as numbers


def test_what_changed_while_it_was_compiled_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    path = saved(tmp_path / "program.im")
    real = openvino.Core.compile_model

    def compile_model(*args: Any) -> Any:
        time.sleep(0.02)
        os.utime(path)
        return real(*args)

    monkeypatch.setattr(openvino.Core, "compile_model", compile_model)
    im.load(path)
    assert entries(folder) == []


def test_constants_elsewhere_in_one_file_are_another_program(
    compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "SETTLED_SECONDS", -1)
    both = numpy.stack([WEIGHT, WEIGHT * 2])
    (tmp_path / "both").write_bytes(both.tobytes())
    mapped = mapping.map_file(tmp_path / "both").view(numpy.float32).reshape(both.shape)
    first, second, turned = (run(layer(each)) for each in (*mapped, mapped[0].T))
    assert abs(first - second).max() > 1e-4 and abs(first - turned).max() > 1e-4
    assert compiled == ["compile"] * 3
    numpy.testing.assert_array_equal(run(layer(mapped[1])), second)
    assert compiled[3:] == ["import"]


# One process for each line of a cache used by many at once.
PROCESS = """\
import json, sys
import numpy
import isthmus as im
from isthmus import np, npx
name, shift = sys.argv[1], float(sys.argv[2])
run = im.load(name, backend="cpu")
x = numpy.ones((2, run.traced.graph.inputs[0].type.shape[1]), numpy.float32)
print(json.dumps(run(x).astype(float).tolist()))
"""


def test_processes_at_once_and_one_after_another_give_the_same(
    tmp_path: Path, folder: Path
) -> None:
    im.compile(layer(), SPEC, backend="numpy").save(tmp_path / "program.im")
    command = [sys.executable, "-c", PROCESS, str(tmp_path / "program.im"), "0"]
    expected = im.compile(layer(), SPEC, backend="numpy")(numpy.ones((2, WIDTH), numpy.float32))

    def results(count: int) -> list[Any]:
        running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(count)]
        return [json.loads(each.communicate()[0]) for each in running]

    together, after = results(2), results(1)
    assert together[0] == together[1] == after[0]
    numpy.testing.assert_allclose(after[0], expected, rtol=1e-4)
    assert len(entries(folder)) == 1


def test_kills_while_programs_are_kept_load_none_that_is_wrong(folder: Path) -> None:
    from studies import killed_cache

    found = killed_cache.killed(folder, kills=40)
    assert found["wrong"] == 0 and found["kills"] == 40
    assert found["found"] + found["compiled"] == found["checks"] > 0


def test_the_variables_name_what_the_page_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "startup.md"
    text = page.read_text()
    assert cache.FOLDER in text and cache.SIZE in text
    assert os.environ[cache.FOLDER]
