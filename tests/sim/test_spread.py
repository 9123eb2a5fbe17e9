"""The same work here and on a cluster."""

import math
import os

import pytest

from sim.spread import spread
from tests.sim.dask_cluster import two_workers

NUMBERS = [9.0, 4.0, 1.0, 0.0]


@pytest.mark.parametrize("workers", [1, 2])
def test_here(workers):
    done = []
    roots = spread(math.sqrt, NUMBERS, workers=workers, progress=lambda: done.append(1))
    assert roots == [3, 2, 1, 0] and len(done) == 4
    with pytest.raises(ValueError, match="math domain error"):
        spread(math.sqrt, [1.0, -1.0], workers=workers)


def test_on_a_cluster():
    done = []
    with two_workers() as address:
        roots = spread(math.sqrt, NUMBERS, scheduler=address, progress=lambda: done.append(1))
        assert roots == [3, 2, 1, 0] and len(done) == 4
        elsewhere = spread(_process, NUMBERS, scheduler=address)
        assert os.getpid() not in elsewhere
        with pytest.raises(ValueError, match="math domain error"):
            spread(math.sqrt, [1.0, -1.0], scheduler=address)


def _process(_: float) -> int:
    return os.getpid()


def test_nobody_there(monkeypatch):
    monkeypatch.setattr("sim.spread._PATIENCE_S", 1)
    with pytest.raises(ConnectionError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        spread(math.sqrt, NUMBERS, scheduler="tcp://127.0.0.1:9")
