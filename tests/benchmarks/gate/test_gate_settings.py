"""The table tool.isthmus.gate of a pyproject.toml: what it says, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from isthmus.benchmarks.gate.rule.settings import DEFAULT_METRICS, Rule, Settings, load
from isthmus.errors import FileError, IsthmusError, UsageError

WHOLE = """
[tool.isthmus.gate]
margin = 0.04
metrics = ["latency_p50_ms", "latency_p99_ms", "latency_p50_ms", "parity"]
budget = "90s"
history = "benchmarks/history"
usd_per_hour = 0.17
floor = { peak_memory_mib = 0.02, compile_ms = 0 }

[tool.isthmus.gate.benchmarks."*::test_parse[*]"]
margin = { latency_p50_ms = 0.03, peak_memory_mib = 0.1 }
metrics = ["latency_p50_ms", "peak_memory_mib"]

[tool.isthmus.gate.benchmarks."tests/*"]
margin = 0.2

[tool.isthmus.gate.benchmarks."*::test_network"]
skip = true
"""


def written(folder: Path, text: str) -> Settings:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return load(folder)


def test_the_whole_table_is_read(tmp_path: Path) -> None:
    found = written(tmp_path, WHOLE)
    assert (found.margin, found.budget, found.usd_per_hour) == (0.04, "90s", 0.17)
    assert found.metrics == ("latency_p50_ms", "latency_p99_ms", "parity")
    assert found.history == tmp_path / "benchmarks/history"
    assert found.floors == {"peak_memory_mib": 0.02, "compile_ms": 0}
    assert found.where == str(tmp_path / "pyproject.toml")
    assert [rule.pattern for rule in found.rules] == [
        "*::test_parse[*]",
        "tests/*",
        "*::test_network",
    ]


def test_the_first_pattern_that_matches_counts(tmp_path: Path) -> None:
    found = written(tmp_path, WHOLE)
    parse, other, outside = "tests/a.py::test_parse[1]", "tests/a.py::test_f", "isthmus::net[cpu]"
    terms = found.terms_of(parse)
    assert terms.margins["latency_p50_ms"] == 0.03
    assert terms.margins["latency_p99_ms"] == 0.04, "no margin of its own there"
    assert found.terms_of(other).margins["latency_p50_ms"] == 0.2
    assert found.terms_of(outside).margins["latency_p50_ms"] == 0.04
    assert terms.metrics == ("latency_p50_ms", "peak_memory_mib")
    assert found.terms_of(other).metrics == found.terms_of(outside).metrics == found.metrics
    assert not found.terms_of("tests/a.py::test_network").skip
    left_out = found.terms_of("bench.py::test_network")
    assert left_out.skip and not left_out.metrics


def test_no_margin_is_below_the_noise(tmp_path: Path) -> None:
    found = written(tmp_path, WHOLE + '[tool.isthmus.gate.benchmarks."m"]\nmargin = 0.001\n')
    terms = found.terms_of("m")
    assert terms.margins["peak_memory_mib"] == 0.02
    assert terms.margins["latency_p50_ms"] == terms.asked["compile_ms"] == 0.001
    low, high = (Settings(margin=margin, floor=0.03).terms_of("m") for margin in (0.01, 0.05))
    assert low.margins["latency_p50_ms"] == 0.03 and low.asked["latency_p50_ms"] == 0.01
    assert high.margins["latency_p50_ms"] == 0.05
    assert low.margins["peak_memory_mib"] == 0.01


def test_what_is_named_as_the_control_is_in_the_terms() -> None:
    named = Settings(control="*[numpy]", margin=0.02, usd_per_hour=0.5)
    assert named.terms_of("net[numpy]").control is True
    assert named.terms_of("net[cpu]").control is False
    assert Settings().terms_of("net[numpy]").control is None, "peers are, where nothing is named"
    assert named.terms_of("net[cpu]").usd_per_hour == 0.5
    assert named.control_terms.metrics == ("latency_p50_ms",)
    assert named.control_terms.margins == {"latency_p50_ms": 0.02}


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("a::test[1]", "a::test[1]", True),  # brackets are in every parametrised name
        ("a::test[1]", "a::test1", False),
        ("*[cpu]", "isthmus::net[cpu]", True),
        ("*[cpu]", "isthmus::net-c", False),
        ("a::test[?]", "a::test[1]", True),
        ("A::*", "a::test", False),
        ("a::test", "a::test_more", False),
        ("*" * 50, "a" * 200, True),
        ("[", "[", True),
        ("[!a]", "b", False),
    ],
)
def test_a_pattern_takes_brackets_as_they_are(pattern: str, name: str, matches: bool) -> None:
    assert Rule(pattern).matches(name) == matches


def test_without_a_file_or_its_table_all_is_usual(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()
    assert written(tmp_path, "[project]\nname = 'x'\n").metrics == DEFAULT_METRICS
    assert written(tmp_path, "").margin == 0.05


def test_the_nearest_file_upward_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "inner" / "deeper"
    inner.mkdir(parents=True)
    written(tmp_path, "[tool.isthmus.gate]\nmargin = 0.3\n")
    assert load(inner).margin == 0.3
    (tmp_path / "inner" / "pyproject.toml").write_text("[project]\n")
    assert load(inner).margin == 0.05, "a project of its own"
    monkeypatch.chdir(tmp_path)
    assert load().margin == 0.3


@pytest.mark.parametrize(
    ("line", "key", "step"),
    [
        ("margin = 2", "gate.margin is 2", "a share between 0 and 1, such as 0.05"),
        ("margin = 0", "gate.margin is 0", "a share"),
        ("margin = 1.0", "gate.margin is 1.0", "a share"),
        ("margin = nan", "gate.margin is nan", "a share"),
        ("margin = true", "gate.margin is True", "a share"),
        ("margin = '5%'", "gate.margin is '5%'", "a share"),
        ("marjin = 0.05", "no key 'marjin'", "there are margin, metrics, budget"),
        ("metrics = []", "gate.metrics is []", "give a list, of latency_p50_ms"),
        ("metrics = 'latency_p50_ms'", "gate.metrics is 'lat", "give a list"),
        ("metrics = ['latency']", "gate.metrics: no metric 'latency'", "there are latency_p50_ms"),
        ("metrics = [['parity']]", "no metric ['parity']", "there are"),
        ("budget = 'ten'", "gate.budget is 'ten'", '"90s", "10m"'),
        ("budget = 300", "gate.budget is 300", '"90s"'),
        ("history = 3", "gate.history is 3", "the path of a folder"),
        ("history = ' '", "gate.history is ' '", "the path of a folder"),
        ('history = "a\\u0000b"', "gate.history is", "the path of a folder"),
        ("usd_per_hour = 0", "gate.usd_per_hour is 0", "dollars an hour"),
        ("usd_per_hour = inf", "gate.usd_per_hour is inf", "dollars an hour"),
        ("floor = 0.02", "gate.floor is 0.02", "a table"),
        ("floor = { parity = 0.1 }", "gate.floor: no metric 'parity'", "there are latency"),
        ("floor = { compile_ms = -0.1 }", "gate.floor.compile_ms is -0.1", "a share"),
        ("benchmarks = 3", "gate.benchmarks is 3", "a table"),
        ("benchmarks = { a = 3 }", "gate.benchmarks.'a' is 3", "a table"),
        ("benchmarks = { a = { skip = 1 } }", "'a'.skip is 1", "true or false"),
        ("benchmarks = { a = { budget = '1m' } }", "'a': no key 'budget'", "margin, metrics, skip"),
        ("benchmarks = { a = { margin = { parity = 0.1 } } }", "'a'.margin: no metric", "latency"),
        ("benchmarks = { a = { margin = [0.1] } }", "'a'.margin is [0.1]", "a share"),
        (f"benchmarks.{'x' * 300}.skip = 1", "xxx", "true or false"),
    ],
)
def test_a_senseless_value_is_named_with_what_is_allowed(
    tmp_path: Path, line: str, key: str, step: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        written(tmp_path, f"[tool.isthmus.gate]\n{line}\n")
    message = str(refusal.value)
    assert key in message and step in message and "tool.isthmus.gate" in message
    assert message.isprintable() and len(message) < 500


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nisthmus = 'x'", "[tool.isthmus]\ngate = []"])
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="make it a table"):
        written(tmp_path, text)


@pytest.mark.parametrize(
    "text", ["margin =", "[tool", "a = 1\na = 2", "a = " + "[" * 100_000, "a = " + "1" * 10_000]
)
def test_what_is_no_toml_is_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError, match=r"pyproject\.toml: is not TOML"):
        written(tmp_path, text)


def test_what_is_no_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(IsthmusError, match="is not TOML"):
        load(tmp_path)
