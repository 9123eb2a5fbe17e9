"""Power of netlists small enough to be counted by hand."""

import numpy as np
import pytest

from sw.physical.activity import NetActivity
from sw.physical.cells import read_cells
from sw.physical.clocktree import ClockNet, clock_nets, grow_tree
from sw.physical.flat import TOP_PART, FlatNetlist, Leaf, flatten
from sw.physical.netlist import Instance, Module, Netlist
from sw.physical.power import Corner, netlist_power
from sw.physical.powerreport import COMPONENTS
from sw.physical.sram import SramTable

CELLS = read_cells()
SRAMS = SramTable.load()
HALF_V2 = 1.1**2 / 2
WIRE = 1.0
CYCLES = 10
TO_MW = 1e-12 * 800e6 / CYCLES
"""From fJ over all cycles."""


def hierarchy():
    """
    Top with a part ``logic``: y = not a register behind a NAND of a and b.

    Nets in the top: a 2, b 3, clk 4, y 7, between 5; in the part: x 0, z 1, clk 2, q 3.
    """
    part = Module(
        "top.logic",
        {"x": ("input", [0]), "z": ("output", [1]), "clk": ("input", [2])},
        {
            "f": Instance("DFF_X1", {"D": [0], "CK": [2], "Q": [3], "QN": [4]}),
            "i": Instance("INV_X1", {"A": [3], "ZN": [1]}),
        },
    )
    top = Module(
        "top",
        {
            **{"a": ("input", [2]), "b": ("input", [3]), "clk": ("input", [4])},
            "y": ("output", [7]),
        },
        {
            "n": Instance("NAND2_X1", {"A1": [2], "A2": [3], "ZN": [5]}),
            "logic": Instance("top.logic", {"x": [5], "z": [7], "clk": [4]}),
        },
    )
    return Netlist("top", {"top": top, "top.logic": part})


def activity(flat, accesses=None, **toggles):
    """Of ``CYCLES`` cycles, by port or by leaf/pin with a dot for the slash."""
    counts = np.zeros(1 + max(flat.nets()), np.int64)
    leaves = {leaf.name: leaf for leaf in flat.leaves}
    for name, count in toggles.items():
        leaf, _, pin = name.rpartition("__")
        nets = leaves[leaf.replace("__", "/")].pins[pin] if leaf else flat.ports[name][1]
        counts[list(nets)] = count
    return NetActivity(CYCLES, counts, accesses or {})


def test_a_flat_netlist_has_each_net_once():
    flat = flatten(hierarchy())
    assert [leaf.part for leaf in flat.leaves] == [TOP_PART, "logic", "logic"]
    n, f, i = flat.leaves
    assert [leaf.name for leaf in flat.leaves] == ["n", "logic/f", "logic/i"]
    assert n.pins["ZN"] == f.pins["D"] and i.pins["ZN"] == flat.ports["y"][1]
    assert f.pins["CK"] == flat.ports["clk"][1]
    assert len(flat.nets()) == 7


def test_ports_that_are_one_net_and_constants():
    part = Module(
        "through",
        {
            **{"i": ("input", [0]), "o": ("output", [0]), "one": ("output", ["1"])},
            "open": ("output", ["x"]),
        },
        {},
    )
    top = Module(
        "top",
        {"a": ("input", [0]), "y": ("output", [1, 2, 3])},
        {"t": Instance("through", {"i": [0], "o": [1], "one": [2], "open": [3]})},
    )
    flat = flatten(Netlist("top", {"top": top, "through": part}))
    assert flat.ports["y"][1] == (flat.ports["a"][1][0], "1", "0")
    assert "assign y[1] = 1'b1;" in flat.verilog("top")


def test_by_hand():
    flat = flatten(hierarchy())
    power = netlist_power(
        flat,
        activity(flat, a=4, b=1, n__ZN=3, clk=20, logic__f__Q=2, logic__f__QN=2, y=2),
        CELLS,
        SRAMS,
    )
    combinational = power.parts[TOP_PART]["combinational"]
    inputs = 4 * (1.599032 + WIRE) + 1 * (1.664199 + WIRE)
    nand = 3 * (4 * 1.179 + 1 * 1.505) / 5 + 3 * (1.140290 + WIRE) * HALF_V2
    assert combinational.dynamic_mw == pytest.approx((inputs * HALF_V2 + nand) * TO_MW)
    assert combinational.leakage_mw == pytest.approx(17.393360e-6)
    register = power.parts["logic"]["register"]
    moved = 3 * 1.832 + 2 * (4.198 + 4.218) + 2 * (1.700230 + WIRE) * HALF_V2
    assert register.dynamic_mw == pytest.approx(moved * TO_MW)
    inverter = power.parts["logic"]["combinational"].dynamic_mw
    assert inverter == pytest.approx((2 * 0.9484 + 2 * WIRE * HALF_V2) * TO_MW)
    assert power.clock_pins_mw == pytest.approx(20 * 3.601 * TO_MW)
    assert power.parts["logic"]["clock_network"].dynamic_mw == pytest.approx(power.clock_pins_mw)
    tree = power.parts[TOP_PART]["clock_network"].dynamic_mw
    assert tree == pytest.approx(20 * (0.949653 + WIRE) * HALF_V2 * TO_MW)
    assert power.clock_buffers == 0 and power.ungated == 1 and power.clocked == 1
    assert sum(power.components[name].total_mw for name in COMPONENTS) == pytest.approx(
        power.total.total_mw
    )


def gated(flops):
    """Flip-flops behind one clock gate. Nets: clk 0, enable 1, gated clock 2, data from 3 on."""
    gate = Leaf("g", "CLKGATE_X1", TOP_PART, {"CK": (0,), "E": (1,), "GCK": (2,)})
    registers = [
        Leaf(f"f{k}", "DFF_X1", "p", {"CK": (2,), "D": (3,), "Q": (4 + k,)}) for k in range(flops)
    ]
    ports = {"clk": ("input", (0,)), "e": ("input", (1,)), "d": ("input", (3,))}
    return FlatNetlist(ports, (gate, *registers))


def test_a_gated_clock_costs_only_when_it_runs():
    flat = gated(4)
    busy = netlist_power(flat, activity(flat, clk=20, g__GCK=20), CELLS, SRAMS)
    idle = netlist_power(flat, activity(flat, clk=20), CELLS, SRAMS)
    assert idle.clock_pins_mw == 0 and idle.clocked == 0 and idle.ungated == 0
    assert busy.clock_pins_mw == pytest.approx(4 * 20 * 3.601 * TO_MW) and busy.clocked == 1
    own = 20 * (2.791 + (1.837892 + WIRE) * HALF_V2) * TO_MW
    assert idle.components["clock_network"].dynamic_mw == pytest.approx(own)
    more = 20 * (3.814 + 4 * (0.949653 + WIRE) * HALF_V2 + 4 * 3.601) * TO_MW
    assert busy.components["clock_network"].dynamic_mw == pytest.approx(own + more)


@pytest.mark.parametrize("flops, buffers", [(1, 0), (10, 0), (11, 1), (30, 1), (31, 2), (300, 10)])
def test_a_tree_has_the_buffers_that_its_loads_ask_for(flops, buffers):
    """A gate may drive 0.33 x 60.73 fF, ten pins of 1.95; a buffer 0.33 x 181.885, thirty; ten
    buffers of 2.42 are too many for the gate again."""
    _, net = clock_nets(gated(flops), CELLS)
    tree = grow_tree(net, CELLS)
    second = 1 if buffers == 10 else 0
    assert tree.buffers == buffers + second
    capacitance = flops * (0.949653 + WIRE) + tree.buffers * (1.421162 + WIRE)
    assert tree.capacitance == pytest.approx(capacitance)


def test_the_clock_port_drives_as_much_as_a_buffer():
    flat = gated(1)
    (sink,) = clock_nets(flat, CELLS)[1].sinks
    assert grow_tree(ClockNet(0, None, (sink,) * 30), CELLS).buffers == 0
    assert grow_tree(ClockNet(0, None, (sink,) * 31), CELLS).buffers == 2


@pytest.mark.parametrize("kelvin", [300, 350])
def test_memory_is_accesses_and_leakage(kelvin):
    pins = {"clk": (0,), "en": (1,), "write": (2,), "addr": (3, 4), "wdata": (5,), "rdata": (6,)}
    macro = Leaf("part/m", "sram_1rw_1024x16_l2", "part", pins)
    ports = {"clk": ("input", (0,)), "i": ("input", (1, 2, 3, 4, 5)), "o": ("output", (6,))}
    flat = FlatNetlist(ports, (macro,))
    seen = activity(flat, {"part/m": (5, 2)}, part__m__rdata=3)
    power = netlist_power(flat, seen, CELLS, SRAMS, Corner(temperature=kelvin))
    figures = SRAMS.price(1024, 16, temperature=kelvin)
    memory = power.parts["part"]["memory"]
    energy = 5000 * figures.read_pJ + 2000 * figures.write_pJ + 3 * WIRE * HALF_V2
    assert memory.dynamic_mw == pytest.approx(energy * TO_MW)
    assert memory.leakage_mw == pytest.approx(figures.leakage_mW + figures.gate_leakage_mW)
    assert power.leakage_share == pytest.approx(
        memory.leakage_mw / (memory.total_mw + power.parts[TOP_PART]["clock_network"].total_mw)
    )
    assert power.reads == {"part/m": 0.5} and power.writes == {"part/m": 0.2}


def test_activities_add_up():
    flat = gated(1)
    one = activity(flat, {"m": (1, 2)}, clk=20)
    both = one + one
    assert both.cycles == 2 * CYCLES and both.accesses == {"m": (2, 4)}
    assert netlist_power(flat, both, CELLS, SRAMS).total.dynamic_mw == pytest.approx(
        netlist_power(flat, one, CELLS, SRAMS).total.dynamic_mw
    )


def test_what_cannot_be_counted():
    flat = FlatNetlist({}, (Leaf("a/b", "NAND9_X1", "a", {}),))
    with pytest.raises(ValueError, match=r"the library has no cell NAND9_X1, which a/b is"):
        netlist_power(flat, NetActivity(1, np.zeros(1, np.int64), {}), CELLS, SRAMS)
    with pytest.raises(ValueError, match="at least one cycle"):
        netlist_power(flat, NetActivity(0, np.zeros(1, np.int64), {}), CELLS, SRAMS)
