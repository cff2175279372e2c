"""Blocks: objects that hold parameters and other blocks, as in Gluon 2.0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy

from isthmus.errors import UsageError
from isthmus.graph.tree import leaves
from isthmus.trace.array import Array
from isthmus.trace.blocks import Nested, entered_block
from isthmus.trace.discovery import is_recording
from isthmus.trace.tracing import trace

from . import casting, parameter_files, summary
from .fitting import Unmatched, fit
from .held import Holder, held, holds, merge
from .hybrid import Hybrid
from .parameter import Parameter
from .unknown import unknown_attribute

__all__ = ["Block", "Sequential", "as_array"]


class Block(Holder, Nested):
    """A network or a part of one; subclasses make their children in `__init__` and write `forward`.

    Children and parameters are the attributes of those types, named as they are, and what is of
    those types in lists, tuples and dicts, named as "layers.0"; `net.parameters()` lists all of
    them with dotted names. A block can be copied, pickled and sent to other processes.

    >>> import numpy
    >>> from isthmus import nn, npx
    >>> class Classifier(nn.Block):
    ...     def __init__(self, classes):
    ...         self.hidden = nn.Dense(16, 4)
    ...         self.output = nn.Dense(classes, 16)
    ...
    ...     def forward(self, x):
    ...         return self.output(npx.relu(self.hidden(x)))
    >>> net = Classifier(3)
    >>> net.initialize(seed=0)
    >>> net(numpy.ones((2, 4), numpy.float32)).shape
    (2, 3)
    """

    forward: Callable[..., Any]
    not_cast_because: ClassVar[str] = ""  # why `cast` refuses such a block, if it does

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `forward` returns; by the compiled program after `hybridize`.

        >>> import numpy
        >>> from isthmus import nn
        >>> nn.Flatten()(numpy.zeros((2, 3, 4))).shape
        (2, 12)
        """
        compiled = self.__dict__.get("_compiled")
        if compiled is not None and not _traced(args, kwargs):
            return compiled(self, args, kwargs)
        if not is_recording():
            return self.forward(*args, **kwargs)
        with entered_block(self):
            result = self.forward(*args, **kwargs)
        summary.returned(self, result)
        return result

    def children(self) -> Iterator[tuple[str, Block]]:
        """The blocks directly in this one, with their names.

        >>> from isthmus import nn
        >>> [name for name, block in nn.Sequential(nn.Dense(4, 2), nn.Flatten()).children()]
        ['0', '1']
        """
        return held(vars(self), Block)

    def parameters(self) -> dict[str, Parameter]:
        """All parameters by dotted name, in the order they were made.

        Raises UsageError where two have one name.

        >>> from isthmus import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Flatten()).parameters()
        {'0.weight': Parameter(4, 2), '0.bias': Parameter(4,)}
        """
        found: dict[str, Parameter] = dict(held(vars(self), Parameter))
        try:
            for name, child in self.children():
                merge(found, {f"{name}.{inner}": p for inner, p in child.parameters().items()})
        except RecursionError:
            raise UsageError(
                f"a {type(self).__name__} is inside of itself; hold a parent by weakref.ref"
            ) from None
        return found

    def initialize(self, seed: int = 0) -> None:
        """Give every parameter random values that depend on the seed and its name.

        A layer that was not told its inputs gets its values at its first call. Raises UsageError
        for a seed that is no whole number.

        >>> from isthmus import nn
        >>> net = nn.Dense(4, 2)
        >>> net.initialize(seed=1)
        >>> net.weight.data().shape
        (4, 2)
        """
        if not isinstance(seed, int | numpy.integer) or seed < 0:
            raise UsageError(f"seed={seed!r}: give a whole number from 0")
        for name, parameter in self.parameters().items():
            parameter.initialize(name, int(seed))

    def set_parameters(self, arrays: Mapping[str, Any], *, strict: bool = True) -> Unmatched:
        """Set parameters by name, without a copy of those of their dtype; what did not match.

        Arrays that are not copied are read-only from then on.

        strict: names that are missing or unexpected raise UsageError, and nothing is set; with
        False they are returned, and the others are set. torch's `num_batches_tracked`, which
        counts batches of a training, is nothing that inference needs, and is passed over. Of a
        parameter that has several names one is enough. Raises UsageError for other shapes, and
        for elements that their dtype does not hold, strict or not.

        >>> import numpy
        >>> from isthmus import nn
        >>> net = nn.Dense(1, 2)
        >>> net.set_parameters({"weight": numpy.array([[1, 2]]), "bias": numpy.array([3])})
        Unmatched(missing=[], unexpected=[])
        >>> net(numpy.array([10, 10], numpy.float32))
        array([33.], dtype=float32)
        """
        return fit(self.parameters(), arrays, strict)

    def save_parameters(self, path: str | Path) -> None:
        """Write the parameters by name as a file of safetensors, complete or not at all.

        Raises UsageError for a parameter without values, FileError where it cannot be written.

        >>> from isthmus import nn
        >>> net = nn.Dense(4, 2)
        >>> net.initialize()
        >>> net.save_parameters("dense.safetensors")
        >>> nn.Dense(4, 2).load_parameters("dense.safetensors")
        Unmatched(missing=[], unexpected=[])
        """
        parameter_files.write(self.parameters(), path)

    def load_parameters(self, path: str | Path, *, strict: bool = True) -> Unmatched:
        """Set the parameters from a file of safetensors, mapped where that is possible.

        strict, result and errors: as of `set_parameters`. Raises FileError for a file that is
        missing or another.

        >>> import numpy
        >>> from isthmus import nn
        >>> from safetensors.numpy import save_file
        >>> save_file({"weight": numpy.ones((1, 2), "float32")}, "part.safetensors")
        >>> nn.Dense(1, 2).load_parameters("part.safetensors", strict=False)
        Unmatched(missing=['bias'], unexpected=[])
        """
        return self.set_parameters(parameter_files.read(path), strict=strict)

    def cast(self, dtype: Any) -> None:
        """Bring all parameters to float16, float32 or float64, and those that are set later.

        As Gluon's: children are cast by their own `cast`, and those of `BatchNorm` stay float32 in
        a block of float16, whose result they do not widen. What is no parameter, as integers and
        arrays that `forward` refers to, stays as it is. Dtypes are promoted as NumPy's: give x of
        the same dtype, else the result has the wider one. Rounded numbers stay so.
        A hybridized block is compiled anew at its next call; programs that `isthmus.compile` made
        before keep what they have. To compute in half precision with x in float32, leave the
        parameters and give `precision` to `hybridize` or `isthmus.compile`.

        Raises UsageError for another dtype, for parameters whose numbers it does not hold, and for
        an ONNX file, whose nodes are of the types it states; nothing is cast then.

        >>> import numpy
        >>> from isthmus import nn
        >>> net = nn.Dense(2, 3)
        >>> net.initialize()
        >>> net.cast("float64")
        >>> net(numpy.ones((1, 3))).dtype
        dtype('float64')
        """
        known = casting.parameter_dtype(dtype)
        parameters, children = self.parameters(), [child for _, child in self.children()]
        casting.check((block for _, block in _nested(self)), parameters, known)
        theirs = {id(p) for child in children for p in child.parameters().values()}
        for parameter in parameters.values():
            if id(parameter) not in theirs:
                parameter.cast(known)
        for child in children:
            child.cast(known)

    def summary(self, specs: Any) -> str:
        """A table of the blocks inside: what each returns and how many parameters it has.

        specs: the types of the arguments, as for `isthmus.trace`, which says what it raises. A
        block that is not called has no result.

        >>> import isthmus as im
        >>> from isthmus import nn
        >>> net = nn.Sequential(nn.Dense(4, 2), nn.Flatten())
        >>> net.initialize()
        >>> print(net.summary(im.spec("float32", ["n", 2])))
        block  type        result          parameters
               Sequential  float32[n, 4]           12
        0      Dense       float32[n, 4]           12
        1      Flatten     float32[n, 4]            0
                           all, each once          12
        """
        with summary.watching() as results:
            trace(self, specs)
        rows = [
            (path, type(block).__name__, results.get(id(block), ""), _count(block))
            for path, block in _nested(self)
        ]
        return summary.table(rows, _count(self))

    def hybridize(self, active: bool = True, **options: Any) -> None:
        """From now on run compiled, once for each combination of input types; see `compile`.

        active: False goes back to NumPy. options: those of `isthmus.jit`, as backend="cpu".
        Parameters that are set later, and blocks that are put in a list or in another's place,
        are taken up at the next call; other attributes, and arrays that `forward` refers to, are
        as they were when it was compiled. Raises UsageError for an option that is none.

        >>> import numpy
        >>> from isthmus import nn
        >>> net = nn.Dense(3, 2)
        >>> net.initialize()
        >>> net.hybridize(backend="cpu", threads=1)
        >>> net(numpy.ones((4, 2), numpy.float32)).shape
        (4, 3)
        """
        vars(self)["_compiled"] = Hybrid(options) if active else None

    def __setattr__(self, name: str, value: Any) -> None:
        """Programs that were compiled of it before are compiled anew if a block is another one."""
        if "_in_program" in vars(self) and (holds(value) or holds(vars(self).get(name))):
            Parameter.changes += 1
        object.__setattr__(self, name, value)

    def __getstate__(self) -> dict[str, Any]:
        """Its attributes, without the programs: a copy compiles its own, with the same options."""
        state = {name: value for name, value in vars(self).items() if name != "_in_program"}
        if state.get("_compiled") is not None:
            state["_compiled"] = Hybrid(state["_compiled"].options)
        return state

    if not TYPE_CHECKING:  # to a type checker every name would be known

        def __getattr__(self, name: str) -> NoReturn:
            """AttributeError, with what it is called here if Gluon's blocks have it."""
            raise unknown_attribute(self, name)


def _nested(block: Block, path: str = "") -> Iterator[tuple[str, Block]]:
    """The block and all in it, with their paths."""
    yield path, block
    for name, child in block.children():
        yield from _nested(child, f"{path}.{name}" if path else name)


def _count(block: Block) -> int:
    """How many numbers its parameters are, each counted once; those of unknown sizes are none."""
    each = {id(parameter): parameter for parameter in block.parameters().values()}
    return sum(p.data().size for p in each.values() if p.has_values)


def _traced(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return any(isinstance(leaf, Array) for _, leaf in leaves((args, kwargs)))


def as_array(x: Any) -> Any:
    """An array as it is, and what NumPy makes of anything else, such as nested lists."""
    return x if isinstance(x, Array | numpy.ndarray) else numpy.asarray(x)


class Sequential(Block):
    """Blocks run one after another; each takes what the one before returned.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Sequential(nn.Dense(8, 4), nn.Activation("gelu"), nn.Dense(2, 8))
    >>> net.initialize(seed=0)
    >>> net(numpy.ones((5, 4), numpy.float32)).shape
    (5, 2)
    >>> len(net)
    3
    """

    def __init__(self, *blocks: Block) -> None:
        self.add(*blocks)

    def add(self, *blocks: Block) -> None:
        """Put blocks behind those that there are.

        >>> from isthmus import nn
        >>> net = nn.Sequential(nn.Flatten())
        >>> net.add(nn.Dense(2, 4), nn.Dropout())
        >>> len(net)
        3
        """
        for block in blocks:
            if not isinstance(block, Block):
                raise UsageError(f"{type(block).__name__} is no block; give nn.Block objects")
            setattr(self, str(len(self)), block)

    def forward(self, x: Any) -> Any:
        for _, block in self.children():
            x = block(x)
        return x

    def __getitem__(self, position: int) -> Block:
        return [block for _, block in self.children()][position]

    def __len__(self) -> int:
        return sum(1 for _ in self.children())
