"""`isthmus run` with real weights: the same answers on every backend, for people and machines."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest

from isthmus.cli import main
from isthmus.errors import FileError
from isthmus.models.inputs import samples
from isthmus.program.backend import find_backend
from isthmus.program.options import Options
from isthmus.program.precision import offered

BACKENDS = {
    "numpy": ("--backend", "numpy"),
    "cpu": ("--backend", "cpu"),
    "gpu on a cpu": ("--backend", "gpu", "--device", "cpu"),
}
TEXTS = ("A cat sits on the mat.", "A kitten lies on a rug.", "The quarterly report is late.")
CLOSE = 1e-4

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def photographs() -> tuple[Path, Path]:
    """Of a temple and a flower, with the weights to classify them; skips without either."""
    try:
        samples.mobilenet_v2()
        return samples.photographs()
    except FileError as absent:
        pytest.skip(str(absent))


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    """The texts as arguments; skips without the weights."""
    try:
        samples.minilm()
    except FileError as absent:
        pytest.skip(str(absent))
    return arguments("--text", TEXTS)


def arguments(option: str, values: Sequence[object]) -> list[str]:
    return [word for value in values for word in (option, str(value))]


def answer(capsys: Capture, *words: str) -> Any:
    """What the command says with --json; standard error must be empty."""
    code = main(["run", *words, "--json"])
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    return json.loads(said.out)


def printed(capsys: Capture, *words: str) -> list[str]:
    """The lines that the command prints where nobody looks."""
    code = main(["run", *words])
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    assert said.out.replace("\n", "").isprintable()  # no colours in a pipe
    return said.out.splitlines()


@pytest.fixture(scope="module")
def similarities(sentences: list[str]) -> Any:
    """By the reference: the numpy backend."""
    from isthmus.models import create
    from isthmus.models.run import run_texts

    return run_texts(create("minilm-l6", weights="sample"), TEXTS, "numpy").similarities


@pytest.mark.parametrize("backend", BACKENDS)
def test_similarities_are_those_of_numpy(
    backend: str, sentences: list[str], similarities: Any, capsys: Capture
) -> None:
    found = answer(capsys, "minilm-l6", *sentences, *BACKENDS[backend])
    assert found["backend"] == BACKENDS[backend][1]
    assert found["texts"] == list(TEXTS)
    numpy.testing.assert_allclose(found["similarities"], similarities, atol=CLOSE)
    assert numpy.diag(similarities) == pytest.approx(1, abs=1e-5)
    assert similarities[0, 1] > 0.5 > similarities[0, 2]


@pytest.mark.parametrize("backend", BACKENDS)
def test_labels_are_those_of_the_photographs(
    backend: str, photographs: tuple[Path, Path], capsys: Capture
) -> None:
    """Two images in one call give what each gives alone by NumPy."""
    words = ["mobilenet-v2", *arguments("--image", photographs)]
    found = answer(capsys, *words, *BACKENDS[backend])
    assert found["images"] == [str(path) for path in photographs]
    assert [row[0]["label"] for row in found["labels"]] == ["palace", "honeycomb"]
    for path, row in zip(photographs, found["labels"], strict=True):
        alone = answer(capsys, "mobilenet-v2", "--image", str(path), "--backend", "numpy")
        assert [item["label"] for item in row] == [item["label"] for item in alone["labels"][0]]
        assert probabilities(row) == pytest.approx(probabilities(alone["labels"][0]), abs=CLOSE)


def probabilities(row: list[dict[str, Any]]) -> list[float]:
    return [item["probability"] for item in row]


def test_json_has_this_schema(photographs: tuple[Path, Path], capsys: Capture) -> None:
    found = answer(capsys, "mobilenet-v2", "--image", str(photographs[0]), "--top", "3")
    kinds = {name: type(value).__name__ for name, value in found.items()}
    assert kinds == {
        **{"model": "str", "weights": "str", "backend": "str", "precision": "str"},
        **{"device": "NoneType", "threads": "NoneType", "output": "NoneType"},
        **{"images": "list", "labels": "list"},
    }
    assert len(found["labels"][0]) == 3
    assert 1 > sum(probabilities(found["labels"][0])) > 0.5


def test_people_read_a_table_of_labels(photographs: tuple[Path, Path], capsys: Capture) -> None:
    title, headers, first, *rest = printed(
        capsys, "mobilenet-v2", "--image", str(photographs[0]), "--top", "2"
    )
    assert title == "mobilenet-v2, sample weights, on cpu"
    assert headers.split() == ["image", "label", "probability"]
    assert first.split()[0].endswith("china.jpg") and first.split()[1] == "palace"
    assert first.endswith("%") and len([line for line in rest if line]) == 1


def test_people_read_the_most_similar_pair_first(sentences: list[str], capsys: Capture) -> None:
    _, _, first, second, *_ = printed(capsys, "minilm-l6", *sentences)
    assert first.startswith(TEXTS[0]) and TEXTS[1] in first
    assert float(first.split()[-1]) > float(second.split()[-1])
    assert printed(capsys, "minilm-l6", *sentences, "--top", "1")[-1] == (
        "1 of 3 pairs; --top 3 prints all"
    )


def test_one_text_has_nothing_to_compare_with(sentences: list[str], capsys: Capture) -> None:
    (line,) = printed(capsys, "minilm-l6", *sentences[:2])
    assert "one embedding of 384 numbers; give a second --text" in line


def test_a_dash_reads_the_lines_of_standard_input(
    sentences: list[str], similarities: Any, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    lines = "\n\n".join(TEXTS[1:]) + "\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    found = answer(capsys, "minilm-l6", "--text", TEXTS[0], "--text", "-")
    assert found["texts"] == list(TEXTS)
    numpy.testing.assert_allclose(found["similarities"], similarities, atol=CLOSE)


def test_output_holds_all_arrays(
    sentences: list[str], similarities: Any, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "out.npz"
    found = answer(capsys, "minilm-l6", *sentences, "--output", str(path))
    assert found["output"] == str(path)
    with numpy.load(path) as arrays:
        shapes = {name: arrays[name].shape for name in arrays}
        embedding = arrays["embedding"]
    tokens = {"input_ids", "attention_mask", "token_type_ids"}
    assert set(shapes) == tokens | {"embedding"}
    assert shapes["embedding"] == (3, 384)
    numpy.testing.assert_allclose(embedding @ embedding.T, similarities, atol=CLOSE)


def test_random_weights_follow_the_seed(photographs: tuple[Path, Path], capsys: Capture) -> None:
    words = ["mobilenet-v1", "--image", str(photographs[0]), "--weights", "random"]
    first, same, other = (
        answer(capsys, *words, "--seed", seed)["labels"] for seed in ("1", "1", "2")
    )
    assert first == same != other


def test_weights_by_path_are_the_sample_ones(
    photographs: tuple[Path, Path], capsys: Capture
) -> None:
    words = ["mobilenet-v2", "--image", str(photographs[1])]
    by_path = answer(capsys, *words, "--weights", str(samples.mobilenet_v2()))
    assert by_path["labels"] == answer(capsys, *words)["labels"]


def test_bf16_is_asked_for_and_close(sentences: list[str], capsys: Capture) -> None:
    """Eight bits of mantissa: 0.4 % a product, so similarities differ, but not by much."""
    words = ["minilm-l6", *sentences, "--precision", "bf16", "--threads", "1"]
    if "bf16" not in offered(find_backend("cpu"), Options()):
        assert main(["run", *words, "--json"]) == 2
        assert "has no such arithmetic on this machine; give 'f32'" in capsys.readouterr().err
        return
    exact, rough = answer(capsys, "minilm-l6", *sentences), answer(capsys, *words)
    assert (rough["precision"], rough["threads"]) == ("bf16", 1)
    numpy.testing.assert_allclose(rough["similarities"], exact["similarities"], atol=0.03)
    assert rough["similarities"] != exact["similarities"]


def test_a_plain_bert_compares_by_the_mean_of_its_tokens(
    sentences: list[str], tmp_path: Path, capsys: Capture
) -> None:
    """bert-base has no sentence head of its own; `run` gives it one, and a sample vocabulary."""
    path = tmp_path / "out.npz"
    words = ["bert-base", "--weights", "random", *sentences[:4], "--output", str(path)]
    found = answer(capsys, *words)
    with numpy.load(path) as arrays:
        embedding = arrays["embedding"]
    assert embedding.shape == (2, 768)
    assert found["similarities"][0][1] == pytest.approx(embedding[0] @ embedding[1], abs=1e-5)
