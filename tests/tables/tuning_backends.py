"""Backends that fail as runtimes do, installed as a package of somebody else's would be."""

from __future__ import annotations

from pathlib import Path

__all__ = ["NAMES", "end_late", "install"]

SOURCE = '''
import math
import os
import pathlib
import resource
import time

from isthmus.errors import BackendMissing
from isthmus.numpy_backend import NumpyBackend
from isthmus.program.options import Options


class Crash(NumpyBackend):
    name = "crash"

    def load(self, graph, options):
        os.abort()


class Hang(NumpyBackend):
    name = "hang"

    def load(self, graph, options):
        time.sleep(3600)


class Greedy(NumpyBackend):
    """All memory that it is allowed, and more."""

    name = "greedy"

    def load(self, graph, options):
        import numpy

        resource.setrlimit(resource.RLIMIT_AS, (2**34, 2**34))
        self.kept = [numpy.empty(2**27) for _ in range(100)]


class _Wrapped:
    def __init__(self, runner, answer):
        self.runner, self.answer = runner, answer

    def __call__(self, arrays, sizes):
        return self.answer(self.runner(arrays, sizes))

    def describe(self):
        return self.runner.describe()


class Wrong(NumpyBackend):
    """Quicker than any, and wrong."""

    name = "wrong"

    def load(self, graph, options):
        return _Wrapped(super().load(graph, options), lambda found: [-each for each in found])


class Spoilt(NumpyBackend):
    name = "spoilt"

    def load(self, graph, options):
        return _Wrapped(super().load(graph, options), lambda found: [e * math.nan for e in found])


class Short(NumpyBackend):
    name = "short"

    def load(self, graph, options):
        return _Wrapped(super().load(graph, options), lambda found: [each[:1] for each in found])


class Raising(NumpyBackend):
    name = "raising"

    def load(self, graph, options):
        raise ValueError("not\\ntoday")


class Missing(NumpyBackend):
    name = "missing"

    def load(self, graph, options):
        raise BackendMissing("no such device")


class Slow(NumpyBackend):
    """As NumPy's, and 5 ms more."""

    name = "slow"

    def load(self, graph, options):
        return _Wrapped(super().load(graph, options), lambda found: time.sleep(0.005) or found)


class Late(NumpyBackend):
    """Ends in the middle of the race, once a file `end` is beside this one."""

    name = "late"

    def load(self, graph, options):
        end = pathlib.Path(__file__).with_name("end")

        def answer(found):
            if end.exists():
                os.abort()
            return found

        return _Wrapped(super().load(graph, options), answer)


class Integers(Slow):
    """Slow, but in integers."""

    name = "integers"
    def emulates(self, options):
        return ()

    def precisions(self, options):
        return ("f32", "int8")

    def load(self, graph, options):
        if options.precision == "int8":
            return NumpyBackend.load(self, graph, options)
        return super().load(graph, options)


class Levered(Slow):
    """Slow, but where it is told not to be."""

    name = "levered"

    def levers(self, options):
        return {"quick": (False, True)}

    def load(self, graph, options):
        if options.extra.get("quick"):
            return NumpyBackend.load(self, graph, options)
        return super().load(graph, options)
'''
NAMES = (
    *("crash", "greedy", "hang", "integers", "late", "levered", "missing", "raising"),
    *("short", "slow", "spoilt", "wrong"),
)


def end_late(folder: Path) -> None:
    """Let `late` end at its next call."""
    (folder / "end").touch()


def install(folder: Path) -> None:
    """Put the package and its entry points into a folder, which is then on the path."""
    name = "isthmus_tuning_backends"
    (folder / f"{name}.py").write_text(SOURCE)
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    points = "".join(f"{each} = {name}:{each.capitalize()}\n" for each in NAMES)
    (about / "entry_points.txt").write_text(f"[isthmus.backends]\n{points}")
