"""`isthmus tune`: models and saved programs, what is said and saved, and mistakes in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.cli import main

Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("cache", "one_processor")


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A saved program of two inputs, one named size."""

    def net(x: Any, y: Any) -> Any:
        return np.tanh(x) + y

    specs = {"x": im.spec("float32", ["n", 3]), "y": im.spec("float32", [3])}
    path = tmp_path / "net.im"
    im.compile(net, specs, backend="numpy").save(path)
    return str(path)


def arrays(path: Path, **named: Any) -> str:
    numpy.savez(path, **named)
    return str(path)


X, Y = numpy.ones((2, 3), numpy.float32), numpy.ones(3, numpy.float32)
NUMPY = ("--backend", "numpy", "--budget", "4s")


def test_a_program_is_tuned_on_its_inputs_and_saved_with_the_table(
    program: str, tmp_path: Path, capsys: Capture
) -> None:
    inputs = arrays(tmp_path / "in.npz", x=X, y=Y)
    out = str(tmp_path / "tuned.im")
    words = ("tune", program, "--inputs", inputs, *NUMPY, "--output", out)
    assert main(words) == 0
    said = capsys.readouterr()
    assert "numpy f32" in said.out and "chosen" in said.out and f"wrote {out}" in said.out
    assert "opening numpy f32" in said.err and "random" not in said.err
    tuning = im.load(out, backend="numpy").tuning
    assert tuning is not None and tuning["rows"][0]["state"] == "chosen"
    assert main((*words, "--json")) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["remembered"] == tuning["measured"] and said.err == ""
    assert (document["program"], document["output"]) == (program, out)


def test_random_inputs_are_said_to_be(program: str, capsys: Capture) -> None:
    assert main(("tune", program, "--size", "n=2", *NUMPY)) == 0
    assert "the inputs are random, which says little of accuracy" in capsys.readouterr().err


def test_several_sets_of_inputs(program: str, tmp_path: Path, capsys: Capture) -> None:
    named = {"0/x": X, "0/y": Y, "1/x": X[:1], "1/y": 2 * Y}
    inputs = arrays(tmp_path / "in.npz", **named)
    assert main(("tune", program, "--inputs", inputs, *NUMPY, "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["samples"] == document["compared"] == 2


def test_a_model_is_tuned_on_random_weights_where_they_are_asked_for(
    tmp_path: Path, capsys: Capture
) -> None:
    ids = numpy.ones((1, 4), numpy.int32)
    inputs = arrays(tmp_path / "in.npz", input_ids=ids, attention_mask=ids, token_type_ids=0 * ids)
    words = ("minilm-l6", "--weights", "random", "--inputs", inputs, *NUMPY, "--json")
    assert main(("tune", *words)) == 0
    said = capsys.readouterr()
    assert "the weights are random" in said.err and "the inputs are random" not in said.err
    assert json.loads(said.out)["model"] == "minilm-l6"


WRONG: list[tuple[tuple[str, ...], str, int]] = [
    (("nothing",), "no model 'nothing'", 2),
    (("absent.im",), "absent.im: cannot be read as a program", 2),
    (("net.onnx",), "net.onnx: no such file; give the path of an ONNX model", 2),
    (("minilm-l6", "--image", "x.png"), "minilm-l6 takes texts, not images", 2),
    (("mobilenet-v2", "--text", "a"), "mobilenet-v2 takes images, not texts", 2),
    (("minilm-l6", "--size", "n=2"), "--size is of a saved program's file", 2),
    (("minilm-l6", "--text", "a", "--inputs", "a.npz"), "--text and --inputs exclude", 2),
    (("PROGRAM", "--text", "a"), "is a saved program; give --inputs", 2),
    (("PROGRAM", "--inputs", "absent.npz"), "--inputs absent.npz: no such file", 2),
    (("PROGRAM", "--inputs", "PROGRAM"), "holds no arrays by name", 2),
    (("PROGRAM",), "n", 2),
    (("PROGRAM", "--size", "m=2"), "has no size 'm'", 2),
    (("PROGRAM", "--size", "n=2", "--budget", "0"), "budget '0'", 2),
    (("PROGRAM", "--size", "n=2", "--budget", "soon"), "budget 'soon'", 2),
    (("PROGRAM", "--size", "n=2", "--objective", "speed"), "objective='speed'", 2),
    (("PROGRAM", "--size", "n=2", "--backend", "tpu"), "no backend 'tpu'", 2),
    (("PROGRAM", "--size", "n=2", "--cosine", "2"), "cosine=2.0", 2),
    (("PROGRAM", "--size", "n=2", "--top1", "-1"), "top1=-1.0", 2),
    (("PROGRAM", "--size", "n=2", "--instance", "c0"), "instance c0: no price", 2),
    (("PROGRAM", "--size", "n=2", "--output", "PROGRAM"), "is a file that is read", 2),
    (("PROGRAM", "--size", "n=2", "--output", "no/where.im"), "there is no folder no", 2),
]


@pytest.mark.parametrize(("words", "reason", "code"), WRONG, ids=[" ".join(r[0]) for r in WRONG])
def test_a_mistake_is_one_line(
    words: tuple[str, ...], reason: str, code: int, program: str, capsys: Capture
) -> None:
    given = [program if word == "PROGRAM" else word for word in words]
    assert main(("tune", *given)) == code
    said = capsys.readouterr()
    (line,) = [line for line in said.err.splitlines() if not line.startswith("the inputs are")]
    assert said.out == "" and line.startswith("isthmus tune: ") and reason in line


def test_inputs_of_other_names_are_refused(program: str, tmp_path: Path, capsys: Capture) -> None:
    inputs = arrays(tmp_path / "in.npz", x=X)
    assert main(("tune", program, "--inputs", inputs)) == 2
    assert "takes x, y, and x is given; give these" in capsys.readouterr().err


def test_inputs_of_other_types_are_refused(program: str, tmp_path: Path, capsys: Capture) -> None:
    inputs = arrays(tmp_path / "in.npz", x=X.astype("float64"), y=Y)
    assert main(("tune", program, "--inputs", inputs)) == 2
    assert "sample 0: " in capsys.readouterr().err
