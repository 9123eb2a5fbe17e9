import numpy as np
import pytest

from sim.bench.tail.sources import Halves, file_halves
from sw.traces.trace import Trace
from sw.traces.write import write_trace
from tests.sim.bench.tail.halves import halves


def test_halves_share_nothing_and_miss_nothing():
    found = halves()
    train, test = found.reads(test=False), found.reads(test=True)
    assert not (train & test).any()
    assert np.array_equal(train | test, found.trace.is_read)
    assert np.flatnonzero(train).max() < found.middle <= np.flatnonzero(test).min()


def test_the_threshold_is_of_the_first_half_alone():
    found = halves()
    first = found.train.latency_us[found.train.is_read]
    assert found.threshold_us == np.quantile(first, 0.85)
    trace = found.trace
    later = np.arange(len(trace)) >= found.middle
    changed = Trace(
        trace.submit_us,
        np.where(later, 7.0, trace.latency_us),
        trace.is_read,
        trace.size,
        trace.offset,
    )
    assert Halves("changed", changed).threshold_us == found.threshold_us


def test_busy_rows_to_learn_from_are_some_of_the_reads():
    found = halves()
    rows = found.training_rows("busy")
    assert 0 < rows.sum() < found.reads(test=False).sum()
    assert not (rows & ~found.reads(test=False)).any()


def test_facts():
    facts = halves().facts()
    assert facts.ios == 6000
    assert facts.slow_train == pytest.approx(0.15, abs=0.01)
    assert 0 < facts.busy_test < 1


def test_a_file(tmp_path):
    path = tmp_path / "a.b.trace.gz"
    write_trace(halves().trace, path)
    found = file_halves(path)
    assert (found.name, len(found.trace)) == ("a.b", 6000)


@pytest.mark.parametrize("ios", [0, 1])
def test_too_short(ios):
    with pytest.raises(ValueError, match=f"short has {ios} I/O: no two halves"):
        Halves("short", halves().trace.part(slice(0, ios)))
