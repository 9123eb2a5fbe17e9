"""Detection of non-zero groups, for blocks of several sizes side by side."""

import pytest

from hw.eie.config import EieConfig
from hw.eie.wide.block import VectorBlock
from sim.runner import run_bench
from tests.hw.bank import Bank

SHAPES = {  # PEs, lanes, largest group: number of the block
    (1, 2, 1): 0,
    (1, 8, 8): 0,
    (2, 2, 1): 1,
    (2, 8, 16): 0,
    (4, 4, 16): 0,
    (8, 8, 4): 1,
    (64, 8, 16): 3,
}


def config_of(n_pe, lanes, group_max):
    return EieConfig(
        n_pe=n_pe,
        spmat_depth=64,
        ptr_depth=1 << 16,
        act_depth=256,
        file_depth=16,
        lanes=lanes,
        group_max=group_max,
    )


@pytest.mark.parametrize("number", [-1, 4, "0", None])
def test_number(number):
    with pytest.raises(ValueError) as error:
        VectorBlock(config_of(64, 8, 16), number)
    assert str(error.value) == f"Block must be an integer from 0 to 3, not {number!r}"


@pytest.mark.rtl
def test_blocks():
    configs = [config_of(*shape) for shape in SHAPES]
    numbers = list(SHAPES.values())
    blocks = [VectorBlock(*each) for each in zip(configs, numbers, strict=True)]
    units = {f"unit_{k}": block for k, block in enumerate(blocks)}
    run_bench(Bank(**units), __file__, parameters={"configs": configs, "numbers": numbers})
