# amaranth: UnusedElaboratable=no
"""Units of a streaming network as gates: equal to their RTL, and what they do is counted."""

import numpy as np
import pytest

from hw.cnn.units import units
from hw.emit import emit
from hw.memory import MemoryMacros
from sim.bench.power import read_netlist
from sim.cnn_gates import GateCnn, GateCnnEngine
from sw.physical.cells import read_cells
from sw.physical.flat import FlatNetlist
from sw.physical.library import load_library
from sw.physical.sram import SramTable
from sw.physical.synthesis import UnitSource, synthesise
from sw.physical.timing import Budget
from tests.sim.cnn_cases import INTERVAL, case

CASE = case("buffered")
DISTINCT = {place: unit for unit in units(CASE.config).values() for place in unit.places}
TWICE = ("stem_to_block0.conv1", "block0.conv1_to_block0.conv2")
GATES = (*TWICE, "block1.conv2", "stem_skip", "block0.add", "host.results")
"""A unit twice, one with an SRAM, one with flip-flops for it, two that take writes, of the host."""


def empty(place):
    """A netlist with the ports of a unit, and nothing in it."""
    ports = emit(DISTINCT[place].unit.make(), platform=MemoryMacros()).manifest["ports"]
    words = {"in": "input", "out": "output"}
    return FlatNetlist({port["name"]: (words[port["direction"]], ()) for port in ports}, ())


def test_units_become_instances():
    text = emit(GateCnn(CASE.config, {place: empty(place) for place in GATES})).verilog
    for number, place in enumerate(GATES):
        assert text.count(f"  unit_{number} gates_{number} (") == 1
        assert f"module \\top.{_path(place)} " not in text
    assert "module \\top.pipeline.block1.conv1 " in text


def _path(place):
    name = place.removeprefix("host.")
    return f"pipeline.{place}" if name == place else name


def test_there_is_no_such_unit():
    with pytest.raises(ValueError, match="the machine has no unit at block7"):
        emit(GateCnn(CASE.config, {"block7.conv1": empty("block1.conv1")}))


@pytest.fixture(scope="module")
def netlists(tmp_path_factory):
    """What synthesis makes of the units, for area, by place."""
    found = {}
    for place in GATES:
        unit = DISTINCT[place].unit
        if unit.name not in found:
            folder = tmp_path_factory.mktemp("unit")
            emitted = emit(unit.make(), platform=MemoryMacros())
            source = UnitSource(unit.name, emitted.verilog, emitted.manifest, unit.parts)
            synthesise(source, folder, load_library(), SramTable.load(), Budget(period=20.0))
            found[unit.name] = read_netlist(folder)
    return {place: found[DISTINCT[place].unit.name] for place in GATES}


@pytest.mark.rtl
@pytest.mark.slow
def test_equals_golden_and_counts_what_it_does(netlists):
    with GateCnnEngine(CASE.config, netlists, read_cells()) as engine:
        engine.load(CASE.compiled)
        seen = engine.observe(CASE.pixels, 4)
        engine.reset()
        engine.load(CASE.compiled)
        with pytest.raises(ValueError, match="4 images are too few for 4 results"):
            engine.observe(CASE.pixels[:4], 4)
    np.testing.assert_array_equal(seen.frames.logits, CASE.logits[:4])
    assert seen.cycles == 3 * INTERVAL and tuple(seen.activities) == GATES
    for place, activity in seen.activities.items():
        assert activity.cycles == seen.cycles, place
        (clock,) = netlists[place].ports["clk"][1]
        assert activity.toggles[clock] == activity.toggles.max() == 2 * seen.cycles
    first, second = (seen.activities[place] for place in TWICE)
    assert (first.toggles != second.toggles).any()
    accesses = seen.activities["block1.conv2"].accesses
    assert accesses == {"dot/weights.sram.macro": (3 * INTERVAL, 0)}
