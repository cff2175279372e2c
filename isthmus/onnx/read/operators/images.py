"""Images at other sizes, and looked at where a grid says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Constant, Result
from isthmus.graph.shapes import product
from isthmus.npx.computed_resize import computed_resize
from isthmus.npx.sampling import is_simple
from isthmus.trace.array import Array
from isthmus.trace.op import OPERATORS

from ..facts import Facts, Row, row

__all__ = ["ROWS"]


def resize(
    facts: Facts, x: Any, roi: Any = None, scales: Any = None, sizes: Sequence[Any] | None = None
) -> Any:
    """Since opset 11; before its operands are (x, scales), and positions i / scale."""
    if facts.opset < 11:
        return _first_resize(facts, x, roi)
    coordinates = facts.get("coordinate_transformation_mode", "half_pixel")
    axes = tuple(range(x.ndim) if facts.get("axes") is None else facts["axes"])
    scales, sizes = elements(scales), tuple(sizes) if sizes else None
    part = elements(roi) if coordinates == "tf_crop_and_resize" else None
    policy = facts.get("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch" and sizes is not None:
        sizes, scales = _in_proportion(x, sizes, axes, policy)
    return _resized(
        x,
        sizes=sizes,
        scales=scales,
        axes=axes,
        mode=facts.get("mode", "nearest"),
        coordinates=coordinates,
        rounding=facts.get("nearest_mode", "round_prefer_floor"),
        cubic_coefficient=facts.get("cubic_coeff_a", -0.75),
        exclude_outside=bool(facts.get("exclude_outside", 0)),
        antialias=bool(facts.get("antialias", 0)),
        roi=part,
        extrapolation_value=facts.get("extrapolation_value", 0.0),
    )


def _resized(x: Any, **facts: Any) -> Any:
    numbers = [*(facts["sizes"] or ()), *(facts["scales"] or ()), *(facts.get("roi") or ())]
    is_open = any(isinstance(size, Dim) for size in facts["sizes"] or ())
    if any(isinstance(n, Array) for n in numbers) or (is_open and facts.get("antialias")):
        return computed_resize(x, **facts)
    pairs = zip(facts["axes"], facts["scales"] or (), strict=False)
    if any(isinstance(x.shape[axis], Dim) and not is_simple(scale) for axis, scale in pairs):
        return computed_resize(x, **facts)  # positions as of a size that is known
    return npx.resize(x, **facts)


def elements(vector: Any) -> tuple[Any, ...] | None:
    """Floats, and arrays without axes where they are computed; None for nothing."""
    if vector is None or vector.ndim != 1 or isinstance(vector.shape[0], Dim):
        return None
    if not isinstance(vector, Array):
        return tuple(map(float, vector)) or None
    known = _known_elements(vector)
    return tuple(known.get(i, np.getitem(vector, i)) for i in range(vector.shape[0])) or None


def _known_elements(vector: Array) -> dict[int, float]:
    """Of a vector joined from several, the elements of those that are constants."""
    source, start = vector.value, 0
    found: dict[int, float] = {}
    if isinstance(source, Result) and source.node.op is OPERATORS["np.concat"]:
        for part in source.node.operands:
            assert part is not None
            if isinstance(part, Constant):
                found.update(enumerate(part.array.tolist(), start))
            start += int(part.type.shape[0])
    return found


def _in_proportion(
    x: Any, sizes: Sequence[Any], axes: Sequence[int], policy: str
) -> tuple[Any, Any]:
    """One scale for all axes, with which none is larger than asked, or none smaller."""
    if policy not in ("not_larger", "not_smaller"):
        raise UsageError(f"keep_aspect_ratio_policy '{policy}'")
    lengths = [x.shape[axis] for axis in axes]
    if not any(isinstance(size, Dim) for size in (*sizes, *lengths)):
        ratios = [size / length for size, length in zip(sizes, lengths, strict=True)]
        scale = min(ratios) if policy == "not_larger" else max(ratios)
        return tuple(int(scale * n + 0.5) for n in lengths), (scale,) * len(lengths)
    wanted, have = (np.stack([np.asarray(n, numpy.float64) for n in ns]) for ns in (sizes, lengths))
    scale = (np.min if policy == "not_larger" else np.max)(wanted / have)
    rounded = np.astype(np.floor(scale * have + 0.5), numpy.int64)
    return [np.getitem(rounded, i) for i in range(len(lengths))], [scale] * len(lengths)


def _first_resize(facts: Facts, x: Any, scales: Any = None) -> Any:
    """Opset 10, and Upsample, which never shrinks: positions scale, and no more is said of them."""
    mode = {"bilinear": "linear"}.get(facts.get("mode"), facts.get("mode", "nearest"))
    factors = tuple(facts.get("scales", ())) if scales is None else elements(scales)
    if not factors:
        raise UsageError(f"no scales for opset {facts.opset}")
    if mode == "nearest" and not all(_is_plain(s, facts.op) for s in factors):
        raise UsageError(f"scales {factors}, for which opset {facts.opset} rounds as it likes")
    return _resized(
        x,
        sizes=None,
        scales=factors,
        axes=tuple(range(x.ndim)),
        mode=mode,
        coordinates="asymmetric",
        rounding="floor",
    )


def _is_plain(scale: Any, op: str) -> bool:
    """Whether positions are whole, or those of an image that grows."""
    if isinstance(scale, Array):
        return op == "Upsample"
    return bool(scale >= 1 or (1 / scale).is_integer())


def grid_sample(facts: Facts, x: Any, grid: Any) -> Any:
    mode = facts.get("mode", "linear")
    return npx.grid_sample(
        x,
        grid,
        mode={"bicubic": "cubic", "bilinear": "linear"}.get(mode, mode),  # until opset 20
        padding_mode=facts.get("padding_mode", "zeros"),
        align_corners=bool(facts.get("align_corners", 0)),
    )


def affine_grid(facts: Facts, theta: Any, sizes: Sequence[Any]) -> Any:
    """theta [N, k, k + 1] times (x, y, 1) or (x, y, z, 1) of each element -> [N, ..., k]."""
    _, _, *image = sizes
    if len(image) not in (2, 3) or theta.ndim != 3:
        raise UsageError(f"sizes {tuple(sizes)} and theta of {theta.ndim} axes")
    ends = 1 if facts.get("align_corners", 0) else 0
    whole = tuple(image)
    parts = [np.ones(whole, theta.dtype)]
    for axis, size in enumerate(image):
        count = np.asarray(size, theta.dtype)
        steps = np.astype(np.arange(size), theta.dtype)
        at = 2 * steps / np.maximum(count - 1, 1) - 1 if ends else (2 * steps + 1) / count - 1
        parts.insert(
            0, np.broadcast_to(np.reshape(at, (-1, *(1,) * (len(image) - axis - 1))), whole)
        )
    points = np.reshape(np.stack(parts, axis=-1), (product(whole), len(image) + 1))
    found = np.matmul(points, np.matrix_transpose(theta))
    return np.reshape(found, (theta.shape[0], *whole, len(image)))


ROWS: dict[str, Row] = {
    "AffineGrid": row(affine_grid, sizes=(1,)),
    "GridSample": row(grid_sample),
    "Resize": row(resize, sizes=(3,)),
    "Upsample": row(_first_resize),
}
