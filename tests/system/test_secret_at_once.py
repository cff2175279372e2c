"""A store's secret, which processes that begin at once have to share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from isthmus.system.store import Store


def test_those_who_make_one_at_once_have_one(tmp_path: Path) -> None:
    for number in range(30):
        begun = Barrier(4)

        def made(store: Store, begun: Barrier = begun) -> bytes | None:
            begun.wait()
            return store.secret(make=True)

        with ThreadPoolExecutor(4) as threads:
            found = set(threads.map(made, [Store(tmp_path / str(number), 2**20)] * 4))
        assert len(found) == 1 and None not in found


def test_one_of_another_length_is_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path, 2**20)
    first = store.secret(make=True)
    (tmp_path / "secret").write_bytes(b"short")
    second = store.secret(make=True)
    assert second is not None and second != first and store.secret() == second
