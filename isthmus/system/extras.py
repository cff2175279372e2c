"""What each extra of the installation brings, and one error for packages that are not here.

`pip install isthmus` brings what running on a CPU takes; `isthmus[EXTRA]` brings these besides.
pyproject.toml declares the same with versions and reasons; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from isthmus.errors import MissingExtra

__all__ = ["explained", "is_here", "lacking", "missing", "require"]

# A package that several extras bring is asked for by the first of them.
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "models": ("huggingface_hub", "pillow", "tokenizers"),
    "report": ("jinja2", "matplotlib", "pandas", "rich"),
    "onnx-cpu": ("onnx", "onnxruntime"),
    "gpu": ("onnx", "onnxruntime-gpu"),
    "bench": (
        *("huggingface_hub", "jinja2", "matplotlib", "onnx", "pandas", "pillow"),
        *("pytest-benchmark", "rich", "tokenizers"),
    ),
    "history": ("jinja2", "matplotlib", "pandas", "rich", "ruptures"),
    "samples": ("huggingface_hub", "pillow", "scikit-learn", "tokenizers"),
    "parquet": ("pyarrow",),
    "dask": ("dask", "distributed"),
    "ray": ("pyarrow", "ray"),
    "spark": ("pyarrow", "pyspark"),
    "serve": ("ray",),
    "all": (
        *("huggingface_hub", "jinja2", "matplotlib", "onnx", "onnxruntime", "pandas", "pillow"),
        *("pyarrow", "pytest-benchmark", "rich", "ruptures", "scikit-learn", "tokenizers"),
    ),
}
# Names that earlier versions gave to extras.
ALIASES: Mapping[str, str] = {"hub": "models", "onnx-cuda": "gpu"}

# The module that a package is imported as, where that is not its own name.
MODULES: Mapping[str, str] = {
    "onnxruntime-gpu": "onnxruntime",
    "pillow": "PIL",
    "pytest-benchmark": "pytest_benchmark",
    "scikit-learn": "sklearn",
}


def require(extra: str, *packages: str, user: str = "") -> None:
    """MissingExtra for those of the packages that cannot be imported; none named: all it brings.

    user: what needs them, as the subject of the sentence.

    >>> require("samples", "pillow")
    """
    absent = [package for package in packages or EXTRAS[extra] if not is_here(package)]
    if absent:
        raise missing(extra, absent, user)


def is_here(package: str) -> bool:
    """Whether it can be imported; it is not."""
    try:
        return find_spec(module_of(package)) is not None
    except (ImportError, ValueError):  # somebody's finder refuses it, or a module has no spec
        return False


def missing(extra: str, packages: Sequence[str], user: str = "") -> MissingExtra:
    """The error that names the packages, and the extra that brings them."""
    names = " and ".join(filter(None, [", ".join(packages[:-1]), packages[-1]]))
    verb = "is" if len(packages) == 1 else "are"
    needs = f"{user} needs".lstrip()
    return MissingExtra(
        f"{needs} {names}, which {verb} not installed; pip install 'isthmus[{extra}]'"
    )


def explained(problem: Exception) -> Exception:
    """The same as MissingExtra where a package of the table was not found; else the problem."""
    name = getattr(problem, "name", None)
    if not isinstance(problem, ModuleNotFoundError) or not name:
        return problem
    for extra, packages in EXTRAS.items():
        for package in packages:
            if module_of(package) == name.partition(".")[0]:
                return missing(extra, [package])
    return problem


def module_of(package: str) -> str:
    """The name that a package is imported by."""
    return MODULES.get(package, package)


def lacking() -> dict[str, list[str]]:
    """For each extra the packages of it that are not installed, by the installation's records."""
    from .machine import versions  # with all it imports, slow to start

    return {
        extra: [package for package in packages if not versions((package,))]
        for extra, packages in EXTRAS.items()
    }
