"""Every Python block of the README and the pages runs, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import result_files
from places import ROOT

from isthmus.errors import IsthmusError
from isthmus.models.inputs import samples
from studies.quoted import renewed

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.name}:{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
]


def _sample_weights() -> bool:
    try:
        return bool(samples.minilm())
    except IsthmusError:
        return False


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if 'weights="sample"' in block and not _sample_weights():
        pytest.skip("this block needs the sample packages: see samples.txt")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README", "exec"), {"__name__": "readme"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    local = [target for target in targets if not target.startswith(("http:", "https:"))]
    missing = [target for target in local if not (page.parent / target).exists()]
    assert not missing


def test_there_are_blocks() -> None:
    assert BLOCKS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_quoted_from_results_is_what_they_say(page: Path) -> None:
    assert renewed(page) == page.read_text(encoding="utf-8"), (
        f"python -m studies.quoted {page.relative_to(ROOT)} writes the quotes anew"
    )


def test_a_quote_follows_the_newest_result_of_its_kind(tmp_path: Path) -> None:
    document = result_files.document()
    for day in ("2026-01-01", "2026-02-02"):
        result_files.write(tmp_path / f"full-{day}.json", document)
    page = tmp_path / "page.md"
    page.write_text("<!-- speedup of full-2026-01-01.json -->\n<!-- end -->\nrest\n")
    text = renewed(page, tmp_path / "full-2026-02-02.json")
    assert text.startswith("<!-- speedup of full-2026-02-02.json -->\n")
    assert "| Isthmus CPU |" in text and text.endswith("<!-- end -->\nrest\n")
    assert "full-2026-01-01" in renewed(page, tmp_path / "quick-2026-02-02.json")
