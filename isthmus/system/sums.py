"""Sums of arrays by which two of them are told apart, at the speed of memory.

A sum of products modulo 2^64 of the words of an array and random keys (multilinear hashing; Lemire
and Kaser 2014, arXiv:1202.4961), for all of each word and for its upper half. The keys are drawn
from a secret. Two different arrays of one length have equal sums with a chance of 2^-32 at most,
whoever made them, as long as he does not know the secret; one changed word is always seen.
Measured on one core with AVX2: 4 GB/s, where BLAKE2b has 0.6 and SHA-256 0.4 to 1.4.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import numpy

from .mapping import read_once

__all__ = ["SECRET_BYTES", "array_sum", "check_sum"]

Array = numpy.ndarray[Any, Any]

SECRET_BYTES = 32
WORD = numpy.dtype("<u8")
ROW = 2048  # words, each with a key of its own
ROWS = 32  # at a time: half a MiB, which stays in the processor's cache
PART = 8 * ROWS * ROW * WORD.itemsize  # bytes, after which a mapped file is let go
SMALL = 4 * ROW * WORD.itemsize  # bytes, up to which BLAKE2b is as quick


def array_sum(array: Array, secret: bytes) -> bytes:
    """32 bytes that tell the array's bytes from others; dtype and shape are not in them.

    >>> import numpy
    >>> from isthmus.system.sums import array_sum
    >>> x = numpy.arange(100_000)
    >>> secret = bytes(32)
    >>> array_sum(x, secret) == array_sum(x.copy(), secret)
    True
    >>> array_sum(x, secret) == array_sum(x[::-1], secret)
    False
    """
    return _sum(array, secret, upper_halves=True)


def check_sum(array: Array, secret: bytes) -> bytes:
    """32 bytes by which damage is found, in half the time: of the whole words alone.

    Two arrays that differ in the signs of pairs of float32 may have the same.

    >>> import numpy
    >>> from isthmus.system.sums import check_sum
    >>> check_sum(numpy.zeros(9), bytes(32)) == check_sum(numpy.ones(9), bytes(32))
    False
    """
    return _sum(array, secret, upper_halves=False)


def _sum(array: Array, secret: bytes, upper_halves: bool) -> bytes:
    content = numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8)
    digest = hashlib.blake2b(content.size.to_bytes(8, "little"), key=secret, digest_size=32)
    whole = content.size - content.size % (ROW * WORD.itemsize) if content.size > SMALL else 0
    keys, others = _keys(secret)
    half = numpy.empty((ROWS, ROW), WORD)
    for part in read_once(content[:whole], PART):
        rows = part.view(WORD).reshape(-1, ROW)
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]
            digest.update((some @ keys).data)
            if upper_halves:
                upper = numpy.right_shift(some, 32, out=half[: len(some)])
                digest.update((upper @ others).data)
    digest.update(content[whole:].data)
    return digest.digest()


@lru_cache(maxsize=4)
def _keys(secret: bytes) -> tuple[Array, Array]:
    """Odd numbers: a product with one is 0 for the word 0 alone."""
    drawn = hashlib.shake_256(b"isthmus.sums" + secret).digest(2 * ROW * WORD.itemsize)
    first, second = numpy.frombuffer(drawn, WORD).reshape(2, ROW) | numpy.uint64(1)
    return first, second
