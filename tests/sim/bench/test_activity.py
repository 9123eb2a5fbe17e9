"""Event counts of an inference against the machine's counters and a naive count."""

from dataclasses import replace

import numpy as np
import pytest

from hw.eie.config import PRESETS
from hw.eie.format import Counter
from sim.bench.activity import Activity, count_activity, mean_activity
from sim.bench.eie import run_input
from sim.bench.layers import BenchLayer
from sim.engine import EieEngine
from sw.compress.batches import column_batches

TINY = PRESETS["tiny"]
WIDE = replace(TINY, lanes=4, group_max=8)
LAYER = BenchLayer("mini", 150, 90, 0.2, 0.5, 1.0, 1.0, seed=5)


@pytest.mark.rtl
@pytest.mark.parametrize("config", [TINY, replace(TINY, ptr_depth=64), WIDE])
def test_entries_are_those_of_the_counters(config):
    batches = column_batches(LAYER.network(), config)
    with EieEngine(config) as engine:
        for number, x in enumerate(LAYER.activations(3)):
            run = run_input(engine, batches, x, first=number == 0)
            activity = count_activity(batches, x)
            assert activity.multiply_accumulates == run.counters[:, Counter.ENTRIES].sum()


def test_counts():
    """Two row tiles of 64 and 26 rows, 38 slots of inputs in the SRAM of each of four PEs."""
    [batch] = column_batches(LAYER.network(), TINY)
    [x] = LAYER.activations(1)
    active = np.flatnonzero(x)
    activity = count_activity([batch], x)
    assert activity.broadcasts == activity.file_reads == 2 * len(active)
    assert activity.queue_pushes == 4 * (2 * len(active) + 2)
    assert activity.pointer_reads == 4 * 2 * len(active)
    assert activity.sram_reads == activity.file_writes == 2 * 38 * 4
    assert activity.sram_writes == 4 * (16 + 7)
    entries = activity.multiply_accumulates
    assert activity.accumulator_reads == activity.accumulator_writes == entries + 4 * (16 + 7)
    assert activity.spmat_reads == naive_reads(batch.program, active) + 4 * (8 + 4 + 4 + 4)


def test_counts_of_groups():
    """The same on a wide array, its columns broadcast in groups of 8."""
    [batch] = column_batches(LAYER.network(), WIDE)
    assert {each.group for each in batch.program.passes} == {3}
    [x] = LAYER.activations(1)
    x[16:40] = 0  # three groups of nothing but zeros
    sent = {column // 8 for column in np.flatnonzero(x)}
    whole = np.zeros(152, bool)
    whole[[8 * group + k for group in sent for k in range(8)]] = True
    activity = count_activity([batch], x)
    assert len(sent) == 16
    assert activity.broadcasts == 2 * len(sent)
    assert activity.queue_pushes == 4 * (2 * len(sent) + 2)
    assert activity.pointer_reads == 4 * 2 * len(sent)
    assert activity.file_reads == activity.sram_reads == 2 * 38 * 4
    index = LAYER.network().layers[0].index
    stored = int(np.count_nonzero(index[:, whole[:150]]))
    assert activity.multiply_accumulates == stored


def naive_reads(program, active):
    reads = 0
    for pointers in program.pointers.astype(int):
        for each in program.passes:
            held = None
            for column in each.ptr_base + active:
                for entry in range(pointers[column], pointers[column + 1]):
                    reads += entry // 8 != held
                    held = entry // 8
    return reads


def test_mean():
    mean = mean_activity([Activity(broadcasts=2, sram_reads=1), Activity(broadcasts=4)])
    assert mean == Activity(broadcasts=3, sram_reads=0.5)
