"""Colours and type of every plot, light and dark; a variant has one colour and mark everywhere.

Plots are drawn in the light colours; `svg` replaces each by a CSS variable of its name.
Every colour stands out 3:1 from the paper at least, and variants that share a hue (one family)
differ in lightness and mark, so that no reader depends on hue alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from isthmus.system.extras import require

__all__ = ["Look", "Looks", "css", "looks", "names", "style"]


class Look(NamedTuple):
    """A variant's colour on light and on dark paper, and its mark."""

    light: str
    dark: str
    mark: str = "o"


INK, SOFT, LINE, PAPER = "#1b1f24", "#57606a", "#d9dee4", "#ffffff"
ROLES = {
    "ink": Look(INK, "#e6e9ed"),
    "soft": Look(SOFT, "#9aa5b1"),
    "line": Look(LINE, "#333b45"),
    "paper": Look(PAPER, "#14181d"),
}
VARIANTS = {
    "numpy": Look("#6e7781", "#8b96a3", "o"),
    "cpu": Look("#0f766e", "#2dbaa8", "D"),
    "cpu-named": Look("#3f8f5f", "#7ccf9a", "v"),
    "onnxruntime-cpu": Look("#2a9184", "#8adfd3", "s"),
    "gpu": Look("#134e4a", "#14a394", "*"),
    "openvino-by-hand": Look("#1d5fa8", "#5aa2ee", "^"),
    "onnxruntime-by-hand": Look("#3b8ccb", "#a9d2f7", "p"),
    "torch-eager": Look("#b84a00", "#e8743b", "<"),
    "torch-compile": Look("#cf701a", "#f9b57e", ">"),
    "jax": Look("#6d3fa0", "#b48ae6", "P"),
    "mxnet-onednn": Look("#c0558c", "#ee9cc8", "X"),
    "mxnet-plain": Look("#8c2f5f", "#c95b93", "d"),
    # Below float32: letters.
    "cpu-bf16": Look("#157f3d", "#4ade80", "$b$"),
    "cpu-int8": Look("#4d7c0f", "#a3e635", "$i$"),
    "cpu-weights-int8": Look("#6b7f1a", "#c6dc5a", "$w$"),
    "cpu-auto": Look("#065f46", "#34d399", "$a$"),
    "onnxruntime-cpu-bf16": Look("#3f8f74", "#8fe3c6", "$B$"),
    "onnxruntime-cpu-int8": Look("#5f8f3a", "#bde37f", "$I$"),
    "onnxruntime-cpu-weights-int8": Look("#7c8a35", "#d9e68a", "$W$"),
    "onnxruntime-cpu-auto": Look("#1b7a63", "#6ee7c7", "$A$"),
    "openvino-as-it-comes": Look("#1e3f8a", "#7c9cf5", "$c$"),
    "openvino-nncf-int8": Look("#4b50b8", "#a5a9fa", "$n$"),
    "onnxruntime-dynamic-int8": Look("#2f7f9e", "#86d3ee", "$d$"),
    "onnxruntime-static-int8": Look("#17607a", "#4fb6d6", "$s$"),
    "torch-eager-bf16": Look("#8f2d12", "#f0825c", "$t$"),
    "torch-compile-bf16": Look("#a3541c", "#ffcf9e", "$T$"),
    "sentence-transformers-openvino": Look("#7a4b9c", "#d0a6f0", "$S$"),
}
OTHERS = (
    Look("#8a6d00", "#d6b83a", "h"),
    Look("#5c4a3d", "#b39b88", "x"),
    Look("#4f5d2f", "#a3b56b", "H"),
    Look("#9c3d3d", "#e58f8f", "8"),
)
Looks = Mapping[str, Look]
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.7,
    "lines.markersize": 5.5,
    "path.simplify_threshold": 0.2,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",  # text stays text
    "text.color": INK,
    "text.parse_math": False,  # a dollar is a dollar
    "xtick.bottom": False,  # the grid says where
    "xtick.color": LINE,
    "xtick.labelcolor": SOFT,
    "xtick.labelsize": 9.5,
    "ytick.color": LINE,
    "ytick.left": False,
    "ytick.labelcolor": SOFT,
    "ytick.labelsize": 9.5,
}


def style(salt: str) -> AbstractContextManager[None]:
    """matplotlib's defaults and ours, whatever the user's own settings; ids depend on `salt`."""
    require("report", "matplotlib")
    from matplotlib import style as styles

    return styles.context(["default", {**STYLE, "svg.hashsalt": salt}])


def looks(variants: Iterable[str]) -> Looks:
    """A look for every variant; those unknown to the table take the spare ones by name."""
    every = dict.fromkeys(variants)
    others = sorted(name for name in every if name not in VARIANTS)
    spare = {name: OTHERS[at % len(OTHERS)] for at, name in enumerate(others)}
    return {name: VARIANTS.get(name) or spare[name] for name in every}


def css() -> str:
    """The colours as CSS variables, light and, on a screen whose reader prefers it, dark."""
    light = _declarations([(name, look.light) for name, look in names().items()])
    dark = _declarations([(name, look.dark) for name, look in names().items()])
    screen = "@media screen and (prefers-color-scheme: dark)"
    return f":root {{ {light} }}\n{screen} {{ :root {{ {dark} }} }}\n"


def names() -> dict[str, Look]:
    """Every colour by the name of its CSS variable."""
    spare = {f"other-{at}": look for at, look in enumerate(OTHERS)}
    return {**ROLES, **VARIANTS, **spare}


def _declarations(colours: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"--{name}: {colour}" for name, colour in colours)
