"""Each row of docs/numerics.md: the runtime still differs so, and what is said is done about it."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any
from warnings import catch_warnings

import numpy
import pytest
from bare_runtimes import instructions
from divergence_case import Case, Ends, Off, Refuses
from divergences import TABLES
from packaging.version import Version
from places import ROOT, TESTS

from isthmus.program.compiling import compile
from isthmus.program.executable import Executable
from isthmus.trace.tracing import spec

PAGE = ROOT / "docs" / "numerics.md"
COLUMNS = ["name", "what", "the runtime gives", "what is done"]
BROUGHT, MEASURED = "Inputs that users brought", "What exact sums cost"
BROUGHT_COLUMNS = ["input", "the runtime gives", "what is done", "cost", "test"]
NO_RUNTIME = pytest.mark.skipif(find_spec("onnxruntime") is None, reason="needs ONNX Runtime")


def parameters(name: str, cases: list[Case]) -> Iterator[Any]:
    for position, case in enumerate(cases):
        label = f"{name}-{position}" if len(cases) > 1 else name
        marks = [NO_RUNTIME] * (case.backend == "gpu")
        yield pytest.param(name, position, id=label, marks=marks)


CASES = [
    found
    for table in TABLES.values()
    for name, cases in table.items()
    for found in parameters(name, cases)
]
each_case = pytest.mark.parametrize(("name", "position"), CASES)


def case_of(name: str, position: int) -> Case:
    (cases,) = (table[name] for table in TABLES.values() if name in table)
    return cases[position]


# The page and the table are one


def rows_of_page() -> Iterator[tuple[str, list[str]]]:
    """Each row of a table of divergences, under its heading."""
    return ((heading, cells) for heading, cells in all_rows() if heading not in (BROUGHT, MEASURED))


def all_rows() -> Iterator[tuple[str, list[str]]]:
    heading = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            heading = line[3:]
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| ") and cells not in (COLUMNS, BROUGHT_COLUMNS):
            yield heading, cells


def test_the_page_has_the_rows_of_the_table() -> None:
    written = [(heading, cells[0].strip("`")) for heading, cells in rows_of_page()]
    assert written == [(heading, name) for heading, table in TABLES.items() for name in table]
    assert all(len(cells) == len(COLUMNS) for _, cells in rows_of_page())


def test_each_input_that_users_brought_names_its_tests() -> None:
    rows = [cells for heading, cells in all_rows() if heading == BROUGHT]
    assert len(rows) > 20 and all(len(cells) == len(BROUGHT_COLUMNS) for cells in rows)
    for cells in rows:
        for path, _, name in (test.partition("::") for test in re.findall(r"`(.+?)`", cells[-1])):
            text = (TESTS / path).read_text()
            assert f"def {name}(" in text if name else "def test_" in text, cells


def test_no_two_rows_have_one_name() -> None:
    names = [name for table in TABLES.values() for name in table]
    assert len(set(names)) == len(names)


PAGE_ROWS = [pytest.param(*row, id=row[1][0].strip("`")) for row in rows_of_page()]


@pytest.mark.parametrize(("heading", "cells"), PAGE_ROWS)
def test_the_page_says_what_the_cases_show(heading: str, cells: list[str]) -> None:
    cases, done = TABLES[heading][cells[0].strip("`")], cells[3]
    assert ("host" in done) == any(case.host for case in cases)
    assert ("kept" in done) == any(case.kept is not None for case in cases)
    assert ("unless fast" in done) == any(case.fast for case in cases)
    assert "in its source" in cells[2] or any(case.bare or case.kept is not None for case in cases)


# The runtime alone


BARE = [found for found in CASES if case_of(*found.values).bare]


@pytest.mark.parametrize(("name", "position"), BARE)
def test_the_runtime_still_differs(name: str, position: int) -> None:
    case = case_of(name, position)
    skip_elsewhere(case)
    skip_mended(case)
    wanted = numpys(case) if case.numpys is None else case.numpys
    if isinstance(case.gives, Ends):
        check_end(name, position, case.gives)
    elif isinstance(case.gives, Refuses):
        check_refusal(name, case.bare, case.gives.words)
    else:
        check_difference(name, case.bare, case.gives, wanted)


def skip_elsewhere(case: Case) -> None:
    """The rows were seen on x86-64, some of them with certain instructions or versions only."""
    if platform.machine() not in ("x86_64", "AMD64") or case.needs not in processor():
        pytest.skip(f"seen on x86-64 with {case.needs or 'any instructions'}")


def skip_mended(case: Case) -> None:
    package = "openvino" if case.backend == "cpu" else "onnxruntime"
    if case.before and Version(version(package)) >= Version(case.before):
        pytest.skip(f"{package} {case.before} gives what NumPy gives")


@cache
def processor() -> str:
    return instructions()


def check_difference(name: str, bare: Any, gives: Any, wanted: Any) -> None:
    found = numpy.asarray(bare())
    assert not same(found, wanted), f"{name} no longer diverges: the workaround may go"
    assert is_so(found, gives, wanted), f"{name} diverges in another way: it gives {found!r}"


def check_refusal(name: str, bare: Any, words: str) -> None:
    try:
        found = bare()
    except Exception as problem:
        assert words in str(problem)
    else:
        pytest.fail(f"{name} no longer diverges: the workaround may go ({found!r})")


ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
from divergences import TABLES
from packaging.version import Version
(cases,) = [table[sys.argv[2]] for table in TABLES.values() if sys.argv[2] in table]
print("ready", flush=True)
print("given", cases[int(sys.argv[3])].bare())
"""


def check_end(name: str, position: int, gives: Ends) -> None:
    """In a process of its own."""
    command = [sys.executable, "-c", ALONE, str(TESTS / "tables"), name, str(position)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert run.stdout.startswith("ready"), run.stderr
    ended = run.returncode < 0 or (gives.sometimes and "given" in run.stdout)
    assert ended, f"{name} no longer diverges: the workaround may go ({run.stdout}{run.stderr})"


# The program


@each_case
def test_the_program_is_numpys(name: str, position: int) -> None:
    case = case_of(name, position)
    wanted, found = numpys(case), result(case, program(case))
    assert case.holds()
    if isinstance(wanted, Exception):
        assert isinstance(found, type(wanted))
    elif case.kept is not None:
        skip_elsewhere(case)
        assert is_so(found, case.kept, wanted), f"{found!r} is not the difference that is stated"
    elif case.within:
        numpy.testing.assert_allclose(found, wanted, rtol=case.within, atol=0)
    else:
        assert same(found, wanted), f"{found!r} is not {wanted!r}"


@each_case
def test_the_host_says_why(name: str, position: int) -> None:
    case = case_of(name, position)
    run = program(case)
    reasons = [reason for part in run.segments if part.on_host for reason in part.reasons]
    if case.host:
        assert any(case.host in reason for reason in reasons)
        assert f"because {reasons[0]}" in run.explain()
    else:
        assert not reasons


FAST = [found for found in CASES if case_of(*found.values).fast]


@pytest.mark.parametrize(("name", "position"), FAST)
def test_fast_is_the_runtime_alone(name: str, position: int) -> None:
    case = case_of(name, position)
    skip_elsewhere(case)
    assert same(result(case, program(case, numerics="fast")), case.gives)


def program(case: Case, **options: Any) -> Executable:
    shapes = case.sizes or [array.shape for array in case.arrays]
    types = tuple(spec(a.dtype, shape) for a, shape in zip(case.arrays, shapes, strict=True))
    device = "cpu" if case.backend == "gpu" else None
    return compile(case.program, types, backend=case.backend, device=device, **options)


def result(case: Case, run: Executable) -> Any:
    """What the program gives, or raises."""
    try:
        with catch_warnings(action="ignore"):
            if case.earlier:
                run(*case.earlier)
            return numpy.asarray(run(*case.arrays))
    except IndexError as problem:
        return problem


def numpys(case: Case) -> Any:
    """What NumPy gives, or raises: operators of isthmus are NumPy's on NumPy's arrays."""
    try:
        with catch_warnings(action="ignore"):
            return numpy.asarray(case.program(*case.arrays))
    except IndexError as problem:
        return problem


def is_so(found: Any, stated: Any, wanted: Any) -> bool:
    """Whether a result is the stated one, or as far off NumPy's as stated."""
    if not isinstance(stated, Off):
        return same(found, stated)
    error = numpy.abs(found.astype("float64") - wanted)
    if not stated.absolute:
        error = error / numpy.where(wanted == 0, 1, numpy.abs(wanted.astype("float64")))
    return bool(stated.by <= error.max() <= stated.most)


def same(found: Any, wanted: Any) -> bool:
    """Equal, with dtype, shape, and the signs of zeros."""
    found, wanted = numpy.asarray(found), numpy.asarray(wanted)
    if (found.dtype, found.shape) != (wanted.dtype, wanted.shape):
        return False
    if found.dtype.kind not in "fc":
        return bool((found == wanted).all())
    equal = (found == wanted) & (numpy.signbit(found.real) == numpy.signbit(wanted.real))
    return bool((equal | (numpy.isnan(found) & numpy.isnan(wanted))).all())
