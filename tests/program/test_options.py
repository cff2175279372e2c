"""What `compile`, `load`, `export` and `namespace` say of a precision they cannot give."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.errors import UsageError
from isthmus.program import slots
from isthmus.program.executable import Executable
from isthmus.program.options import Options, checked_options

X = im.spec("float32", ["n", 4])
SAMPLE = numpy.ones((2, 4), numpy.float32)

WRONG = [
    ({"precision": "fp16"}, "precision='fp16': give 'f32', 'bf16', 'f16', 'int8' or 'auto'"),
    ({"precision": None}, "precision=None: give"),
    ({"weights": "int4"}, "weights='int4': give None or 'int8'"),
    ({"streams": 0}, "streams=0: give a whole number from 1"),
    ({"streams": True}, "streams=True: give a whole number"),
    ({"precision": "int8"}, "'int8' is settled on real inputs; give samples="),
    ({"precision": "auto"}, "'auto' is settled on real inputs; give samples="),
    ({"precision": "int8", "samples": []}, "at least one set of arguments"),
    ({"precision": "int8", "samples": {"x": SAMPLE}}, "samples: a dict given; give a list"),
    ({"samples": [SAMPLE]}, "samples with precision='f32', which takes none"),
    ({"precision": "int8", "weights": "int8", "samples": [SAMPLE]}, "settles the weights"),
    ({"overrides": {"np.tanh": "f32"}}, "overrides with precision='f32'"),
    ({"precision": "bf16", "overrides": {"np.tanh": "f16"}}, "'np.tanh': 'f16'; give 'f32' or"),
    ({"precision": "f16", "overrides": ["np.tanh"]}, "give a dict from an operator's name"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=[message for _, message in WRONG])
def test_wrong_options_are_one_line(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as said:
        im.compile(np.tanh, X, **options)
    assert message in str(said.value) and "\n" not in str(said.value)
    if "streams" not in options:
        with pytest.raises(UsageError) as said:
            im.export(np.tanh, X, tmp_path / "tanh.xml", **options)
        assert message in str(said.value)


def test_a_precision_that_a_backend_has_not() -> None:
    class Narrow:
        name = "narrow"

    from isthmus.program.precision import check_offered

    check_offered(Narrow(), Options())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"'narrow' has no such arithmetic.*give 'f32'"):
        check_offered(Narrow(), Options("bf16"))  # type: ignore[arg-type]


def test_a_namespace_is_of_f32_or_half_precision() -> None:
    with pytest.raises(UsageError, match="precision='int8' of a namespace; give 'f32' or 'bf16'"):
        im.namespace("numpy", precision="int8")


def test_a_program_keeps_the_precision_it_was_saved_in(tmp_path: Path) -> None:
    run = im.compile(np.tanh, X, backend="numpy")
    run.save(tmp_path / "tanh.im")
    assert im.load(tmp_path / "tanh.im", backend="numpy").options.precision == "f32"


@pytest.fixture
def chooser(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What chooses the precision in place of `isthmus.tune`; what it was asked for."""
    asked: list[Any] = []
    module = ModuleType("chooser")

    def automatic(traced: Any, samples: Any, backend: str, options: Options, on_host: str) -> Any:
        asked.append((samples, backend, options))
        chosen = checked_options("f32", options.threads, options.numerics, on_host, options.device)
        return chosen if len(samples) == 1 else Executable(traced, backend, chosen, on_host)

    module.automatic = automatic  # type: ignore[attr-defined]
    slot = type(slots.tune)("a test")
    slot.fill(lambda: module)
    monkeypatch.setattr(slots, "tune", slot)
    return asked


@pytest.mark.parametrize("count", [1, 2], ids=["options", "an executable"])
def test_auto_is_what_tuning_chooses(count: int, chooser: list[Any]) -> None:
    run = im.compile(np.tanh, X, backend="numpy", precision="auto", samples=[SAMPLE] * count)
    assert run.options.precision == "f32"
    numpy.testing.assert_array_equal(run(SAMPLE), numpy.tanh(SAMPLE))
    ((samples, backend, options),) = chooser
    assert (len(samples), backend, options.precision) == (count, "numpy", "auto")


def test_a_file_has_no_automatic_precision(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'auto' of a file, whose reader is not known"):
        im.export(np.tanh, X, tmp_path / "tanh.xml", precision="auto", samples=[SAMPLE])
