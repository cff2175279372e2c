"""Texts in, what a model says of each out, at the cost of their tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import cache, partial
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import plain_name
from isthmus.program.compiling import compile
from isthmus.program.executable import Executable
from isthmus.program.requests.results import Results, Waited
from isthmus.program.requests.statistics import Counter, Stats

from .catalog import Model
from .packing import Packing, packed_specs, packing

__all__ = ["WAYS", "TextProgram", "TokenProgram", "packed_rows", "text_rows"]

Array = numpy.ndarray[Any, Any]
Tokens = dict[str, Array]  # of one text: input_ids, attention_mask, token_type_ids: [n]

# How texts of several lengths are run together.
WAYS = ("packed", "buckets", "exact", "padded")
PAD = {"input_ids": 0, "attention_mask": 0, "token_type_ids": 0}
Apart = Callable[[str, Array], list[Array]]  # an output's name, the output -> each text's own


class TokenProgram:
    """A program of tokens, whatever it was made of: joins texts, runs, and takes apart.

    program: takes what `names` says of each text (input_ids, attention_mask, token_type_ids), or,
    where way is "packed", what `packed_specs` says. width: the model's, for the choice of rows.
    `TextProgram` makes one of a model, and reads texts.
    """

    def __init__(
        self, program: Executable, names: Iterable[str], *, way: str, batch: int, width: int
    ) -> None:
        self.program = program
        self.way = way
        self.batch = batch
        self.width = width
        self._pad = {name: PAD[name] for name in names}
        self._of_tokens = _of_tokens(program)
        self._counter = Counter()

    def of_tokens(self, texts: Iterable[Tokens]) -> Results:
        """Results of texts as tokens: input_ids, attention_mask and token_type_ids, each [n].

        Tokens of which the mask is 0 are no part of a text, so "packed" takes a mask of ones alone.
        UsageError for other arrays comes behind the results of the texts before it, and is the end.
        """
        if self.way == "exact":
            return self.program.map(texts, self.batch)
        if self.way == "buckets":
            return self.program.map(texts, self.batch, pad=self._pad)
        if isinstance(texts, Iterable):  # what it is instead is for `Results` to say
            texts = map(self._checked, texts)
        return Results(texts, self.batch * self.program.options.streams, self._begin)

    @property
    def stats(self) -> Stats:
        """How many tokens were asked for, and how many computed."""
        return self._counter.total if self.way in ("packed", "padded") else self.program.stats

    def _checked(self, text: Tokens) -> Tokens:
        """A text that may be copied into rows, where NumPy converts silently."""
        if not isinstance(text, Mapping) or text.keys() != self._pad.keys():
            names = ", ".join(map(str, text)) if isinstance(text, Mapping) else type(text).__name__
            raise UsageError(
                f"a text of {names or 'nothing'}; give a dict of {', '.join(self._pad)}"
            )
        arrays = {name: numpy.asarray(array) for name, array in text.items()}
        kinds = {name: f"{array.dtype}{list(array.shape)}" for name, array in arrays.items()}
        alike = {(array.dtype.newbyteorder("="), array.shape) for array in arrays.values()}
        first = arrays["input_ids"]
        if (
            len(alike) > 1
            or first.dtype.newbyteorder("=") != numpy.int32
            or first.ndim != 1
            or not first.size
        ):
            given = ", ".join(f"{name}: {kind}" for name, kind in kinds.items())
            raise UsageError(f"a text of {given}; give three arrays int32[n], n from 1")
        if self.way == "packed" and not (arrays["attention_mask"] == 1).all():
            raise UsageError(
                "a text with an attention_mask that is not all 1, which packed rows do not have; "
                "leave those tokens out, or give way='padded'"
            )
        return arrays

    def _begin(self, texts: Sequence[Tokens]) -> tuple[list[Waited], list[Future[Any]]]:
        results: list[Waited] = []
        futures = []
        join = self._packed if self.way == "packed" else self._padded
        for start in range(0, len(texts), self.batch):
            some = texts[start : start + self.batch]
            arrays, apart = join(some)
            self._counter.add(len(some), sum(map(_length, some)), arrays["input_ids"].size)
            future = self.program.submit(**arrays)
            futures.append(future)
            results += _results(future, apart, len(some))
        return results, futures

    def _packed(self, some: Sequence[Tokens]) -> tuple[dict[str, Array], Apart]:
        """Arrays of packed rows, and what takes an output apart."""
        arrays, rows = packed_rows(some, self.width)
        return (
            arrays,
            lambda name, found: rows.unpacked(found) if name in self._of_tokens else list(found),
        )

    def _padded(self, some: Sequence[Tokens]) -> tuple[dict[str, Array], Apart]:
        """Arrays padded to the longest, and the same."""
        lengths = list(map(_length, some))
        arrays = {name: numpy.zeros((len(some), max(lengths)), numpy.int32) for name in some[0]}
        for row, text in enumerate(some):
            for name, tokens in text.items():
                arrays[name][row, : lengths[row]] = tokens
        return (
            arrays,
            lambda name, found: (
                [own[:length] for own, length in zip(found, lengths, strict=True)]
                if name in self._of_tokens
                else list(found)
            ),
        )


class TextProgram(TokenProgram):
    """A BERT, compiled to be given texts: tokenizes, joins, runs, and takes apart.

    way: "packed" puts several texts into one row, which see nothing of each other; "buckets" pads
    texts of like length to the longest of them; "exact" runs texts of one length together, without
    padding; "padded" pads a batch to its longest text. All say the same within float error.
    batch: the most texts in a run. options: those of `isthmus.compile`; samples are what
    `Model.preprocess` gives, whatever the way.
    Raises UsageError for a model that takes no texts, another way, and packed rows of a model
    without token types.

    >>> import isthmus as im
    >>> net = im.models.bert("minilm-l6", layers=1)
    >>> run = im.models.TextProgram(net, threads=1)
    >>> found = run(["A strip of land.", "Water on both sides, and one way across."])
    >>> [each["embedding"].shape for each in found]
    [(384,), (384,)]
    """

    def __init__(
        self, model: Model, *, way: str = "packed", batch: int = 32, **options: Any
    ) -> None:
        if way not in WAYS:
            raise UsageError(f"way={way!r}: give {', '.join(map(repr, WAYS))}")
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise UsageError(f"batch={batch!r}: give a whole number from 1")
        if "input_ids" not in model.specs():
            raise UsageError(f"{model.entry.name} takes no texts; try minilm-l6")
        if way == "packed" and "token_type_ids" not in model.specs():
            raise UsageError(
                f"{model.entry.name} has no token types, which packed rows do; give way='buckets'"
            )
        self.model = model
        width: int = model.options["width"]
        specs = packed_specs() if way == "packed" else model.specs()
        if way == "packed" and options.get("samples") is not None:
            options["samples"] = [
                packed_rows(text_rows(one), width)[0] for one in options["samples"]
            ]
        names = [name for name in PAD if name in model.specs()]
        made = compile(model, specs, **options)
        super().__init__(made, names, way=way, batch=batch, width=width)

    def __call__(self, texts: Sequence[str], **options: Any) -> list[dict[str, Array]]:
        """The outputs for each text, in order; options: max_length and pairs of `preprocess`."""
        return list(self.of_tokens(text_rows(self.model.preprocess(texts, **options))))

    def map(self, texts: Iterable[str], **options: Any) -> Results:
        """The same, one after the other, for any number of texts: a few batches are held at once.

        >>> import isthmus as im
        >>> run = im.models.TextProgram(im.models.bert("minilm-l6", layers=1), batch=8, threads=1)
        >>> many = (f"text {number}" for number in range(20))
        >>> sum(1 for _ in run.map(many))
        20
        """
        return self.of_tokens(_each(self.model, texts, options))


def packed_rows(texts: Sequence[Tokens], width: int) -> tuple[dict[str, Array], Packing]:
    """The texts in rows, as arrays by the names of `packed_specs`, and what takes them apart."""
    rows = packing(list(map(_length, texts)), width=width)
    arrays = rows.arrays(
        [text["input_ids"] for text in texts], [text["token_type_ids"] for text in texts]
    )
    return arrays, rows


def _results(future: Future[Mapping[str, Array]], apart: Apart, count: int) -> list[Waited]:
    """What to call for each text's outputs; the first that is called takes all apart."""

    @cache
    def texts() -> list[dict[str, Array]]:
        found = {name: apart(name, array) for name, array in future.result().items()}
        return [{name: own[text] for name, own in found.items()} for text in range(count)]

    def own(text: int) -> dict[str, Array]:
        return texts()[text]

    return [partial(own, text) for text in range(count)]


def _of_tokens(program: Executable) -> set[str]:
    """The outputs that have a row for each token, not for each text."""
    graph = program.graph
    named = zip(graph.output_names, graph.outputs, strict=True)
    return {name for name, value in named if "seq" in map(plain_name, value.type.shape)}


def _each(model: Model, texts: Iterable[str], options: Mapping[str, Any]) -> Iterator[Tokens]:
    for text in texts:
        yield from text_rows(model.preprocess([text], **options))


def text_rows(arrays: Mapping[str, Array]) -> list[Tokens]:
    """Each text's own tokens, of rows that are padded at their ends; UsageError for others."""
    mask = arrays["attention_mask"]
    lengths = mask.sum(axis=1)
    if not numpy.array_equal(mask, numpy.arange(mask.shape[1]) < lengths[:, None]):
        raise UsageError(
            "attention_mask: a row is not ones and then zeros; pad texts at their ends, with 0"
        )
    return [
        {name: array[row, :length] for name, array in arrays.items()}
        for row, length in enumerate(lengths)
    ]


def _length(text: Tokens) -> int:
    return len(text["input_ids"])
