"""Integers are settled once, in a process of their own, for all candidates that have the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import tuning_backends

import isthmus as im
from isthmus import np
from isthmus.program import archive
from isthmus.program.backend import find_backend
from isthmus.program.executable import Executable
from isthmus.tuning.axes import Offer, offer
from isthmus.tuning.opening import Given, opened
from isthmus.tuning.parts import parts_of
from isthmus.tuning.process import Failed
from isthmus.tuning.programs import Programs, settled_anew
from isthmus.tuning.setting import Setting
from isthmus.tuning.work import Work, work_of

WEIGHT = numpy.random.default_rng(1).standard_normal((16, 4)).astype(numpy.float32)
LONG = 600.0


def net(x: Any) -> Any:
    return np.tanh(x @ WEIGHT)


@pytest.fixture(scope="module")
def work() -> Work:
    random = numpy.random.default_rng(0)
    samples = [(1 + i % 2) * random.standard_normal((3, 16), numpy.float32) for i in range(8)]
    return work_of(net, samples, im.spec("float32", ["n", 16]))


@pytest.fixture(scope="module")
def offered() -> Iterator[Offer]:
    yield offer(["numpy"], "latency", Given(), static=True)


@pytest.fixture(scope="module")
def programs(
    work: Work, offered: Offer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Programs]:
    """Of a race with the backends of `tuning_backends`."""
    packages, folder = (tmp_path_factory.mktemp(name) for name in ("packages", "race"))
    tuning_backends.install(packages)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(packages)
        yield Programs(work, offered, parts_of(work, settles=True), folder)
    find_backend.cache_clear()


def jobs(programs: Programs) -> int:
    return len(list(programs.folder.glob("job-*")))


INT8 = Setting("numpy", precision="int8")


def test_what_differs_in_nothing_that_matters_opens_one_file(programs: Programs) -> None:
    one = programs.file(INT8, LONG)
    before = jobs(programs)
    for other in (
        Setting("numpy", precision="int8", threads=2),
        Setting("numpy", precision="int8", copies=2),
        Setting("numpy", precision="int8", streams=2),
    ):
        assert programs.file(other, LONG) == one
    assert jobs(programs) == before, "no other process"
    names = {node.op.name for node in archive.read(one).graph.nodes()}
    assert {"npx.quantize", "npx.dequantize"} <= names


def test_weights_alone_are_the_same_for_all_backends(programs: Programs) -> None:
    one = programs.file(Setting("cpu", weights="int8"), LONG)
    assert programs.file(Setting("gpu", "cpu", weights="int8", threads=2), LONG) == one
    names = {node.op.name for node in archive.read(one).graph.nodes()}
    assert "npx.dequantize" in names and "npx.quantize" not in names
    assert one != programs.file(INT8, LONG)


def test_what_has_no_integers_is_the_program_as_it_is(programs: Programs) -> None:
    one = programs.file(Setting("numpy"), LONG)
    assert programs.file(Setting("cpu", precision="bf16"), LONG) == one
    names = {node.op.name for node in archive.read(one).graph.nodes()}
    assert "npx.dequantize" not in names


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("setting", [INT8, Setting("numpy", weights="int8"), Setting("numpy")])
def test_what_is_made_at_another_time_gives_every_bit_the_same(
    programs: Programs, work: Work, offered: Offer, setting: Setting, static: bool
) -> None:
    wanted = Setting(
        setting.backend, precision=setting.precision, weights=setting.weights, static=static
    )
    programs.file(wanted, LONG)
    x = work.sets[1]["x"]
    judged = opened(programs.program(wanted), wanted, offered.given)(x)
    again = opened(settled_anew(work, offered, wanted), wanted, offered.given)(x)
    assert judged.tobytes() == again.tobytes()
    sizes = programs.program(wanted).graph.dimension_names()
    assert sizes == ([] if static else ["n"])


def test_it_is_settled_on_its_part_of_the_samples(programs: Programs, work: Work) -> None:
    samples = [one["x"] for one in work.sets]
    spec = im.spec("float32", ["n", 16])
    by_hand = im.compile(net, spec, backend="numpy", precision="int8", samples=samples[::2])
    on_all = im.compile(net, spec, backend="numpy", precision="int8", samples=samples)
    programs.file(INT8, LONG)
    judged: Executable = opened(programs.program(INT8), INT8, Given())
    assert judged(samples[1]).tobytes() == by_hand(samples[1]).tobytes()
    assert judged(samples[1]).tobytes() != on_all(samples[1]).tobytes()


@pytest.mark.parametrize(
    ("backend", "reason", "is_missing"),
    [
        ("crash", "while int8 was settled: ended by SIGABRT", False),
        ("raising", "while int8 was settled: ValueError: not today", False),
        ("missing", "while int8 was settled: no such device", True),
    ],
)
def test_what_fails_there_fails_for_all_that_need_it_and_once(
    programs: Programs, backend: str, reason: str, is_missing: bool
) -> None:
    before = jobs(programs)
    for threads in (1, 2):
        with pytest.raises(Failed) as problem:
            programs.file(Setting(backend, precision="int8", threads=threads), LONG)
        assert str(problem.value) == reason or str(problem.value).startswith(f"{reason}: ")
        assert problem.value.missing is is_missing and "\n" not in reason
    assert jobs(programs) == before + 1


def test_what_hangs_there_is_out_when_its_time_is_over(programs: Programs) -> None:
    with pytest.raises(Failed, match=r"while int8 was settled: no answer in 0\.5 s"):
        programs.file(Setting("hang", precision="int8"), 0.5)


def test_no_process_and_no_samples_are_left(programs: Programs) -> None:
    programs.file(INT8, LONG)
    assert not list(Path(programs.folder).glob("program-*.npz"))
