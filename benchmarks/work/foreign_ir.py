"""A user's OpenVINO IR as a source: an .xml with a .bin beside it, which OpenVINO alone runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from xml.etree import ElementTree

from isthmus.errors import FileError, UsageError
from isthmus.graph.nodes import Type
from isthmus.trace.tracing import Traced, spec

__all__ = ["opened"]

Types = Mapping[str, Type]

DTYPES = {
    "boolean": "bool", "f16": "float16", "f32": "float32", "f64": "float64",
    "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
    "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
}  # fmt: skip
ALONE = "an OpenVINO IR is read by OpenVINO alone"


@dataclass(frozen=True)
class IrSource:
    """The file, with the sizes that it is measured at."""

    path: Path
    types: Types

    @property
    def files(self) -> tuple[Path, ...]:
        return self.path, self.path.with_suffix(".bin")

    @property
    def classes(self) -> bool:
        return any(kind.ndim == 4 and 3 in kind.shape for kind in self.types.values())

    def traced(self, *, named: bool = False) -> Traced:
        raise UsageError(ALONE)

    def write_model(self, folder: Path) -> list[Path]:
        """The file with its open sizes fixed, and its weights."""
        tree = _tree(self.path)
        for name, layer in _parameters(self.path, tree):
            sizes = self.types[name].shape
            _data(layer).set("shape", ",".join(map(str, sizes)))
            for dim, size in zip(layer.findall("./output/port/dim"), sizes, strict=True):
                dim.text = str(size)
        target = folder / "model.xml"
        tree.write(target, encoding="utf-8", xml_declaration=True)
        weights = copyfile(self.path.with_suffix(".bin"), folder / "model.bin")
        return [target, weights]


def opened(path: Path) -> tuple[Types, Callable[[Types], IrSource]]:
    """The inputs of a file, and how to open it at their sizes."""
    if not path.is_file():
        raise FileError(f"{path}: no such file; give the path of an OpenVINO IR")
    weights = path.with_suffix(".bin")
    if not weights.is_file():
        raise FileError(f"{path}: its weights {weights.name} are not beside it; copy them there")
    types = {name: _type(path, name, layer) for name, layer in _parameters(path, _tree(path))}
    return types, lambda known: IrSource(path, known)


def _tree(path: Path) -> ElementTree.ElementTree[ElementTree.Element[str]]:
    try:
        tree = ElementTree.parse(path)
    except (ElementTree.ParseError, OSError) as problem:
        raise FileError(f"{path}: not an OpenVINO IR ({problem}); export it again") from None
    if tree.getroot().tag != "net" or tree.find("./layers/layer") is None:
        raise FileError(f"{path}: an XML file, but no OpenVINO IR; export it again")
    return tree


def _parameters(
    path: Path, tree: ElementTree.ElementTree[ElementTree.Element[str]]
) -> Iterator[tuple[str, ElementTree.Element[str]]]:
    """The inputs' layers, by the name that OpenVINO knows the input by."""
    for layer in tree.findall("./layers/layer[@type='Parameter']"):
        port = layer.find("./output/port")
        names = (port.get("names") if port is not None else None) or layer.get("name")
        if not names:
            raise FileError(f"{path}: an input without a name; export it again")
        yield names.split(",")[0], layer


def _data(layer: ElementTree.Element[str]) -> ElementTree.Element[str]:
    data = layer.find("./data")
    assert data is not None, "every Parameter of an IR has data"
    return data


def _type(path: Path, name: str, layer: ElementTree.Element[str]) -> Type:
    """dtype and sizes; a size that is "?" or a range gets a name of its own."""
    data = _data(layer)
    shape, kind = data.get("shape"), data.get("element_type", "")
    if shape is None or kind not in DTYPES or "..." in shape:
        raise UsageError(f"{path}: input '{name}' is {kind} [{shape}], which cannot be made up")
    parts = [part.strip() for part in shape.split(",")] if shape.strip() else []
    sizes = [int(p) if p.isdigit() else f"size_of_{i}" for i, p in enumerate(parts)]
    return spec(DTYPES[kind], sizes)
