"""Every Python block of the README and the pages runs, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from isthmus.errors import IsthmusError
from isthmus.models import samples

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
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
