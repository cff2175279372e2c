"""`isthmus score` on Parquet: types stay, row groups are parts, memory is bounded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus.cli import main

pyarrow = pytest.importorskip("pyarrow", reason="pip install 'isthmus[parquet]'")
parquet = pytest.importorskip("pyarrow.parquet", reason="pip install 'isthmus[parquet]'")

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    run = im.compile(
        lambda x: {"y": 2 * x, "s": im.np.sum(x, axis=1)},
        {"x": im.spec("float32", ["batch", 2])},
        threads=1,
    )
    run.save(tmp_path / "net.im")
    return tmp_path / "net.im"


def table(rows: int, first: int = 0) -> Any:
    numbers = numpy.arange(first, first + rows)
    x = [None if n % 10 == 7 else [float(n), n / 2] for n in numbers]
    return pyarrow.table(
        {
            "x": pyarrow.array(x, pyarrow.list_(pyarrow.float64())),
            "at": pyarrow.array(numbers, pyarrow.timestamp("us")),
            "id": pyarrow.array([f"é{n}" for n in numbers]).dictionary_encode(),
            "wide": ["unused" * 100] * rows,
        }
    )


def scored(capsys: Capture, *words: object, code: int = 0) -> Any:
    found = main(["score", *map(str, words), "--json"])
    output, errors = capsys.readouterr()
    assert found == code, errors
    return json.loads(output) if not code else errors


def test_rows_of_groups_and_files(program: Path, tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    parquet.write_table(table(53), folder / "a.parquet", row_group_size=20)
    parquet.write_table(table(30, 53), folder / "b.parquet", row_group_size=100)
    out = tmp_path / "out.parquet"
    words = ("--part", 7, "--keep", "id", "--keep", "at", "--processes", 2)
    summary = scored(capsys, program, folder, out, *words)
    good = [n for n in range(83) if n % 10 != 7]
    assert (summary["rows"], summary["scored"]) == (83, len(good))
    found = parquet.read_table(out)
    assert found.schema.names == ["row", "id", "at", "y", "s"]
    assert found.schema.field("at").type == pyarrow.timestamp("us")
    assert found.schema.field("y").type == pyarrow.list_(pyarrow.float32())
    assert found["row"].to_pylist() == good
    assert found["id"].to_pylist() == [f"é{n}" for n in good]
    assert found["s"].to_pylist() == [1.5 * n for n in good]
    assert found["y"].to_pylist() == [[2.0 * n, 1.0 * n] for n in good]
    again = tmp_path / "again.parquet"
    scored(capsys, program, folder, again, *words)
    assert again.read_bytes() == out.read_bytes()


def test_other_outputs_keep_what_they_can(program: Path, tmp_path: Path, capsys: Capture) -> None:
    given = tmp_path / "in.parquet"
    parquet.write_table(table(20), given)
    scored(capsys, program, given, tmp_path / "out.jsonl", "--keep", "at", "--keep", "id")
    first = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert first == {"row": 0, "at": "1970-01-01T00:00:00", "id": "é0", "y": [0.0, 0.0], "s": 0.0}
    scored(capsys, program, given, tmp_path / "out.npz", "--keep", "id")
    with numpy.load(tmp_path / "out.npz") as found:
        assert found["id"][1] == "é1" and found["y"].shape == (18, 2)
    said = scored(capsys, program, given, tmp_path / "no.npz", "--keep", "at", code=2)
    assert "at: neither all texts nor all numbers" in said


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no Parquet at all" * 10])
def test_a_damaged_file_is_one_line(
    content: bytes, program: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "in.parquet").write_bytes(content)
    said = scored(capsys, program, tmp_path / "in.parquet", tmp_path / "out.npz", code=2)
    assert "not a whole Parquet file" in said and said.count("\n") == 1


def test_files_of_other_columns_are_refused(program: Path, tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    parquet.write_table(table(3), folder / "a.parquet")
    parquet.write_table(table(3).drop_columns(["id"]), folder / "b.parquet")
    said = scored(capsys, program, folder, tmp_path / "out.npz", code=2)
    assert "score them apart" in said


def test_token_vectors_are_lists_of_lists(tmp_path: Path, capsys: Capture) -> None:
    spec = {"x": im.spec("float32", ["batch", "n"])}
    run = im.compile(lambda x: {"t": im.np.stack([x, -x], axis=2)}, spec, threads=1)
    run.save(tmp_path / "net.im")
    given = tmp_path / "rows.jsonl"
    lengths = [2, 2, 1, 3, 3, 0]
    given.write_text("".join(json.dumps({"x": [0.5] * n}) + "\n" for n in lengths))
    scored(capsys, tmp_path / "net.im", given, tmp_path / "out.parquet", "--part", 2)
    found = parquet.read_table(tmp_path / "out.parquet")["t"].to_pylist()
    assert found == [[[0.5, -0.5]] * n for n in lengths]
