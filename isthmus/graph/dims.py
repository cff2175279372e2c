"""Named symbolic sizes: integer polynomials in names such as `batch`, and floor divisions of them.

Equal names are equal sizes. A comparison that the names leave open is an error
that names both sides; it is never answered by a guess, because a program traced
on the guess would be silently wrong for other sizes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from numbers import Integral
from typing import NamedTuple, NoReturn

import numpy

from isthmus.errors import DimensionError

__all__ = [
    "Dim",
    "FloorDivision",
    "Shape",
    "assumed",
    "bounds",
    "equal",
    "fresh",
    "plain_name",
    "same",
]

Size = "int | Dim"
Shape = tuple["int | Dim", ...]


class FloorDivision(NamedTuple):
    """`numerator // denominator`, where the division is not known to be exact."""

    numerator: Dim
    denominator: int

    def __eq__(self, other: object) -> bool:
        """Whether it is the same expression; whether the numbers are equal may be undecided."""
        if not isinstance(other, FloorDivision):
            return False
        same_terms = self.numerator.terms == other.numerator.terms
        return same_terms and self.denominator == other.denominator

    def __hash__(self) -> int:
        return hash((self.numerator.terms, self.denominator))

    def __str__(self) -> str:
        return f"(({self.numerator})//{self.denominator})"


Atom = str | FloorDivision
Monomial = tuple[Atom, ...]  # sorted by text, repeated for powers; () is the constant term


class Dim:
    """sum of coefficient * product of names, as an immutable value.

    Supports `+ - * // %` with ints and other sizes, `==` and orderings where they
    are decided, and `evaluate`. Raises DimensionError where a number is needed.

    >>> import isthmus as im
    >>> (batch,) = im.spec("float32", ["batch"]).shape
    >>> (2 * batch + 4) // 2
    batch + 2
    """

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        kept = {monomial: factor for monomial, factor in terms.items() if factor}
        self.terms = tuple(sorted(kept.items(), key=_order))

    __array_ufunc__ = None  # `ndarray * size` asks us, instead of making an array of objects

    def __add__(self, other: int | Dim) -> int | Dim:
        if not _is_size(self, other):
            return NotImplemented
        terms = dict(self.terms)
        for monomial, factor in _terms(other):
            terms[monomial] = terms.get(monomial, 0) + factor
        return _simplest(terms)

    def __mul__(self, other: int | Dim) -> int | Dim:
        if not _is_size(self, other):
            return NotImplemented
        terms: dict[Monomial, int] = {}
        for left, a in self.terms:
            for right, b in _terms(other):
                monomial = tuple(sorted(left + right, key=str))
                terms[monomial] = terms.get(monomial, 0) + a * b
        return _simplest(terms)

    def __floordiv__(self, other: int | Dim) -> int | Dim:
        if not _is_size(self, other):
            return NotImplemented
        exact = _exact_quotient(self, other)
        if exact is None and isinstance(known := _settled(self), Dim):
            exact = _exact_quotient(known, other)
        if exact is not None:
            return exact
        if isinstance(other, Dim) or other <= 0:
            raise DimensionError(
                f"({self}) // ({other}) is not a whole number of sizes that can be named; "
                "divide by a positive int, or by a dimension that is a factor"
            )
        return Dim({(FloorDivision(self, int(other)),): 1})

    def __mod__(self, other: int | Dim) -> int | Dim:
        rest = self - (self // other) * other
        return 0 if same(_settled(rest), 0) else rest

    def __truediv__(self, other: object) -> int | Dim:
        if not _is_size(self, other):
            return NotImplemented
        raise DimensionError(
            f"({self}) / ({other}) is no whole number; write // for a size, or divide an array"
        )

    def __neg__(self) -> int | Dim:
        return self * -1

    def __sub__(self, other: int | Dim) -> int | Dim:
        if not _is_size(self, other):
            return NotImplemented
        return self + other * -1

    def __rsub__(self, other: int) -> int | Dim:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__
    __rtruediv__ = __truediv__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Integral | Dim):
            return NotImplemented
        return equal(self, other if isinstance(other, Dim) else int(other))

    def __lt__(self, other: int | Dim) -> bool:
        return _decided(self, other, "<")

    def __le__(self, other: int | Dim) -> bool:
        return _decided(self, other, "<=")

    def __gt__(self, other: int | Dim) -> bool:
        return _decided(other, self, "<", ">")

    def __ge__(self, other: int | Dim) -> bool:
        return _decided(other, self, "<=", ">=")

    def __hash__(self) -> int:
        return hash(self.terms)

    def __index__(self) -> NoReturn:
        raise DimensionError(
            f"the size '{self}' is not a number while tracing; "
            "pass it on as a size, or give a number for it in the spec"
        )

    __int__ = __float__ = __bool__ = __index__

    def __str__(self) -> str:
        return " + ".join(_written(m, f) for m, f in self.terms).replace("+ -", "- ")

    __repr__ = __str__

    def names(self) -> set[str]:
        """The names this size depends on."""
        atoms = {atom for monomial, _ in self.terms for atom in monomial}
        return {n for a in atoms for n in (a.numerator.names() if not isinstance(a, str) else {a})}

    def evaluate(self, sizes: Mapping[str, int]) -> int:
        """The number this size has for the given sizes of its names."""
        return sum(factor * _product(monomial, sizes) for monomial, factor in self.terms)


# A whole number, if one that is not known yet: other libraries ask whether a size is an Integral.
Integral.register(Dim)


def _is_size(size: Dim, other: object) -> bool:
    """Whether a size can be combined with it; a traced array then takes over."""
    if isinstance(other, numpy.ndarray) and not other.ndim and other.dtype.kind in "iu":
        return True
    if isinstance(other, float | numpy.ndarray):
        raise DimensionError(
            f"the size '{size}' beside {other!r}: sizes are whole numbers; call the function, "
            "such as np.multiply(a, size), which takes both"
        )
    return isinstance(other, Integral | Dim)


def _order(term: tuple[Monomial, int]) -> tuple[int, str]:
    return -len(term[0]), str(term[0])


def _terms(size: int | Dim) -> Iterable[tuple[Monomial, int]]:
    return size.terms if isinstance(size, Dim) else (((), int(size)),)


def _simplest(terms: Mapping[Monomial, int]) -> int | Dim:
    dim = Dim(terms)
    if not dim.terms:
        return 0
    return dim.terms[0][1] if dim.terms[0][0] == () and len(dim.terms) == 1 else dim


def _written(monomial: Monomial, factor: int) -> str:
    names = "*".join(map(str, monomial))
    if not names:
        return str(factor)
    return names if factor == 1 else f"-{names}" if factor == -1 else f"{factor}*{names}"


def _product(monomial: Monomial, sizes: Mapping[str, int]) -> int:
    result = 1
    for atom in monomial:
        if isinstance(atom, str):
            result *= sizes[atom]
        else:
            result *= atom.numerator.evaluate(sizes) // atom.denominator
    return result


def _exact_quotient(dividend: Dim, divisor: int | Dim) -> int | Dim | None:
    """The quotient where every term is divisible by a single-term divisor, else None."""
    ((names, number), *rest) = _terms(divisor)
    if rest or number == 0:
        return None
    quotient: dict[Monomial, int] = {}
    for monomial, factor in dividend.terms:
        left = list(monomial)
        if factor % number or any(left.count(n) < names.count(n) for n in names):
            return None
        for name in names:
            left.remove(name)
        quotient[tuple(left)] = factor // number
    return _simplest(quotient)


# Sizes that constraints say are not negative, while a program is traced; see `constraints`.
assumed: ContextVar[tuple[Dim, ...]] = ContextVar("assumed", default=())


def _settled(size: int | Dim) -> int | Dim:
    """A size without the names that constraints such as 'h % 2 == 0' or 'n == m' tell."""
    for name, by in _equalities():
        if isinstance(size, Dim) and name in size.names():
            size = _replaced(size, name, by)
    return size


def _equalities() -> Iterator[tuple[str, int | Dim]]:
    """Names with what they are equal to: a size of which neither it nor its negative is below 0."""
    known = {size.terms: size for size in assumed.get()}
    for size in known.values():
        opposite = -size
        if isinstance(opposite, Dim) and opposite.terms in known:
            yield from _solved(size)


def _solved(zero: Dim) -> Iterator[tuple[str, int | Dim]]:
    """h with 2*(h//2), of h - 2*(h//2) that is 0: the first name that stands alone."""
    for names, factor in zero.terms:
        if factor == 1 and len(names) == 1 and isinstance(names[0], str):
            by = Dim({names: 1}) - zero
            if not isinstance(by, Dim) or all(names[0] not in atoms for atoms, _ in by.terms):
                yield names[0], by
                return


def _replaced(size: Dim, name: str, by: int | Dim) -> int | Dim:
    """The size with another in place of a name, but within divisions."""
    total: int | Dim = 0
    for names, factor in size.terms:
        term: int | Dim = factor
        for atom in names:
            term = (by if atom == name else Dim({(atom,): 1})) * term
        total = term + total
    return total


def _decided(left: int | Dim, right: int | Dim, sign: str, said: str = "") -> bool:
    """left < right, left <= right or left == right; DimensionError where that is open."""
    difference = left - right
    if same(_settled(difference), 0):
        difference = 0
    least, greatest = bounds(difference)
    if sign == "==":
        true, false = least == greatest == 0, least > 0 or greatest < 0
    elif sign == "<":
        true, false = greatest < 0, least >= 0
    else:
        true, false = greatest <= 0, least > 0
    if true or false:
        return true
    first, second = (right, left) if said else (left, right)
    raise DimensionError(
        f"'{first} {said or sign} {second}' is not decided by the names of the dimensions; give "
        "numbers for them in the spec, equal names to equal sizes, or constraints=['n >= 2']"
    )


def bounds(difference: int | Dim) -> tuple[float, float]:
    """The least and the greatest number a size can be under what is assumed; +-inf if open."""
    if isinstance(difference, Dim) and not assumed.get():
        return -math.inf, math.inf
    return _least(difference), -_least(-difference)


def _least(size: int | Dim) -> float:
    """The best of: the size less some assumed one is a number; every name at its own bound."""
    if not isinstance(size, Dim):
        return size
    rests = [size - known for known in assumed.get()]
    direct = [rest for rest in rests if not isinstance(rest, Dim)]
    return max([_by_names(size), *direct])


def _by_names(size: Dim) -> float:
    """The sum of the terms' least values, for terms of one name each."""
    total = 0.0
    for names, factor in size.terms:
        if not names:
            total += factor
            continue
        if len(names) > 1 or not isinstance(names[0], str):
            return -math.inf
        total += factor * _extreme(names[0], least=factor > 0)
    return total


def _extreme(name: str, least: bool) -> float:
    """The least or greatest value of a name by constraints on it alone; a size is at least 0."""
    found = [0.0] if least else [math.inf]
    for known in assumed.get():
        terms = dict(known.terms)
        factor, constant = terms.pop((name,), 0), terms.pop((), 0)
        if factor and not terms and (factor > 0) == least:
            found.append(-(constant // factor) if least else constant // -factor)
    return max(found) if least else min(found)


def same(left: int | Dim, right: int | Dim) -> bool:
    """Whether two sizes are the same expression; False also where that is undecided."""
    if isinstance(left, Dim) and isinstance(right, Dim):
        return left.terms == right.terms
    return not isinstance(left, Dim) and not isinstance(right, Dim) and left == right


def equal(left: int | Dim, right: int | Dim) -> bool:
    """Whether two sizes are equal; DimensionError where the names leave it open."""
    return same(left, right) or _decided(left, right, "==")


_counter = itertools.count(1)


def fresh(what: str) -> Dim:
    """A new name for a size that only values decide, such as how many elements a mask chooses."""
    return Dim({(f"{what.rpartition('.')[2]}__{next(_counter)}",): 1})


def plain_name(size: int | Dim) -> str | None:
    """The name of a size that is nothing but a name."""
    if not isinstance(size, Dim):
        return None
    ((monomial, factor), *rest) = size.terms
    if rest or factor != 1 or len(monomial) != 1 or not isinstance(monomial[0], str):
        return None
    return monomial[0]
