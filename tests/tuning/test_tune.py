"""`isthmus.tune` as a whole: real candidates in real processes, those that fail among them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
from process_state import becomes, state

import isthmus as im
from isthmus import np, npx
from isthmus.errors import BackendMissing, IsthmusError, UsageError
from isthmus.tuning import Choice, Row, memory
from isthmus.tuning.contestant import Contestant
from isthmus.tuning.process import Failed

pytestmark = pytest.mark.usefixtures("cache", "one_processor")

WEIGHT = numpy.random.default_rng(1).standard_normal((64, 64)).astype(numpy.float32)


def net(x: Any) -> Any:
    return npx.softmax(np.tanh(x), axis=-1)


def samples(count: int = 2) -> list[Any]:
    random = numpy.random.default_rng(0)
    return [random.standard_normal((2, 4)).astype(numpy.float32) for _ in range(count)]


def tuned(backends: Sequence[str], **options: Any) -> Choice:
    """With one thread there is one setting a backend, so that all is decided in a few rounds."""
    return im.tune(net, samples(), backends=backends, **options)


def row(choice: Choice, backend: str) -> Row:
    (found,) = [each for each in choice.table if each.setting and each.setting.backend == backend]
    return found


def alive() -> set[int]:
    """The processes that candidates run in, of any test here."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"isthmus.tuning.child" in path.read_bytes() and state(int(path.parent.name)) != "Z":
                found.add(int(path.parent.name))
        except OSError:
            continue
    return found


def children_of(parent: int) -> set[int]:
    return {pid for pid in alive() if _parent(pid) == parent}


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


# --- what it gives -----------------------------------------------------------------------------


def test_a_choice_runs_and_tells_what_it_was_chosen_from() -> None:
    choice = tuned(["numpy"])
    first, *_ = choice.table
    assert (first.state, first.is_default, choice.setting.backend) == ("chosen", True, "numpy")
    assert first.latency_ms is not None and first.latency_ms.value > 0
    assert first.per_second is not None and first.per_second.value > 0
    assert first.memory_bytes is not None and first.memory_bytes > 2**20
    assert first.cosine == 1 and first.relative_error == 0 and first.turns >= 1
    assert first.usd_per_million is not None and first.instance and first.price_status
    x = samples()[0]
    numpy.testing.assert_allclose(choice.executable(x), net(x), rtol=1e-6)
    assert im.compile(net, im.spec("float32", [2, 4]), **choice.keywords)(x).shape == (2, 4)
    assert json.loads(choice.to_json()) == json.loads(json.dumps(choice.document))
    for words in ("numpy f32", "chosen", "cosine >= 0.99", choice.why, "isthmus.compile(net"):
        assert words in str(choice)


def test_the_table_is_kept_with_the_program(tmp_path: Path) -> None:
    choice = tuned(["numpy"])
    choice.executable.save(tmp_path / "net.im")
    loaded = im.load(tmp_path / "net.im", backend="numpy")
    assert loaded.tuning == json.loads(choice.to_json())
    loaded.save(tmp_path / "again.im")
    assert im.load(tmp_path / "again.im", backend="numpy").tuning == loaded.tuning
    assert im.compile(net, im.spec("float32", [2, 4]), backend="numpy").tuning is None


@pytest.mark.usefixtures("failing")
def test_a_slower_one_is_never_chosen() -> None:
    choice = tuned(["numpy", "slow"])
    assert choice.setting.backend == "numpy"
    assert row(choice, "slow").state in ("slower", "raced")


@pytest.mark.usefixtures("failing")
def test_a_quicker_one_is_chosen_over_the_default() -> None:
    choice = tuned(["slow", "numpy"])
    assert choice.setting.backend == "numpy" and row(choice, "slow").is_default
    speed = choice.row.speed
    assert speed is not None and speed.low is not None and speed.low > 1
    assert "times the default's speed" in choice.why


@pytest.mark.usefixtures("failing")
def test_a_lever_that_a_backend_offers_is_found_and_can_be_typed(tmp_path: Path) -> None:
    choice = tuned(["levered"])
    assert choice.setting.extra == (("quick", True),)
    assert choice.executable.options.extra == {"quick": True}
    assert "threads=1, levers={'quick': True})" in str(choice)
    typed = im.compile(net, im.spec("float32", [2, 4]), **choice.keywords)
    assert typed.options == choice.executable.options
    choice.executable.save(tmp_path / "net.im")
    assert im.load(tmp_path / "net.im", backend="levered").options == typed.options


# --- integers ----------------------------------------------------------------------------------


def sixteen(count: int, *, odd: float = 1.0) -> list[Any]:
    """Samples of which every second one has numbers as many times as large."""
    random = numpy.random.default_rng(3)
    found = [random.standard_normal((2, 64)).astype(numpy.float32) for _ in range(count)]
    return [x * numpy.float32(odd if place % 2 else 1) for place, x in enumerate(found)]


def layer(x: Any) -> Any:
    return x @ WEIGHT


SPEC = im.spec("float32", ["n", 64])


def settled(given: Sequence[Any], **options: Any) -> Choice:
    """Of a backend that is quick in integers alone."""
    return im.tune(layer, given, SPEC, backends=["integers"], **options)


@pytest.mark.usefixtures("failing")
def test_the_program_that_is_chosen_is_the_one_that_was_judged(tmp_path: Path) -> None:
    given = sixteen(16)
    choice = settled(given)
    assert choice.setting.precision == "int8", str(choice)
    assert choice.document["parts"] == {
        "unit": "samples", "apart": True, "stride": 2, "settling": 8, "judging": 8,
    }  # fmt: skip
    assert choice.document["compared"] == 8
    said = str(choice)
    assert "int8 is settled on 8 samples, and all settings are judged on 8 others." in said
    assert "threads=1, samples=samples[::2])" in said
    by_hand = im.compile(layer, SPEC, **choice.keywords, samples=given[::2])
    choice.executable.save(tmp_path / "net.im")
    saved = im.load(tmp_path / "net.im", backend="integers")
    again = settled(given)
    assert again.remembered
    wanted = choice.executable(given[1]).tobytes()
    for found in (by_hand, saved, again.executable):
        assert found(given[1]).tobytes() == wanted


@pytest.mark.usefixtures("failing")
def test_integers_are_judged_on_what_did_not_settle_them() -> None:
    given = sixteen(8, odd=40.0)
    choice = settled(given)
    (found,) = [each for each in choice.table if each.setting and each.setting.needs_samples]
    assert found.state == "inaccurate" and choice.row.is_default
    wanted = layer(given[1])
    on_all = im.compile(layer, SPEC, backend="integers", precision="int8", samples=given)(given[1])
    flattered = (on_all * wanted).sum() / numpy.linalg.norm(on_all) / numpy.linalg.norm(wanted)
    assert flattered > 0.99


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("odd", [None, 79])
def test_what_is_to_be_chosen_answers_all_samples(
    odd: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 64 that judge the race itself looks at a few, and `odd` is none of them."""
    monkeypatch.setattr("isthmus.tuning.candidates.COMPARING", 0.0)
    given = sixteen(80)
    if odd is not None:
        given[odd] = given[odd] * numpy.float32(100)
    choice = settled(given)
    if odd is None:
        assert choice.setting.precision == "int8" and choice.document["compared"] == 64
        assert "samples=samples[::5])" in str(choice)
        assert "and before one is chosen on 64" in str(choice)
    else:
        found = [each for each in choice.table if each.state == "inaccurate"]
        assert choice.setting.is_exact and found
        assert all(each.reason.startswith("cosine ") and each.turns > 1 for each in found)


@pytest.mark.usefixtures("failing")
def test_a_setting_that_ends_when_it_is_confirmed_is_not_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("isthmus.tuning.candidates.COMPARING", 0.0)
    answers = Contestant.answers

    def ends(one: Contestant, seconds: float) -> None:
        if "confirming" in one.outputs.name and one.setting.precision == "int8":
            raise Failed("ended by SIGSEGV")
        answers(one, seconds)

    monkeypatch.setattr(Contestant, "answers", ends)
    choice = settled(sixteen(80))
    found = [each for each in choice.table if each.state == "failed"]
    assert choice.setting.is_exact and found
    assert {each.reason for each in found} == {"while its answers were confirmed: ended by SIGSEGV"}


@pytest.mark.usefixtures("failing")
def test_too_few_samples_settle_and_judge_and_it_says_so() -> None:
    choice = settled(sixteen(3))
    assert choice.document["parts"]["apart"] is False and choice.document["compared"] == 3
    note = "int8 is judged on the samples that settle it, which flatters it; give 8 or more."
    assert note in choice.document["notes"]
    if choice.setting.precision == "int8":
        assert "samples=samples)" in str(choice)


@pytest.mark.usefixtures("failing")
def test_rows_of_one_batch_are_divided() -> None:
    x = numpy.concatenate(sixteen(8))
    spec = im.spec("float32", ["batch", 64])
    choice = im.tune(layer, [x], spec, backends=["integers"])
    assert choice.document["parts"] == {
        "unit": "rows", "apart": True, "stride": 2, "settling": 8, "judging": 8,
    }  # fmt: skip
    assert choice.setting.precision == "int8"
    assert "int8 is settled on 8 rows, and all settings are judged on 8 others" in str(choice)
    by_hand = im.compile(layer, spec, **choice.keywords, samples=[x[::2]])
    assert choice.executable(x).tobytes() == by_hand(x).tobytes()


@pytest.mark.usefixtures("failing")
def test_a_metric_has_every_sample() -> None:
    counts = []

    def metric(reference: list[Any], found: list[Any]) -> float:
        counts.append((len(reference), len(found)))
        return 1.0

    choice = settled(sixteen(9), accuracy=im.Accuracy(metric=metric, floor=0.5))
    assert set(counts) == {(9, 9)} and choice.document["compared"] == 4
    assert "judged on 4 others, the metric on all." in str(choice)


def test_what_is_the_same_in_all_settings_is_typed_too() -> None:
    choice = tuned(["numpy"], numerics="fast", on_host="error")
    assert choice.keywords["numerics"] == "fast" and choice.keywords["on_host"] == "error"
    assert "numerics='fast', on_host='error')" in str(choice)
    assert im.compile(net, im.spec("float32", [2, 4]), **choice.keywords).on_host == "error"


def test_a_saved_program_of_integers_stays_as_it_is(tmp_path: Path) -> None:
    given = sixteen(8)
    spec = SPEC
    made = im.compile(layer, spec, backend="numpy", precision="int8", samples=given)
    made.save(tmp_path / "net.im")
    choice = im.tune(tmp_path / "net.im", given, backends=["numpy"])
    assert choice.executable(given[0]).tobytes() == made(given[0]).tobytes()
    assert choice.document["compared"] == 8
    assert str(choice).splitlines()[-1].startswith("isthmus.load(path, backend='numpy', ")
    loaded = im.load(tmp_path / "net.im", **choice.keywords)
    assert loaded(given[0]).tobytes() == made(given[0]).tobytes()


# --- what fails --------------------------------------------------------------------------------


@pytest.mark.usefixtures("failing")
def test_where_all_others_are_inexact_the_default_is_taken_and_it_says_so() -> None:
    choice = tuned(["numpy", "wrong"])
    assert choice.row.is_default
    assert "the default: every other setting misses the accuracy" in choice.why
    inexact = row(choice, "wrong")
    assert inexact.cosine is not None and inexact.cosine < 0 and inexact.latency_ms is not None


@pytest.mark.usefixtures("failing")
def test_where_the_usual_default_fails_the_next_is_it_and_it_says_so() -> None:
    choice = tuned(["crash", "numpy"])
    assert choice.setting.backend == "numpy" and choice.row.is_default
    assert any("since the usual one fails" in note for note in choice.document["notes"])


@pytest.mark.usefixtures("failing")
def test_where_nothing_runs_it_is_an_error() -> None:
    with pytest.raises(IsthmusError, match=r"no setting runs the program; crash f32.*SIGABRT"):
        tuned(["crash"])


def test_a_missing_backend_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    about = tmp_path / "off-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: off\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[isthmus.backends]\noff = not_here_at_all:Off\n")
    monkeypatch.syspath_prepend(tmp_path)
    choice = tuned(["numpy", "off"])
    (missing,) = [each for each in choice.table if each.state == "missing"]
    assert missing.name == "off" and "not_here_at_all" in missing.reason
    with pytest.raises(BackendMissing):
        tuned(["off"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"budget_seconds": 0}, "budget_seconds=0"),
        ({"budget_seconds": -1}, "budget_seconds=-1"),
        ({"budget_seconds": float("nan")}, "budget_seconds=nan"),
        ({"budget_seconds": True}, "budget_seconds=True"),
        ({"objective": "speed"}, "objective='speed'; give 'latency', 'throughput', 'dollars'"),
        ({"backends": []}, "backends=[]"),
        ({"backends": "cpu"}, "backends='cpu'; give a list"),
        ({"backends": ["tpu"]}, "no backend 'tpu'"),
        ({"instance": "c99.huge"}, "instance c99.huge: no price"),
        ({"accuracy": {"cosin": 1}}, "no figure 'cosin'"),
        ({"accuracy": 3}, "accuracy=3"),
        ({"overrides": {"npx.softmax": "f31"}, "backends": ["cpu"]}, "f31"),
    ],
)
def test_wrong_questions_are_refused_before_anything_starts(options: Any, words: str) -> None:
    with pytest.raises(UsageError) as problem:
        im.tune(net, samples(), **options)
    assert words in str(problem.value) and "\n" not in str(problem.value)


def test_ranks_of_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="no output has rows to rank"):
        im.tune(np.sum, samples(), accuracy=im.Accuracy(top1=1), backends=["numpy"])


# --- what is remembered ------------------------------------------------------------------------


def test_the_second_time_is_immediate_and_says_so() -> None:
    first = tuned(["numpy"])
    second = tuned(["numpy"])
    assert first.remembered is None and second.remembered == first.document["measured"]
    assert second.table == first.table and "Remembered" in str(second)
    numpy.testing.assert_array_equal(
        second.executable(samples()[0]), first.executable(samples()[0])
    )
    third = tuned(["numpy"], refresh=True)
    assert third.remembered is None


def test_another_question_is_not_answered_from_memory() -> None:
    tuned(["numpy"])
    for other in (
        tuned(["numpy"], accuracy=im.Accuracy(cosine=0.9)),
        tuned(["numpy"], objective="throughput"),
        im.tune(np.tanh, samples(), backends=["numpy"]),
        im.tune(net, samples(3), backends=["numpy"]),
    ):
        assert other.remembered is None


def test_a_longer_budget_measures_again_where_the_last_was_used_up() -> None:
    short = tuned(["numpy"], budget_seconds=0.01)
    again = tuned(["numpy"], budget_seconds=0.01)
    assert again.remembered == short.document["measured"]
    longer = tuned(["numpy"], budget_seconds=0.02)
    assert longer.remembered is None and longer.document["budget_seconds"] == 0.02
    assert tuned(["numpy"], budget_seconds=0.01).remembered == longer.document["measured"]


def test_a_longer_budget_measures_nothing_again_where_the_last_was_not_used_up() -> None:
    first = tuned(["numpy"], budget_seconds=60)
    assert tuned(["numpy"], budget_seconds=90).remembered == first.document["measured"]


def test_what_a_metric_decides_is_not_remembered() -> None:
    asked = im.Accuracy(metric=lambda reference, found: 1.0, floor=0.5)
    for _ in range(2):
        choice = tuned(["numpy"], accuracy=asked)
        assert choice.remembered is None and choice.row.metric == 1


def test_what_is_remembered_in_another_form_is_measured_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tuned(["numpy"])
    known: list[dict[str, Any]] = []
    monkeypatch.setattr(memory, "recall", lambda key: {"rows": [{}], "measured": "then"})
    monkeypatch.setattr(memory, "keep", lambda key, document: known.append(document))
    assert tuned(["numpy"]).remembered is None and len(known) == 1


def test_a_folder_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "file" / "below"))
    assert tuned(["numpy"]).setting.backend == "numpy"


# --- processes ---------------------------------------------------------------------------------

SCRIPT = """
import sys
import numpy
import isthmus as im
from isthmus import np

x = numpy.ones((2, 4), numpy.float32)
im.tune(lambda x: np.tanh(x), [x], budget_seconds=60, backends={backends!r},
        progress=lambda step: print(step.text, flush=True))
"""


def script(backends: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(backends=list(backends))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )


def until_racing(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(words):
            return
    raise AssertionError(process.communicate()[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_one_that_tunes(number: int, tmp_path: Path) -> None:
    process = script(["slow", "numpy"], _packages(tmp_path))
    try:
        until_racing(process, "the last stage")
        children = children_of(process.pid)
        assert len(children) >= 2
        process.send_signal(number)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode != 0
    assert all(becomes(child, "", "Z") for child in children)


def _packages(folder: Path) -> Path:
    import tuning_backends

    tuning_backends.install(folder)
    return folder


# --- precision="auto" --------------------------------------------------------------------------


def dense(x: Any, y: Any) -> Any:
    return np.tanh(x @ WEIGHT) + y


def wide(rows: int = 8) -> Any:
    return numpy.random.default_rng(rows).standard_normal((rows, 64)).astype(numpy.float32)


def test_auto_where_there_is_one_precision_measures_nothing() -> None:
    run = im.compile(
        net, im.spec("float32", [2, 4]), backend="numpy", precision="auto", samples=samples()
    )
    assert run.options.precision == "f32" and run.tuning is None


def test_auto_chooses_a_precision_for_the_backend_as_asked() -> None:
    x = wide()
    specs = (im.spec("float32", ["n", 64]),) * 2
    run = im.compile(dense, specs, precision="auto", samples=[(x, x)], threads=1)
    assert run.tuning is not None
    rows = run.tuning["rows"]
    assert {row["setting"]["backend"] for row in rows} == {"cpu"}
    assert {row["setting"]["threads"] for row in rows} == {1}
    assert {"f32", "int8"} <= {row["setting"]["precision"] for row in rows}
    assert run.options.precision == run.tuning["rows"][0]["setting"]["precision"]
    found, wanted = run(x, x), dense(x, x)
    assert numpy.vdot(found, wanted) > 0.99 * numpy.linalg.norm(found) * numpy.linalg.norm(wanted)
    assert run(wide(3), wide(3)).shape == (3, 64), "sizes stay named"


@pytest.mark.parametrize("precision", ["int8", "auto"])
@pytest.mark.parametrize("by_name", [True, False])
def test_jit_settles_a_precision_on_the_first_call(precision: str, by_name: bool) -> None:
    jitted = im.jit(dense, precision=precision)
    x = wide()
    found = jitted(x, y=x) if by_name else jitted(x, x)
    numpy.testing.assert_allclose(found, dense(x, x), atol=0.5)


def test_a_hybridized_block_settles_its_precision_on_the_first_call() -> None:
    block = im.nn.Dense(8, in_units=64)
    block.initialize()
    x = wide()
    wanted = block(x)
    block.hybridize(precision="int8")
    numpy.testing.assert_allclose(block(x), wanted, atol=0.1 * float(numpy.abs(wanted).max()))
