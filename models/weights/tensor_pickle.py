"""A pickle read as data: only what describes tensors, and no name in it is ever called.

A pickle is a program. The machine here knows the instructions that torch.save writes and seven
functions, all ours, which build inert records (`TensorRef`). Any other instruction or name is
refused before anything happens. The records' sizes and strides are checked against each other
here, and against the bytes that are really there by `pickled.py`.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy

from isthmus.errors import FileError

__all__ = ["DType", "StorageRef", "TensorRef", "shown", "unpickle"]

STORAGES = {
    "BFloat16Storage": "bfloat16",
    "BoolStorage": "bool",
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "ComplexDoubleStorage": "complex128",
    "ComplexFloatStorage": "complex64",
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "ShortStorage": "int16",
    "UntypedStorage": "uint8",
    "_UntypedStorage": "uint8",
}
STORAGE_MODULES = ("torch", "torch.cuda", "torch.storage")
ML_DTYPES = {"bfloat16", "float8_e4m3fn", "float8_e5m2"}
DTYPES = {*STORAGES.values(), *ML_DTYPES, "uint16", "uint32", "uint64"}

# What torch.save writes in protocols 2 to 5, less sets and anything that makes an instance.
FRAMING = pickle.PROTO + pickle.FRAME + pickle.STOP + pickle.MARK + pickle.POP
SCALARS = pickle.NONE + pickle.NEWTRUE + pickle.NEWFALSE + pickle.BINFLOAT
INTEGERS = pickle.BININT + pickle.BININT1 + pickle.BININT2 + pickle.LONG1 + pickle.LONG4
TEXTS = pickle.BINUNICODE + pickle.SHORT_BINUNICODE + pickle.BINSTRING + pickle.SHORT_BINSTRING
TUPLES = pickle.EMPTY_TUPLE + pickle.TUPLE + pickle.TUPLE1 + pickle.TUPLE2 + pickle.TUPLE3
LISTS = pickle.EMPTY_LIST + pickle.APPEND + pickle.APPENDS + pickle.EMPTY_DICT
MEMO = pickle.BINPUT + pickle.LONG_BINPUT + pickle.BINGET + pickle.LONG_BINGET + pickle.MEMOIZE
NAMES = pickle.GLOBAL + pickle.STACK_GLOBAL + pickle.BINPERSID
INSTRUCTIONS = FRAMING + SCALARS + INTEGERS + TEXTS + TUPLES + LISTS + MEMO + NAMES

REMEDY = "where you trust the file, load it with PyTorch and save model.state_dict() alone"


@dataclass(frozen=True, slots=True)
class DType:
    """A dtype, or a storage class, as the pickle names it."""

    name: str

    def numpy(self) -> numpy.dtype[Any]:
        return _ml_dtype(self.name) if self.name in ML_DTYPES else numpy.dtype(self.name)


@dataclass(frozen=True, slots=True)
class StorageRef:
    """`count` elements of `dtype` under `key`, of which `length` from `start` are meant."""

    key: str
    dtype: DType
    count: int
    start: int
    length: int

    @property
    def nbytes(self) -> int:
        return self.count * self.dtype.numpy().itemsize


@dataclass(frozen=True, slots=True)
class TensorRef:
    """A strided view of a storage; offset and strides in elements of `dtype`."""

    storage: StorageRef
    dtype: DType
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def unpickle(stream: io.BytesIO, declared: dict[str, StorageRef] | None = None) -> object:
    """The next pickle in the stream; `declared` receives each storage that it names, by key.

    Raises FileError for what is refused, and whatever `pickle` raises for a damaged stream.
    """
    return _Machine(stream, {} if declared is None else declared).load()


def shown(text: str) -> str:
    """Foreign text fit for a one-line message: ASCII, escaped, at most 120 characters."""
    return ascii(text)[1:-1][:120]


class _Instructions(dict[int, Callable[[Any], None]]):
    def __missing__(self, code: int) -> NoReturn:
        known = pickletools.code2op.get(chr(code))  # type: ignore[attr-defined]
        name = known.name if known else f"{code:#x}"
        raise FileError(f"refused: the pickle uses {name}, which torch.save does not; {REMEDY}")


class _Machine(pickle._Unpickler):
    """Python's own unpickler, cut down to `INSTRUCTIONS` and the methods below.

    The C one cannot be cut down: it allocates its memo by the number in the file (32 GB for
    five bytes), and takes extension codes from a cache without asking.
    """

    stack: list[Any]
    pop_mark: Callable[[], list[object]]

    def __init__(self, stream: io.BytesIO, declared: dict[str, StorageRef]) -> None:
        super().__init__(stream)
        self.declared = declared

    def find_class(self, module: str, name: str, /) -> Any:
        full = f"{module}.{name}"
        if module in STORAGE_MODULES and name in STORAGES:
            return DType(STORAGES[name])
        if module == "torch" and name in DTYPES:
            return DType(name)
        if full in FUNCTIONS:
            return FUNCTIONS[full]
        raise FileError(f"refused: the pickle names {shown(full)}, which is not a tensor; {REMEDY}")

    def persistent_load(self, pid: object) -> StorageRef:
        """("storage", dtype, key, device, count[, view]); anything else is refused."""
        match pid:
            case ("storage", DType() as dtype, str() as key, str(), count, *view):
                (whole,) = _whole(count)
                return self._declare(StorageRef(key, dtype, whole, *_view(view, whole)))
        raise FileError(f"refused: the pickle refers to something not a storage; {REMEDY}")

    def _declare(self, ref: StorageRef) -> StorageRef:
        first = self.declared.setdefault(ref.key, ref)
        if (first.dtype, first.count) != (ref.dtype, ref.count):
            raise FileError(f"damaged: storage {shown(ref.key)} has two types; download it again")
        return ref

    def _reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not any(function is known for known in FUNCTIONS.values()):
            raise FileError(f"refused: the pickle calls something not a tensor; {REMEDY}")
        self.stack.append(function(*arguments))

    def _build(self) -> None:
        """Attributes of an OrderedDict (`_metadata`) are dropped; no other object has any."""
        del self.stack[-1]
        if type(self.stack[-1]) is not dict:
            raise FileError(f"refused: the pickle sets attributes of an object; {REMEDY}")

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _fill(self.stack[-1], [(key, value)])

    def _set_items(self) -> None:
        items = self.pop_mark()
        _fill(self.stack[-1], zip(items[::2], items[1::2], strict=True))

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = _Instructions(
        {
            **{code: pickle._Unpickler.dispatch[code] for code in INSTRUCTIONS},
            pickle.REDUCE[0]: _reduce,
            pickle.BUILD[0]: _build,
            pickle.SETITEM[0]: _set_item,
            pickle.SETITEMS[0]: _set_items,
        }
    )


def _fill(mapping: object, items: Iterable[tuple[object, object]]) -> None:
    """Plain keys only: hashing a tuple nested a million deep overruns the C stack."""
    if type(mapping) is not dict:
        raise FileError(f"refused: the pickle fills something not a dictionary; {REMEDY}")
    for key, value in items:
        if not isinstance(key, str | int | float | bytes):
            raise FileError(f"refused: a dictionary key of type {type(key).__name__}; {REMEDY}")
        mapping[key] = value


def _whole(*numbers: object) -> tuple[int, ...]:
    whole = tuple(n for n in numbers if type(n) is int and 0 <= n < 2**60)
    if len(whole) != len(numbers):
        raise FileError("damaged: a size is negative, huge or not a number; download it again")
    return whole


def _view(view: list[object], count: int) -> tuple[int, int]:
    """(start, length) of the part of a storage that an old file may name: (key, start, length)."""
    match view:
        case [] | [None]:
            return 0, count
        case [(str(), int() as start, int() as length)]:
            _whole(start, length, count - start - length)
            return start, length
    raise FileError("damaged: a storage view of unknown form; download it again")


def _checked(
    storage: StorageRef, dtype: DType, offset: object, size: object, stride: object
) -> TensorRef:
    """Refused unless every element lies in the storage, and none of them is repeated for free."""
    if not isinstance(size, tuple) or not isinstance(stride, tuple) or len(size) != len(stride):
        raise FileError("damaged: sizes and strides of a tensor do not pair up; download it again")
    if len(size) > 64:
        raise FileError(f"a tensor of {len(size)} dimensions; NumPy has 64 at the most")
    (first,), shape, strides = _whole(offset), _whole(*size), _whole(*stride)
    last = first + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    room = storage.length * storage.dtype.numpy().itemsize // dtype.numpy().itemsize
    if math.prod(shape) and (last >= room or math.prod(shape) > room):
        fact = f"a tensor of shape {shape} and strides {strides} from {first} is larger"
        raise FileError(f"refused: {fact} than its storage of {room}; save it with .contiguous()")
    return TensorRef(storage, dtype, first, shape, strides)


def _tensor(
    storage: object, offset: object, size: object, stride: object, *rest: object
) -> TensorRef:
    """`rest`: requires_grad, hooks, and lazy flags, of which the last would change values."""
    if not isinstance(storage, StorageRef):
        raise FileError("damaged: a tensor without a storage; download it again")
    if any(rest[2:]):
        raise FileError("a lazily conjugated or negated tensor; save it with .resolve_conj()")
    return _checked(storage, storage.dtype, offset, size, stride)


def _typed_tensor(
    storage: object, offset: object, size: object, stride: object, *rest: object
) -> TensorRef:
    """`rest`: requires_grad, hooks, dtype, and flags as above."""
    if not isinstance(storage, StorageRef) or not isinstance(rest[2], DType) or any(rest[3:]):
        raise FileError(f"a kind of tensor that NumPy lacks; {REMEDY}")
    return _checked(storage, rest[2], offset, size, stride)


def _parameter(data: object, *_: object) -> TensorRef:
    if not isinstance(data, TensorRef):
        raise FileError("damaged: a parameter that is not a tensor; download it again")
    return data


def _ordered(pairs: Iterable[Iterable[object]] = ()) -> dict[object, object]:
    mapping: dict[object, object] = {}
    _fill(mapping, ((key, value) for key, value in pairs))
    return mapping


def _size(sizes: Iterable[object] = ()) -> tuple[int, ...]:
    return _whole(*sizes)


FUNCTIONS: dict[str, Callable[..., object]] = {
    "collections.OrderedDict": _ordered,
    "torch.Size": _size,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _typed_tensor,
}


def _ml_dtype(name: str) -> numpy.dtype[Any]:
    try:
        import ml_dtypes
    except ImportError:
        raise FileError(f"holds {name}; `pip install ml_dtypes`, or save it as float32") from None
    dtype: numpy.dtype[Any] = numpy.dtype(vars(ml_dtypes)[name])
    return dtype
