"""Sphinx's settings: the pages of this folder, and a reference made of the docstrings."""

from __future__ import annotations

import sys
from pathlib import Path

import isthmus

sys.path.insert(0, str(Path(__file__).with_name("extensions")))

project = "Isthmus"
version = release = isthmus.__version__
extensions = ["sphinx.ext.autodoc", "myst_parser", "reference"]
exclude_patterns = ["ci", "extensions"]

html_theme = "furo"
html_title = f"Isthmus {release}"
html_show_copyright = html_show_sphinx = html_show_sourcelink = html_copy_source = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

highlight_language = "none"
smartquotes = False  # formulas have quotes and dots
add_module_names = False
toc_object_entries_show_parents = "hide"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False

nitpicky = True  # a name that docstrings link has an entry; types of parameters need not have one
nitpick_ignore_regex = [("py:class", r".*"), ("py:obj", r"isthmus\.trace\.op\.[PR]")]
