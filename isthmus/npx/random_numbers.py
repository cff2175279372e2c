"""Random numbers as functions of a key, so that a program draws others at every call.

The same key gives the same numbers, on every backend: the host draws them, by NumPy's counter-based
generator Philox (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.nodes import Type
from isthmus.np.manipulation import sizes_of
from isthmus.trace.op import primitive

if TYPE_CHECKING:  # numpy.random takes a while to import
    Generator = numpy.random.Generator

__all__ = ["random_normal", "random_uniform"]

_FLOAT32 = numpy.dtype(numpy.float32)
_DRAWN = "no runtime draws NumPy's random numbers"


def _drawn_type(key: Type, shape: Any) -> Type:
    if key.dtype.kind not in "iu" or key.ndim > 1:
        raise UsageError(f"a key of {key}; give one whole number, or several in an array")
    return Type(_FLOAT32, sizes_of(shape))


def _settled_shape(key: Type, shape: Any) -> dict[str, Any]:
    return {"shape": sizes_of(shape)}


def _generator(key: Any) -> Generator:
    whole = numpy.asarray(key)
    _drawn_type(Type(whole.dtype, whole.shape), ())
    if (whole < 0).any():
        raise UsageError(f"a key with {whole.min()}; give numbers of 0 or more")
    parts = whole.reshape(-1).astype(numpy.uint64)
    halves = numpy.stack([parts & 0xFFFFFFFF, parts >> 32], axis=1)  # of one length each
    seed = numpy.random.SeedSequence([whole.size, *halves.reshape(-1).tolist()])
    return numpy.random.Generator(numpy.random.Philox(seed))


@primitive(infer=_drawn_type, settled=_settled_shape, host_only=_DRAWN)
def random_uniform(key: Any, /, shape: Any) -> Any:
    """Random numbers of 0 or more and below 1, all equally likely, float32.

    key: whole numbers of 0 or more, one or an array of them; other keys give other numbers, so
    that np.stack([seed, step, layer]) is one for each step and layer. shape: sizes may be named.
    Raises UsageError for other keys. NumPy may change the numbers of a key from one version to
    another.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus import npx
    >>> run = im.compile(lambda key: npx.random_uniform(key, (2, 3)), im.spec("int64"))
    >>> one, other = run(numpy.array(1)), run(numpy.array(2))
    >>> one.shape, bool((one == other).any()), bool((one == run(numpy.array(1))).all())
    ((2, 3), False, True)
    """
    return _generator(key).random(sizes_of(shape), numpy.float32)


@primitive(infer=_drawn_type, settled=_settled_shape, host_only=_DRAWN)
def random_normal(key: Any, /, shape: Any) -> Any:
    """Normally distributed random numbers of mean 0 and standard deviation 1, float32.

    key, shape, errors: as of `random_uniform`.

    >>> from isthmus import npx
    >>> x = npx.random_normal(7, (1000,))
    >>> bool(abs(x.mean()) < 0.1), bool(abs(x.std() - 1) < 0.1)
    (True, True)
    """
    return _generator(key).standard_normal(sizes_of(shape), numpy.float32)
