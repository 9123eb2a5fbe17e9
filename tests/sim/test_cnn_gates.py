# amaranth: UnusedElaboratable=no
"""Units of a streaming network as gates: equal to their RTL, and what they do is counted."""

import re

import numpy as np
import pytest

from hw.cnn.units import units
from hw.emit import emit
from hw.hierarchy import flat_ports
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
TWICE = ("stem_to_block0.conv1", "block0.conv1_to_block0.conv2")
GATES = (*TWICE, "block1.conv2", "stem_skip", "block0.add", "host.results")
"""A unit twice, one with an SRAM, one with flip-flops for it, two that take writes, of the host."""


def by_place(config):
    """Every unit of a machine."""
    return {place: counted for counted in units(config).values() for place in counted.places}


def empty(unit):
    """A netlist with the ports of a unit, and nothing in it."""
    ports = {"clk": ("input", ()), "rst": ("input", ())}
    for name, (_, is_input) in flat_ports(unit.make()).items():
        ports[name] = ("input" if is_input else "output", ())
    return FlatNetlist(ports, ())


@pytest.mark.parametrize("machine", ["buffered", "unbuffered"])
def test_units_become_instances(machine):
    """All of them: nothing but what joins them is left."""
    config = case(machine).config
    places = {place: empty(counted.unit) for place, counted in by_place(config).items()}
    text = emit(GateCnn(config, places)).verilog
    for number in range(len(places)):
        assert text.count(f"  unit_{number} gates_{number} (") == 1
    assert (".p_release(" in text) is (machine == "unbuffered")  # a word of Verilog without "p_"
    assert re.findall(r"^module \\?(top\S*) ?\(", text, re.M) == ["top", "top.pipeline"]


def test_there_is_no_such_unit():
    with pytest.raises(ValueError, match="the machine has no unit at block7"):
        emit(GateCnn(CASE.config, {"block7.conv1": FlatNetlist({}, ())}))


@pytest.fixture(scope="module")
def netlists(tmp_path_factory):
    """What synthesis makes of the units, for area, by place."""
    found = {}
    distinct = {place: by_place(CASE.config)[place].unit for place in GATES}
    for unit in distinct.values():
        if unit.name not in found:
            folder = tmp_path_factory.mktemp("unit")
            emitted = emit(unit.make(), platform=MemoryMacros())
            source = UnitSource(unit.name, emitted.verilog, emitted.manifest, unit.parts)
            synthesise(source, folder, load_library(), SramTable.load(), Budget(period=20.0))
            found[unit.name] = read_netlist(folder)
    return {place: found[unit.name] for place, unit in distinct.items()}


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
    assert accesses == {"dot/weights.sram_0.macro": (3 * INTERVAL, 0)}
