"""The memory of weights and parameters."""

import pytest

from hw.cnn.weights import CyclicMemory
from sim.runner import run_bench
from tests.hw.bank import Bank

# Depth, width, index, and whether it holds parameters.
MEMORIES = {
    "one": (1, 7, 0, False),
    "one_wide": (1, 130, 255, True),
    "bit": (9, 1, 1, True),
    "chunk": (5, 64, 2, False),
    "two": (4, 65, 3, True),
    "two_full": (6, 128, 4, False),
    "four": (3, 200, 128, False),
}


@pytest.mark.rtl
def test_weights():
    units = {
        name: CyclicMemory(depth, width, index, parameters=parameters)
        for name, (depth, width, index, parameters) in MEMORIES.items()
    }
    run_bench(Bank(**units), __file__, parameters={"memories": MEMORIES})
