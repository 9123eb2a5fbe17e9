"""Performance counters of a processing element."""

import pytest

from hw.eie.counters import PerformanceCounters
from hw.eie.format import Counter
from sim.runner import run_bench


@pytest.mark.rtl
def test_counters():
    counts = [("top", f"count_{counter.name.lower()}") for counter in Counter]
    run_bench(PerformanceCounters(), __file__, public=counts)
