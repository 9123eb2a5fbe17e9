"""The loader against a model of what frames mean, on good frames and on all kinds of bad ones."""

import pytest

from hw.cnn.loader import Loader
from sim.runner import run_bench
from tests.hw.cnn.pipelines import PIPELINES


@pytest.mark.rtl
@pytest.mark.parametrize("name", PIPELINES)
def test_loader(name):
    run_bench(Loader(PIPELINES[name]), __file__, parameters={"pipeline": name})
