"""Checkpoints against parameters: missing and unexpected apart, and what never fits."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import nn
from isthmus.errors import UsageError


def network() -> nn.Sequential:
    net = nn.Sequential(nn.Conv2D(2, 3, 1), nn.BatchNorm(2), nn.Flatten(), nn.Dense(2, 2))
    net.initialize(seed=1)
    return net


@pytest.fixture
def net() -> nn.Sequential:
    return network()


@pytest.fixture
def checkpoint(net: nn.Sequential) -> dict[str, Any]:
    return {name: p.data() + 1 for name, p in net.parameters().items()}


def values(net: nn.Block) -> dict[str, Any]:
    return {name: p.data().copy() for name, p in net.parameters().items()}


def check_values(net: nn.Block, wanted: dict[str, Any]) -> None:
    for name, found in values(net).items():
        numpy.testing.assert_array_equal(found, wanted[name])


def test_all_of_them(net: nn.Sequential, checkpoint: dict[str, Any]) -> None:
    assert net.set_parameters(checkpoint) == ([], [])
    check_values(net, checkpoint)


def test_torchs_counters_are_passed_over(net: nn.Sequential, checkpoint: dict[str, Any]) -> None:
    checkpoint["1.num_batches_tracked"] = numpy.array(50)
    assert net.set_parameters(checkpoint).unexpected == []
    checkpoint["num_batches_tracked"] = numpy.zeros(3)  # which is no counter
    with pytest.raises(UsageError, match=r"1 unexpected \(num_batches_tracked\)"):
        net.set_parameters(checkpoint)


def test_both_lists_are_told_apart(net: nn.Sequential, checkpoint: dict[str, Any]) -> None:
    for name in ("0.weight", "3.bias"):
        del checkpoint[name]
    checkpoint.update({f"head.{i}": numpy.zeros(1) for i in range(8)})
    before = values(net)
    with pytest.raises(UsageError) as raised:
        net.set_parameters(checkpoint)
    said = str(raised.value)
    assert "2 missing (0.weight, 3.bias); 8 unexpected (head.0, " in said
    assert "head.4 and 3 more); rename them, or give strict=False" in said and "\n" not in said
    check_values(net, before)
    found = net.set_parameters(checkpoint, strict=False)
    assert found.missing == ["0.weight", "3.bias"]
    assert found.unexpected == [f"head.{i}" for i in range(8)]
    check_values(net, {**before, **checkpoint})


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("array", "said"),
    [
        (numpy.zeros((2, 3)), r"3.weight: shape \(2, 3\) given for a parameter of shape \(2, 2\)"),
        (numpy.zeros((2, 2), complex), "3.weight: complex128 given for a parameter of float32"),
        (numpy.array([["1", "2"]] * 2), "3.weight: <U1 given for a parameter of float32"),
        (numpy.array([[None] * 2] * 2), "3.weight: object given for a parameter of float32"),
        (numpy.zeros((2, 2), "m8[s]"), "given for a parameter of float32; give real numbers"),
        (numpy.full((2, 2), 1e300), "numbers of float64 given that float32 does not hold"),
    ],
)
def test_what_does_not_fit_always_raises(
    net: nn.Sequential, checkpoint: dict[str, Any], array: Any, said: str, strict: bool
) -> None:
    checkpoint["3.weight"] = array
    before = values(net)
    with pytest.raises(UsageError, match=said):
        net.set_parameters(checkpoint, strict=strict)
    check_values(net, before)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i8", "u1", "?"])
def test_real_numbers_become_float32(
    net: nn.Sequential, checkpoint: dict[str, Any], dtype: str
) -> None:
    checkpoint["3.weight"] = numpy.array([[1, 0], [0, 1]], dtype)
    net.set_parameters(checkpoint)
    found = net.parameters()["3.weight"].data()
    assert found.dtype == numpy.float32 and found.tolist() == [[1, 0], [0, 1]]


def test_infinities_are_numbers(net: nn.Sequential, checkpoint: dict[str, Any]) -> None:
    checkpoint["3.bias"] = numpy.array([numpy.inf, numpy.nan])
    net.set_parameters(checkpoint)
    assert numpy.isinf(net.parameters()["3.bias"].data()[0])


def test_a_parameter_of_two_names_needs_one(checkpoint: dict[str, Any]) -> None:
    net = nn.Sequential(nn.Dense(2, 2), nn.Dense(2, 2))
    first, second = net[0], net[1]
    assert isinstance(first, nn.Dense) and isinstance(second, nn.Dense)
    second.weight = first.weight
    arrays = {"0.weight": numpy.eye(2), "0.bias": [1, 2], "1.bias": [3, 4]}
    assert net.set_parameters(arrays) == ([], [])
    net.set_parameters({**arrays, "1.weight": numpy.eye(2)})
    with pytest.raises(UsageError, match=r"0\.weight and 1\.weight are one parameter"):
        net.set_parameters({**arrays, "1.weight": numpy.ones((2, 2))})


def test_what_is_no_mapping(net: nn.Sequential) -> None:
    wrong: Any = [1, 2]
    with pytest.raises(UsageError, match="list given; give a dict from names to arrays"):
        net.set_parameters(wrong)


def test_a_checkpoint_settles_sizes_that_are_open() -> None:
    net = nn.Sequential(nn.Dense(2), nn.BatchNorm())
    vector = {f"1.{name}": numpy.ones(2) for name in ("weight", "bias", "running_var")}
    net.set_parameters(
        {"0.weight": numpy.ones((2, 5)), "0.bias": [0, 1], "1.running_mean": [0, 0], **vector}
    )
    assert net.parameters()["0.weight"].shape == (2, 5)
    with pytest.raises(UsageError, match=r"given for a parameter of shape \(7, \?\)"):
        nn.Dense(7).weight.set(numpy.ones((2, 5)))
