"""Batches of 0: NumPy's empty arrays and its errors, of known and of named sizes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.graph import tree


def ones(*shape: int) -> Any:
    return numpy.ones(shape, numpy.float32)


NONE = numpy.zeros(0, numpy.int32)

# A function, and its arrays; sizes of 0 are also named.
CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "attn0q": (
        lambda q, k, v: npx.scaled_dot_product_attention(q, k, v),
        (
            ones(2, 0, 4),
            ones(2, 3, 4),
            ones(2, 3, 4),
        ),
    ),
    "attn0b": (
        lambda q, k, v: npx.scaled_dot_product_attention(q, k, v),
        (
            ones(0, 3, 4),
            ones(0, 3, 4),
            ones(0, 3, 4),
        ),
    ),
    "matmul": (
        lambda a, b: a @ b,
        (
            ones(2, 0),
            ones(0, 3),
        ),
    ),
    "matmulb": (
        lambda a, b: a @ b,
        (
            ones(0, 2, 3),
            ones(3, 4),
        ),
    ),
    "einsum": (
        lambda a, b: np.einsum("ij,jk->ik", a, b),
        (
            ones(2, 0),
            ones(0, 3),
        ),
    ),
    "einsumb": (
        lambda a, b: np.einsum("bij,bjk->bik", a, b),
        (
            ones(0, 2, 2),
            ones(0, 2, 3),
        ),
    ),
    "concat": (
        lambda a, b: np.concat([a, b]),
        (
            ones(0, 3),
            ones(0, 3),
        ),
    ),
    "stack": (
        lambda a, b: np.stack([a, b]),
        (
            ones(0, 3),
            ones(0, 3),
        ),
    ),
    "softmax": (lambda a: npx.softmax(a, axis=1), (ones(0, 3),)),
    "ln": (lambda a: npx.layer_norm(a, ones(3), ones(3)), (ones(0, 3),)),
    "l2": (lambda a: npx.l2_normalize(a, axis=0), (ones(0, 3),)),
    "emb": (lambda i: np.take(ones(5, 2), i, axis=0), (NONE,)),
    "fc": (lambda a: npx.fully_connected(a, ones(4, 3)), (ones(0, 3),)),
    "mean0": (lambda a: np.mean(a, axis=0), (ones(0, 3),)),
    "var0": (lambda a: np.var(a, axis=0), (ones(0, 3),)),
    "std1": (lambda a: np.std(a, axis=1), (ones(0, 3),)),
    "prod0": (lambda a: np.prod(a, axis=0), (ones(0, 3),)),
    "median0": (lambda a: np.median(a, axis=0), (ones(0, 3),)),
    "quant0": (lambda a: np.quantile(a, 0.5, axis=1), (ones(0, 3),)),
    "norm0": (lambda a: np.linalg.norm(a, axis=0), (ones(0, 3),)),
    "norminf": (lambda a: np.linalg.norm(a, ord=numpy.inf, axis=0), (ones(0, 3),)),
    "sort": (lambda a: np.sort(a, axis=0), (ones(0, 3),)),
    "argsort": (lambda a: np.argsort(a, axis=1), (ones(0, 3),)),
    "cumsum": (lambda a: np.cumsum(a, axis=0), (ones(0, 3),)),
    "diff": (lambda a: np.diff(a, axis=1), (ones(0, 3),)),
    "pad": (lambda a: np.pad(a, 1), (ones(0, 3),)),
    "roll": (lambda a: np.roll(a, 1, axis=0), (ones(0, 3),)),
    "flip": (lambda a: a[::-1], (ones(0, 3),)),
    "where": (lambda a: np.where(a > 0, a, 0), (ones(0, 3),)),
    "unique": (lambda a: np.unique(a), (ones(0, 3),)),
    "nonzero": (lambda a: np.nonzero(a), (ones(0, 3),)),
    "mask": (lambda a: a[a > 0], (ones(0, 3),)),
    "inv": (lambda a: np.linalg.inv(a), (ones(0, 2, 2),)),
    "svd": (lambda a: np.linalg.svd(a)[1], (ones(0, 2, 3),)),
    "solve": (lambda a: np.linalg.solve(a, ones(2, 1)), (ones(0, 2, 2),)),
    "fft": (lambda a: np.fft.fft(a, axis=1), (ones(0, 3),)),
    "tile": (lambda a: np.tile(a, (2, 1)), (ones(0, 3),)),
    "repeat": (lambda a: np.repeat(a, 2, axis=0), (ones(0, 3),)),
    "outer": (lambda a: np.outer(a, ones(3)), (ones(0),)),
    "tensordot": (lambda a: np.tensordot(a, ones(3, 2), axes=1), (ones(0, 3),)),
    "kron": (lambda a: np.kron(a, ones(2, 2)), (ones(0, 3),)),
    "hist": (lambda a: np.histogram(a, bins=3, range=(0, 1))[0], (ones(0, 3),)),
    "bincount": (lambda i: np.bincount(i), (NONE,)),
    "foreach": (
        lambda a: npx.foreach(lambda r, s: (r * 2, s + r), a, np.zeros(3, "float32")),
        (ones(0, 3),),
    ),
    "while": (
        lambda a: npx.while_loop(
            lambda x: np.any(x < 1), lambda x: (x, x + 1), a, max_iterations=3
        )[1],
        (ones(0, 3),),
    ),
    "tril": (lambda a: np.tril(a), (ones(0, 3, 3),)),
    "trace": (lambda a: np.trace(a, axis1=1, axis2=2), (ones(0, 3, 3),)),
    "linspace": (lambda a: np.linspace(a, 1, 3), (ones(0, 3),)),
    "take_along": (lambda a: np.take_along_axis(a, np.argsort(a, axis=1), axis=1), (ones(0, 3),)),
    "unwrap": (lambda a: np.unwrap(a, axis=1), (ones(0, 3),)),
    "max1": (lambda a: np.max(a, axis=1), (ones(0, 3),)),
    "argmax1": (lambda a: np.argmax(a, axis=1), (ones(0, 3),)),
    "ptp": (lambda a: np.ptp(a, axis=1), (ones(0, 3),)),
    "avg": (lambda a: np.average(a, axis=1, weights=ones(3)), (ones(0, 3),)),
    "gelu": (lambda a: npx.gelu(a), (ones(0, 3),)),
    "interp": (lambda a: np.interp(a, ones(3).cumsum(), ones(3)), (ones(0),)),
    "searchsorted": (lambda a: np.searchsorted(ones(3).cumsum(), a), (ones(0),)),
    "reshape": (lambda a: np.reshape(a, (a.shape[0], 3, 1)), (ones(0, 3),)),
    "broadcast": (lambda a: a + ones(1, 3), (ones(0, 3),)),
    "setitem": (lambda a: np.setitem(a, 1, (slice(None), 0)), (ones(0, 3),)),
    "split": (lambda a: np.split(a, 3, axis=1), (ones(0, 3),)),
    "cross": (lambda a: np.cross(a, a), (ones(0, 3),)),
    "nanmean": (lambda a: np.nanmean(a, axis=0), (ones(0, 3),)),
    "count": (lambda a: np.count_nonzero(a, axis=0), (ones(0, 3),)),
    "batch_norm": (lambda a: npx.batch_norm(a, *[ones(3)] * 4), (ones(0, 3, 2, 2),)),
    "max with an initial": (lambda a: np.max(a, axis=0, initial=-1), (ones(0, 3),)),
    "take clipped": (lambda i: np.take(ones(5, 2), i, axis=0, mode="clip"), (NONE,)),
    "windows": (lambda a: np.sliding_window_view(a, 2, axis=1), (ones(0, 3),)),
}


def outcome(function: Callable[[], Any]) -> Any:
    with numpy.errstate(all="ignore"):
        found = function()
    nest = tuple(found) if isinstance(found, list) else found
    return [numpy.asarray(leaf) for _, leaf in tree.leaves(nest)]


def types(arrays: tuple[Any, ...], named: bool) -> tuple[Any, ...]:
    return tuple(
        im.spec(x.dtype, ["n" if named and size == 0 else size for size in x.shape]) for x in arrays
    )


def compare(name: str, backend: dict[str, Any]) -> None:
    function, arrays = CALLS[name]
    wanted = outcome(lambda: function(*arrays))
    for named in (False, True):
        run = im.compile(function, types(arrays, named), **backend)
        results = outcome(partial(run, *arrays))
        for found, other in zip(results, wanted, strict=True):
            assert found.dtype == other.dtype
            numpy.testing.assert_array_equal(found, other, strict=True)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore:.*(empty slice|Degrees of freedom|invalid value)")
def test_batches_of_nothing(name: str) -> None:
    compare(name, {"backend": "numpy"})


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore:.*(empty slice|Degrees of freedom|invalid value)")
def test_batches_of_nothing_on_runtimes(name: str, device_backend: dict[str, Any]) -> None:
    compare(name, device_backend)
