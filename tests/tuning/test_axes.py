"""What is tried: what the backends of this machine offer, and no combination that cannot matter."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from isthmus.errors import UsageError
from isthmus.system import machine
from isthmus.tuning.axes import (
    AXES,
    Offer,
    last_layers,
    levers,
    offer,
    precisions,
    shapes,
    small_weights,
    threads,
)
from isthmus.tuning.opening import Given, options_of, settler
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
    assert found[0] == leader and Setting("cpu", precision="int8", threads=2) in found
    assert not any(setting.weights for setting in found)
    alone = list(small_weights(replace(leader, precision="int8", kept=("fc",)), offered()))
    assert alone[0] == Setting("cpu", weights="int8", threads=2)
    assert not any(setting.precision == "int8" for setting in alone)
    assert list(small_weights(Setting("numpy"), offered())) == []


def test_what_is_only_emulated_is_not_tried() -> None:
    assert list(precisions(Setting("numpy"), offered())) == []
    tried = {setting.precision for setting in precisions(Setting("gpu", "cpu"), offered())}
    assert tried == {"f32", "int8"}


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
    names = ["runtimes", "precisions", "sizes", "weights", "last layers", "threads", "levers"]
    assert [axis.name for axis in AXES] == names


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_low_precision_is_tried_with_the_last_products_in_float32_too(precision: str) -> None:
    several = replace(offered(), last=("fc",))
    leader = Setting("cpu", threads=2)
    integers = replace(leader, precision=precision)
    kept = list(last_layers(integers, several))
    assert kept == [Setting("cpu", precision=precision, threads=2, kept=("fc",))]
    settled = replace(several, given=Given(settled=True))
    weights = replace(leader, precision="f32", weights="int8")
    for other in (
        (leader, several),
        (weights, several),
        (integers, offered()),
        (integers, settled),
    ):
        assert list(last_layers(*other)) == []
    assert str(kept[0]) == f"cpu {precision}, fc f32, 2 threads"


def test_integers_by_ranges_of_each_call_are_tried_where_there_are_kernels() -> None:
    pytest.importorskip("onnxruntime")
    leader = Setting("gpu", "cpu", threads=2)
    (found,) = [setting for setting in precisions(leader, offered()) if setting.extra]
    assert found == replace(leader, precision="int8", extra=(("quantization", "dynamic"),))
    assert not found.needs_samples and settler(found, Given(), 1) == replace(found, threads=1)
    assert str(found) == "gpu on cpu int8, 2 threads, quantization=dynamic"
    assert list(levers(found, offered())) == []
    convolutions = replace(offered(), dense=False)
    assert not any(setting.extra for setting in precisions(leader, convolutions))
    settled = replace(offered(), given=Given(settled=True))
    assert list(levers(replace(leader, precision="int8"), settled)) == []
    assert not any(setting.extra for setting in precisions(Setting("cpu", threads=2), offered()))


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
