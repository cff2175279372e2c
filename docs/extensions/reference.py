"""The directive `names`: the public names of a module, each by autodoc, as its page lists them.

    .. names:: isthmus.np
       :chapter: elementwise

Without a chapter they are the content's lines, or the module's `__all__`.
"""

from __future__ import annotations

import inspect
import os
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import public_names as public
from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.statemachine import StringList
from plain_docstrings import parameters_of, plain_signature, plain_type, rest
from sphinx.application import Sphinx

from isthmus.extend import Op

UPWARD = re.compile(r"\]\((\.\./[^)#]*)")
INCLUDED = {"CONTRIBUTING.md": "contributing.md"}  # files at the root that a page shows
LONGEST = 60  # letters of a value that are shown


class Names(Directive):  # type: ignore[misc]  # docutils states no types
    """One entry a name."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"chapter": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        module = import_module(self.arguments[0])
        lines = [f".. py:currentmodule:: {module.__name__}", "", *self._about(module)]
        for name in self._names(module):
            lines += [*entry(module, name), ""]
        node = nodes.section()
        node.document = self.state.document
        source, _ = self.state_machine.get_source_and_line(self.lineno)
        self.state.nested_parse(StringList(lines, source), self.content_offset, node)
        return node.children

    def _about(self, module: ModuleType) -> list[str]:
        """What a chapter's docstring says of all of its names."""
        if "chapter" not in self.options:
            return []
        chapter = import_module(f"{module.__name__}.{self.options['chapter']}")
        lines = inspect.cleandoc(chapter.__doc__ or "").split("\n")
        return rest(lines, (), lambda written: public.linked(written, f"{module.__name__}.x"))

    def _names(self, module: ModuleType) -> list[str]:
        if "chapter" in self.options:
            return list(import_module(f"{module.__name__}.{self.options['chapter']}").__all__)
        given = [line.strip() for line in self.content if line.strip()] or module.__all__
        return [name for name in given if not isinstance(getattr(module, name), ModuleType)]


def entry(module: ModuleType, name: str) -> list[str]:
    """The directive that documents one name."""
    full = f"{module.__name__}.{name}"
    known = public.names()[full]
    if not (isinstance(known, Op) or inspect.isclass(known) or inspect.isroutine(known)):
        return _value(name, known)
    if not known.__module__.startswith("isthmus"):
        said = f"NumPy's own ``{known.__module__}.{name}``."
        return [f".. py:{_kind(known)}:: {name}", "", f"   {said}"]
    if (home := public.home(full)) != full:
        return [f".. py:{_kind(known)}:: {name}", "", f"   The same as :py:obj:`{home}`."]
    if isinstance(known, Op):  # autodoc takes an object that is no function for data
        setattr(module, name, known.body)
    return [f".. auto{_kind(known)}:: {full}", *_options(known)]


def _value(name: str, known: Any) -> list[str]:
    shown = repr(known)
    tells = len(shown) < LONGEST and not shown.startswith("<")
    return [f".. py:data:: {name}", *([f"   :value: {shown}"] if tells else [])]


def _kind(known: Any) -> str:
    if inspect.isclass(known):
        return "exception" if issubclass(known, Exception) else "class"
    return "function"


def _options(known: Any) -> list[str]:
    if not inspect.isclass(known):
        return []
    called = ["   :special-members: __call__"] if "__call__" in vars(known) else []
    based = ["   :show-inheritance:"] if known.__base__ is not object else []
    return ["   :members:", *called, *based]


def process_docstring(
    app: Sphinx, what: str, full: str, known: Any, options: Any, lines: list[str]
) -> None:
    parameters = parameters_of(known)

    def linked(written: str) -> str | None:
        return None if written in parameters else public.linked(written, full)

    lines[:] = rest(lines, parameters, linked)


def process_signature(
    app: Sphinx, what: str, full: str, known: Any, options: Any, given: str | None, result: Any
) -> tuple[str | None, str | None]:
    if given is None or getattr(known, "_is_protocol", False):
        return given and "", None
    return plain_signature(given), plain_type(result or "")


def outside(app: Sphinx, page: str, source: list[str]) -> None:
    """Links to files that are not among the pages lead to copies of them."""
    pages = Path(app.srcdir).resolve()
    folder = (pages / page).parent

    def led(found: re.Match[str]) -> str:
        target = (folder / found[1]).resolve()
        if target.is_relative_to(pages):
            return found[0]
        shown = INCLUDED.get(target.relative_to(pages.parent).as_posix())
        return f"]({os.path.relpath(pages / shown, folder)}" if shown else f"](path:{found[1]}"

    source[0] = UPWARD.sub(led, source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("names", Names)
    app.connect("source-read", outside)
    app.connect("autodoc-process-docstring", process_docstring)
    app.connect("autodoc-process-signature", process_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
