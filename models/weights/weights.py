"""Weights by file, folder or hub name, fitted to a model's parameters.

Formats: .safetensors (huggingface.co/docs/safetensors), and PyTorch's .pth, .pt and .bin. Names of
published checkpoints are mapped to ours by `checkpoint_names.py`.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy

from isthmus.errors import FileError
from isthmus.system.extras import missing
from isthmus.system.tensors import read_tensors

from .checkpoint_names import IGNORED, translate
from .joined import apart
from .pickled import read_pickled

__all__ = ["HUB", "HasShape", "assign", "downloaded", "load_weights", "read_weights"]

Array = numpy.ndarray[Any, Any]

HUB = "hf://"
FILES_OF_A_MODEL = ("model.safetensors", "pytorch_model.bin")
SHOWN = 5
HALF_DTYPES = ("float16", "bfloat16")


class HasShape(Protocol):
    """An array, a parameter, or a type."""

    @property
    def shape(self) -> tuple[int, ...]: ...


def load_weights(
    parameters: Mapping[str, HasShape], source: str | os.PathLike[str], family: str
) -> dict[str, Array]:
    """Values for all `parameters`, from a published checkpoint: read, renamed and checked.

    family: as `translate` calls it. Raises FileError as `read_weights` and `assign` do.
    """
    tensors = apart(read_weights(source), family)
    names = translate(tensors, family, parameters)
    renamed = {names[name]: tensor for name, tensor in tensors.items()}
    return assign(parameters, renamed, str(source), IGNORED[family])


def read_weights(source: str | os.PathLike[str]) -> dict[str, Array]:
    """All tensors of a file, a folder, or "hf://ORGANISATION/NAME[/FILE]", by their own names.

    A folder or a hub model is searched for model.safetensors, then pytorch_model.bin.

    Raises FileError for what is missing, unknown, truncated, hostile or not reachable, and
    MissingExtra where a hub name is given without the package that speaks to hubs.
    """
    text = os.fspath(source)
    path = _from_hub(text) if text.startswith(HUB) else _file(Path(text).expanduser())
    reader = READERS.get(path.suffix)
    if reader is None:
        raise FileError(f"{path}: unknown suffix; weights end in {', '.join(READERS)}")
    return reader(path)


def assign(
    parameters: Mapping[str, HasShape],
    tensors: Mapping[str, Array],
    source: str,
    ignore: Iterable[str] = (),
) -> dict[str, Array]:
    """Each parameter's tensor, by name; float16 and bfloat16 become float32.

    ignore: regular expressions; a tensor that matches one may be left over. A 1x1 convolution
    fits a linear layer: trailing ones in the tensor's shape are dropped.

    Raises one FileError naming every kind of mismatch: missing, left over, of another shape.
    """
    given = {
        name: _fitted(tensors[name], parameters[name]) for name in parameters if name in tensors
    }
    patterns = [re.compile(pattern) for pattern in ignore]
    left = [n for n in tensors if n not in parameters and not any(p.search(n) for p in patterns)]
    complaints = (
        _listed("missing", {n: _shape(p) for n, p in parameters.items() if n not in tensors}),
        _listed("unexpected", {n: _shape(tensors[n]) for n in left}),
        _listed("misshaped", {n: _differ(a, parameters[n]) for n, a in given.items()}),
    )
    if any(complaints):
        fact = "; ".join(complaint for complaint in complaints if complaint)
        raise FileError(f"{source}: does not fit the model: {fact}; check variant and head")
    return {name: _widened(array) for name, array in given.items()}


def _fitted(tensor: Array, parameter: HasShape) -> Array:
    shape = tuple(parameter.shape)
    ones = (1,) * (tensor.ndim - len(shape))
    return tensor.reshape(shape) if ones and tensor.shape == shape + ones else tensor


def _widened(array: Array) -> Array:
    return array.astype(numpy.float32) if array.dtype.name in HALF_DTYPES else array


def _shape(value: HasShape) -> str:
    return f"[{', '.join(map(str, value.shape))}]"


def _differ(array: Array, parameter: HasShape) -> str:
    same = array.shape == tuple(parameter.shape)
    return "" if same else f"{_shape(array)} instead of {_shape(parameter)}"


def _listed(kind: str, items: Mapping[str, str]) -> str:
    """ "2 missing (a [3], b [4])": the first five by name, then how many more."""
    wrong = [f"{name} {fact}" for name, fact in items.items() if fact]
    more = [f"and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
    return f"{len(wrong)} {kind} ({', '.join(wrong[:SHOWN] + more)})" if wrong else ""


def _file(path: Path) -> Path:
    if path.is_dir():
        return _file_in(path)
    if not path.is_file():
        raise FileError(f"{path}: no such file; give a weights file, a folder, or {HUB}ORG/NAME")
    return path


def _file_in(folder: Path) -> Path:
    for name in FILES_OF_A_MODEL:
        if (folder / name).is_file():
            return folder / name
    raise FileError(f"{folder}: no {' or '.join(FILES_OF_A_MODEL)} in it; name the file itself")


def _read_safetensors(path: Path) -> dict[str, Array]:
    """The tensors mapped, so that those nobody uses are never read."""
    from safetensors import SafetensorError

    try:
        _, tensors = read_tensors(path)
    except (SafetensorError, ArithmeticError, LookupError, OSError, ValueError) as error:
        detail = ascii(f"{type(error).__name__}: {error}")[1:-1][:120].strip()
        raise FileError(f"{path}: truncated or damaged ({detail}); download it again") from None
    return tensors


READERS: dict[str, Callable[[Path], dict[str, Array]]] = {
    ".safetensors": _read_safetensors,
    ".pth": read_pickled,
    ".pt": read_pickled,
    ".bin": read_pickled,
}


def _from_hub(source: str) -> Path:
    organisation, _, rest = source.removeprefix(HUB).partition("/")
    name, _, file = rest.partition("/")
    if not organisation or not name:
        raise FileError(f"{source}: not a hub name; write {HUB}ORGANISATION/NAME[/FILE]")
    return downloaded(f"{organisation}/{name}", [file] if file else FILES_OF_A_MODEL)


def downloaded(model: str, files: Iterable[str]) -> Path:
    """The first of the files that the hub has, in its cache on this machine."""
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError
    except ImportError:
        raise missing("models", ["huggingface_hub"], f"{HUB}{model}") from None
    # It writes a line for each retry; the one line of our error is enough.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    # OSError and ValueError: no connection, no cached copy, or a name no hub would accept.
    for file in files:
        try:
            return Path(hf_hub_download(model, file))
        except RemoteEntryNotFoundError:
            continue
        except (HfHubHTTPError, OSError, ValueError) as error:
            raise FileError(f"{HUB}{model}: {_unreachable(error)}") from None
    raise FileError(f"{HUB}{model}: has no {' or '.join(files)}; name a file that it has")


def _unreachable(error: Exception) -> str:
    reason = ascii(str(error).split("\n")[0])[1:-1][:120].strip()
    return f"not reachable ({reason}); download it elsewhere and pass the file"
