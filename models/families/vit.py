"""Vision transformers: an image as a text of patches (Dosovitskiy et al. 2020, arXiv:2010.11929).

Parameters are named as timm's vit_base_patch16_224 names them, but that query, key and value are
layers of their own, as Hugging Face has them. Images have the one size that the positions are of.
N is the batch, T the patches and one token more, W the width.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.nn import Block, Conv2D, Dense, LayerNorm, Parameter, Sequential, normal

__all__ = [
    "Attention",
    "FeedForward",
    "Layer",
    "Patches",
    "ViT",
    "vit",
    "vit_base",
    "vit_small",
    "vit_tiny",
]

PATCH = 16  # pixels of a side


class Patches(Block):
    """A dense layer on each 16 x 16 patch. [N, 3, H, W] -> [N, patches, width]."""

    def __init__(self, width: int, image: int) -> None:
        self.image = image
        self.proj = Conv2D(width, 3, PATCH, strides=PATCH, bias=True)

    def forward(self, x: Any) -> Any:
        batch, _, *sizes = x.shape
        if not all(isinstance(size, int) and size == self.image for size in sizes):
            given = " x ".join(map(str, sizes))
            raise UsageError(f"images of {given}, but image={self.image}; resize them")
        y = self.proj(x)
        patches = (self.image // PATCH) ** 2
        return np.permute_dims(np.reshape(y, (batch, y.shape[1], patches)), (0, 2, 1))


class Attention(Block):
    """proj(softmax(q @ k.T / sqrt(D)) @ v) in each of the heads. x: [N, T, W]."""

    def __init__(self, width: int, heads: int) -> None:
        self.heads = heads
        self.query = Dense(width, width)
        self.key = Dense(width, width)
        self.value = Dense(width, width)
        self.proj = Dense(width, width)

    def forward(self, x: Any) -> Any:
        q, k, v = (self._split(layer(x)) for layer in (self.query, self.key, self.value))
        y = npx.scaled_dot_product_attention(q, k, v)
        return self.proj(np.reshape(np.permute_dims(y, (0, 2, 1, 3)), x.shape))

    def _split(self, x: Any) -> Any:
        batch, tokens, width = x.shape
        parts = np.reshape(x, (batch, tokens, self.heads, width // self.heads))
        return np.permute_dims(parts, (0, 2, 1, 3))


class FeedForward(Block):
    """fc2(gelu(fc1(x))), gelu by the error function."""

    def __init__(self, width: int, inner: int) -> None:
        self.fc1 = Dense(inner, width)
        self.fc2 = Dense(width, inner)

    def forward(self, x: Any) -> Any:
        return self.fc2(npx.gelu(self.fc1(x)))


class Layer(Block):
    """x + attn(norm1(x)), then x + mlp(norm2(x))."""

    def __init__(self, width: int, heads: int, inner: int, epsilon: float) -> None:
        self.norm1 = LayerNorm(width, epsilon)
        self.attn = Attention(width, heads)
        self.norm2 = LayerNorm(width, epsilon)
        self.mlp = FeedForward(width, inner)

    def forward(self, x: Any) -> Any:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(Block):
    """x: [N, 3, image, image] -> [N, classes]."""

    def __init__(
        self,
        layers: int,
        width: int,
        heads: int,
        inner: int,
        image: int,
        classes: int,
        epsilon: float,
    ) -> None:
        self.cls_token = Parameter((1, 1, width), normal(0.02))
        self.pos_embed = Parameter((1, (image // PATCH) ** 2 + 1, width), normal(0.02))
        self.patch_embed = Patches(width, image)
        self.blocks = Sequential(*(Layer(width, heads, inner, epsilon) for _ in range(layers)))
        self.norm = LayerNorm(width, epsilon)
        self.head = Dense(classes, width)

    def forward(self, x: Any) -> Any:
        patches = self.patch_embed(x)
        batch, _, width = patches.shape
        first = np.broadcast_to(self.cls_token.data(), (batch, 1, width))
        tokens = np.concatenate((first, patches), axis=1) + self.pos_embed.data()
        seen = self.norm(self.blocks(tokens))
        return self.head(np.getitem(seen, (slice(None), 0)))


def vit(
    *,
    layers: int = 12,
    width: int,
    heads: int,
    inner: int,
    image: int = 224,
    classes: int = 1000,
    epsilon: float = 1e-6,
) -> Block:
    """A ViT of any size; image: pixels of a side. Hugging Face's epsilon is 1e-12."""
    if width % heads:
        raise UsageError(f"width={width} is no multiple of heads={heads}; adapt one")
    if image % PATCH:
        raise UsageError(f"image={image} is no multiple of the patches' {PATCH}; adapt it")
    return ViT(layers, width, heads, inner, image, classes, epsilon)


vit_base = partial(vit, width=768, heads=12, inner=3072)
vit_small = partial(vit, width=384, heads=6, inner=1536)
vit_tiny = partial(vit, width=192, heads=3, inner=768)
