"""The limits of BLAS's threads, among threads that have limits of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from isthmus.system.blas import at_most, find_libraries


def threads_of_blas() -> int:
    found = ThreadpoolController().select(user_api="blas").info()
    return max((library["num_threads"] for library in found), default=0)


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    """More than a limit, whatever the machine has."""
    find_libraries()
    with threadpool_limits(4, "blas"):
        if threads_of_blas() != 4:
            pytest.skip("NumPy has a BLAS here whose threads cannot be set")
        yield


def test_a_limit_holds_and_ends() -> None:
    with at_most(2):
        assert threads_of_blas() == 2
        with at_most(1):
            assert threads_of_blas() == 1
        with at_most(3):
            assert threads_of_blas() == 2
        assert threads_of_blas() == 2
    assert threads_of_blas() == 4


def test_a_limit_never_gives_more_than_was_set() -> None:
    with at_most(9):
        assert threads_of_blas() == 4
    with threadpool_limits(1, "blas"):
        with at_most(2):
            assert threads_of_blas() == 1
        assert threads_of_blas() == 1


def test_a_limit_ends_with_an_error() -> None:
    with pytest.raises(ValueError, match="stopped"), at_most(1):
        raise ValueError("stopped")
    assert threads_of_blas() == 4


def test_the_smallest_limit_of_several_threads_holds_until_the_last_has_left() -> None:
    """The first to come leaves first, which must not bring back what was before."""
    entered, left = Barrier(2), Barrier(2)
    seen: list[int] = []

    def first() -> None:
        with at_most(1):
            entered.wait()
            seen.append(threads_of_blas())
            left.wait()
        left.wait()

    other = Thread(target=first)
    other.start()
    with at_most(2):
        entered.wait()
        left.wait()
        left.wait()
        seen.append(threads_of_blas())
    other.join()
    assert (seen, threads_of_blas()) == ([1, 2], 4)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_has_no_limit_of_its_parent_s() -> None:
    with at_most(1):
        child = os.fork()
        if not child:
            with at_most(2):
                limited = threads_of_blas()
            os._exit(10 * limited + threads_of_blas())
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 24
