"""A name that is not there: what is said, and that Python's own questions are answered as ever."""

from __future__ import annotations

import copy
import doctest
import inspect
import pickle
import sys
from types import ModuleType
from typing import Any

import pytest

import isthmus
from isthmus import models, nn, npx
from isthmus.nn.unknown import LAYERS, METHODS
from isthmus.npx.unknown import ELSEWHERE

PLACES: dict[ModuleType, dict[str, str]] = {
    isthmus: isthmus.ELSEWHERE,
    models: models.ELSEWHERE,
    nn: LAYERS,
    npx: ELSEWHERE,
}
NEAR = [
    (isthmus, "compil", "the nearest is isthmus.compile"),
    (models, "resent", "the nearest is models.resnet"),
    (nn, "dense", "the nearest is nn.Dense"),
    (nn, "Sequental", "the nearest is nn.Sequential"),
    (npx, "sigmoids", "the nearest is npx.sigmoid"),
    (npx, "Softmax", "the nearest is npx.softmax"),
    (nn, "BidirectionalCell", "bidirectional=True"),
    (nn, "Linear", "it is nn.Dense"),
    (npx, "pooling", "npx.max_pool, npx.average_pool"),
    (npx, "activation", "as npx.relu"),
    (npx, "xyzzy", r"see dir\(isthmus.npx\)"),
]


@pytest.mark.parametrize(("place", "name", "said"), NEAR)
def test_the_nearest_name_or_what_to_write(place: ModuleType, name: str, said: str) -> None:
    with pytest.raises(AttributeError, match=said) as raised:
        getattr(place, name)
    assert str(raised.value).startswith(f"{place.__name__} has no '{name}'")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_names_of_the_tables_are_no_names_of_ours(place: ModuleType) -> None:
    table = PLACES[place]
    assert list(table) == sorted(table)
    for name in table:
        assert name not in place.__all__
        if f"{place.__name__}.{name}" in sys.modules:  # a folder that another test imported
            continue
        with pytest.raises(AttributeError, match="has no"):
            getattr(place, name)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_python_is_answered_as_by_any_module(place: Any) -> None:
    assert not hasattr(place, "__wrapped__") and not hasattr(place, "absent_name")
    assert set(place.__all__) <= set(dir(place)) | {"benchmarks", "models", "reports"}
    assert copy.copy(place.__all__) == place.__all__
    assert inspect.unwrap(place) is place
    assert doctest.DocTestFinder(recurse=False).find(place)
    assert all(getattr(place, name) is not None for name in place.__all__)


def test_blocks_name_what_gluon_calls_otherwise() -> None:
    net: Any = nn.Dense(2, 3)
    with pytest.raises(
        AttributeError, match=r"Dense has no 'collect_params': it is parameters\(\)"
    ):
        net.collect_params()
    with pytest.raises(AttributeError, match="the nearest is Dense"):
        _ = net.weigth
    assert not hasattr(net, "__len__") and not hasattr(net, "absent")
    assert not set(METHODS) & set(dir(nn.Block)) and list(METHODS) == sorted(METHODS)
    pickle.loads(pickle.dumps(net))
