"""Einstein's sums: products of elements that share labels, summed over labels left out.

On NumPy's arrays `numpy.einsum`; on traced ones pairs of operands are contracted one after
another, each by one matrix product where a label is summed, so that runtimes see matmul.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy

from isthmus.errors import DimensionError, WrongKind
from isthmus.graph.dims import Dim, Shape, equal, same
from isthmus.graph.shapes import broadcast, product

from .conversion import asarray, astype
from .elementwise import multiply
from .linear_algebra import matmul
from .manipulation import permute_dims, squeeze
from .parts import in_parts, ordered, shaped
from .statistical import any, sum
from .subscripts import Label, letters_of, parsed
from .triangles import diagonal

__all__ = ["einsum"]

GUESS = 64  # for the size of a named axis, where the order of products is chosen


class Term(NamedTuple):
    """An array and the label of each of its axes."""

    array: Any
    labels: tuple[Label, ...]


def einsum(*operands: Any, dtype: Any = None, optimize: Any = False) -> Any:
    """`einsum("ij,jk->ik", x, y)`: products of the operands' elements, summed over labels.

    A label in one operand twice is its diagonal; `...` stands for axes that broadcast. Without `->`
    the labels that appear once are kept, in alphabetical order. Also
    `einsum(x, [0, 1], y, [1, 2], [0, 2])`. optimize: as in NumPy, whose arrays alone it concerns.
    The result and its sums are of the operands' common dtype, or of the dtype given.
    Raises UsageError for subscripts that do not fit the operands and a dtype that these are not
    cast to safely (ValueError and TypeError on NumPy arrays), DimensionError for one label with
    different sizes (ValueError on NumPy arrays).

    >>> from isthmus import np
    >>> np.einsum("ij,jk->ik", [[1, 2], [3, 4]], [[1, 0], [1, 1]])
    array([[3, 2],
           [7, 4]])
    """
    subscripts, arrays = letters_of(operands)
    return _einsum(arrays, subscripts, None if dtype is None else numpy.dtype(dtype), optimize)


def _by_numpy(arrays: Sequence[Any], subscripts: str, dtype: Any, optimize: Any = False) -> Any:
    chosen = {} if dtype is None else {"dtype": dtype}
    return numpy.einsum(subscripts, *arrays, optimize=optimize, **chosen)


@in_parts(_by_numpy, variadic=True)
def _einsum(arrays: Sequence[Any], /, subscripts: str, dtype: Any, optimize: Any = False) -> Any:
    """Sums of products of the arrays' elements, by a text of labels."""
    known = _cast([asarray(array) for array in arrays], dtype)
    inputs, output = parsed(subscripts, [array.ndim for array in known])
    return contracted(known, inputs, output)


def _cast(arrays: Sequence[Any], dtype: Any) -> list[Any]:
    wanted = dtype or numpy.result_type(*(array.dtype for array in arrays))
    for array in arrays:
        if not numpy.can_cast(array.dtype, wanted, "safe"):
            raise WrongKind(f"{array.dtype} is not cast safely to {wanted}; cast it before")
    return [astype(array, wanted, copy=False) for array in arrays]


def contracted(
    arrays: Sequence[Any], inputs: Sequence[tuple[Label, ...]], output: tuple[Label, ...]
) -> Any:
    """The sum over all labels that are not in the output; arrays of one dtype."""
    terms = [_without_repeats(Term(*pair)) for pair in zip(arrays, inputs, strict=True)]
    sizes = _sizes(terms)
    terms = [_without_ones(term, sizes) for term in terms]
    while len(terms) > 1:
        first, second = _cheapest(terms, sizes)
        rest = [term for term in terms if term is not first and term is not second]
        kept = set(output).union(*(term.labels for term in rest))
        terms = [*rest, _product(first, second, kept)]
    whole = _summed(terms[0], output)
    order = tuple(map(whole.labels.index, output))
    if whole.array is arrays[0]:
        return permute_dims(whole.array, order)  # a view, not the operand itself
    return ordered(whole.array, order)


def _without_repeats(term: Term) -> Term:
    """The diagonal of every two axes with the same label."""
    array, labels = term
    for i, j in combinations(range(len(labels)), 2):
        if labels[i] == labels[j]:
            if not equal(array.shape[i], array.shape[j]):
                raise DimensionError(f"label {labels[i]} twice in {array.shape}: sizes differ")
            rest = tuple(label for k, label in enumerate(labels) if k not in (i, j))
            return _without_repeats(Term(diagonal(array, 0, i, j), (*rest, labels[i])))
    return term


def _sizes(terms: Sequence[Term]) -> dict[Label, int | Dim]:
    """The size of every label; an axis of size 1 broadcasts."""
    sizes: dict[Label, int | Dim] = {}
    for array, labels in terms:
        for label, size in zip(labels, array.shape, strict=True):
            ((sizes[label]),) = broadcast((sizes.get(label, 1),), (size,))
    return sizes


def _without_ones(term: Term, sizes: Mapping[Label, int | Dim]) -> Term:
    """The term less its axes of size 1 that are repeated for another term."""
    ones = tuple(
        i
        for i, label in enumerate(term.labels)
        if same(term.array.shape[i], 1) and not same(sizes[label], 1)
    )
    if not ones:
        return term
    labels = tuple(label for i, label in enumerate(term.labels) if i not in ones)
    return Term(squeeze(term.array, axis=ones), labels)


def _cheapest(terms: Sequence[Term], sizes: Mapping[Label, int | Dim]) -> tuple[Term, Term]:
    """The two terms with the fewest products of elements."""

    def products(pair: tuple[Term, Term]) -> int:
        found = [sizes[label] for label in {*pair[0].labels, *pair[1].labels}]
        return int(product(GUESS if isinstance(size, Dim) else size for size in found))

    return min(combinations(terms, 2), key=products)


def _product(x: Term, y: Term, kept: Collection[Label]) -> Term:
    """The products of the elements of two terms, summed over what neither is kept for."""
    x, y = _summed(x, {*kept, *y.labels}), _summed(y, {*kept, *x.labels})
    both = [label for label in x.labels if label in y.labels]
    batch = [label for label in both if label in kept]
    inner = [label for label in both if label not in kept]
    rows = [label for label in x.labels if label not in both]
    columns = [label for label in y.labels if label not in both]
    sizes = _sizes([x, y])
    b, i, r, c = (tuple(map(sizes.__getitem__, group)) for group in (batch, inner, rows, columns))
    if inner:
        left = _laid(x, batch + rows + inner, (*b, product(r), product(i)))
        right = _laid(y, batch + inner + columns, (*b, product(i), product(c)))
        whole = matmul(left, right)
    else:
        left = _laid(x, batch + rows, (*b, *r, *(1,) * len(c)))
        right = _laid(y, batch + columns, (*b, *(1,) * len(r), *c))
        whole = multiply(left, right)
    return Term(shaped(whole, (*b, *r, *c)), (*batch, *rows, *columns))


def _laid(term: Term, labels: Sequence[Label], shape: Shape) -> Any:
    """The array with its axes in the order of the labels, in a shape of as many elements."""
    return shaped(ordered(term.array, [term.labels.index(label) for label in labels]), shape)


def _summed(term: Term, kept: Collection[Label]) -> Term:
    """The term summed over the labels that are not kept, in its dtype; truth values by or."""
    array, labels = term
    gone = tuple(i for i, label in enumerate(labels) if label not in kept)
    if not gone:
        return term
    left = tuple(label for label in labels if label in kept)
    if array.dtype.kind == "b":
        return Term(any(array, axis=gone), left)
    return Term(sum(array, axis=gone, dtype=array.dtype), left)
