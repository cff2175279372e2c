"""Operations counted by `cost` against published multiply-adds, two operations each."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import models, trace
from isthmus.analysis.cost import Cost, cost_of

# Millions of multiply-adds of one 224 x 224 image, and who published them.
MULTIPLY_ADDS = {
    "resnet-18": (1814, "torchvision, ResNet18_Weights: 1.81 GFLOPS"),
    "resnet-50": (4089, "torchvision, ResNet50_Weights (v1.5): 4.09 GFLOPS"),
    "resnet-152": (11514, "torchvision, ResNet152_Weights (v1.5): 11.51 GFLOPS"),
    "mobilenet-v1": (569, "Howard et al. 2017, arXiv:1704.04861, table 4"),
    "mobilenet-v2": (300, "Sandler et al. 2018, arXiv:1801.04381, table 4"),
    "mobilenet-v3-large": (219, "Howard et al. 2019, arXiv:1905.02244, table 3"),
    "mobilenet-v3-small": (56, "Howard et al. 2019, arXiv:1905.02244, table 3"),
}
# Of 128 tokens: the operations of all, attention included.
BERT = {
    "bert-base": (22.4e9, "Sun et al. 2020, arXiv:2004.02984 (MobileBERT): 22.5 B"),
    "bert-large": (78.9e9, "24 layers of 24 S H^2 + 4 S^2 H, arXiv:2104.04473, appendix"),
}
MULTIPLYING = ("npx.convolution", "np.matmul")


def cost(name: str, **sizes: Any) -> Cost:
    entry = models.find(name)
    block = entry.factory()
    for parameter in block.parameters().values():
        parameter.set(numpy.zeros(parameter.shape, numpy.float32))  # pages never touched
    return cost_of(trace(block, entry.kind.specs(batch=1, **sizes)).graph, {})


def multiply_adds(found: Cost) -> float:
    """The published counts leave out activations, normalisations and sums."""
    return sum(row.operations for row in found.operators if row.operator in MULTIPLYING) / 2


@pytest.mark.parametrize("name", MULTIPLY_ADDS)
def test_multiply_adds_of_image_models_are_the_published_ones(name: str) -> None:
    assert multiply_adds(cost(name)) == pytest.approx(1e6 * MULTIPLY_ADDS[name][0], rel=0.02)


@pytest.mark.parametrize(
    ("name", "operations"), [("resnet-50", 8.2e9), ("resnet-152", 23.1e9), ("mobilenet-v1", 1.14e9)]
)
def test_all_operations_are_little_more(name: str, operations: float) -> None:
    assert cost(name).operations == pytest.approx(operations, rel=0.02)


@pytest.mark.parametrize("name", BERT)
def test_operations_of_bert_are_the_published_ones(name: str) -> None:
    assert cost(name, seq=128).operations == pytest.approx(BERT[name][0], rel=0.02)


def test_operations_of_a_layer_are_a_formula_of_its_sizes() -> None:
    """24 S H^2 + 4 S^2 H, and the pooler's 2 H^2 (Narayanan et al. 2021, arXiv:2104.04473)."""
    width, layers = 384, 6
    for tokens in (16, 512):
        layer = 24 * tokens * width**2 + 4 * tokens**2 * width
        found = 2 * multiply_adds(cost("minilm-l6", seq=tokens))
        assert found == pytest.approx(layers * layer, rel=0.001)
