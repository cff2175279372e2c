"""What is tried: what the backends of this machine offer, and no combination that cannot matter."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from isthmus.errors import UsageError
from isthmus.system import machine
from isthmus.tuning.axes import AXES, Offer, offer, precisions, shapes, threads
from isthmus.tuning.opening import Given, options_of
from isthmus.tuning.setting import Setting, read_setting


def offered(objective: str = "latency", count: int = 4, *, static: bool = False) -> Offer:
    first = Setting("cpu", threads=count)
    return Offer((first,), {}, count, count, static, objective, Given())


def test_the_default_of_compile_comes_first_with_all_threads() -> None:
    found = offer(None, "latency", Given(), static=False)
    assert found.runtimes[0] == Setting("cpu", threads=found.threads)
    assert {"gpu", "numpy"} <= {setting.backend for setting in found.runtimes}


def test_a_device_that_is_not_here_is_told() -> None:
    found = offer(["gpu"], "latency", Given(), static=False)
    if not machine.gpus():
        assert [setting.device for setting in found.runtimes] == ["cpu"]
        assert found.missing == {"gpu on cuda": "no GPU that nvidia-smi knows"}


def test_a_backend_that_is_none_is_an_error() -> None:
    with pytest.raises(UsageError, match="no backend 'tpu'"):
        offer(["tpu"], "latency", Given(), static=False)


def test_precisions_are_those_that_a_backend_offers_and_its_weights_alone() -> None:
    leader = Setting("cpu", threads=2)
    found = list(precisions(leader, offered()))
    assert found[0] == leader and Setting("cpu", weights="int8", threads=2) in found
    assert Setting("cpu", precision="int8", threads=2) in found
    assert not any(setting.weights and setting.precision == "int8" for setting in found)


def test_what_is_only_emulated_is_not_tried() -> None:
    assert list(precisions(Setting("numpy"), offered())) == []


def test_fewer_threads_for_latency() -> None:
    found = threads(Setting("cpu", threads=4), offered())
    assert [setting.threads for setting in found] == [4, 2, 1]
    assert [setting.threads for setting in threads(Setting("cpu"), offered(count=1))] == [1]


@pytest.mark.parametrize("objective", ["throughput", "dollars"])
def test_calls_side_by_side_for_throughput(objective: str) -> None:
    found = list(threads(Setting("cpu", threads=4), offered(objective)))
    assert {(s.threads, s.streams, s.copies) for s in found} == {
        (4, 4, 1),
        (1, 1, 4),
        (4, 2, 1),
        (2, 1, 2),
    }
    assert list(threads(Setting("cpu"), offered(objective, 1))) == []


def test_static_sizes_only_where_there_are_such() -> None:
    assert list(shapes(Setting("cpu"), offered())) == []
    (found,) = shapes(Setting("cpu"), offered(static=True))
    assert found.static


def test_the_axes_are_a_table() -> None:
    assert [axis.name for axis in AXES] == ["runtimes", "precisions", "threads", "sizes", "levers"]


def test_integers_are_tried_with_the_last_products_in_float32_too() -> None:
    several = replace(offered(), last=("fc",))
    leader = Setting("cpu", threads=2)
    kept = [setting for setting in precisions(leader, several) if setting.kept]
    assert kept == [Setting("cpu", precision="int8", threads=2, kept=("fc",))]
    assert not any(setting.kept for setting in precisions(leader, offered()))
    assert str(kept[0]) == "cpu int8, fc f32, 2 threads"


def test_what_stays_in_float32_is_typed_as_overrides() -> None:
    given = Given(overrides={"layer1": "f32"})
    setting = Setting("cpu", precision="int8", kept=("fc",))
    assert given.keywords(setting)["overrides"] == {"layer1": "f32", "fc": "f32"}
    assert options_of(setting, given).overrides == {"layer1": "f32", "fc": "f32"}
    assert "overrides" not in given.keywords(Setting("cpu"))
    assert read_setting(json.loads(json.dumps(setting.document()))) == setting


def test_of_equally_fast_settings_the_one_that_keeps_more_in_float32_is_taken() -> None:
    whole, but_one = Setting("cpu", precision="int8"), Setting("cpu", precision="int8", kept=("a",))
    assert Setting("cpu").preference < but_one.preference < whole.preference
