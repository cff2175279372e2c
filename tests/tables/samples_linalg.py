"""Sample rows of operators: linalg. See `operator_samples`."""

from __future__ import annotations

from typing import Any

import numpy
from sample_arrays import Sample, f32, i32, truth

from isthmus import np
from isthmus.trace.op import OPERATORS, Op

INNER = "the leading size meets the other operand's inner axis"
SQUARE = "the other axis of a square matrix would have the same name"
UNDECIDED = "a name does not tell which of two sizes is smaller"
ANOTHER = "the leading size meets another axis of the other operand"

_random = numpy.random.default_rng(3)


def whole(*shape: int, dtype: Any = numpy.float32) -> Any:
    """Small whole numbers, whose sums of products are exact in any order, none of them 0."""
    numbers = _random.integers(1, 5, shape) * _random.choice([-1, 1], shape)
    if numpy.dtype(dtype).kind == "c":
        return (numbers + 1j * _random.integers(-4, 5, shape)).astype(dtype)
    return numbers > 0 if numpy.dtype(dtype) == bool else numbers.astype(dtype)


def distinct(*shape: int) -> Any:
    """Whole numbers of different sizes, so that no two are largest."""
    numbers = _random.permutation(int(numpy.prod(shape))) + 1
    return (numbers * _random.choice([-1, 1], numbers.shape)).reshape(shape).astype(numpy.float32)


def regular(*shape: int, dtype: Any = numpy.float32) -> Any:
    """Square matrices far from singular ones."""
    return (whole(*shape, dtype=dtype) * 0.25 + 4 * numpy.eye(shape[-1])).astype(dtype)


def definite(*shape: int, dtype: Any = numpy.float32) -> Any:
    """Positive definite matrices."""
    x = regular(*shape, dtype=dtype)
    return x @ numpy.conj(numpy.swapaxes(x, -1, -2))


def of_dtypes(make: Any, *dtypes: str, fixed: str = "") -> list[Sample]:
    return [Sample((make(numpy.dtype(dtype)),), fixed=fixed) for dtype in dtypes]


def sums(subscripts: str, *arrays: Any, fixed: str = "", **attributes: Any) -> Sample:
    return Sample(arrays, {"subscripts": subscripts, "dtype": None, **attributes}, fixed)


C64 = numpy.complex64
U8 = numpy.uint8
EYE = numpy.eye(3, dtype=numpy.float32)

_PRODUCTS: dict[Op[..., Any], list[Sample]] = {
    np.matmul: [
        Sample((f32(3, 4), f32(4, 5))),
        Sample((f32(2, 1, 3, 4), f32(5, 4, 2))),
        Sample((f32(4), f32(4, 3)), fixed=INNER),
        Sample((f32(2, 3, 4), f32(4))),
        Sample((f32(4), f32(4)), fixed=INNER),
        Sample((f32(3, 0), f32(0, 2))),
        Sample((whole(3, 4, dtype=numpy.int8), whole(4, 2, dtype=U8))),
        Sample((i32(3, 4), whole(4, 2))),
        Sample((truth(3, 4), truth(4, 2))),
        Sample((whole(3, 4, dtype=C64), whole(4, 2))),
    ],
    np.matvec: [
        Sample((whole(2, 3, 4), whole(4))),
        Sample((whole(3, 4, dtype=numpy.int16), whole(2, 1, 4, dtype=numpy.int16))),
        Sample((whole(3, 4, dtype=C64), whole(4, dtype=C64))),
    ],
    np.vecmat: [
        Sample((whole(4), whole(4, 3)), fixed=INNER),
        Sample((whole(2, 1, 4), whole(5, 4, 3))),
        Sample((whole(2, 4, dtype=C64), whole(4, 3, dtype=C64))),
    ],
    np.vecdot: [
        Sample((whole(2, 3, 4), whole(3, 4))),
        Sample((whole(4), whole(4))),
        Sample((whole(4, 2), whole(4, 2)), {"axis": 0}),
        Sample((whole(4, 2), whole(4, 5, 2)), {"axis": 0}, ANOTHER),
        Sample((whole(2, 4, dtype=C64), whole(4, dtype=C64))),
        Sample((whole(2, 4, dtype=numpy.int8), whole(2, 4, dtype=numpy.int8))),
    ],
    np.tensordot: [
        Sample((whole(2, 3, 4), whole(3, 4, 5))),
        Sample((whole(2, 3, 4), whole(4, 3, 5)), {"axes": ((1, -1), (1, 0))}),
        Sample((whole(2, 3), whole(4, 5)), {"axes": 0}),
        Sample((whole(2, 3), whole(3, 4)), {"axes": (1, 0)}),
        Sample((truth(2, 3), truth(3, 4)), {"axes": 1}),
        Sample((whole(2, 3, dtype=C64), i32(3)), {"axes": 1}),
    ],
    np.dot: [
        Sample((whole(3, 4), whole(4, 2))),
        Sample((whole(2, 3, 4), whole(5, 4, 6))),
        Sample((whole(2, 3, 4), whole(4))),
        Sample((whole(4), whole(4)), fixed=INNER),
        Sample((whole(2, 3), whole())),
        Sample((whole(2, 3), 2.0)),
        Sample((whole(2, 3, dtype=U8), whole(3, dtype=U8))),
    ],
    np.inner: [
        Sample((whole(2, 3, 4), whole(5, 4))),
        Sample((whole(4, 3), whole())),
        Sample((whole(2, 4, dtype=C64), whole(4, dtype=C64))),
    ],
    np.vdot: [
        Sample((whole(3, 4), whole(3, 4))),
        Sample((whole(3, 4, dtype=C64), whole(4, 3, dtype=C64)), fixed=ANOTHER),
        Sample((whole(), whole())),
    ],
    np.outer: [
        Sample((whole(3), whole(4))),
        Sample((whole(2, 3), whole(4))),
        Sample((whole(2, dtype=numpy.int8), whole(4, dtype=U8))),
    ],
    np.kron: [
        Sample((whole(2, 3), whole(4, 5))),
        Sample((whole(3), whole(2, 3, 4))),
        Sample((whole(2, 3, dtype=C64), whole())),
    ],
    np.cross: [
        Sample((whole(2, 3), whole(2, 3))),
        Sample((whole(2, 1, 3), whole(4, 3))),
        Sample((whole(3, 2), whole(2, 3)), {"axisa": 0, "axisc": 0}, ANOTHER),
        Sample((whole(4, 3, 2), whole(4, 3, 2)), {"axis": 1}),
        Sample((whole(4, 3, dtype=numpy.int8), whole(4, 3, dtype=U8))),
    ],
    np.trace: [
        Sample((whole(2, 3, 4),), {"axis1": 1, "axis2": 2}),
        Sample((whole(2, 3, 4),), {"axis1": -1, "axis2": 1, "offset": -1}),
        Sample((whole(3, 4),), {"offset": 2}, SQUARE),
        Sample((whole(3, 4),), {"offset": 9}, SQUARE),
        Sample((whole(3, 4, dtype=numpy.int8),), {}, SQUARE),
        Sample((whole(3, 4, dtype=U8),), {"dtype": numpy.dtype("float32")}, SQUARE),
    ],
    OPERATORS["np.einsum"]: [
        sums("bij,bjk->bik", whole(2, 3, 4), whole(2, 4, 5)),
        sums("bqhd,bkhd->bhqk", whole(2, 3, 4, 5), whole(2, 6, 4, 5)),
        sums("ij,jk,kl->il", whole(2, 3), whole(3, 4), whole(4, 5)),
        sums("bi,ijk,bk->bj", whole(2, 3), whole(3, 4, 5), whole(2, 5)),
        sums("...ij,...jk", whole(2, 1, 3, 4), whole(5, 4, 2)),
        sums("i,j->ji", whole(2), whole(3)),
        sums("ij,ij->", whole(2, 3), whole(2, 3)),
        sums("ij,ij->ij", whole(1, 3), whole(2, 3)),
        sums("ij->j", whole(2, 3)),
        sums("ji", whole(2, 3)),
        sums("bii->bi", whole(2, 3, 3)),
        sums("ii", whole(3, 3), fixed=SQUARE),
        sums("i,i->", whole(0), whole(0)),
        sums("ij,jk", whole(2, 3, dtype=numpy.int8), whole(3, 4, dtype=numpy.int8)),
        sums("ij->i", whole(2, 3, dtype=U8), dtype=numpy.dtype("float32")),
        sums("ij,j->i", truth(2, 3), truth(3)),
        sums("ij,kj->ik", whole(2, 3, dtype=C64), whole(4, 3)),
    ],
}

_LINALG: dict[str, list[Sample]] = {
    "cholesky": [
        Sample((definite(2, 3, 3),)),
        Sample((definite(3, 3),), {"upper": True}, SQUARE),
        Sample((definite(2, 3, 3, dtype=C64),)),
    ],
    "cond": [
        Sample((f32(2, 3, 4),)),
        *(Sample((regular(2, 3, 3),), {"p": p}) for p in (1, -numpy.inf, "fro", 2)),
        Sample((numpy.zeros((2, 2), numpy.int8),), fixed=SQUARE),
    ],
    "det": [
        Sample((regular(2, 3, 3),)),
        *of_dtypes(lambda dtype: regular(3, 3, dtype=dtype), "int8", "bool", "c8", fixed=SQUARE),
        Sample((numpy.zeros((0, 3, 3), numpy.float32),)),
    ],
    "eig": [
        Sample((f32(2, 3, 3),)),
        *of_dtypes(lambda dtype: definite(3, 3, dtype=dtype), "f4", "c8", "i4", fixed=SQUARE),
    ],
    "eigh": [
        Sample((f32(2, 3, 3),), {"UPLO": "L"}),
        Sample((definite(3, 3, dtype=C64),), {"UPLO": "U"}, SQUARE),
    ],
    "eigvals": [Sample((f32(2, 3, 3),)), Sample((definite(3, 3),), fixed=SQUARE)],
    "eigvalsh": [
        Sample((f32(2, 3, 3),)),
        Sample((f32(3, 3),), {"UPLO": "u"}, SQUARE),
        Sample((definite(2, 3, 3, dtype=C64),)),
    ],
    "inv": [
        Sample((regular(2, 3, 3),)),
        *of_dtypes(lambda dtype: regular(3, 3, dtype=dtype), "int8", "c8", fixed=SQUARE),
        Sample((numpy.zeros((2, 0, 0), numpy.float32),)),
    ],
    "lstsq": [
        Sample((f32(5, 3), f32(5, 2)), {"rcond": None}, UNDECIDED),
        Sample((f32(5, 3), f32(5)), {"rcond": None}, UNDECIDED),
        Sample((f32(3, 5), i32(3)), {"rcond": 0.1}, UNDECIDED),
        Sample((numpy.ones((5, 3)), f32(5)), {"rcond": None}, UNDECIDED),
    ],
    "matrix_power": [
        *(Sample((whole(2, 3, 3),), {"n": n}) for n in (0, 1, 2, 3, 6)),
        Sample((regular(2, 3, 3),), {"n": -2}),
        Sample((whole(3, 3, dtype=numpy.int8),), {"n": 5}, SQUARE),
    ],
    "matrix_rank": [
        Sample((f32(2, 3, 4), None, None), {"hermitian": False}),
        Sample((f32(2, 3, 4), 2.0, None), {"hermitian": False}),
        Sample((f32(2, 3, 3), None, f32(2)), {"hermitian": True}, UNDECIDED),
        Sample((whole(4, dtype=numpy.int8), None, None), {"hermitian": False}),
    ],
    "multi_dot": [
        Sample((whole(2, 3), whole(3, 4))),
        Sample((whole(2, 3), whole(3, 4), whole(4, 5))),
        Sample((whole(3), whole(3, 4), whole(4, 2), whole(2)), fixed=INNER),
        Sample((i32(5, 3), whole(3, 4), whole(4, 2), whole(2, 9))),
    ],
    "norm": [
        Sample((distinct(2, 3, 4),)),
        *(
            Sample((distinct(2, 3, 4),), {"axis": 1, "ord": ord, "keepdims": ord == 1})
            for ord in (None, 0, 1, 2, 3, -1.5, numpy.inf, -numpy.inf)
        ),
        *(
            Sample((distinct(2, 3, 4),), {"axis": (-1, 1), "ord": ord, "keepdims": ord == 2})
            for ord in (None, "fro", "nuc", 1, -1, 2, -2, numpy.inf, -numpy.inf)
        ),
        Sample((whole(3, 4, dtype=C64),), {"ord": 1}, UNDECIDED),
        Sample((whole(3, dtype=C64),)),
        Sample((i32(3, 4),), {"axis": 0}),
        Sample((numpy.zeros((3, 0), numpy.float32),), {"axis": 1, "ord": numpy.inf}),
    ],
    "pinv": [
        Sample((f32(2, 3, 4), 1e-15), {"hermitian": False}),
        Sample((f32(2, 4, 3), None), {"hermitian": False}),
        Sample((definite(2, 3, 3), numpy.array([0.01, 0.5])), {"hermitian": True}, UNDECIDED),
        Sample((whole(2, 3, dtype=numpy.int8), 1e-15), {"hermitian": False}, UNDECIDED),
        Sample((whole(3, 2, dtype=C64), 1e-15), {"hermitian": False}, UNDECIDED),
    ],
    "qr": [
        *(
            Sample((f32(2, 4, 3),), {"mode": mode})
            for mode in ("reduced", "complete", "r", "raw")
        ),
        Sample((f32(2, 3, 4),), {"mode": "complete"}),
        Sample((whole(3, 2, dtype=C64),), {"mode": "reduced"}, UNDECIDED),
    ],
    "slogdet": [
        Sample((regular(2, 3, 3),)),
        Sample((regular(3, 3, dtype=C64),), fixed=SQUARE),
    ],
    "solve": [
        Sample((regular(2, 3, 3), f32(2, 3, 4))),
        Sample((regular(2, 3, 3), f32(3))),
        Sample((regular(3, 3), f32(2, 3, 1)), fixed=SQUARE),
        Sample((regular(3, 3, dtype=C64), i32(3)), fixed=SQUARE),
    ],
    "svd": [
        Sample((f32(2, 3, 4),), {"full_matrices": True}),
        Sample((f32(2, 4, 3),), {"full_matrices": False}),
        Sample((definite(2, 3, 3),), {"full_matrices": True, "hermitian": True}),
        Sample((whole(3, 2, dtype=C64),), {"full_matrices": True}, UNDECIDED),
    ],
    "svdvals": [Sample((f32(2, 3, 4),)), Sample((whole(2, 3, 3, dtype=C64),))],
    "tensorinv": [
        Sample(((numpy.eye(6) * 2 + f32(6, 6) / 9).astype("f4").reshape(2, 3, 6),), {}, SQUARE),
        Sample(((numpy.eye(6) * 2).astype("f4").reshape(6, 2, 3),), {"ind": 1}, SQUARE),
    ],
    "tensorsolve": [
        Sample(((numpy.eye(6) * 2 + f32(6, 6) / 9).astype("f4").reshape(2, 3, 6), f32(2, 3)),
               {}, SQUARE),
        Sample((numpy.eye(6, dtype="f4").reshape(2, 6, 3), f32(2, 3)), {"axes": (1,)}, SQUARE),
    ],
    "vector_norm": [
        Sample((distinct(2, 3, 4),)),
        Sample((distinct(2, 3, 4),), {"axis": (0, 2), "ord": numpy.inf, "keepdims": True}),
        Sample((distinct(2, 3, 4),), {"axis": -1, "ord": 3}),
        Sample((distinct(2, 3, 4),), {"axis": (), "ord": 1}),
        Sample((whole(3, 4, dtype=C64),), {"axis": 1}),
    ],
}  # fmt: skip

_FFT: dict[str, list[Sample]] = {
    "fft": [
        *of_dtypes(lambda dtype: whole(4, 5, dtype=dtype), "f4", "f8", "c8", "i2", "f2"),
        Sample((f32(4, 5),), {"n": 7, "axis": 0, "norm": "ortho"}),
        Sample((f32(4, 5),), {"n": 3, "norm": "forward"}),
        Sample((f32(6),)),
    ],
    "ifft": [
        *of_dtypes(lambda dtype: whole(4, 5, dtype=dtype), "f4", "c16", "u1"),
        Sample((f32(4, 5),), {"n": 7, "axis": 0, "norm": "forward"}),
    ],
    "rfft": [
        *of_dtypes(lambda dtype: whole(4, 5, dtype=dtype), "f4", "f8", "i2", "f2"),
        Sample((f32(4, 5),), {"n": 7, "axis": 0, "norm": "ortho"}),
        Sample((f32(6),)),
    ],
    "irfft": [
        *of_dtypes(lambda dtype: whole(4, 5, dtype=dtype), "f4", "c16", "c8"),
        Sample((f32(4, 5),), {"n": 7, "axis": 0, "norm": "ortho"}),
        Sample((whole(4, dtype=C64),)),
    ],
    "hfft": [
        *of_dtypes(lambda dtype: whole(4, 5, dtype=dtype), "c8", "i2"),
        Sample((whole(4, 5, dtype=C64),), {"n": 7, "axis": 0, "norm": "forward"}),
    ],
    "ihfft": [
        *of_dtypes(lambda dtype: whole(4, 5, dtype=dtype), "f4", "i2"),
        Sample((f32(4, 5),), {"n": 7, "axis": 0, "norm": "backward"}),
    ],
}
_SEVERAL: list[dict[str, Any]] = [
    {},
    {"axes": (0,)},
    {"axes": (2, 0), "norm": "ortho"},
    {"s": (3, 6), "axes": (1, 2), "norm": "forward"},
    {"s": (-1, 4), "axes": (0, 1)},
]
for _name, _dtype in (("fftn", C64), ("ifftn", C64), ("rfftn", numpy.float32), ("irfftn", C64)):
    _FFT[_name] = [Sample((whole(4, 3, 5, dtype=_dtype),), given) for given in _SEVERAL]

ROWS: dict[Op[..., Any], list[Sample]] = {
    **_PRODUCTS,
    **{OPERATORS[f"np.linalg.{name}"]: rows for name, rows in _LINALG.items()},
    **{OPERATORS[f"np.fft.{name}"]: rows for name, rows in _FFT.items()},
}

_HALF = "its gradient goes through complex numbers"
_SEVERAL_RESULTS = "an operator of several results has no gradient"
WITHOUT_GRADIENT: dict[Op[..., Any], str] = {
    **dict.fromkeys((OPERATORS["np.fft.irfft"],), _HALF),
    OPERATORS["np.linalg.cond"]: "a quotient of norms is seldom made small",
    OPERATORS["np.linalg.pinv"]: "it jumps where the rank changes",
    **{
        OPERATORS[f"np.linalg.{name}"]: _SEVERAL_RESULTS
        for name in ("eigh", "lstsq", "qr", "slogdet", "svd")
    },
}
