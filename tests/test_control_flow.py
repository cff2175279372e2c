"""Branches and loops: traced programs do what Python does with NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from control_programs import PROGRAMS, Program

from isthmus import tree
from isthmus.program import Executable, compile

BACKENDS: dict[str, dict[str, Any]] = {
    "numpy": {"backend": "numpy"},
    "cpu": {"backend": "cpu"},
    "gpu": {"backend": "gpu", "device": "cpu"},
}


def check_equal(found: Any, wanted: Any) -> None:
    left, right = list(tree.leaves(found)), list(tree.leaves(wanted))
    assert [path for path, _ in left] == [path for path, _ in right]
    for (path, a), (_, b) in zip(left, right, strict=True):
        b = numpy.asarray(b)
        assert (a.dtype, a.shape) == (b.dtype, b.shape), path
        numpy.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5, err_msg=str(path))


def check_program(program: Program, run: Executable) -> None:
    for arguments in program.calls:
        given = [numpy.array(array) for array in arguments]
        wanted = program.function(*given)
        numpy.testing.assert_equal(given, list(arguments))  # nobody has written to them
        check_equal(run(*given), wanted)
        numpy.testing.assert_equal(given, list(arguments))


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_traced_is_eager(name: str, backend: str) -> None:
    program = PROGRAMS[name]
    check_program(program, compile(program.function, program.specs, **BACKENDS[backend]))


@pytest.mark.parametrize("name", [name for name, program in PROGRAMS.items() if program.native])
def test_runtimes_run_the_whole(name: str, device_backend: dict[str, Any]) -> None:
    program = PROGRAMS[name]
    compile(program.function, program.specs, **device_backend, on_host="error")
