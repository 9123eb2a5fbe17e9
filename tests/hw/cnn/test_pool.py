"""Pooling."""

import pytest

from hw.cnn.config import AveragePoolConfig, MaxPoolConfig
from hw.cnn.pool import AveragePool, MaxPool
from sim.runner import run_bench
from tests.hw.bank import Bank

AVERAGES = {
    "average_4": (AveragePoolConfig(4, 2, 2), 0),
    "average_2x3": (AveragePoolConfig(6, 4, 4, lanes=2), 9),
    "average_1x3": (AveragePoolConfig(3, 2, 4, lanes=3), 255),
    "average_2": (AveragePoolConfig(2, 1, 2), 1),
    "pixel": (AveragePoolConfig(4, 1, 1, lanes=2), 3),
    "pixel_whole": (AveragePoolConfig(2, 1, 1, lanes=2), 4),
}
MAXIMA = {
    "max_2": MaxPoolConfig(3, 4, 6),
    "max_2_whole": MaxPoolConfig(4, 4, 2, lanes=4),
    "max_2_row": MaxPoolConfig(2, 2, 8, lanes=2),
    "max_3": MaxPoolConfig(4, 6, 3, size=3, lanes=2),
    "max_3_whole": MaxPoolConfig(2, 3, 9, size=3, lanes=2),
}


@pytest.mark.rtl
def test_pool():
    units = {name: AveragePool(*case) for name, case in AVERAGES.items()}
    units |= {name: MaxPool(config) for name, config in MAXIMA.items()}
    run_bench(Bank(**units), __file__, parameters={"averages": AVERAGES, "maxima": MAXIMA})
