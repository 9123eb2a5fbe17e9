"""Places in a pipeline, which a write's eight bits must be able to name."""

from functools import partial

import pytest

from hw.cnn.add import Add
from hw.cnn.config import AddConfig, AveragePoolConfig, ConvConfig
from hw.cnn.multiply import DotProducts
from hw.cnn.pool import AveragePool
from hw.cnn.requantise import Requantise
from hw.cnn.stage import ConvStage
from hw.cnn.weights import CyclicMemory

CONV = ConvConfig(4, 4, 2, 2)
KINDS = {
    "add": partial(Add, AddConfig(4, 2, 2)),
    "average": partial(AveragePool, AveragePoolConfig(4, 2, 2)),
    "dot": partial(DotProducts, CONV),
    "memory": partial(CyclicMemory, 4, 8, parameters=False),
    "requantise": partial(Requantise, CONV),
    "stage": partial(ConvStage, CONV),
}


@pytest.mark.parametrize("kind", KINDS)
def test_index(kind):
    for index in (0, 255):
        assert KINDS[kind](index=index).index == index
    for index in (-1, 256, "0", None):
        with pytest.raises(ValueError) as caught:
            KINDS[kind](index=index)
        assert str(caught.value) == f"index must be from 0 to 255, not {index!r}"
