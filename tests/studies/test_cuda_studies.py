"""The table of CUDA's kernels and the comparison with its provider: what they do with answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from isthmus.errors import UsageError
from isthmus.gpu_backend import cuda_kernels
from isthmus.gpu_backend.cuda_plan import CudaPlan
from studies import cuda_kernels as table
from studies import cuda_partition

FOLDER = os.environ.get("ISTHMUS_ONNXRUNTIME_GPU", "")
OPEN = cuda_kernels.OPEN


def test_kernels_that_differ_in_one_variable_are_one_row() -> None:
    found = [
        ["Cast", 13, OPEN, {"T1": ["tensor(float)"], "T2": ["tensor(int64)", "tensor(bool)"]}],
        ["Cast", 13, OPEN, {"T1": ["tensor(bool)"], "T2": ["tensor(bool)", "tensor(int64)"]}],
        ["Cast", 9, 12, {"T1": ["tensor(float)"], "T2": ["tensor(int64)"]}],
    ]
    assert table.joined(found) == [
        ("Cast", 9, 12, "T1=float T2=int64"),
        ("Cast", 13, "", "T1=bool|float T2=bool|int64"),
    ]


def test_kernels_that_differ_in_two_stay_apart() -> None:
    """Joined, they would be kernels that there are not: of a float and a bool."""
    pairs = [("float", "int64"), ("bool", "bool")]
    found = [["A", 1, OPEN, {"T1": [f"tensor({a})"], "T2": [f"tensor({b})"]}] for a, b in pairs]
    assert [row[3] for row in table.joined(found)] == ["T1=bool T2=bool", "T1=float T2=int64"]


def test_a_row_is_read_as_it_was_written() -> None:
    (kernel,) = [k for k in cuda_kernels.kernels()["Clip"] if k.first == 13]
    assert kernel.last == OPEN and kernel.is_of(13) and not kernel.is_of(22)
    assert kernel.takes({"T": "float16"}) and not kernel.takes({"T": "bfloat16"})


FITS, LACKS = CudaPlan(13, (), ()), CudaPlan(13, ("MaxPool",), ("MaxPool",))
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


@pytest.mark.parametrize(
    ("plan", "said", "difference"),
    [
        (FITS, {"nodes": {CUDA: ["Add"], CPU: ["Shape", "Gather"]}}, None),
        (FITS, {"nodes": {CUDA: ["Add"], CPU: ["MaxPool"]}}, "the processor gets MaxPool"),
        (FITS, {"nodes": {CUDA: ["Add"]}, "refused": "no"}, "of a graph: it holds it"),
        (LACKS, {"nodes": {CPU: ["MaxPool"]}, "refused": "no"}, None),
        (LACKS, {"nodes": {CUDA: ["MaxPool"]}}, "of a graph: MaxPool"),
        (FITS, {"refused": "no such file"}, "no session opens: no such file"),
    ],
)
def test_what_differs_is_told(plan: CudaPlan, said: Any, difference: str | None) -> None:
    found = cuda_partition.compared(plan, said)
    assert (found is None) == (difference is None)
    assert difference is None or difference in str(found)


def test_a_folder_without_the_provider_is_one_line(tmp_path: Path) -> None:
    for study in (table.main, cuda_partition.main):
        with pytest.raises(UsageError, match="unpack a wheel of onnxruntime-gpu"):
            study([str(tmp_path)])


@pytest.mark.skipif(not FOLDER, reason="ISTHMUS_ONNXRUNTIME_GPU names no unpacked onnxruntime-gpu")
def test_the_provider_divides_programs_as_the_plan_says_and_registers_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.main([FOLDER, str(tmp_path / "table.csv")])
    assert (tmp_path / "table.csv").read_text() == cuda_kernels.TABLE.read_text()
    cuda_partition.main([FOLDER])
    lines = capsys.readouterr().out.splitlines()
    assert sum("as the plan has it" in line for line in lines) == len(lines) - 1
