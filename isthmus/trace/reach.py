"""What a function can get at: objects in its closure, globals and attributes, names in its code."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from types import CodeType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

__all__ = ["reached"]

MOST_OBJECTS = 2_000  # are looked at, the nearest first: a model's blocks, not all of memory
OURS = "isthmus"

# Of these packages neither code nor objects are looked into.
OTHERS = ("builtins", "collections", "numpy", "onnx", "onnxruntime", "openvino", "torch")


def reached(function: Any, wanted: Callable[[Any], bool]) -> tuple[list[Any], set[str]]:
    """The objects wanted, and the names in the code of the user's functions."""
    found: list[Any] = []
    names: set[str] = set()
    seen: dict[int, Any] = {}  # kept, so that no other object gets the id
    waiting = deque([function])
    while waiting and len(seen) < MOST_OBJECTS:
        each = waiting.popleft()
        if id(each) in seen or isinstance(each, str | bytes | int | float | complex | None):
            continue
        seen[id(each)] = each
        if wanted(each):
            found.append(each)
        elif isinstance(each, FunctionType):
            waiting.extend(_of_function(each, names))
        else:
            waiting.extend(_of_object(each))
    return found, names


def _of_function(function: FunctionType, names: set[str]) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    if _package(function) in (OURS, *OTHERS):
        return
    used = set(_names(function.__code__))
    names |= used
    for name in used & function.__globals__.keys():
        value = function.__globals__[name]
        if isinstance(value, ModuleType):
            yield from _of_module(value, used)
        else:
            names.add(str(getattr(value, "__name__", "")))  # imported under another name
            yield value


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _of_module(module: ModuleType, used: set[str]) -> Iterator[Any]:
    """The attributes of a module that the code may mean."""
    if module.__name__.partition(".")[0] not in (OURS, *OTHERS):
        yield from (value for name, value in vars(module).items() if name in used)


def _of_object(x: Any) -> Iterator[Any]:
    if isinstance(x, partial):
        yield from (x.func, *x.args, *x.keywords.values())
    elif isinstance(x, MethodType):
        yield from (x.__func__, x.__self__)
    elif isinstance(x, dict):
        yield from islice(x.values(), MOST_OBJECTS)
    elif isinstance(x, list | tuple | set | frozenset):
        yield from islice(x, MOST_OBJECTS)
    elif isinstance(x, type):
        yield from _of_class(x)
    elif isinstance(x, GeneratorType):
        yield from x.gi_frame.f_locals.values() if x.gi_frame is not None else ()
    elif isinstance(x, property | staticmethod | classmethod):
        yield from (_attribute(x, name) for name in ("fget", "__func__"))
    elif type(x).__module__.startswith("isthmus.trace."):
        yield getattr(x, "__wrapped__", None)  # of an operator, whose facts draw nothing
    elif _package(type(x)) not in OTHERS:
        yield type(x)
        yield from (_attribute(x, name) for name in ("__wrapped__", *_slots(type(x))))
        yield from getattr(x, "__dict__", {}).values()


def _attribute(x: Any, name: str) -> Any:
    """An attribute, as objects have it that answer for any name, perhaps by an error."""
    try:
        return getattr(x, name, None)
    except Exception:  # which is the user's, and says nothing of what the function reaches
        return None


def _slots(kind: type) -> Iterator[str]:
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots


def _of_class(kind: type) -> Iterator[Any]:
    """The functions of a user's class, but for those that make an object."""
    for base in kind.__mro__:
        if _package(base) not in (OURS, *OTHERS):
            own = vars(base).items()
            yield from (value for name, value in own if name not in ("__init__", "__new__"))


def _package(x: Any) -> str:
    return str(getattr(x, "__module__", None) or "").partition(".")[0]
