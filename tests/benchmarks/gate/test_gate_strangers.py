"""Files of pytest-benchmark under the gate: what they lack, what is wrong in them, what differs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from gate_files import judge, kinds, of_metric, warned
from pytest_files import Document, entry, session, times

from isthmus.benchmarks.gate import Outcome, Settings
from isthmus.benchmarks.gate.rule.settings import Rule
from isthmus.errors import FileError, UsageError

TWICE = 0.004


def pair(
    tmp_path: Path, base: Document, head: Document, settings: Settings | None = None, **options: Any
) -> Outcome:
    return judge(tmp_path, session(base), session(head, day=2), settings, **options)


def by_name(outcome: Outcome) -> dict[str, str]:
    return {one.benchmark.rpartition("::")[2]: one.kind for one in outcome.verdicts}


# --- one process a side ------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize(
    ("ratio", "kind"),
    [
        *((1.0, "inconclusive"), (1.55, "inconclusive"), (1 / 1.55, "inconclusive")),
        *((1.8, "regressed"), (1 / 1.8, "improved")),
    ],
)
def test_only_more_than_two_processes_of_the_same_code_differ_by_is_believed(
    tmp_path: Path, ratio: float, kind: str, raw: bool
) -> None:
    base = [entry(f"test_{at}", times(at), raw=raw) for at in range(6)]
    head = [entry(f"test_{at}", times(9 + at, 0.002 * ratio), raw=raw) for at in range(6)]
    outcome = judge(tmp_path, session(*base), session(*head, day=2))
    assert set(kinds(outcome)) == {kind} and outcome.exit_code == (kind == "regressed")
    assert warned(outcome, "measure both in turn: isthmus gate against 89abcdef89ab --pytest") == (
        kind == "inconclusive" and ratio != 1
    )


def test_the_noise_that_a_self_test_found_takes_the_floors_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isthmus.benchmarks.gate.rule import noise

    sides = entry("test_f", times(1)), entry("test_f", times(2, 0.0028))
    elsewhere = pair(tmp_path, *sides, Settings(between=0.3))
    assert kinds(elsewhere) == ["inconclusive"], "the files are of another machine than this"
    monkeypatch.setattr(noise, "is_here", lambda machine: machine.cpu_model == "Xeon 6975P")
    found = {
        between: kinds(pair(tmp_path, *sides, Settings(between=between)))[0]
        for between in (0.01, 0.3, 0.45, 0.9)
    }
    assert found == {0.01: "regressed"} | {0.3: "regressed"} | dict.fromkeys(
        (0.45, 0.9), "inconclusive"
    )
    small = pair(tmp_path, sides[0], entry("test_f", times(2, 0.0024)), Settings(between=0.01))
    assert kinds(small) == ["inconclusive"], "small tests differ by more than networks"
    assert kinds(pair(tmp_path, *sides, Settings(between=0.9, lone_margin=0.3))) == ["regressed"]


# --- a busy machine ----------------------------------------------------------------------------


def interrupted(data: list[float], every: int, seconds: float) -> list[float]:
    """With a call in so many that waited for another process."""
    return [time + (seconds if at % every == 0 else 0) for at, time in enumerate(data, start=1)]


def suite(seed: int, slower: Sequence[float], raw: bool = True, waits: float = 0.0) -> Document:
    """Small tests, a factor each, of which one call in 10 waits for so many calls."""
    return session(
        *(
            entry(
                f"test_{at}",
                interrupted(times(seed + at, 0.001 * by, 200), 10, 0.001 * by * waits),
                raw=raw,
            )
            for at, by in enumerate(slower)
        )
    )


@pytest.mark.parametrize("raw", [True, False])
def test_a_run_beside_other_work_proves_less(tmp_path: Path, raw: bool) -> None:
    """Of 10 calls one took 31 times as long: 3 quarters of the time are another's."""
    quiet, slow = [1.0] * 6, [4.0, *[1.0] * 5]
    found = judge(tmp_path, suite(1, quiet, raw), suite(9, slow, raw))
    assert by_name(found)["test_0"] == "regressed" and not warned(found, "other work")
    for base, head, said in (
        (suite(1, quiet, raw), suite(9, slow, raw, waits=30), "75% of HEAD's time"),
        (suite(1, quiet, raw, waits=30), suite(9, slow, raw), "75% of BASE's time"),
    ):
        busy = judge(tmp_path, base, head)
        assert by_name(busy)["test_0"] == "inconclusive"
        assert warned(busy, said, "nothing below 5", "measure again on a quieter machine")
    ten = judge(tmp_path, suite(1, quiet, raw), suite(9, [10.0, *[1.0] * 5], raw, waits=30))
    assert by_name(ten)["test_0"] == "regressed"
    asked = judge(tmp_path, suite(1, quiet), suite(9, slow, waits=30), Settings(lone_margin=0.5))
    assert by_name(asked)["test_0"] == "regressed", "the project knows better"


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize(("count", "kind"), [(6, "regressed"), (4, "inconclusive")])
def test_what_most_benchmarks_did_together_is_believed_beside_other_work(
    tmp_path: Path, raw: bool, count: int, kind: str
) -> None:
    """Neighbours come and go while a file is measured; code is slow in all of its fastest calls."""
    quiet, twice = [1.0] * count, [2.0] * count
    found = judge(tmp_path, suite(1, quiet, raw, waits=9), suite(9, twice, raw, waits=9))
    assert set(by_name(found).values()) == {kind}
    found = judge(tmp_path, suite(9, twice, raw, waits=9), suite(1, quiet, raw, waits=9))
    assert set(by_name(found).values()) == {"improved" if count == 6 else kind}
    half = [2.0, 2.0, 2.0, *quiet[3:]]
    found = judge(tmp_path, suite(1, quiet, raw, waits=9), suite(9, half, raw, waits=9))
    assert set(by_name(found).values()) == {"inconclusive"}


# --- few rounds --------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [True, False])
def test_five_rounds_that_are_apart_decide(tmp_path: Path, raw: bool) -> None:
    slow = entry("test_f", times(2, 0.02, 5), raw=raw)
    outcome = pair(tmp_path, entry("test_f", times(1, count=5), raw=raw), slow)
    assert kinds(outcome) == ["regressed"]
    outcome = pair(tmp_path, slow, entry("test_f", times(1, count=5), raw=raw))
    assert kinds(outcome) == ["improved"]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("raw", [True, False])
def test_fewer_rounds_than_can_be_judged_are_named(tmp_path: Path, count: int, raw: bool) -> None:
    base, head = (entry("test_f", times(1, by, count), raw=raw) for by in (0.002, 0.02))
    outcome = pair(tmp_path, base, head)
    (verdict,) = of_metric(outcome)
    assert verdict.kind == "inconclusive" and "--benchmark-min-rounds=6" in verdict.reason
    said = f"tests/test_a.py::test_f ({count} rounds, "
    assert warned(outcome, "rounds are too few", said, "--benchmark-min-rounds=6")


@pytest.mark.parametrize(
    ("rounds", "kind"), [(5, "inconclusive"), (7, "inconclusive"), (8, "regressed")]
)
def test_among_many_benchmarks_a_difference_takes_more_rounds(
    tmp_path: Path, rounds: int, kind: str
) -> None:
    """All of n above all of n others by chance: 0.025 / 200 is rarer than 1 / C(14, 7)."""
    base = [entry(f"test_{at}", times(at, count=rounds)) for at in range(200)]
    head = [
        entry(f"test_{at}", times(300 + at, 0.02 if at == 7 else 0.0025, rounds, 0.3))
        for at in range(200)
    ]
    outcome = judge(tmp_path, session(*base), session(*head, day=2))
    (verdict,) = (one for one in outcome.verdicts if one.benchmark.endswith("test_7"))
    assert verdict.kind == kind
    if kind == "inconclusive":
        assert f"{rounds} rounds show nothing among 200 benchmarks" in verdict.reason
        assert "--benchmark-min-rounds=8" in verdict.reason
        assert warned(outcome, f"test_7 ({rounds} rounds, ", "--benchmark-min-rounds=8")


# --- statistics without times ------------------------------------------------------------------


def test_quartiles_judge_as_the_times_do(tmp_path: Path) -> None:
    for ratio, count in ((1.0, 400), (1.7, 40), (3.0, 9), (0.4, 6)):
        base, head = times(1, 0.002, count, 0.05), times(2, 0.002 * ratio, count, 0.05)
        found = [
            pair(tmp_path, entry("test_f", base, raw=first), entry("test_f", head, raw=second))
            for first, second in ((True, True), (True, False), (False, True), (False, False))
        ]
        assert len({kinds(one)[0] for one in found}) == 1
        raw, *others = (of_metric(one)[0] for one in found)
        for one in others:
            assert one.method.startswith("quartiles") and one.ratio == pytest.approx(raw.ratio)
            assert raw.low and raw.high and one.low and one.high
            assert 0.5 < (one.high / one.low - 1) / (raw.high / raw.low - 1) < 2


def test_how_raw_times_are_kept_is_said(tmp_path: Path) -> None:
    base, head = entry("test_f", times(1), raw=False), entry("test_f", times(2))
    outcome = pair(tmp_path, base, head)
    assert warned(
        outcome, "1 of BASE have no raw times", "--benchmark-save-data", "--benchmark-json"
    )
    assert not warned(pair(tmp_path, head, head), "raw times")


# --- damage ------------------------------------------------------------------------------------

DAMAGE: dict[str, Document] = {
    "a zero": {"stats": {"median": 0.1, "data": [0.1, 0.0, 0.1]}},
    "below zero": {"stats": {"median": 0.1, "data": [0.1, -0.1]}},
    "NaN": {"stats": {"median": float("nan"), "data": [float("nan")]}},
    "no times": {"stats": {"median": 0.1, "data": []}},
    "a median of NaN": {"stats": {"median": float("nan")}},
    "a median of 0": {
        "stats": {"median": 0.0, "q1": 0.0, "q3": 0.0, "min": 0, "max": 0.0, "rounds": 9}
    },
    "quartiles in no order": {
        "stats": {"median": 1.0, "q1": 2.0, "q3": 0.5, "min": 0.1, "max": 3.0, "rounds": 9}
    },
    "no rounds": {
        "stats": {"median": 1.0, "q1": 1.0, "q3": 1.0, "min": 1.0, "max": 1.0, "rounds": 0}
    },
    "no stats": {"stats": None},
    "stats of text": {"stats": "lost"},
}


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("side", ["BASE", "HEAD", "both"])
def test_one_damaged_benchmark_is_inconclusive_alone(tmp_path: Path, name: str, side: str) -> None:
    whole, broken = entry("test_f", times(1)), entry("test_f", times(1), **DAMAGE[name])
    base = session(broken if side != "HEAD" else whole, entry("test_slow", times(2)))
    head = session(broken if side != "BASE" else whole, entry("test_slow", times(3, TWICE)), day=2)
    outcome = judge(tmp_path, base, head)
    assert by_name(outcome) == {"test_f": "inconclusive", "test_slow": "regressed"}
    (verdict,) = (one for one in outcome.verdicts if one.benchmark.endswith("test_f"))
    assert ("BASE: " if side == "both" else f"{side}: ") in verdict.reason
    assert "measure" in verdict.reason or "give a file" in verdict.reason
    skipping = Settings(rules=(Rule("*::test_f", skip=True),))
    assert by_name(judge(tmp_path, base, head, skipping)) == {"test_slow": "regressed"}


def test_a_damaged_benchmark_is_missing_or_new_where_the_other_side_lacks_it(
    tmp_path: Path,
) -> None:
    kept, broken = entry("test_f", times(1)), entry("test_g", times(1), **DAMAGE["a zero"])
    sides = session(kept, broken), session(kept, day=2)
    with pytest.raises(FileError, match=r"lacks tests/test_a\.py::test_g"):
        judge(tmp_path, *sides)
    assert by_name(judge(tmp_path, *sides, allow_missing=True))["test_g"] == "missing"
    assert by_name(judge(tmp_path, sides[1], sides[0]))["test_g"] == "new"


def test_a_file_of_nothing_but_damage_is_refused(tmp_path: Path) -> None:
    broken = entry("test_f", times(1), **DAMAGE["a zero"])
    with pytest.raises(FileError, match=r"test_f: stats\.data\[1\] is 0\.0: expected"):
        pair(tmp_path, entry("test_f", times(1)), broken)


def test_of_a_test_that_was_run_again_the_last_run_counts(tmp_path: Path) -> None:
    first, last = entry("test_f", times(1, 0.02)), entry("test_f", times(2))
    outcome = judge(tmp_path, session(entry("test_f", times(3))), session(first, last, day=2))
    assert kinds(outcome) == ["inconclusive"] and outcome.verdicts[0].ratio == pytest.approx(
        1, 0.02
    )
    assert warned(outcome, "head.json", "test_f more than once; the last run counts")
    assert kinds(judge(tmp_path, session(entry("test_f", times(3))), session(last, first))) == [
        "regressed"
    ]


def test_names_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    names = ("test_f[a]", "test_f[a\u200b]", "test_f[a\u200c]", "test_f[a\ufeff]", "test_f[a\xa0]")
    base = [entry(name, times(at)) for at, name in enumerate(names)]
    head = [entry(name, times(9 + at, 0.002 * (1 + at))) for at, name in enumerate(names)]
    outcome = judge(tmp_path, session(*base), session(*head, day=2))
    assert by_name(outcome) == {
        "test_f[a]": "inconclusive",
        "test_f[a\\u200b]": "regressed",
        "test_f[a\\u200c]": "regressed",
        "test_f[a\\ufeff]": "regressed",
        "test_f[a\\xa0]": "regressed",
    }
    assert all(one.benchmark.isprintable() for one in outcome.verdicts)


# --- what differs ------------------------------------------------------------------------------


def test_another_clock_is_refused(tmp_path: Path) -> None:
    work = entry("test_f", times(2), options={"timer": "time.process_time"})
    with pytest.raises(UsageError, match=r"timer of .*test_f: perf_counter \| process_time"):
        pair(tmp_path, entry("test_f", times(1)), work)
    assert kinds(pair(tmp_path, work, work)) == ["inconclusive"]
    for usual in ({}, {"timer": None}, {"timer": "default_timer"}, None):
        assert pair(tmp_path, entry("test_f", times(1)), entry("test_f", times(2), options=usual))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"python_version": "3.8.19"}, r"interpreter: CPython 3\.12 \| CPython 3\.8; .*one interp"),
        ({"python_implementation": "PyPy"}, r"interpreter: CPython 3\.12 \| PyPy 3\.12"),
        ({"machine": "aarch64"}, r"architecture: x86_64 \| aarch64; .*one machine"),
        ({"system": "Darwin"}, r"system: Linux \| Darwin"),
    ],
)
def test_another_interpreter_or_platform_is_another_series(
    tmp_path: Path, other: Document, said: str
) -> None:
    sides = session(entry("test_f", times(1))), session(entry("test_f", times(2)), machine=other)
    with pytest.raises(UsageError, match=said):
        judge(tmp_path, *sides)
    outcome = judge(tmp_path, *sides, allow_different_machines=True)
    assert warned(outcome, "compared all the same", " | ")


def test_another_patch_of_an_interpreter_is_the_same_series(tmp_path: Path) -> None:
    head = session(entry("test_f", times(2)), machine={"python_version": "3.12.9"})
    outcome = judge(tmp_path, session(entry("test_f", times(1))), head)
    assert warned(outcome, "python: 3.12.4 | 3.12.9")


def cpu(**facts: Any) -> Document:
    return {"cpu": {"count": 4, **facts}}


NOTHING: list[object] = [
    *("unknown", "", "n/a", "Generic", "Not Available", "virtual machine", "x86_64"),
    *("QEMU Virtual CPU version 2.5+", "Common KVM processor", "ARMv8 Processor rev 3 (v8l)"),
    *("GenuineIntel", None, 0),
]


@pytest.mark.parametrize("brand", NOTHING)
def test_a_name_that_names_nothing_is_no_processor(tmp_path: Path, brand: object) -> None:
    """Two of one host are one machine, others are any two; with an option they are compared."""
    one = entry("test_f", times(1))
    here = session(one, machine=cpu(brand_raw=brand))
    assert kinds(judge(tmp_path, here, here)) == ["inconclusive"]
    for other, said in (
        ({"node": "build-4"}, "node: build-3 | build-4"),
        ({"node": "localhost"}, "cpu_model: unknown | unknown"),
        ({"node": None}, "cpu_model: unknown | unknown"),
        ({"machine": "aarch64"}, "architecture: x86_64 | aarch64"),
        ({"release": "6.8"}, "kernel: 6.5 | 6.8"),
        (cpu(brand_raw=brand) | {"cpu": {"count": 8}}, "cores: 4 | 8"),
        (cpu(brand_raw="Xeon 6975P"), "cpu_model: unknown | Xeon 6975P"),
    ):
        elsewhere = session(one, machine=cpu(brand_raw=brand) | other)
        with pytest.raises(UsageError) as refusal:
            judge(tmp_path, here, elsewhere)
        assert said in str(refusal.value) and "--allow-different-machines" in str(refusal.value)
        assert judge(tmp_path, here, elsewhere, allow_different_machines=True)


@pytest.mark.parametrize("node", ["localhost", "localhost.localdomain", "", "unknown", None, 7])
def test_a_host_that_any_may_be_called_stands_in_for_nothing(tmp_path: Path, node: object) -> None:
    nowhere = session(entry("test_f", times(1)), machine=cpu(brand="unknown") | {"node": node})
    with pytest.raises(UsageError, match=r"cpu_model: unknown \| unknown"):
        judge(tmp_path, nowhere, nowhere)


def test_names_of_processors_stay_names(tmp_path: Path) -> None:
    for brand in (
        "AMD EPYC",
        "Apple M1",
        "Intel Xeon Processor (Skylake, IBRS)",
        "Neoverse-N1",
        "Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz",
        "Intel 300",
        "Cortex-A72",
    ):
        named = session(entry("test_f", times(1)), machine=cpu(brand_raw=brand))
        assert judge(tmp_path, named, named).machine["cpu_model"] == brand


@pytest.mark.parametrize(
    ("before", "after", "odd"),
    [
        ("2026-03-01T10:00:00+02:00", "2026-03-01T08:30:00+00:00", False),
        ("2026-03-01T10:00:00-05:00", "2026-03-01T14:00:00+00:00", True),
        ("2026-03-01T23:30:00+00:00", "2026-03-02T00:00:00+05:30", True),
        ("2026-03-01T10:00:00", "2026-03-01T11:30:00+02:00", True),
        ("2026-03-01T10:00:00.9Z", "2026-03-01T12:00:01+02:00", False),
    ],
)
def test_times_are_instants(tmp_path: Path, before: str, after: str, odd: bool) -> None:
    base, head = (
        session(entry("test_f", times(seed))) | {"datetime": when}
        for seed, when in ((1, before), (2, after))
    )
    assert warned(judge(tmp_path, base, head), "is their order right?") == odd


def test_a_strangers_words_are_not_taken_for_ours(tmp_path: Path) -> None:
    """Names of our facts, of which ours are made of anything."""
    info = {"workload": "w", "variant": "cpu", "batch": "all", "precision": 3, "rounds": 7}
    info |= {"parity": "odd", "threads": -1, "scenario": "server", "scenario_result": 5}
    base, head = (
        entry("test_f", times(seed, middle), extra_info=info)
        for seed, middle in ((1, 0.002), (2, TWICE))
    )
    outcome = pair(tmp_path, base, head)
    assert by_name(outcome) == {"test_f": "regressed"} and len(outcome.verdicts) == 1
    assert outcome.verdicts[0].ratio == pytest.approx(2, rel=0.02)
