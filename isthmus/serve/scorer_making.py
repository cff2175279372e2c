"""What a scorer is given, as what it opens: a name stays one, what is no file is saved to one."""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.nn import Block
from isthmus.program.executable import Executable

from .scorer_source import Source, keywords_of, specs_of, sum_of

__all__ = ["Found", "named", "saved"]

_numbers = count()

Found = tuple[Source, int | None]  # and the threads that tuning chose


def named(
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
        return saved(net, None, options, common, samples, file)[0]
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


def saved(
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
    where = Path(
        os.path.abspath(_folder_of(os.getpid()) / f"{next(_numbers)}.im" if file is None else file)
    )
    program.save(where)
    device = program.options.device
    kept = {"backend": program.backend.name, "streams": program.options.streams}
    kept |= {} if device is None else {"device": device}
    return Source(program=str(where), sum=sum_of(where), options=_pairs(kept), **common)


@cache
def _folder_of(process: int) -> Path:
    """A folder of this process, which goes when it ends, and not when a forked one does."""
    folder = mkdtemp(prefix="isthmus-scorer-")

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
