"""What the study of tuning measures: every combination, on the workloads that are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from isthmus.errors import UsageError
from isthmus.tuning.axes import offer
from isthmus.tuning.opening import Given
from isthmus.tuning.setting import Setting
from studies.exhaustive_tuning import _asked, every


def test_every_combination_is_there_once() -> None:
    offered = offer(["cpu"], "latency", Given(), static=True)
    found = every(offered)
    assert len(found) == len(set(found)) and offered.runtimes[0] in found
    assert Setting("cpu", precision="int8", threads=1, static=True) in found
    assert {setting.static for setting in found} == {True, False}


def test_the_words_are_workloads_a_file_and_options() -> None:
    names, path, seconds, objective = _asked(
        ["minilm-l6-128", "--budget", "2m", "out.json", "--objective", "throughput"]
    )
    assert (names, path, seconds, objective) == (
        ["minilm-l6-128"],
        Path("out.json"),
        120.0,
        "throughput",
    )
    assert _asked([])[0] == ["bert-base-128", "resnet-50", "mobilenet-v2"]


@pytest.mark.parametrize(
    "words", [["nothing"], ["--objective", "speed"], ["--budget", "soon"], ["--budget"]]
)
def test_a_mistake_is_an_error(words: list[str]) -> None:
    with pytest.raises(UsageError):
        _asked(words)
