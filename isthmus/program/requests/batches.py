"""Groups of items run as one call; what fails together is run apart, so that each has its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy

from isthmus.errors import UsageError

from .grouping import grouped
from .joining import Item, Joining
from .statistics import Counter

__all__ = ["Batches", "Failure", "Outcome"]

Array = numpy.ndarray[Any, Any]
Run = Callable[[Sequence[Array], Mapping[str, int]], list[Array]]

# How far the results of an item alone and among others may be apart, as a part of the largest
# magnitude: kernels are chosen by size, and add in another order.
TOLERANCE = {"f32": 1e-3}
OF_LOWER_PRECISION = 0.1
MOST_CHECKED = 16  # items of a batch that are run alone as well, besides the most padded


class Failure:
    """In the place of a result: what to raise there."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


Outcome = list[Array] | Failure


class Batches:
    """Runs items of a program in groups.

    compute: the program, on arrays and sizes. sizes: the sizes of arrays, or an error.
    checked: for which sets of names that were padded, none included, it has been seen that an
    item's results depend on neither the others nor the padding.
    """

    def __init__(
        self,
        joining: Joining,
        compute: Run,
        sizes: Callable[[Sequence[Array]], Mapping[str, int]],
        counter: Counter,
        precision: str,
    ) -> None:
        self.joining = joining
        self.compute = compute
        self.sizes = sizes
        self.counter = counter
        self.precision = precision
        self.checked: set[frozenset[str]] = set()

    def item(self, arrays: Sequence[Any], names: Sequence[str]) -> Item:
        """One item as it will be joined; UsageError where the program does not take it."""
        whole, single = self.joining.with_axis(arrays, names)
        sizes = self.sizes(whole)
        return Item(whole, sizes, sizes[self.joining.axis], single)

    def groups(self, items: Mapping[int, Item], most: int) -> list[list[int]]:
        """The positions of the items that are run together."""
        alike: dict[tuple[int, ...], list[int]] = {}
        for position, item in items.items():
            alike.setdefault(self._key(item), []).append(position)
        found = []
        for positions in alike.values():
            chosen = [items[position] for position in positions]
            padded = [tuple(i.sizes[name] for name in self.joining.padded) for i in chosen]
            cut = grouped(padded, [item.rows for item in chosen], most)
            found += [[positions[place] for place in group] for group in cut]
        return found

    def _key(self, item: Item) -> tuple[int, ...]:
        """What is equal in a group. Empty items are not padded: what is left may be undefined."""
        exact = [item.sizes[name] for name in self.joining.exact]
        if 0 in item.sizes.values():
            exact += item.sizes.values()
        return tuple(exact)

    def run(self, items: Sequence[Item]) -> list[Outcome]:
        """The results of each item."""
        try:
            found = self._together(items)
            if len(items) > 1 and (ways := self._lengthened(items)) not in self.checked:
                self._check(items, found, ways)
            return [*found]
        except Exception as error:
            if len(items) == 1 or isinstance(error, Dependent):
                return [Failure(error) for _ in items]
        return [outcome for item in items for outcome in self.run([item])]

    def _together(self, items: Sequence[Item]) -> list[list[Array]]:
        arrays, tokens = self.joining.joined(items)
        outputs = self.compute(arrays, self.sizes(arrays))
        self.counter.add(len(items), sum(map(self.joining.tokens, items)), tokens)
        return self.joining.parts(outputs, items)

    def _lengthened(self, items: Sequence[Item]) -> frozenset[str]:
        """The names that padding lengthens for some of the items."""
        names = self.joining.padded
        return frozenset(n for n in names if len({item.sizes[n] for item in items}) > 1)

    def _check(
        self, items: Sequence[Item], found: Sequence[list[Array]], lengthened: frozenset[str]
    ) -> None:
        """Dependent where an item differs alone.

        Programs that mix the examples of a batch are told so, and those whose padding shows. Items
        that are all alike show nothing of the first, so the next ones are checked again.
        """
        are_alike = _are_alike(items)
        for place in _places(items, lengthened, 2 if are_alike else MOST_CHECKED):
            arrays, _ = self.joining.joined([items[place]])
            outputs = self.compute(arrays, self.sizes(arrays))
            (alone,) = self.joining.parts(outputs, [items[place]])
            if not all(map(self._is_close, found[place], alone)):
                raise Dependent(
                    "map(batch=...): an item's result depends on the items it is run with"
                    + (" or on its padding" if self.joining.padded else "")
                    + "; leave batch out"
                    + (", or pad such that padding is not seen" if self.joining.padded else "")
                )
        if not are_alike:
            self.checked.add(lengthened)

    def _is_close(self, a: Array, b: Array) -> bool:
        if a.shape != b.shape:
            return False
        if a.dtype.kind not in "fc":
            # A choice between nearly equal floats may fall the other way in low precision.
            return self.precision != "f32" or bool(numpy.array_equal(a, b))
        finite = numpy.isfinite(b)
        scale = float(numpy.abs(b[finite]).max(initial=0))
        bound = TOLERANCE.get(self.precision, OF_LOWER_PRECISION) * scale
        with numpy.errstate(invalid="ignore"):  # inf - inf, where both are
            near = numpy.abs(a - b) <= bound
        return bool((near | (a == b) | ((a != a) & (b != b))).all())


def _places(items: Sequence[Item], lengthened: Collection[str], most: int) -> list[int]:
    """So many of the items, the first and the last among them, and the shortest by each name."""
    spread = numpy.linspace(0, len(items) - 1, min(len(items), most)).astype(int).tolist()
    sizes = ([item.sizes[name] for item in items] for name in lengthened)
    return sorted({*spread, *(each.index(min(each)) for each in sizes)})


def _are_alike(items: Sequence[Item]) -> bool:
    """Whether all items have the same elements."""
    first = items[0].arrays
    return all(
        a is b or numpy.array_equal(a, b)
        for item in items[1:]
        for a, b in zip(first, item.arrays, strict=True)
    )


class Dependent(UsageError):
    """Items that cannot be joined: the program does not treat them apart."""
