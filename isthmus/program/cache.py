"""Compiled programs on disk: where they are kept, and the key by which one is found again.

A key is a digest of everything that a compiled program follows from: the graph with its constants'
elements, the options, the runtime and processor, and the code of this package. So an entry is never
out of date; it is only used no more, and makes room in the end. The elements of large constants
enter by sums with a secret of the cache (`system.sums`), which nobody can prepare a graph for.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy

from isthmus import _version
from isthmus.errors import UsageError
from isthmus.graph.nodes import Graph
from isthmus.system.mapping import MappedFile, file_of, offset_in
from isthmus.system.store import Found, Store
from isthmus.system.sums import array_sum

from .archive import described_graph
from .options import Options

__all__ = ["FOLDER", "SIZE", "Place", "State", "cache_store", "folder_of", "place_of", "state"]

FOLDER, SIZE = "ISTHMUS_CACHE", "ISTHMUS_CACHE_GIB"  # environment variables
OFF = ("", "0", "no", "off")
PROGRAMS = "programs"
MOST_GIB = 4.0
FILE = "file-"  # begins the names of entries that hold the sum of a file

# Below both, OpenVINO compiles in less time than a person notices, and namespaces make thousands.
LEAST_NODES, LEAST_BYTES = 64, 2**20

# Folders of this package whose code decides what becomes of a graph.
CODE = ("analysis", "graph", "np", "npx", "onnx", "program", "rewrite", "trace")


def cache_store() -> Store | None:
    """The cache on disk; None where it is switched off, or is not safe, which is warned of once.

    The variable ISTHMUS_CACHE is its folder, or "off"; ISTHMUS_CACHE_GIB how large it may become.
    Raises UsageError for a size that is no number.
    """
    folder = folder_of()
    if folder is None:
        return None
    store = Store(folder, most_bytes())
    reason = store.unsafe()
    if reason is not None:
        _warn(f"{folder}: {reason}, so compiled programs are not kept there; set {FOLDER}")
        return None
    return store


@dataclass(frozen=True)
class State:
    """What `isthmus doctor` says of the cache. folder: None where it is switched off.

    problem: why it is not used, although it is there; None where it is.
    """

    folder: str | None
    programs: int
    size_bytes: int
    most_bytes: int
    problem: str | None


def state() -> State:
    """Where the cache is, and how much is in it."""
    folder = folder_of()
    if folder is None:
        return State(None, 0, 0, most_bytes(), None)
    store = Store(folder, most_bytes())
    entries = store.entries()
    programs = [entry for entry in entries if not entry.path.name.startswith(FILE)]
    size = sum(entry.size_bytes for entry in entries)
    return State(str(folder), len(programs), size, store.most_bytes, store.unsafe())


def most_bytes() -> int:
    """How large the cache may become: ISTHMUS_CACHE_GIB, or 4 GiB."""
    text = os.environ.get(SIZE, str(MOST_GIB))
    try:
        size = float(text)
        if not 0 <= size < 2**30:
            raise ValueError
    except ValueError:
        raise UsageError(f"{SIZE}={text}: give a number of GiB, such as {MOST_GIB:g}") from None
    return int(size * 2**30)


def folder_of(what: str = PROGRAMS) -> Path | None:
    """Where things of a kind are kept; None where nothing is.

    The user's own, by the XDG Base Directory Specification, unless another is named.
    """
    given = os.environ.get(FOLDER)
    if given is not None:
        named = Path(given) if what == PROGRAMS else Path(given) / what
        return None if given.strip().lower() in OFF else named
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        home = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    except RuntimeError:  # a user without a home
        return None
    return home / "isthmus" / what


@cache
def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


class Place:
    """Where in the cache the compiled form of one graph is, or will be."""

    def __init__(self, store: Store, key: str, files: Iterable[MappedFile]) -> None:
        self.store = store
        self.key = key
        self.files = list(files)

    def found(self) -> Found | None:
        """What is there, checked."""
        return self.store.get(self.key)

    def keep(self, facts: Mapping[str, Any], write: Callable[[IO[bytes]], object]) -> None:
        """Put there what `write` writes, if it can be kept and the files are as they were."""
        if all(file.is_unchanged() for file in self.files):
            self.store.put(self.key, facts, write)

    def forget(self) -> None:
        """Remove what is there: the runtime does not take it."""
        self.store.forget(self.key)


def place_of(graph: Graph, options: Options, runtime: Iterable[str], backend: Path) -> Place | None:
    """The place of a graph compiled with these options; None where it is not kept.

    runtime: all that tells the runtime and its processor from others. backend: the folder of the
    backend's code.
    """
    constants = graph.constants()
    size = sum(constant.array.nbytes for constant in constants)
    if size < LEAST_BYTES and len(graph.nodes()) < LEAST_NODES:
        return None
    store = cache_store()
    secret = None if store is None else store.secret(make=True)
    if store is None or secret is None:
        return None
    try:
        document = [described_graph(graph), asdict(options)]
        text = json.dumps(document, sort_keys=True)
    except (TypeError, ValueError, UsageError):  # an attribute that has no text
        return None
    digest = hashlib.blake2b(key=secret, digest_size=24)
    for part in (text, *runtime, _version.__version__, code_digest(backend)):
        digest.update(len(part.encode()).to_bytes(8, "little") + part.encode())
    elements = Elements(store, secret)
    for constant in constants:
        digest.update(elements.told_apart(constant.array))
    return Place(store, digest.hexdigest(), elements.files)


class Elements:
    """What tells the elements of constants apart; of mapped files it is remembered.

    A file that nobody has changed since is known by its place and its times, and not read again.
    """

    def __init__(self, store: Store, secret: bytes) -> None:
        self.store = store
        self.secret = secret
        self._sums: dict[MappedFile, bytes] = {}

    @property
    def files(self) -> Iterable[MappedFile]:
        """The files that constants are parts of."""
        return self._sums

    def told_apart(self, array: Any) -> bytes:
        """Bytes that are the same for the same elements, in the same place of the same file."""
        file = file_of(array)
        if file is None:
            return array_sum(array, self.secret)
        if file not in self._sums:
            self._sums[file] = self._sum(file)
        place = offset_in(file, array), array.strides
        return self._sums[file] + repr(place).encode()

    def _sum(self, file: MappedFile) -> bytes:
        stamp = file.stamp()
        key = hashlib.blake2b((stamp or "").encode(), key=self.secret, digest_size=24).hexdigest()
        known = None if stamp is None else self.store.get(FILE + key)
        if known is not None:
            return bytes.fromhex(known.facts["sum"])
        found = array_sum(numpy.frombuffer(file, numpy.uint8), self.secret)
        if stamp is not None and file.stamp() == stamp:
            self.store.put(FILE + key, {"sum": found.hex()}, lambda _: None)
        return found


@cache
def code_digest(backend: Path) -> str:
    """A digest of the source text that makes a compiled program of a graph."""
    package = Path(_version.__file__).parent
    digest = hashlib.blake2b(digest_size=16)
    for folder in (*(package / name for name in CODE), backend):
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            name = f"{path.relative_to(folder)} {len(content)}\n"
            digest.update(name.encode() + content)
    return digest.hexdigest()
