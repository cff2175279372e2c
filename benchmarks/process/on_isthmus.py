"""Earlier name of `isthmus.benchmarks.harness.on_isthmus`, by which a gate runs any revision's."""

from isthmus.benchmarks.harness.on_isthmus import compile, load, make, runtime

__all__ = ["compile", "load", "make", "runtime"]
