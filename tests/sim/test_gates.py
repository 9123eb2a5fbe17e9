"""An element made of gates in the machine: it is equal to its RTL, and what it does is counted."""

import numpy as np
import pytest

from hw.eie.config import EieConfig
from hw.eie.units import units
from hw.emit import emit
from hw.memory import MemoryMacros
from sim.bench.power import Workload, measure_power, read_netlist
from sim.gates import GateEngine, with_gates
from sw.compress.frame import program_frame
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie
from sw.physical.cells import read_cells
from sw.physical.library import load_library
from sw.physical.sram import SramTable
from sw.physical.synthesis import UnitSource, synthesise
from sw.physical.timing import Budget

pytestmark = [pytest.mark.rtl, pytest.mark.slow]

CONFIG = EieConfig(
    n_pe=2, spmat_depth=1024, ptr_depth=1024, act_depth=256, file_depth=2, queue_depth=1
)
ELEMENT = 1


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """What synthesis leaves of an element, mapped for area."""
    folder = tmp_path_factory.mktemp("pe")
    unit = units(CONFIG)["pe"]
    emitted = emit(unit.make(), platform=MemoryMacros())
    source = UnitSource("pe", emitted.verilog, emitted.manifest, unit.parts)
    synthesise(source, folder, load_library(), SramTable.load(), Budget(period=20.0))
    return folder


@pytest.fixture(scope="module")
def workload():
    rng = np.random.default_rng(3)
    network = random_quantised(rng, [8, 7, 3], 0.5)
    inputs = random_inputs(rng, network, 12, 0.7)
    golden = GoldenEie(network)(inputs).numpy()
    return Workload("random", build_program(network, CONFIG), inputs, golden)


def inverses(flat):
    """Pairs of nets of which one is always the other, or always its inverse."""
    for leaf in flat.leaves:
        if leaf.kind.startswith("DFF") and {"Q", "QN"} <= leaf.pins.keys():
            yield leaf.pins["Q"][0], leaf.pins["QN"][0]
        elif leaf.kind.startswith(("INV", "BUF")) and isinstance(leaf.pins["A"][0], int):
            (output,) = leaf.pins.keys() - {"A"}
            yield leaf.pins["A"][0], leaf.pins[output][0]


def test_equals_golden_and_counts_what_it_does(directory, workload):
    flat = read_netlist(directory)
    with GateEngine(CONFIG, flat, read_cells(), number=ELEMENT) as engine:
        engine.load(program_frame(workload.program))
        seen = engine.observe(workload.activations)
    assert np.array_equal(seen.run.outputs, workload.golden)
    (clock,) = flat.ports["clk"][1]
    for activity, cycles in zip(seen.activities, seen.run.cycles, strict=True):
        assert activity.cycles == pytest.approx(cycles, abs=2)
        assert activity.toggles[clock] == 2 * activity.cycles
        assert activity.toggles.max() == 2 * activity.cycles
        assert all(writes == 0 for name, (_, writes) in activity.accesses.items() if "/" in name)
        for one, other in inverses(flat):
            assert activity.toggles[one] == activity.toggles[other]
    everything = seen.activity
    assert everything.cycles == sum(activity.cycles for activity in seen.activities)
    constant = [net for net in flat.ports["index"][1] if isinstance(net, int)]
    assert not everything.toggles[constant].any()


def test_the_same_inputs_in_the_same_state_move_the_same_nets(directory, workload):
    """An element counts passes modulo 4, so that its state is the same every fourth inference."""
    with GateEngine(CONFIG, read_netlist(directory), read_cells(), number=ELEMENT) as engine:
        engine.load(program_frame(workload.program))
        seen = engine.observe(np.repeat(workload.activations[:1], 6, axis=0)).activities
    assert np.array_equal(seen[1].toggles, seen[5].toggles)
    assert all(activity.accesses == seen[0].accesses for activity in seen)


def test_power_is_measured(directory, workload):
    said = []
    (result,) = measure_power(directory, CONFIG, [workload], element=ELEMENT, progress=said.append)
    assert result.mismatches == 0 and result.inferences == len(workload.activations)
    assert said[-1] == "random"
    cool, warm = result.powers
    assert (cool.temperature_k, warm.temperature_k) == (300, 350)
    assert cool.total.dynamic_mw == pytest.approx(warm.total.dynamic_mw)
    assert cool.total.leakage_mw < warm.total.leakage_mw
    assert 0 < result.utilisation == result.entries_per_cycle < 1
    assert result.energy_uj[0] == pytest.approx(cool.total.total_mw * result.us / 1000)
    entries = result.entries_per_cycle * result.cycles
    reads = cool.reads["spmat/sram.macro"] * cool.cycles / result.inferences
    assert entries / 8 < reads < entries + 40
    assert type(result).model_validate_json(result.model_dump_json()) == result


def test_there_is_no_such_element():
    with pytest.raises(ValueError, match="the machine has no processing element 2"):
        with_gates("  eie_pe pe_0 (\n  );\n  eie_pe pe_1 (\n  );\n", 2)
