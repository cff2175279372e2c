"""A model as one small object that scores tables wherever it is sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from isthmus.errors import UsageError
from isthmus.program.options import NEEDS_SAMPLES, PRECISIONS, checked_options

from .scorer_making import named, saved
from .scorer_process import opened_here
from .scorer_rows import Column, Scored
from .scorer_source import opened
from .scorer_tables import form_of
from .scorer_threads import threads_here

__all__ = ["Scorer"]


class Scorer:
    """Rows in, what a model says of each out: in this process, or on Ray, Spark and Dask.

    model: the file of `Executable.save`, an .onnx file, or a name that `isthmus.models.list` has;
    or a Model, a Block or function with `specs`, or an Executable, saved to `file` first (else to a
    temporary one, which goes when this process ends). The scorer holds its path and
    options alone, and pickles to less than a kilobyte. The program is opened where a table is
    scored first, once a process, and found again by its path: workers on other machines need it
    there, and Isthmus.

    precision: as of `compile`; None is a saved program's own, else "f32". "int8" and "auto" need
    `samples`, and are settled here. threads: compute threads; None is what Ray, Spark or Dask
    assigned to the task, else what affinity and quota allow, so give 1 to processes of your own.
    column: the column of texts or images, or a dict from a program's inputs to columns. keep:
    columns that come back beside the results. batch: rows of a call. pad: what a program's inputs
    are lengthened with, see `Executable.map`. weights, seed: of a name, as `models.create` takes
    them; by default the sample weights. tokenizer: a folder or file, for a program that takes
    tokens and is given texts; max_length: at how many tokens they are cut.

    Raises UsageError and FileError for what cannot be opened here.

    >>> import numpy, pickle
    >>> import isthmus as im
    >>> double = im.compile(lambda x: {"y": 2 * x}, im.spec("float32", ["batch", 2]), threads=1)
    >>> score = im.Scorer(double, threads=1)
    >>> score = pickle.loads(pickle.dumps(score))
    >>> score({"x": numpy.array([[1, 2], [3, 4]])})
    {'y': array([[2., 4.],
           [6., 8.]], dtype=float32)}
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Callable[..., Any],
        precision: str | None = None,
        threads: int | None = None,
        *,
        column: str | Mapping[str, str] | None = None,
        keep: Sequence[str] = (),
        batch: int | None = None,
        pad: Mapping[str, float] | None = None,
        specs: Any = None,
        samples: Sequence[Any] | None = None,
        weights: str | os.PathLike[str] | None = None,
        seed: int = 0,
        tokenizer: str | os.PathLike[str] | None = None,
        max_length: int | None = None,
        backend: str | None = None,
        device: str | None = None,
        file: str | os.PathLike[str] | None = None,
    ) -> None:
        _check(precision, threads, batch, samples)
        options = {"precision": precision, "backend": backend, "device": device}
        told = {name: value for name, value in options.items() if value is not None}
        common = {
            "tokenizer": None if tokenizer is None else os.path.abspath(tokenizer),
            "max_length": max_length,
            "batch": batch,
            "pad": tuple((pad or {}).items()),
        }
        if isinstance(model, str | os.PathLike):
            found = named(os.fspath(model), told, weights, seed, common, samples, file)
        else:
            found = saved(model, specs, told, common, samples, file)
        self.source, self.tuned_threads = found
        self.threads = threads
        self.asked = _asked(column)
        self.keep = (keep,) if isinstance(keep, str) else tuple(keep)

    def __call__(self, table: Any) -> Any:
        """The results of each row, and the columns that are kept, as a table of the same kind.

        table: a dict of arrays, an Arrow RecordBatch or Table, or a pandas frame. Texts are a
        column of str; images one of paths, of the bytes of files, or of pixels, uint8 [H, W, 3]; a
        program's inputs are columns of its names, of which a row is one example. Results that
        differ in size from row to row are arrays of arrays. Nothing is written into the table.
        Raises UsageError for a column that is missing, and for the first row that has no result.
        """
        form = form_of(table)
        columns = form.columns(table)
        for name in self.keep:
            if name not in columns:
                raise UsageError(f"keep={name!r}: no such column; there are {', '.join(columns)}")
        found = self.rows(columns)
        if found.rejected:
            row, reason = found.rejected[0]
            raise UsageError(
                f"row {row}: {reason} ({len(found.rejected)} of {_length(columns)} rows); leave "
                "them out, or score a file by `isthmus score`, which goes on without them"
            )
        for name in found.columns:
            if name in self.keep:
                raise UsageError(f"keep={name!r}: a result has that name; rename the column")
        return form.made(table, self.keep, found.columns)

    def each(self, tables: Iterable[Any]) -> Iterator[Any]:
        """The same of one table after the other, as Spark's mapInArrow and mapInPandas want it.

        >>> import numpy
        >>> import isthmus as im
        >>> run = im.compile(lambda x: x + 1, im.spec("float32", ["batch"]), threads=1)
        >>> tables = ({"x": numpy.arange(n)} for n in (1, 2))
        >>> [found["output"].tolist() for found in im.Scorer(run).each(tables)]
        [[1.0], [1.0, 2.0]]
        """
        for table in tables:
            yield self(table)

    def rows(self, columns: Mapping[str, Column]) -> Scored:
        """Results of the rows that have some, and why the others have none.

        columns: arrays or lists by name. Raises UsageError for a column that is missing.

        >>> import isthmus as im
        >>> spec = {"x": im.spec("float32", ["batch"])}
        >>> root = im.compile(lambda x: im.np.sqrt(x), spec, threads=1)
        >>> found = im.Scorer(root, threads=1).rows({"x": [4, "four", 9]})
        >>> found.columns["output"].tolist(), found.rows.tolist()
        ([2.0, 3.0], [0, 2])
        >>> print(found.rejected[0].reason)
        x is 'four', and float32[] is asked for
        """
        program = self.opened()
        found: Scored = program(columns, self.asked)
        return found

    def needs(self, names: Sequence[str]) -> list[str]:
        """Which of the columns it reads; UsageError where one is missing.

        >>> import isthmus as im
        >>> spec = {"x": im.spec("float32", ["batch"])}
        >>> root = im.compile(lambda x: im.np.sqrt(x), spec, threads=1)
        >>> im.Scorer(root, threads=1).needs(["id", "x"])
        ['x']
        """
        found: list[str] = self.opened().needs(dict.fromkeys(names), self.asked)
        return found

    def opened(self) -> Any:
        """The program as it is in this process, opened if it is not yet: to do so beforehand.

        >>> import isthmus as im
        >>> spec = {"x": im.spec("float32", ["batch"])}
        >>> root = im.compile(lambda x: im.np.sqrt(x), spec, threads=1)
        >>> score = im.Scorer(root, threads=1)
        >>> score.opened() is score.opened()
        True
        """
        threads = threads_here(self.threads or self.tuned_threads)
        return opened_here((self.source, threads), lambda: opened(self.source, threads))

    def __repr__(self) -> str:
        return f"Scorer({self.source.name!r}, threads={self.threads})"


def _check(precision: str | None, threads: int | None, batch: int | None, samples: object) -> None:
    """UsageError for what would otherwise be found where it runs."""
    checked_options(precision or PRECISIONS[0], threads, "numpy", "allow", None)
    if batch is not None and (isinstance(batch, bool) or not isinstance(batch, int) or batch < 1):
        raise UsageError(f"batch={batch!r}: give a whole number from 1, or leave it out")
    if precision in NEEDS_SAMPLES and samples is None:
        raise UsageError(
            f"precision={precision!r} is settled on real inputs; give samples=[...], or the file "
            "that `isthmus tune --output` wrote"
        )


def _asked(column: str | Mapping[str, str] | None) -> dict[str, str]:
    """The columns by what they are for; one alone is of texts, or of images."""
    if column is None:
        return {}
    if isinstance(column, str):
        return {"text": column, "image": column}
    return dict(column)


def _length(columns: Mapping[str, Column]) -> int:
    return len(next(iter(columns.values()), ()))
