"""Wheels of one module, written here: what pip installs without an index."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

__all__ = ["wheel"]


def wheel(folder: Path, name: str, version: str, module: str) -> Path:
    """A wheel of a pure Python module with this text."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    kind = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    texts = {
        f"{name}.py": module,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": kind,
    }
    record = "".join(f"{each},,\n" for each in (*texts, f"{about}/RECORD"))
    with ZipFile(path, "w") as file:
        for each, text in {**texts, f"{about}/RECORD": record}.items():
            file.writestr(each, text)
    return path
