"""Units of streaming networks, one by one."""

import pytest

from sim.cnn import UnitCycles
from sim.stages import StageReport, run_stages, stages_of, total_bits
from sw.dataflow.memory import bits_of
from tests.hw.cnn.pipelines import PIPELINES
from tests.sim.cnn_cases import KINDS, case

BLOCK = PIPELINES["block"]


def test_stages():
    """Each kind of unit, by name and in order."""
    found = stages_of(BLOCK)
    assert [*found] == [node.name for node in BLOCK.nodes]
    assert [stage.kind for stage in found.values()] == [
        "convolution",
        "largest",
        "convolution",
        "sum",
        "mean",
        "convolution",
    ]
    # 36 pixels of 9 taps; 4 pixels of 9 taps, with multipliers for the scales; 4 pixels of a byte.
    facts = [
        (found[name].cycles, found[name].simd, found[name].pe, found[name].multipliers)
        for name in ("stem", "long", "sum", "linear")
    ]
    assert facts == [(324, 1, 4, 4), (36, 4, 4, 20), (16, None, None, 0), (3, 4, 6, 24)]
    for name, bits in bits_of(BLOCK).items():
        assert found[name].bits == bits.by_kind()


@pytest.mark.parametrize("machine", KINDS)
def test_totals(machine):
    """What the units take is what all of them take."""
    config = case(machine).config
    stages = stages_of(config).values()
    assert total_bits(config) == {
        kind: sum(stage.bits[kind] for stage in stages) for kind in total_bits(config)
    }
    assert max(stage.cycles for stage in stages) == config.bound


def test_shares():
    counted = {node.name: UnitCycles(10 + k, 20, 30) for k, node in enumerate(BLOCK.nodes)}
    found = run_stages(BLOCK, counted, 100)
    assert all(isinstance(stage, StageReport) for stage in found.values())
    long = found["long"]
    assert (long.busy, long.starved, long.blocked) == (0.12, 0.2, 0.3)
    assert long.model_dump(exclude={"busy", "starved", "blocked"}) == (
        stages_of(BLOCK)["long"].model_dump()
    )
