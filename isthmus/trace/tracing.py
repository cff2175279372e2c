"""A function or Block, run once on traced arrays, becomes a graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, SupportsIndex

import numpy

from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.constraints import Constraint, assuming
from isthmus.graph.constraints import constraints as parsed
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Graph, Input, Type
from isthmus.graph.size_text import parse

from .array import Array
from .blocks import Nested, entered_block
from .constants import copying
from .discovery import is_recording, recording
from .randomness import settled
from .recording import as_value

__all__ = ["Arguments", "Traced", "eval_shape", "spec", "trace", "traced_once"]


class Arguments(NamedTuple):
    """Positional and keyword specs together, where a program takes both."""

    positional: tuple[Any, ...]
    keyword: dict[str, Any]


@dataclass(frozen=True)
class Traced:
    """A graph, and how its inputs and outputs are nested."""

    graph: Graph
    arguments: tuple[Any, dict[str, Any]]  # (positional, keyword) trees; leaves are input names
    result: Any  # a tree; leaves are output names

    def __copy__(self) -> Traced:
        return self

    def __deepcopy__(self, _: Any) -> Traced:
        return self


def spec(dtype: Any, shape: Sequence[SupportsIndex | str] = ()) -> Type:
    """dtype and shape of an argument; sizes are ints or names, equal names are equal sizes.

    Raises UsageError for what is no dtype or no shape.

    >>> import isthmus as im
    >>> im.spec("int32", ["batch", "seq"])
    int32[batch, seq]
    """
    try:
        known = numpy.dtype(dtype)
    except TypeError:
        raise UsageError(f"{dtype!r} is not a dtype; give one such as 'float32'") from None
    if isinstance(shape, str):
        raise UsageError(f"shape {shape!r} is a text; give a list of sizes such as ['batch', 3]")
    sizes = tuple(parse(size) for size in shape)
    for size in sizes:
        if isinstance(size, Dim) and any("__" in name for name in size.names()):
            raise UsageError(f"the size '{size}': names with '__' are given by the tracer alone")
    if known.kind == "T":
        raise UsageError("texts are no input of a program; call the function or block eagerly")
    return Type(known.newbyteorder("="), sizes)


def eval_shape(function: Callable[..., Any], specs: Any, *, constraints: Sequence[str] = ()) -> Any:
    """The types of a function's results, nested as it returns them; nothing is computed.

    specs, constraints: as for `trace`, which says what it raises.

    >>> import isthmus as im
    >>> im.eval_shape(lambda x: x.T, im.spec("float32", ["n", 3]))
    float32[3, n]
    """
    traced = traced_once(function, specs, constraints=constraints)
    return tree.rebuild(traced.result, [value.type for value in traced.graph.outputs])


def trace(function: Callable[..., Any], specs: Any, *, constraints: Sequence[str] = ()) -> Traced:
    """The graph of `function` for arguments of the given types.

    constraints: what holds of named sizes, such as "seq <= 512" or "h % 2 == 0": assumed here, and
    checked at every call.

    specs: a dict for keyword arguments, a tuple or list for positional ones, or one
    spec; they nest as the arguments do. A Block's parameters become named constants.
    Raises UsageError for specs that do not fit the function, and for functions that draw random
    numbers; TraceError where the function needs a value that is not known yet.

    Arrays that the function refers to are constants by value, as they are now: programs made
    before do not see what is assigned to them later. A function may be run twice.

    >>> import isthmus as im
    >>> traced = im.trace(lambda x: im.np.tanh(x) + 1, im.spec("float32", ["n"]))
    >>> for node in traced.graph.nodes():
    ...     print(node)
    np.tanh(float32[n])
    np.add(float32[n], float32[])
    """
    if is_recording():
        return traced_once(function, specs, constraints=constraints)
    return settled(lambda: traced_once(function, specs, constraints=constraints), function)


def traced_once(
    function: Callable[..., Any], specs: Any, *, constraints: Sequence[str] = ()
) -> Traced:
    """What `trace` gives, for functions that draw no random numbers or are run once."""
    positional, keyword = _arguments(specs)
    named = _named(function, positional, keyword)
    inputs = tuple(Input(_checked(leaf, name), name) for name, leaf in named)
    _check_names([name for name, _ in named], distinct=True)
    handles = tree.rebuild((positional, keyword), [Array(value) for value in inputs])
    known = parsed(constraints)
    _check_constraints(known, inputs)
    with assuming(known), recording(), copying(), _block_of(function):
        outcome = function(*handles[0], **handles[1])
        outputs = list(tree.leaves(outcome))
        values = tuple(as_value(leaf) for _, leaf in outputs)
    if not outputs:
        raise UsageError("the traced function returned no array; return one, or a nest of them")
    first = () if isinstance(outcome, dict) else ("output",)
    names = tuple(".".join((*first, *path)) for path, _ in outputs)
    _check_names(names)
    graph = Graph(inputs, values, names, constraints=known)
    graph = replace(graph, constant_names=_constant_names(function, graph))
    trees = tree.rebuild((positional, keyword), [value.name for value in inputs])
    return Traced(graph, (tuple(trees[0]), trees[1]), tree.rebuild(outcome, names))


def _block_of(function: Any) -> AbstractContextManager[None]:
    """The block whose `forward` the function is, as a hybridized one is traced."""
    owner = getattr(function, "__self__", None)
    return entered_block(owner) if isinstance(owner, Nested) else nullcontext()


def _check_constraints(known: Sequence[Constraint], inputs: Sequence[Input]) -> None:
    """UsageError for a constraint on a size that no argument has, which nothing could check."""
    sizes = (size for value in inputs for size in value.type.shape if isinstance(size, Dim))
    names = {name for size in sizes for name in size.names()}
    for size, text in known:
        unknown = sorted(size.names() - names) if isinstance(size, Dim) else []
        if unknown:
            given = ", ".join(sorted(names)) or "none"
            raise UsageError(f"constraint {text!r} on {unknown[0]}; the specs name {given}")


def _arguments(specs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(specs, Arguments):
        return specs.positional, specs.keyword
    if isinstance(specs, dict):
        return (), dict(specs)
    if isinstance(specs, tuple | list):
        return tuple(specs), {}
    return (specs,), {}


def _named(
    function: Callable[..., Any], positional: tuple[Any, ...], keyword: dict[str, Any]
) -> list[tuple[str, Any]]:
    """Every leaf of the arguments with its name: the parameter's, then the keys inside it."""
    signature = inspect.signature(getattr(function, "forward", function))
    try:
        bound = signature.bind(*positional, **keyword)
    except TypeError as problem:
        called = getattr(function, "__name__", type(function).__name__)
        raise UsageError(f"{called}{signature}: {problem}; give one spec an argument") from None
    flat: list[tuple[str, Any]] = []
    for name, argument in bound.arguments.items():
        by_key = signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD
        named = argument if by_key else {name: argument}  # **inputs are named by their keys alone
        flat += [(".".join(path), leaf) for path, leaf in tree.leaves(named)]
    order = {id(leaf): i for i, (_, leaf) in enumerate(tree.leaves((positional, keyword)))}
    if len(order) != len(flat):
        return _unshared(function, positional, keyword)
    return sorted(flat, key=lambda item: order[id(item[1])])


def _unshared(
    function: Callable[..., Any], positional: tuple[Any, ...], keyword: dict[str, Any]
) -> list[tuple[str, Any]]:
    """The same after one spec object given twice has become two."""
    copies = tree.map_leaves(lambda leaf: Type(leaf.dtype, leaf.shape), (positional, keyword))
    return _named(function, *copies)


def _checked(leaf: Any, name: str) -> Type:
    if not isinstance(leaf, Type):
        raise UsageError(f"{name}: {leaf!r} is no spec; give isthmus.spec(dtype, shape)")
    if leaf.dtype.hasobject:
        raise UsageError(f"{name}: dtype {leaf.dtype} has no place in a graph; use a native number")
    return leaf


def _check_names(names: Sequence[str], *, distinct: bool = False) -> None:
    """UsageError for a name that is no text, or that two inputs have."""
    for name in names:
        if any("\ud800" <= sign <= "\udfff" for sign in name):
            raise UsageError(f"the name {name!a} is no text of Unicode; give another key")
    if distinct and len(set(names)) < len(names):
        name = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"two inputs are named {name!r}, keys joined by dots; give other keys")


def _constant_names(function: Any, graph: Graph) -> Mapping[int, str]:
    """The names of parameters, also where their elements are read in another shape or order."""
    found = _parameter_names(function)
    if not found:
        return found
    arrays = {id(constant.array): constant.array for constant in graph.constants()}
    held = [one.data() for one in function.parameters().values() if one.has_values]
    places = {_memory(array): found[id(array)] for array in held}
    taken = {found[key] for key in arrays if key in found}
    for key, array in arrays.items():
        name = None if key in found or not array.size else places.get(_memory(array))
        if name is not None:
            found[key] = f"{name}/{len(taken)}" if name in taken else name
            taken.add(found[key])
    return found


def _memory(array: Any) -> tuple[int, int]:
    """Where the elements are, and how many bytes."""
    return array.__array_interface__["data"][0], array.nbytes


def _parameter_names(function: Any) -> dict[int, str]:
    collect = getattr(function, "parameters", None)
    if collect is None:
        return {}
    # Of one that has several names the first; one without values is none that was called.
    named = ((name, parameter) for name, parameter in collect().items() if parameter.has_values)
    found: dict[int, str] = {}
    for name, parameter in named:
        found.setdefault(id(parameter.data()), name)
    return found
