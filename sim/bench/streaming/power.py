"""
Power of streaming networks: gates inside their RTL, on images, as of an EIE's element.

One of each distinct unit is made of gates, and counts as often as the machine has it. From the
first result to the last that is counted every unit has work. Gates and SRAMs are priced by
:mod:`sw.physical.power`, with SRAMs at 300 and at 350 K; what joins the units, a few gates each, is
not in it. Every logit is compared with the golden model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw.cnn.units import CountedUnit
from sim.bench.power import read_netlist
from sim.cache import cached, content_key, sources_key
from sim.cnn_gates import GateCnnEngine
from sim.synth.cnn import CnnJob, memory_kind
from sim.synth.cnn_power import MachinePower
from sim.synth.run import FLAVOUR, Run
from sim.verification import CLOCK_MHZ
from sw.dataflow.compile import Compiled
from sw.dataflow.frame import network_frame
from sw.golden.cnn import GoldenCnn
from sw.physical.cells import read_cells
from sw.physical.power import Corner, netlist_power
from sw.physical.powerreport import Power
from sw.physical.sram import TEMPERATURES, SramTable

__all__ = ["FRAMES", "Seen", "UnitPower", "machine_power", "power_of"]

FRAMES = 2
"""What is counted, after the first result."""
_SOURCES = (
    *("hw/*.py", "hw/bus/*.py", "hw/cnn/*.py", "sim/*.py", "sim/harness/*", "sim/synth/cnn*.py"),
    *("sw/dataflow/*.py", "sw/golden/*.py", "sw/physical/*.py", "constraints/*.csv"),
    *("sim/bench/power.py", "sim/bench/streaming/power.py"),
)
_REPORT = "power.json"
_CELLS = "cells"
_MEMORY = "memory"
_OF_CELLS = {
    "clock_network": "clock network",
    "register": "registers",
    "combinational": "combinational",
}


@dataclass(frozen=True)
class UnitPower:
    """A distinct unit: its kind, how many there are, flip-flops and power at each temperature of
    one."""

    kind: str
    count: int
    flip_flops: int
    powers: list[Power]


@dataclass(frozen=True)
class Seen:
    """What was run: images compared, logits unlike, results counted."""

    network: str
    images: int
    mismatches: int
    frames: int


def machine_power(
    network: str, compiled: Compiled, runs: Sequence[Run[CnnJob]], pixels: NDArray[np.uint8]
) -> MachinePower:
    """Power of a machine all whose units were synthesised, on images, uint8 (n, channels, height,
    width). Kept by content."""
    images = _enough(compiled, pixels)

    def measure(folder: Path) -> None:
        found = _measure(network, compiled, runs, images)
        (folder / _REPORT).write_text(found.model_dump_json(indent=1) + "\n")

    key = content_key(
        network,
        repr(compiled.config),
        network_frame(compiled.config, compiled.weights, compiled.parameters).tobytes(),
        images.tobytes(),
        *((run.folder / "netlist.json").read_bytes() for run in runs),
        sources_key(_SOURCES),
    )
    folder = cached("power", key, f"power of {runs[0].job.machine}", measure, quiet=True)
    return MachinePower.model_validate_json((folder / _REPORT).read_text())


def _enough(compiled: Compiled, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As many images as come out, and as the machine can hold besides: less than one a unit."""
    count = 1 + FRAMES + len(compiled.config.nodes) + 1
    return pixels[np.arange(count) % len(pixels)]


def _measure(
    network: str, compiled: Compiled, runs: Sequence[Run[CnnJob]], images: NDArray[np.uint8]
) -> MachinePower:
    by_place = {_measured(run.job.counted): run for run in runs}
    netlists = {place: read_netlist(run.folder) for place, run in by_place.items()}
    cells, srams = read_cells(), SramTable.load()
    with GateCnnEngine(compiled.config, netlists, cells) as engine:
        engine.load(compiled)
        seen = engine.observe(images, 1 + FRAMES)
    expected = GoldenCnn(compiled.graph)(images[: 1 + FRAMES]).numpy()
    corners = [Corner(FLAVOUR, kelvin, CLOCK_MHZ) for kelvin in TEMPERATURES]
    return power_of(
        Seen(network, 1 + FRAMES, int((seen.frames.logits != expected).sum()), FRAMES),
        [
            UnitPower(
                run.job.counted.kind,
                run.job.counted.count,
                run.report.flip_flops,
                [
                    netlist_power(netlists[place], seen.activities[place], cells, srams, corner)
                    for corner in corners
                ],
            )
            for place, run in by_place.items()
        ],
    )


def _measured(unit: CountedUnit) -> str:
    """The place of a unit that is made of gates: one in the middle of the network."""
    return unit.places[unit.count // 2]


def power_of(seen: Seen, units: Sequence[UnitPower]) -> MachinePower:
    """A machine from all its units, which have the same cycles and temperatures."""
    first = units[0].powers[0]
    accesses = first.cycles / seen.frames
    return MachinePower(
        network=seen.network,
        images=seen.images,
        mismatches=seen.mismatches,
        frames=seen.frames,
        cycles=first.cycles,
        clock_mhz=first.clock_mhz,
        dynamic_mw=_sums(
            (_what(unit.kind, part, component), unit.count * share.dynamic_mw)
            for unit in units
            for part, each in unit.powers[0].parts.items()
            for component, share in each.items()
        ),
        leakage_mw={
            powers[0].temperature_k: _sums(
                (_what(unit.kind, part, component, cells=_CELLS), unit.count * share.leakage_mw)
                for unit, power in zip(units, powers, strict=True)
                for part, each in power.parts.items()
                for component, share in each.items()
            )
            for powers in zip(*(unit.powers for unit in units), strict=True)
        },
        units_mw=_sums((unit.kind, unit.count * unit.powers[0].total.dynamic_mw) for unit in units),
        reads=_accesses(units, "reads", accesses),
        writes=_accesses(units, "writes", accesses),
        clocked=sum(unit.count * unit.flip_flops * unit.powers[0].clocked for unit in units)
        / sum(unit.count * unit.flip_flops for unit in units),
        clock_tree_um2=sum(unit.count * unit.powers[0].clock_buffer_area_um2 for unit in units),
    )


def _accesses(units: Sequence[UnitPower], way: str, cycles: float) -> dict[str, float]:
    """Reads or writes of a frame, by what an SRAM is for."""
    return _sums(
        (memory_kind(unit.kind, macro.replace("/", ".")).value, unit.count * cycles * rate)
        for unit in units
        for macro, rate in getattr(unit.powers[0], way).items()
    )


def _what(kind: str, part: str, component: str, cells: str = "") -> str:
    """What a component of a unit's part is called: a memory by what it is for; all else by its
    component, or as ``cells``."""
    if component == _MEMORY:
        return memory_kind(kind, part).value
    return cells or _OF_CELLS[component]


def _sums(items: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for name, value in items:
        found[name] += value
    return dict(found)
