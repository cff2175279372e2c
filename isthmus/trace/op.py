"""How an operator is defined: one decorated NumPy function.

    @primitive(infer=elementwise)          @composite
    def tanh(x, /):                        def silu(x, /):
        return numpy.tanh(x)                   return x * sigmoid(x)

Positional-only parameters are arrays, the others static attributes. With NumPy
arrays an operator runs its body; with a traced array or a named size it records
a node. A primitive's body calls NumPy and `infer` gives its result's type; a
composite's body calls other operators and needs nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cached_property, update_wrapper
from itertools import chain, repeat
from typing import Any, Generic, ParamSpec, TypeVar, overload

import numpy

from isthmus.errors import UsageError, WrongKind
from isthmus.graph.dims import Dim
from isthmus.graph.foreign import check_plain
from isthmus.graph.infer import Elementwise
from isthmus.graph.kernel import Kernel
from isthmus.graph.nodes import Held
from isthmus.graph.operator import Operator
from isthmus.graph.whole import whole

from .array import Array
from .attributes import plain
from .by_name import found_by_name, has_place, is_sent_by_value, module_of
from .checked_call import checked_call
from .discovery import is_recording
from .recording import record
from .source import source_of

__all__ = ["OPERATORS", "Op", "composite", "kind_of", "primitive"]

P = ParamSpec("P")
R = TypeVar("R")

OPERATORS: dict[str, Op[..., Any]] = {}


class Op(Operator, Generic[P, R]):
    """An operator that is called: with NumPy's arrays its body runs, with others it is recorded.

    >>> from isthmus import np
    >>> np.tanh
    np.tanh
    >>> np.tanh.array_names, np.tanh.is_composite
    (['x'], False)
    """

    __module__: str  # as the body's
    __qualname__: str

    def __init__(self, body: Callable[P, R], *, name: str = "", **facts: Any) -> None:
        foreign = body.__module__.split(".")[0] != "isthmus"
        facts.setdefault("checked", foreign and facts.get("infer") is not None)
        super().__init__(name=name or _name(body), body=body, foreign=foreign, **facts)
        update_wrapper(self, body)
        self.__module__ = module_of(body)
        _refuse_taken(self)
        rule = [self.infer] if inspect.isfunction(self.infer) else []
        self.is_direct = not (self.checked or self.foreign)  # whether the body is the call
        self.source = source_of([body, *rule]) if foreign else ""
        OPERATORS[self.name] = self

    @cached_property
    def signature(self) -> inspect.Signature:
        """The body's; read when an operator is first recorded, since there are hundreds."""
        return inspect.signature(self.body)

    @cached_property
    def array_names(self) -> list[str]:
        """The names of the operands."""
        found = self.signature.parameters.items()
        return [name for name, p in found if p.kind is inspect.Parameter.POSITIONAL_ONLY]

    @cached_property
    def attribute_names(self) -> list[str]:
        """The names of the attributes, in the order of the signature."""
        return list(self.signature.parameters)[len(self.array_names) :]

    @cached_property
    def whole_names(self) -> frozenset[str]:
        """The attributes that their annotations say are whole numbers."""
        found = self.signature.parameters.items()
        return frozenset(name for name, p in found if p.annotation in _WHOLE)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        kind = max(kind_of(args), kind_of(tuple(kwargs.values())) if kwargs else NUMPY)
        if kind == NUMPY and self.is_direct and not (self.is_composite and _is_masked(kwargs)):
            return self._run(args, kwargs)
        operands, attributes = self._bound(args, kwargs)
        if self.masked is not None:
            masks = [attributes.pop(name, None) for name in _MASKS]
            if _is_masked(kwargs):
                found: R = self.masked(self, *operands, *masks, attributes)
                return found
        run: Any = checked_call if kind == NUMPY else record
        if kind == HELD:
            run = _device_of(operands, attributes).run
        result: R = run(self, operands, attributes)
        return result

    def _run(self, args: Sequence[Any], kwargs: dict[str, Any]) -> R:
        """The body of NumPy's arrays, and of attributes as a graph would hold them."""
        if not kwargs and len(args) <= len(self.array_names):
            return self.body(*args)
        count = len(self.array_names)
        names = chain(self.attribute_names, repeat(""))  # the body then says what it does not take
        further = map(self._attribute, names, args[count:])
        named = {name: self._attribute(name, value) for name, value in kwargs.items()}
        return self.body(*args[:count], *further, **named)

    def _attribute(self, name: str, value: Any) -> Any:
        """An attribute as a graph holds it; WrongKind where its annotation says `int`."""
        if self.masked is not None and name in _MASKS:
            return value
        known = plain(value)
        if name not in self.whole_names or known is None:
            return known
        try:
            return whole(known)
        except WrongKind as problem:
            raise WrongKind(f"{self.name}: {name}={problem}") from None

    def __reduce__(self) -> Any:
        """To pickle: its module and name, which the other process imports."""
        if is_sent_by_value(self):
            return _remade, (type(self), self.body, self._facts())
        if not has_place(self):
            raise UsageError(
                f"{self.name} cannot be sent to another process: {self.__module__} has no "
                f"'{self.__qualname__}'; define the operator at the top of a module, not in a "
                "function, and under its own name"
            )
        return found_by_name, (self.__module__, self.__qualname__)

    def _facts(self) -> dict[str, Any]:
        """What it was made with beside its body."""
        names = [field.name for field in fields(self) if field.name not in ("body", "foreign")]
        return {name: getattr(self, name) for name in names}

    def __copy__(self) -> Op[P, R]:
        return self

    def __deepcopy__(self, _: Any) -> Op[P, R]:
        return self

    def _bound(
        self, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """The operands and the attributes of a call."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as problem:
            raise UsageError(f"{self.name}: {problem}; see help({self.name})") from None
        bound.apply_defaults()
        operands = [bound.arguments.pop(name) for name in self.array_names]
        if self.variadic:
            operands = list(operands[0])
        found = bound.arguments.items()
        return operands, {name: self._attribute(name, value) for name, value in found}


def _remade(kind: type[Op[..., Any]], body: Callable[..., Any], facts: dict[str, Any]) -> Any:
    return kind(body, **facts)


def _check_facts(facts: Mapping[str, Any]) -> None:
    """UsageError for what authors of other packages are likely to get wrong."""
    version, kernels = facts.get("version", ""), facts.get("kernels", {})
    if not isinstance(version, str):
        raise UsageError(f"version={version!r}: give a text such as '1'")
    is_mapping = isinstance(kernels, Mapping)
    if not is_mapping or not all(isinstance(kernel, Kernel) for kernel in kernels.values()):
        raise UsageError(f"kernels={kernels!r}: give a dict from a backend's name to a Kernel")


def _refuse_taken(op: Op[..., Any]) -> None:
    """UsageError for another package's operator under the name of one of ours."""
    known = OPERATORS.get(op.name)
    if op.foreign and known is not None and not known.foreign:
        raise UsageError(
            f"an operator '{op.name}' of {op.__module__}: the name is that of an operator of "
            "Isthmus; give another, as name='package.function'"
        )


def primitive(*, infer: Callable[..., Any], **facts: Any) -> Callable[[Callable[P, R]], Op[P, R]]:
    """An operator that is its NumPy body; see `graph.operator.Operator` for the facts it states.

    Those of an elementwise rule are that it casts operands as NumPy does, and never raises.
    version: of its meaning, such as "1": a saved program names it, and is refused by another one.
    kernels: by a backend's name the `isthmus.extend.Kernel` that computes it there.

    Results are compared with `infer` wherever the body runs, and operands cannot be written to in
    it: either raises UsageError.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus.extend import floating
    >>> @im.primitive(infer=floating, vjp=lambda g, y, x: (g / (x * (1 - x)),))
    ... def logit(x, /):
    ...     return numpy.log(x) - numpy.log1p(-x)
    >>> im.eval_shape(logit, im.spec("float32", ["n"]))
    float32[n]
    """
    _check_facts(facts)
    facts.setdefault("promote", getattr(infer, "promote", None))
    facts.setdefault("may_raise", not isinstance(infer, Elementwise))
    return lambda body: Op(body, infer=infer, **facts)


@overload
def composite(body: Callable[P, R], /) -> Op[P, R]: ...


@overload
def composite(**facts: Any) -> Callable[[Callable[P, R]], Op[P, R]]: ...


def composite(body: Any = None, /, **facts: Any) -> Any:
    """An operator made of others; type, cost, gradient and lowering follow from its body.

    facts: what else there is to say of it, see `graph.operator.Operator`; of others' operators
    version and kernels, as of `primitive`.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus import np
    >>> @im.composite
    ... def softsign(x, /):
    ...     return x / (1 + np.abs(x))
    >>> run = im.compile(softsign, im.spec("float32", ["n"]))
    >>> run(numpy.array([-1, 3], numpy.float32))
    array([-0.5 ,  0.75], dtype=float32)
    """
    _check_facts(facts)
    return (lambda it: Op(it, **facts)) if body is None else Op(body, **facts)


def _name(body: Callable[..., Any]) -> str:
    """`np.tanh` and `np.fft.fft` for ours, `package.module.name` for those of users."""
    package, *rest = module_of(body).split(".")
    module = rest[0] if package == "isthmus" and rest else module_of(body)
    extension = f".{rest[1]}" if rest[1:2] in (["fft"], ["linalg"]) else ""
    return f"{module}{extension}.{body.__name__.lstrip('_')}"


_MASKS = ("where", "initial")


def _is_masked(kwargs: dict[str, Any]) -> bool:
    """Whether a reduction is of some elements, or begins with a value."""
    return kwargs.get("where", True) is not True or kwargs.get("initial") is not None


_WHOLE = ("int", "int | None", "int | Dim", int)  # how annotations are written

NUMPY, HELD, TRACED = 0, 1, 2
_COMMON = frozenset({numpy.ndarray, bool, int, float, complex, str, type(None)})


def kind_of(values: Sequence[Any]) -> int:
    """What the arguments of a call are: all NumPy's, some held by a device, or some traced.

    UsageError for an array that means more than its elements.
    """
    found = NUMPY
    for value in values:
        if type(value) in _COMMON:
            continue
        if isinstance(value, Array):
            if not isinstance(value._value, Held):
                return TRACED
            found = HELD
        elif isinstance(value, Dim):
            return TRACED
        elif isinstance(value, tuple | list):
            found = max(found, kind_of(value))
        elif isinstance(value, slice):
            found = max(found, kind_of((value.start, value.stop, value.step)))
        else:
            check_plain(value)
    return found


def _device_of(operands: Sequence[Any], attributes: dict[str, Any]) -> Any:
    """The one device of all arrays of a call; UsageError if there are several."""
    devices: dict[Any, Array] = {}
    for value in (*operands, *attributes.values()):
        for leaf in value if isinstance(value, tuple | list) else (value,):
            if isinstance(leaf, Array):
                held: Any = leaf.value
                devices.setdefault(held.device, leaf)
    if len(devices) > 1 and not is_recording():
        names = " and ".join(map(str, devices))
        raise UsageError(f"arrays on {names} in one call; bring them together with to_device")
    return next(iter(devices))
