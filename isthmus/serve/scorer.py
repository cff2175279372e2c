"""A model as one small object that scores tables wherever it is sent."""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.nn import Block
from isthmus.program.executable import Executable
from isthmus.program.options import NEEDS_SAMPLES, PRECISIONS, checked_options

from .scorer_process import opened_here
from .scorer_rows import Column, Scored
from .scorer_source import Source, keywords_of, opened, specs_of, sum_of
from .scorer_tables import form_of
from .scorer_threads import threads_here

__all__ = ["Scorer"]

_numbers = count()


class Scorer:
    """Rows in, what a model says of each out: in this process, or on Ray, Spark and Dask.

    model: the file of `Executable.save`, an .onnx file, or a name that `isthmus.models.list` has;
    or a Model, a Block or a function with `specs`, or an Executable, which are saved to `file` first
    (unless given a temporary one, which goes when this process ends). A scorer holds the path and
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
            found = _named(os.fspath(model), told, weights, seed, common, samples, file)
        else:
            found = _saved(model, specs, told, common, samples, file)
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
        """
        program = self.opened()
        found: Scored = program(columns, self.asked)
        return found

    def needs(self, names: Sequence[str]) -> list[str]:
        """Which of the columns it reads; UsageError where one is missing."""
        found: list[str] = self.opened().needs(dict.fromkeys(names), self.asked)
        return found

    def opened(self) -> Any:
        """The program as it is in this process, opened if it is not yet."""
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


Found = tuple[Source, int | None]  # and the threads that tuning chose


def _named(
    name: str,
    options: dict[str, Any],
    weights: Any,
    seed: int,
    common: dict[str, Any],
    samples: Sequence[Any] | None,
    file: Any,
) -> Found:
    """A file by its path, or a model by its name."""
    path = Path(name)
    if path.suffix not in (".im", ".onnx") and not path.is_file():
        return _of_catalogue(name, options, weights, seed, common, samples, file), None
    if weights is not None:
        raise UsageError(f"{name} is a saved program, which has its weights; leave out weights")
    where = Path(os.path.abspath(path))
    whole = sum_of(where)
    if samples is not None:
        from isthmus.program.compiling import compile, load

        net = load(where) if where.suffix == ".onnx" else None
        settled = (
            load(where, samples=samples, **options)
            if net is None
            else compile(net, net.specs(), samples=samples, **options)
        )
        return _of_executable(settled, options, common, file), None
    tuned = {**keywords_of(where)}
    threads = tuned.pop("threads", None)
    return Source(
        program=str(where), sum=whole, options=_pairs({**tuned, **options}), **common
    ), threads


def _of_catalogue(
    name: str,
    options: dict[str, Any],
    weights: Any,
    seed: int,
    common: dict[str, Any],
    samples: Sequence[Any] | None,
    file: Any,
) -> Source:
    from isthmus.models import catalog

    entry = catalog.find(name)
    if weights is None and entry.sample is None:
        raise UsageError(
            f"{name} has no sample weights; give weights=FILE, hf://ORGANISATION/NAME or 'random'"
        )
    chosen = "sample" if weights is None else os.fspath(weights)
    chosen = os.path.abspath(chosen) if os.path.exists(chosen) else chosen
    source = None if chosen == "random" else chosen
    head = {"head": "sentence"} if entry.task == "embedding" else {}
    if samples is not None:
        net = catalog.create(name, weights=source, seed=seed, **head)
        return _saved(net, None, options, common, samples, file)[0]
    if chosen == "sample" and entry.sample is not None:
        entry.sample()  # FileError here, and not where it runs
    return Source(
        model=entry.name,
        model_options=_pairs(head),
        weights=source,
        seed=seed,
        options=_pairs(options),
        **common,
    )


def _saved(
    model: Any,
    specs: Any,
    options: dict[str, Any],
    common: dict[str, Any],
    samples: Sequence[Any] | None,
    file: Any,
) -> Found:
    """What is no file yet, as a file."""
    from isthmus.models.catalog import Model
    from isthmus.models.texts import packed_rows, text_rows
    from isthmus.program.compiling import compile

    if isinstance(model, Executable):
        if samples is not None or "precision" in options:
            raise UsageError("an Executable has its precision; give it, and samples, to compile")
        return _of_executable(model, options, common, file), None
    if not callable(model):
        raise UsageError(f"a {type(model).__name__} given; give a path, a model, or a function")
    if specs is not None and isinstance(model, Model):
        raise UsageError("specs with a model of the catalogue, which has its own; leave them out")
    if isinstance(model, Model):
        specs = specs_of(model)
        if samples is not None and "sequence_ids" in specs:
            width = model.options["width"]
            samples = [packed_rows(text_rows(one), width)[0] for one in samples]
    elif specs is None:
        specs = getattr(model, "specs", lambda: None)()
    if specs is None:
        kind = "Block" if isinstance(model, Block) else "function"
        raise UsageError(f"a {kind} without specs; give specs=isthmus.spec(...), as to compile")
    if samples is not None:
        options = {**options, "samples": samples}
    made = compile(model, specs, **{"precision": "f32", **options})
    if not isinstance(model, Model):
        return _of_executable(made, options, common, file), None
    texts = "input_ids" in model.specs()
    own = {"tokenizer": str(model.tokenizer.path)} if texts and not common["tokenizer"] else {}
    known = {"model": model.entry.name, "model_options": _pairs(model.options)}
    return _of_executable(made, options, {**common, **known, **own}, file), None


def _of_executable(
    program: Executable, options: Mapping[str, Any], common: Mapping[str, Any], file: Any
) -> Source:
    where = Path(os.path.abspath(_own_folder() / f"{next(_numbers)}.im" if file is None else file))
    program.save(where)
    device = program.options.device
    kept = {"backend": program.backend.name, "streams": program.options.streams}
    kept |= {} if device is None else {"device": device}
    return Source(program=str(where), sum=sum_of(where), options=_pairs(kept), **common)


@cache
def _own_folder() -> Path:
    """A folder that goes when this process ends, and not when a forked one does."""
    folder, process = mkdtemp(prefix="isthmus-scorer-"), os.getpid()

    def remove() -> None:
        if os.getpid() == process:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return Path(folder)


def _pairs(options: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """A dict that is hashed; NumPy's numbers as Python's."""
    return tuple(
        (name, value.item() if isinstance(value, numpy.generic) else value)
        for name, value in options.items()
    )
