"""Linear algebra beyond the operators' samples: names of sizes, named tuples, einsum, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from samples_linalg import definite, regular, whole

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.program.compiling import compile
from isthmus.trace.op import OPERATORS
from isthmus.trace.tracing import spec, trace

WRONG: Any = "sideways"


def parts(outcome: Any) -> tuple[Any, ...]:
    return outcome if isinstance(outcome, tuple) else (outcome,)


def check(function: Callable[..., Any], *arrays: Any, names: Any = None) -> None:
    """Traced with the given sizes, or those of the arrays, a function is what it is at once."""
    shapes = names or [array.shape for array in arrays]
    types = tuple(spec(array.dtype, shape) for array, shape in zip(arrays, shapes, strict=True))
    found = compile(function, types, backend="numpy")(*arrays)
    for one, wanted in zip(parts(found), parts(function(*arrays)), strict=True):
        assert one.dtype == wanted.dtype
        numpy.testing.assert_allclose(one, wanted, rtol=1e-6, atol=1e-6)


NAMED: dict[str, Callable[[Any], Any]] = {
    "cholesky": np.linalg.cholesky,
    "det": np.linalg.det,
    "diagonal": np.linalg.diagonal,
    "eig": np.linalg.eig,
    "eigh": np.linalg.eigh,
    "eigvalsh": np.linalg.eigvalsh,
    "inv": np.linalg.inv,
    "matrix_power": lambda x: (np.linalg.matrix_power(x, 5), np.linalg.matrix_power(x, 0)),
    "matrix_rank": np.linalg.matrix_rank,
    "multi_dot": lambda x: np.linalg.multi_dot([x, x, x]),
    "norm": lambda x: (np.linalg.norm(x), np.linalg.matrix_norm(x, ord="nuc")),
    "pinv": np.linalg.pinv,
    "qr": np.linalg.qr,
    "slogdet": np.linalg.slogdet,
    "solve": lambda x: np.linalg.solve(x, x[0]),
    "svd": np.linalg.svd,
    "trace": lambda x: (np.linalg.trace(x), np.einsum("ii", x), np.trace(x, offset=1)),
    "transpose": lambda x: np.einsum("ij->ji", x),
}


@pytest.mark.parametrize("name", NAMED)
def test_square_matrices_of_a_named_size(name: str) -> None:
    for size in (1, 4):
        check(NAMED[name], definite(size, size, dtype=numpy.float64), names=[("n", "n")])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (np.linalg.inv, "n rows and m columns|n == m"),
        (np.linalg.svd, "n <= m"),
        (lambda x: np.linalg.trace(x), "n < m|m < n|n <= m"),
    ],
)
def test_sizes_that_names_leave_open(function: Any, message: str) -> None:
    with pytest.raises((DimensionError, UsageError), match=message):
        trace(function, spec("float32", ["n", "m"]))


def test_einsum_of_named_sizes_is_one_product() -> None:
    def attention(q: Any, k: Any) -> Any:
        return np.einsum("bqd,bkd->bqk", q, k)

    q, k = whole(2, 3, 4), whole(2, 5, 4)
    check(attention, q, k, names=[("b", "q", "d"), ("b", "k", "d")])
    program = compile(
        lambda x, y: np.einsum("bij,bjk->bik", x, y),
        (spec("float32", ["b", "i", "j"]), spec("float32", ["b", "j", "k"])),
        backend="numpy",
    )
    assert [node.op for node in program.graph.nodes()] == [OPERATORS["np.matmul"]]


EQUATIONS: dict[str, list[tuple[int, ...]]] = {
    "ij,jk": [(3, 4), (4, 5)],
    "ba": [(2, 3)],
    "Ab,bA": [(2, 3), (3, 2)],
    " i j , j k -> i k ": [(2, 3), (3, 4)],
    "...": [(2, 3)],
    "i...->...": [(2, 3, 4)],
    "i...j,j...": [(2, 3, 4), (4, 3)],
    "...,...->...": [(2, 3), (3,)],
    "i...,...->...i": [(2, 3), ()],
    "ij->i...": [(2, 3)],
    "iij->ji": [(3, 3, 2)],
    "iii->i": [(3, 3, 3)],
    "iij,jkk->ik": [(2, 2, 3), (3, 4, 4)],
    "ij,ij->i": [(2, 1), (2, 3)],
    "ij,jk->ki": [(2, 1), (5, 3)],
    "ij,jk->ik": [(2, 0), (0, 3)],
    "ij,kl,jk->il": [(2, 3), (4, 5), (3, 4)],
    "i,,j->ij": [(2,), (), (3,)],
    "ab,ab,c->c": [(2, 3), (2, 3), (4,)],
    "ijk,ilm,njm,nlk,abc->": [(2, 3, 4), (2, 5, 6), (7, 3, 6), (7, 5, 4), (2, 2, 2)],
    "->": [()],
}


@pytest.mark.parametrize("dtype", ["float64", "complex128", "int8", "bool"])
@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum(equation: str, dtype: str) -> None:
    check(
        lambda *arrays: np.einsum(equation, *arrays),
        *(whole(*shape, dtype=dtype) for shape in EQUATIONS[equation]),
    )


def test_einsum_of_labels_that_are_numbers() -> None:
    x, y = whole(2, 3), whole(3, 4)
    check(lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [2, 0]), x, y)
    check(lambda x, y: np.einsum(x, [1, 0], y, [0, 30]), x, y)
    check(lambda x, y: np.einsum(x, [..., 1], y, [1, 2]), x, y)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("i,i", [(3,), (4,)]),
        ("ij->k", [(2, 3)]),
        ("ij->ii", [(2, 3)]),
        ("i,i,i", [(2,), (2,)]),
        ("i", [(2, 3)]),
        ("...->", [(2, 3)]),
        ("ii->i", [(1, 3)]),
        ("i$", [(2, 2)]),
        ("i...j...", [(2, 3)]),
        ("ij->i->j", [(2, 3)]),
        ("i.j", [(2, 3)]),
    ],
)
def test_einsum_refuses_what_numpy_refuses(equation: str, shapes: Any) -> None:
    arrays = [whole(*shape) for shape in shapes]
    with pytest.raises(ValueError):
        np.einsum(equation, *arrays)
    with pytest.raises(ValueError):
        trace(lambda *a: np.einsum(equation, *a), tuple(spec(a.dtype, a.shape) for a in arrays))


TUPLES: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "eig": (np.linalg.eig, ("eigenvalues", "eigenvectors")),
    "eigh": (np.linalg.eigh, ("eigenvalues", "eigenvectors")),
    "qr": (np.linalg.qr, ("Q", "R")),
    "slogdet": (np.linalg.slogdet, ("sign", "logabsdet")),
    "svd": (np.linalg.svd, ("U", "S", "Vh")),
}


@pytest.mark.parametrize("name", TUPLES)
def test_results_have_the_standards_names(name: str) -> None:
    function, fields = TUPLES[name]
    found = function(regular(3, 3))
    assert type(found)._fields == fields == type(getattr(numpy.linalg, name)(regular(3, 3)))._fields
    trace(lambda x: [getattr(function(x), field) for field in fields], spec("float32", [3, 3]))


def test_a_real_matrix_has_complex_eigenvalues() -> None:
    values = np.linalg.eigvals(numpy.eye(2, dtype=numpy.float32))
    assert values.dtype == np.linalg.eig(numpy.eye(2, dtype=numpy.float32))[0].dtype == "complex64"
    assert np.linalg.eigvals(numpy.eye(2, dtype=numpy.int8)).dtype == "complex128"


def test_parts_of_svd() -> None:
    x = definite(2, 3, 3, dtype=numpy.float64)
    check(lambda x: np.linalg.svd(x, compute_uv=False), x)
    check(lambda x: np.linalg.svd(x, compute_uv=False, hermitian=True), x)


def test_pinv_and_rank_with_each_tolerance() -> None:
    x = numpy.diag([4.0, 1, 1e-9])
    for given in ({}, {"rtol": None}, {"rtol": 0.5}, {"rcond": 0.5}):
        check(lambda x, given=given: np.linalg.pinv(x, **given), x)
        numpy.testing.assert_array_equal(
            np.linalg.pinv(x, **given),
            numpy.linalg.pinv(x, **given),
        )
    ranks = [np.linalg.matrix_rank(x, **t) for t in ({}, {"tol": 2}, {"rtol": 1e-6})]
    assert ranks == [3, 1, 2]
    check(lambda x: np.linalg.matrix_rank(x, rtol=1e-6), x)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: np.linalg.inv(x), "square"),
        (lambda x: np.linalg.inv(x[0]), "at least 2"),
        (lambda x: np.linalg.det(np.astype(x, "float16")[:, :2]), "float16"),
        (lambda x: np.linalg.norm(x, ord="nuc", axis=0), "'nuc' is for matrices"),
        (lambda x: np.linalg.norm(x, ord=5), "ord=5"),
        (lambda x: np.linalg.outer(x, x), "one each"),
        (lambda x: np.linalg.cross(x[:, :2], x[:, :2]), "size 3"),
        (lambda x: np.linalg.qr(x, mode=WRONG), "reduced"),
        (lambda x: np.linalg.eigh(x[:, :2], UPLO=WRONG), "UPLO='sideways'"),
        (lambda x: np.linalg.solve(x[:, :2], x[0]), "as many rows"),
        (lambda x: np.linalg.multi_dot([x]), "two arrays"),
        (lambda x: np.linalg.tensorinv(x, ind=0), "ind=0"),
        (lambda x: np.tensordot(x, x, axes=1), "differ"),
        (lambda x: np.tensordot(x, x, axes=((0, 0), (0, 0))), "none twice"),
        (lambda x: np.vecdot(x, x[:, :2]), "differ"),
        (lambda x: np.matvec(x[0], x), "at least 2 and 1"),
        (lambda x: np.cross(x[:, :1], x), "1 elements"),
        (lambda x: np.dot(x, x), "differ"),
    ],
)
def test_wrong_use(function: Any, message: str) -> None:
    with pytest.raises((UsageError, DimensionError), match=message):
        trace(function, spec("float32", [2, 3]))
