"""Blocks and parameters in lists, tuples and dicts are seen, by stable names, as those assigned."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy
import pytest

from isthmus import compile, load, nn, spec
from isthmus.errors import UsageError

X = numpy.linspace(-1, 1, 6, dtype=numpy.float32).reshape(2, 3)


class Stack(nn.Block):
    """Layers in every kind of container, nested."""

    def __init__(self) -> None:
        self.layers: list[Any] = [nn.Dense(3, 3), (nn.Dense(3, 3), nn.Activation("tanh"))]
        self.named: Any = OrderedDict(first=nn.Dense(3, 3), more={"second": [nn.Dense(3, 3)]})
        self.scales = [nn.Parameter((3,), nn.ones)]
        self.sizes = [3, 3]
        self.note = {"author": "nobody"}

    def forward(self, x: Any) -> Any:
        first, (second, activation), *rest = self.layers
        for layer in (
            first,
            second,
            activation,
            self.named["first"],
            *self.named["more"]["second"],
            *rest,
        ):
            x = layer(x)
        return x * self.scales[0].data()


@pytest.fixture
def net() -> Stack:
    made = Stack()
    made.initialize(seed=2)
    return made


def test_names(net: Stack) -> None:
    names = ["layers.0", "layers.1.0", "named.first", "named.more.second.0"]
    wanted = [f"{name}.{kind}" for name in names for kind in ("weight", "bias")]
    assert list(net.parameters()) == ["scales.0", *wanted]
    assert [name for name, _ in net.children()] == [*names[:2], "layers.1.1", *names[2:]]


def test_they_are_set_traced_saved_and_exported(net: Stack, tmp_path: Path) -> None:
    arrays = {n: numpy.full(p.shape, 0.5, numpy.float32) for n, p in net.parameters().items()}
    net.set_parameters(arrays)
    run = compile(net, spec("float32", ["n", 3]), backend="cpu")
    assert set(run.traced.graph.constant_names.values()) == set(arrays)
    run.save(tmp_path / "net.im")
    for each in (run, load(tmp_path / "net.im", backend="numpy")):
        numpy.testing.assert_allclose(each(X), net(X), rtol=1e-5)


def test_what_is_put_in_later_is_seen(net: Stack) -> None:
    net.layers.append(nn.Dense(2, 3))
    net.scales[0] = nn.Parameter((2,), nn.ones)
    net.initialize()
    assert "layers.2.weight" in net.parameters()
    assert net(X).shape == (2, 2)


@pytest.mark.parametrize("change", ["append", "replace", "key", "attribute", "parameter", "empty"])
def test_a_hybridized_block_sees_what_changed(net: Stack, change: str) -> None:
    net.hybridize(backend="numpy")
    before = net(X)
    other = nn.Dense(3, 3)
    other.initialize(seed=9)
    if change == "append":
        net.layers.append(other)
    elif change == "replace":
        net.layers[0] = other
    elif change == "key":
        net.named["first"] = other
    elif change == "attribute":
        net.layers = [other, *net.layers[1:]]
    elif change == "parameter":
        net.scales = [nn.Parameter((3,), nn.zeros)]
        net.scales[0].initialize("", 0)
    else:
        net.layers.clear()
        net.layers += [other, (other, nn.Identity())]
    found = net(X)
    assert not numpy.array_equal(found, before)
    numpy.testing.assert_allclose(found, net.forward(X), rtol=1e-6)
    programs = net.__dict__["_compiled"].executables
    net(X)
    assert net.__dict__["_compiled"].executables is programs  # and is not compiled every time


def test_building_another_net_compiles_nothing_anew(net: Stack) -> None:
    net.hybridize(backend="numpy")
    net(X)
    programs = net.__dict__["_compiled"].executables
    Stack().initialize(seed=1)
    net(X)
    assert net.__dict__["_compiled"].executables is programs


def test_what_forward_keeps_compiles_nothing_anew() -> None:
    class Logs(nn.Block):
        def __init__(self) -> None:
            self.layer = nn.Dense(2, 3)
            self.seen: list[Any] = []
            self.last: Any = None

        def forward(self, x: Any) -> Any:
            y = self.layer(x)
            self.seen.append(y)
            self.last = [x, y]
            return y

    net = Logs()
    net.initialize()
    net.hybridize(backend="numpy")
    for _ in range(3):
        net(X)
    assert len(net.seen) == 1


def test_an_attribute_of_its_own_gives_the_name() -> None:
    class Twice(nn.Block):
        def __init__(self) -> None:
            self.steps = [nn.Dense(2, 2), nn.Dense(2, 2)]
            self.first = self.steps[0]

    assert list(Twice().parameters()) == [
        "steps.1.weight", "steps.1.bias", "first.weight", "first.bias",
    ]  # fmt: skip


def test_two_parameters_of_one_name_are_refused() -> None:
    net: Any = nn.Block()
    net.table = {"a.b": nn.Dense(1, 1), "a": {"b": nn.Dense(1, 1)}}
    with pytest.raises(UsageError, match=r"two parameters are named 'table.a.b.weight'; rename"):
        net.parameters()


def test_a_block_inside_of_itself_is_one_line() -> None:
    net: Any = nn.Sequential(nn.Dense(1, 1))
    net.parent = [net]
    with pytest.raises(UsageError, match="is inside of itself; hold a parent by weakref"):
        net.parameters()


def test_sequential_takes_blocks_alone() -> None:
    with pytest.raises(UsageError, match=r"function is no block; give nn\.Block objects"):
        nn.Sequential(nn.Flatten(), lambda x: x)  # type: ignore[arg-type]
