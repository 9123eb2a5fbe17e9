"""Machines cut to a predictor."""

from dataclasses import replace

import numpy as np
import pytest

from hw.eie.config import EieConfig
from sim.bench import right_sized
from sim.bench.predictors import chosen
from sim.bench.right_sized import Candidate, try_sizes
from sim.bench.sizing import Size, event_cycles, memory_um2, sized
from sim.events import layer_events
from sw.compress.compile import lay_out
from sw.physical.sram import SramTable

ROOMY = EieConfig(
    n_pe=8, spmat_depth=1 << 14, ptr_depth=1 << 14, act_depth=1 << 10, lanes=4, group_max=8
)


@pytest.fixture(scope="module")
def cases():
    (predictor,) = chosen(["linnos"])
    return predictor.prepare(2, 10).cases


def test_memories_as_deep_as_needed(cases):
    config = sized(cases, ROOMY)
    for case in cases:
        program = lay_out(case.quantised, config, case.calibration)
        assert program.spmat.shape[1] <= config.spmat_depth < program.spmat.shape[1] + 64
        assert program.pointers.shape[1] <= config.ptr_depth
    assert config.act_depth < ROOMY.act_depth and config.max_passes == 16
    assert config.file_depth == 32  # 256 rows on 8 PEs
    assert (config.n_pe, config.lanes, config.group_max) == (8, 4, 8)


def test_event_cycles_are_those_of_the_event_counter(cases):
    narrow = EieConfig(n_pe=4, spmat_depth=1 << 14, ptr_depth=1 << 14, act_depth=1 << 10)
    worst = cases[-1]
    program = lay_out(worst.quantised, narrow, worst.calibration)
    expected = 0
    for info in program.layers:
        mask = np.ones((info.rows, info.columns), bool)
        expected += layer_events(mask, np.ones(info.columns), 4, 8).cycles
    assert event_cycles(program, 8) == expected


def test_memory_area_grows(cases):
    srams = SramTable.load()
    small, deep = memory_um2(ROOMY, srams), memory_um2(replace(ROOMY, queue_depth=16), srams)
    assert 0 < small < deep


def size(n_pe, lanes, group, events, area):
    config = replace(ROOMY, n_pe=n_pe, lanes=lanes, group_max=group)
    return Size(config, events, area)


def names(candidates):
    return [each.name for each in candidates if each.worst_us is not None]


def test_search():
    sizes = [
        size(16, 4, 16, 250, 30.0),
        size(8, 8, 16, 300, 10.0),
        size(8, 8, 8, 350, 20.0),  # another size of as many PEs and lanes was fast enough
        size(8, 4, 16, 400, 10.0),  # too slow on the RTL
        size(8, 4, 8, 450, 5.0),  # too slow on the RTL, first as it is smaller
        size(8, 2, 16, 500, 1.0),  # its events take too long
        size(32, 8, 16, 100, 90.0),  # has more multipliers than needed
    ]
    found = list(try_sizes(sizes, lambda size: (1.0 if size.config.lanes == 4 else 0.5, 0.4, 0)))
    assert names(found) == ["8x4x8", "8x4x16", "8x8x16", "16x4x16"]
    assert [each.name for each in found if each.fits] == ["8x8x16"]
    assert len(found) == len(sizes)


def test_a_wrong_output_does_not_fit():
    [candidate] = try_sizes([size(8, 8, 16, 300, 1.0)], lambda size: (0.5, 0.4, 1))
    assert not candidate.fits


def test_search_is_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("KILN_CACHE", str(tmp_path))
    runs = []

    def simulate(size, prepared, progress):
        runs.append(size)
        return 0.5, 0.4, 0

    monkeypatch.setattr(right_sized, "_simulate", simulate)
    monkeypatch.setattr(right_sized, "sizes", lambda cases, srams: [size(8, 8, 16, 300, 1.0)])
    monkeypatch.setattr(right_sized, "NETWORK", "linnos")
    [first] = right_sized.tried_sizes()
    assert right_sized.tried_sizes() == [first] and len(runs) == 1
    assert isinstance(first, Candidate) and first.jobs(["eie.pe"])[0].machine == "8x8x16"
