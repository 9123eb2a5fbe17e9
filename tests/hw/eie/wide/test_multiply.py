"""The multiplier of a lane, with and without literals, of all stage counts."""

import pytest

from hw.eie.wide.multiply import LaneMultiplier
from sim.runner import run_bench
from tests.hw.bank import Bank

STAGES = (2, 3, 4)


@pytest.mark.parametrize("stages", [1, 0, 2.0, "2", None])
def test_stages(stages):
    with pytest.raises(ValueError) as error:
        LaneMultiplier(stages, literal=False)
    assert str(error.value) == f"Multiplier stages must be an integer from 2 on, not {stages!r}"


@pytest.mark.rtl
def test_multiplier():
    units = {
        f"{kind}_{stages}": LaneMultiplier(stages, literal=kind == "literal")
        for kind in ("literal", "plain")
        for stages in STAGES
    }
    run_bench(Bank(**units), __file__, parameters={"stages": STAGES})
