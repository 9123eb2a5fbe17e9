"""The register before the host: packets that stay packets when their source is reset."""

import pytest

from hw.cnn.outlet import Outlet
from sim.runner import run_bench


@pytest.mark.rtl
def test_outlet():
    run_bench(Outlet(), __file__)
