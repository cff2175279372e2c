"""A user's ONNX file as a source: its inputs, its program where there is one, its copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

from isthmus.errors import FileError, UsageError
from isthmus.graph.nodes import Type
from isthmus.onnx.read.block import block
from isthmus.system.extras import require
from isthmus.trace.tracing import Traced, spec, trace

__all__ = ["opened"]

Types = Mapping[str, Type]

CHANNELS = 3  # of an input [N, 3, H, W], which makes an image model


@dataclass(frozen=True)
class OnnxSource:
    """The file, with the sizes that it is measured at."""

    path: Path
    types: Types

    @property
    def files(self) -> tuple[Path, ...]:
        beside = sorted(set(_locations(self.path, _model(self.path))))
        return self.path, *(self.path.parent / name for name in beside)

    @property
    def classes(self) -> bool:
        images = any(kind.ndim == 4 and CHANNELS in kind.shape for kind in self.types.values())
        return images or "logits" in [value.name for value in _model(self.path).graph.output]

    def traced(self, *, named: bool = False) -> Traced:
        if named:
            raise UsageError("a file is measured at the sizes that were given")
        with TemporaryDirectory(prefix="isthmus-") as folder:
            self.write_model(Path(folder))
            return program_in(Path(folder), self.types)

    def write_model(self, folder: Path) -> list[Path]:
        """The file itself, or with its open sizes fixed; its weights beside it.

        Copies: ONNX refuses weights that are links, since they may lead out of the folder.
        """
        model, target = _model(self.path), folder / "model.onnx"
        beside = [file.relative_to(self.path.parent) for file in self.files[1:]]
        if _is_fixed(model):
            copyfile(self.path, target)
        else:
            target.write_bytes(_fixed(model, self.types))
        for name in beside:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            copyfile(self.path.parent / name, folder / name)
        return [target, *(folder / name for name in beside)]


def program_in(folder: Path, types: Types) -> Traced:
    """The program of a folder's `model.onnx`; UsageError for what Isthmus does not know."""
    path = folder / "model.onnx"
    try:
        return trace(block(path), dict(types))
    except UsageError as problem:  # without the path, which is of a folder that was made for it
        raise UsageError(str(problem).removeprefix(f"{path}: ")) from None


def opened(path: Path) -> tuple[Types, Callable[[Types], OnnxSource], dict[str, int]]:
    """The inputs of a file, how to open it at their sizes, and what its lookups are below."""
    model = _model(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    types = {value.name: _type(path, value) for value in inputs}
    return types, lambda known: OnnxSource(path, known), _bounds(model)


def _model(path: Path) -> Any:
    """The file without its external data; FileError if it is none."""
    require("onnx-cpu", "onnx", user=path.name)
    import onnx

    if not path.is_file():
        raise FileError(f"{path}: no such file; give the path of an ONNX model")
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as problem:  # protobuf's own class differs between its versions
        reason = " ".join(str(problem).split())[:120]
        raise FileError(f"{path}: not an ONNX model ({reason}); export it again") from None
    if not (model.graph.node and model.graph.output):
        raise FileError(f"{path}: an ONNX model without operators; export it again")
    return model


def _type(path: Path, value: Any) -> Type:
    """dtype and sizes; an open size gets its name in the file, or one of its own."""
    from onnx import helper

    tensor = value.type.tensor_type
    if not value.type.HasField("tensor_type") or not tensor.HasField("shape"):
        raise UsageError(f"{path}: input '{value.name}' is no array of known rank; export it anew")
    dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    if dtype.kind not in "fiub":
        raise UsageError(f"{path}: input '{value.name}' is of {dtype}, which cannot be made up")
    open_size = "size_of_{}"
    sizes = [
        d.dim_value if d.dim_value > 0 else open_size.format(i)
        for i, d in enumerate(tensor.shape.dim)
    ]
    return spec(dtype, sizes)


def _bounds(model: Any) -> dict[str, int]:
    """For inputs that are positions in a weight, how many there are."""
    sizes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    casts = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "Cast"}
    found: dict[str, int] = {}
    for node in model.graph.node:
        if node.op_type == "Gather" and node.input[0] in sizes:
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            name = casts.get(node.input[1], node.input[1])
            count = sizes[node.input[0]][axis]
            found[name] = min(count, found.get(name, count))
    return found


def _locations(path: Path, model: Any) -> Iterator[str]:
    """The files of external data; FileError for one that lies elsewhere or is missing."""
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key != "location":
                continue
            inside = not Path(entry.value).is_absolute() and ".." not in Path(entry.value).parts
            if not inside or not (path.parent / entry.value).is_file():
                raise FileError(f"{path}: its weights '{entry.value}' are not beside it")
            yield entry.value


def _is_fixed(model: Any) -> bool:
    shapes = (value.type.tensor_type.shape for value in model.graph.input)
    return all(size.dim_value > 0 for shape in shapes for size in shape.dim)


def _fixed(model: Any, types: Types) -> bytes:
    """The model with numbers for the sizes of its inputs, so that every runtime knows them."""
    for value in model.graph.input:
        if value.name in types:
            sizes = zip(value.type.tensor_type.shape.dim, types[value.name].shape, strict=True)
            for size, number in sizes:
                size.dim_value = number
    content: bytes = model.SerializeToString()
    return content
