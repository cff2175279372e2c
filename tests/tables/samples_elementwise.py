"""Sample rows of operators: elementwise. See `operator_samples`."""

from __future__ import annotations

from typing import Any

import numpy
from sample_arrays import Sample, f32, i32, positive, truth

from isthmus import np
from isthmus.trace.op import OPERATORS, Op

X, ROW = f32(2, 3, 4), f32(4)
UNIT = (numpy.linspace(-0.9, 0.9, 6, dtype=numpy.float32) ** 3 + numpy.float32(0.05)).reshape(2, 3)
COMPLEX = (f32(2, 3) + 1j * f32(2, 3)).astype(numpy.complex64)
WIDE = COMPLEX.astype(numpy.complex128) * (2 - 1j)
HALF = f32(2, 3).astype(numpy.float16)
DOUBLE = f32(2, 3).astype(numpy.float64)
BYTES = i32(2, 3, low=1, high=100).astype(numpy.int8)
UNSIGNED = i32(2, 3, low=0, high=200).astype(numpy.uint8)
LONG = numpy.array([[1, 2**40 + 1, -(2**62)], [3, -7, 0]])
SHIFTS = numpy.array([0, 1, 5, 31, 32, -1], numpy.int32)
SPECIAL = numpy.array([1, -2.5, numpy.inf, -numpy.inf, numpy.nan, 0, 1e-40], numpy.float32)
BROKEN = numpy.array([complex(numpy.nan, numpy.inf), complex(-numpy.inf, 1), 2 - 1j], "complex64")
DISTINCT = numpy.arange(24, dtype=numpy.float32).reshape(2, 3, 4) - numpy.float32(11.4)

Rows = list[Sample]


def _unary(*operands: Any) -> Rows:
    return [Sample((x,)) for x in operands]


_REAL = _unary(X, f32(), f32(0, 3), HALF, DOUBLE, BYTES)
_UNIT = _unary(UNIT, DOUBLE * 0.2, COMPLEX)
_ANY = [*_REAL, *_unary(COMPLEX, WIDE, truth(3))]
_POSITIVE = _unary(positive(2, 3), positive(), DOUBLE**2 + 1, COMPLEX, BYTES)
_BINARY = [
    Sample((X, ROW)),
    Sample((f32(2, 1, 4), positive(3, 1))),
    Sample((f32(), 2.0)),
    Sample((f32(0, 3), f32(3))),
    Sample((HALF, UNSIGNED)),
    Sample((DOUBLE, f32(3))),
]
_WHOLE = [
    Sample((i32(2, 3), i32(3))),
    Sample((UNSIGNED, BYTES)),
    Sample((LONG, 6)),
    Sample((i32(0, 3), i32(3))),
]
_BITS = [
    *_WHOLE,
    Sample((truth(2, 3), truth(3))),
]
_SHIFTED = [
    Sample((i32(4, 1), SHIFTS)),
    Sample((UNSIGNED, BYTES)),
    Sample((LONG, 3)),
]
_ROUNDED = _unary(DISTINCT, numpy.float32(0.3), HALF, DOUBLE * 7, i32(3), BYTES)
_DIVIDED = [
    Sample((DISTINCT, positive(4))),
    Sample((DISTINCT, -positive(4))),
    Sample((i32(3, 4), i32(4, low=1))),
    Sample((BYTES, -7)),
    Sample((DOUBLE, 0.7)),
    Sample((LONG, 6)),
]

ROWS: dict[Op[..., Any], list[Sample]] = {
    np.abs: [*_ANY, *_unary(i32(2, 3), UNSIGNED)],
    np.acos: _UNIT,
    np.acosh: _unary(positive(2, 3) + 1, DOUBLE**2 + 1.1, COMPLEX),
    np.angle: [
        Sample((COMPLEX,)),
        Sample((WIDE,), {"deg": True}),
        Sample((X,)),
        Sample((truth(3),)),
    ],
    np.asin: _UNIT,
    np.asinh: [*_REAL, *_unary(COMPLEX)],
    np.atan: [*_REAL, *_unary(COMPLEX)],
    np.atan2: _BINARY,
    np.atanh: _UNIT,
    np.bitwise_and: _BITS,
    np.bitwise_count: _unary(i32(2, 3), UNSIGNED, LONG),
    np.bitwise_invert: _unary(i32(2, 3), UNSIGNED, LONG, truth(3)),
    np.bitwise_left_shift: _SHIFTED,
    np.bitwise_or: _BITS,
    np.bitwise_right_shift: _SHIFTED,
    np.bitwise_xor: _BITS,
    np.cbrt: _REAL,
    np.ceil: [*_ROUNDED, *_unary(truth(3))],
    OPERATORS["np.clip"]: [
        Sample((X, numpy.float32(-0.5), numpy.float32(0.5))),
        Sample((X, None, ROW)),
        Sample((X, f32(3, 1), None)),
        Sample((i32(2, 3), numpy.int32(-2), numpy.int32(4))),
    ],
    np.conj: [*_ANY, *_unary(i32(3))],
    np.copysign: _BINARY,
    np.cos: [*_REAL, *_unary(COMPLEX)],
    np.cosh: [*_REAL, *_unary(COMPLEX)],
    np.deg2rad: _REAL,
    np.divide: [*_BINARY[:2], Sample((X, 3.0)), *_WHOLE[:1], Sample((COMPLEX, WIDE))],
    np.exp: [*_REAL, *_unary(COMPLEX)],
    np.exp2: [*_REAL, *_unary(COMPLEX)],
    np.expm1: [*_REAL, *_unary(COMPLEX)],
    np.fabs: _REAL,
    np.float_power: [Sample((positive(2, 3), f32(3))), Sample((BYTES, 2)), Sample((COMPLEX, 2.5))],
    np.floor: [*_ROUNDED, *_unary(truth(3))],
    np.fmax: [*_BINARY, *_WHOLE],
    np.fmin: [*_BINARY, *_WHOLE],
    np.fmod: _DIVIDED,
    OPERATORS["np.frexp_exponent"]: _unary(X, HALF, DOUBLE),
    OPERATORS["np.frexp_mantissa"]: _unary(X, HALF, DOUBLE),
    np.gcd: _WHOLE,
    np.heaviside: [
        Sample((X, ROW)),
        Sample((i32(5, 1, low=-1, high=2), f32(3))),
        Sample((HALF, UNSIGNED)),
    ],
    np.hypot: _BINARY,
    np.i0: _unary(X, f32(), DOUBLE * 4, BYTES),
    np.imag: _ANY,
    np.iscomplex: _unary(X, COMPLEX, numpy.array([1, 2j])),
    np.isfinite: _unary(SPECIAL, WIDE, i32(3)),
    np.isinf: _unary(SPECIAL, WIDE, i32(3)),
    np.isnan: _unary(SPECIAL, WIDE, i32(3)),
    np.isneginf: _unary(SPECIAL, SPECIAL.astype(numpy.float16), i32(3)),
    np.isposinf: _unary(SPECIAL, SPECIAL.astype(numpy.float64), i32(3)),
    np.isreal: _unary(X, COMPLEX, numpy.array([1, 2j])),
    np.lcm: [*_WHOLE[:2], Sample((i32(3), 6))],
    np.ldexp: [Sample((X, i32(4))), Sample((HALF, BYTES % 8)), Sample((DOUBLE, 3))],
    np.log: _POSITIVE,
    np.log10: _POSITIVE,
    np.log1p: _POSITIVE,
    np.log2: _POSITIVE,
    np.logaddexp: _BINARY,
    np.logaddexp2: _BINARY,
    OPERATORS["np.modf_fraction"]: _unary(DISTINCT, HALF, DOUBLE * 5, BYTES),
    OPERATORS["np.modf_whole"]: _unary(DISTINCT, HALF, DOUBLE * 5, BYTES),
    np.nan_to_num: [
        Sample((SPECIAL,), {"nan": 1.5, "posinf": 7.0, "neginf": -8.0}),
        Sample((BROKEN,), {"posinf": 3.0}),
        *_unary(DISTINCT, HALF, BROKEN, i32(3)),
    ],
    np.nextafter: _BINARY,
    np.positive: [*_REAL, *_unary(COMPLEX, i32(3))],
    np.pow: [
        Sample((positive(2, 3), f32(3))),
        Sample((X, 2.0)),
        Sample((positive(3), -0.5)),
        Sample((COMPLEX, 2)),
        Sample((BYTES, UNSIGNED % 4)),
    ],
    np.rad2deg: _REAL,
    OPERATORS["np.quotient"]: [
        Sample((i32(3, 4), i32(4, low=1))),
        Sample((LONG, 6)),
        Sample((LONG, -7)),
        Sample((BYTES, -7)),
        Sample((UNSIGNED, BYTES)),
        Sample((i32(3, 4), 0)),
    ],
    np.real: _ANY,
    np.reciprocal: _unary(positive(2, 3), COMPLEX, DOUBLE**2 + 1, i32(3, low=1)),
    np.remainder: _DIVIDED,
    np.rint: [*_ROUNDED, *_unary(COMPLEX)],
    np.round: [
        *_ROUNDED,
        *_unary(COMPLEX, truth(3)),
        Sample((DISTINCT,), {"decimals": 1}),
        Sample((DISTINCT,), {"decimals": -1}),
        Sample((DOUBLE,), {"decimals": 3}),
        Sample((COMPLEX,), {"decimals": 1}),
        Sample((i32(3, low=-99, high=99),), {"decimals": -1}),
        Sample((BYTES,), {"decimals": 2}),
    ],
    np.sign: [*_REAL, *_unary(SPECIAL, COMPLEX, UNSIGNED)],
    np.signbit: [*_REAL, *_unary(SPECIAL)],
    np.sin: [*_REAL, *_unary(COMPLEX)],
    np.sinc: [*_REAL, *_unary(COMPLEX, numpy.array([0.0, 0.5, -2]))],
    np.sinh: [*_REAL, *_unary(COMPLEX)],
    np.spacing: _REAL,
    np.sqrt: _POSITIVE,
    np.square: [*_ANY, *_unary(i32(3))],
    np.tan: _unary(UNIT, f32() / 9, HALF / 4, DOUBLE * 0.3, BYTES, COMPLEX),
    np.tanh: [*_REAL, *_unary(COMPLEX)],
    np.trunc: [*_ROUNDED, *_unary(truth(3))],
}
