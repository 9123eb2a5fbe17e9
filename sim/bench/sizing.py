"""
How much machine a predictor needs: wide arrays whose memories are cut to its layout.

A *size* is a number of PEs, lanes, and columns broadcast together; queues are as shallow as the
event count allows, and memories hold the layouts of the predictor, both of real requests and of its
worst case, rounded up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from amaranth.hdl import Shape

from hw.eie.broadcast import BROADCAST_FLIGHT
from hw.eie.config import EieConfig
from hw.eie.tokens import token_layout
from sim.events import schedule
from sim.verification import CLOCK_MHZ
from sw.compress.compile import lay_out
from sw.compress.layout import CapacityError
from sw.compress.program import Program
from sw.physical.cells import read_cells
from sw.physical.sram import SramTable

from .activity import column_pointers
from .predictors import Case

__all__ = ["Size", "event_cycles", "memory_um2", "sized", "sizes"]

PES = (4, 8, 16, 32)
LANES = (2, 4, 8)
GROUPS = (8, 16)
"""Records of fewer columns take more memory than single pointers."""
QUEUE_DEPTHS = (2, 4, 8)
QUEUE_LOSS = 0.01
"""Share of the events' cycles that a shallower queue may cost."""

_ROOMY = EieConfig(n_pe=1, spmat_depth=1 << 15, ptr_depth=1 << 15, act_depth=1 << 12)
_ROUNDING = {"spmat_depth": 32, "ptr_depth": 128}
"""Both are two banks of 64-bit words, of 16 words or a multiple."""
_LEAST = {"act_depth": 32, "max_passes": 16}
"""64 bytes: smaller SRAMs have no price."""
_FLIP_FLOP = "DFF_X1"


@dataclass(frozen=True)
class Size:
    """A configuration cut to a predictor, the cycles of the worst case's events, and the area of
    its SRAMs and queues."""

    config: EieConfig
    events: int
    memory_um2: float

    @property
    def event_us(self) -> float:
        """The least that the worst case can take."""
        return self.events / CLOCK_MHZ


def event_cycles(program: Program, depth: int) -> int:
    """
    Cycles of a program's events, all inputs of all layers being non-zero: broadcasts, and the
    entries of each PE behind a queue, as in :mod:`sim.events`. No pipelines, biases and drains: the
    RTL takes longer.
    """
    lanes, total = program.config.lanes, 0
    for each in program.passes:
        group = 1 << each.group
        edges = np.minimum(np.arange(0, each.columns + group, group), each.columns)
        entries = np.diff(column_pointers(program, each)[:, edges], axis=1)
        total += int(schedule(-(-entries // lanes), depth)[1].max())
    return total


def sized(cases: Sequence[Case], config: EieConfig) -> EieConfig:
    """
    A configuration with memories as deep as the cases need on its PEs, lanes and groups.

    ``CapacityError`` where the predictor does not fit even into big ones.
    """
    needs = [_needs(lay_out(case.quantised, config, case.calibration)) for case in cases]
    deepest = {name: max(each[name] for each in needs) for name in needs[0]}
    slots = deepest.pop("slots")
    rounded: dict[str, Any] = {
        name: max(_LEAST.get(name, 1), -(-depth // (unit := _ROUNDING.get(name, 1))) * unit)
        for name, depth in deepest.items()
    }
    files = max(2, config.lanes, 1 << (slots - 1).bit_length())
    return replace(config, file_depth=min(files, config.file_depth), **rounded)


def _needs(program: Program) -> dict[str, int]:
    """Depths that a program takes of each memory, and slots of its longest vector."""
    config = program.config
    inputs = program.in_base + config.slots(program.inputs) if program.in_sram else 0
    ends = [inputs, program.out_base + config.slots(program.outputs)]
    for each in program.passes:
        ends += [each.src_base + config.slots(each.columns)] if each.src_sram else []
        ends += [each.dst_base + each.drain_rows] if each.dst_sram else []
    widths = [size for layer in program.layers for size in (layer.columns, layer.rows)]
    return {
        "spmat_depth": program.spmat.shape[1],
        "ptr_depth": program.pointers.shape[1],
        "act_depth": max(ends),
        "max_passes": len(program.passes),
        "slots": config.slots(max(widths)),
    }


def memory_um2(config: EieConfig, srams: SramTable) -> float:
    """SRAMs and queues of all PEs of a wide array: what sizes of as many multipliers differ by."""
    geometries = [(config.spmat_depth // 2, 64), (config.ptr_depth // 8, 64)] * 2
    geometries.append((config.act_depth, 16))
    area = sum(srams.price(depth, width).area_um2 for depth, width in geometries)
    bits = (config.queue_depth + BROADCAST_FLIGHT) * Shape.cast(token_layout(config)).width
    return config.n_pe * (area + bits * read_cells()[_FLIP_FLOP].area)


def sizes(cases: Sequence[Case], srams: SramTable) -> Iterator[Size]:
    """All sizes that the predictor fits; the last of ``cases`` is the worst."""
    for n_pe, lanes, group in product(PES, LANES, GROUPS):
        if group > n_pe * lanes:
            continue
        wide = replace(_ROOMY, n_pe=n_pe, lanes=lanes, group_max=group)
        try:
            config = sized(cases, wide)
            program = lay_out(cases[-1].quantised, config, cases[-1].calibration)
        except CapacityError:
            continue
        events = {depth: event_cycles(program, depth + BROADCAST_FLIGHT) for depth in QUEUE_DEPTHS}
        enough = events[QUEUE_DEPTHS[-1]] * (1 + QUEUE_LOSS)
        depth = next(depth for depth in QUEUE_DEPTHS if events[depth] <= enough)
        config = replace(config, queue_depth=depth)
        yield Size(config, events[depth], memory_um2(config, srams))
