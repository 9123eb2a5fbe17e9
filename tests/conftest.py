"""What all tests share."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sim.toolchain import verilator_path

# How long one example takes says nothing on a loaded machine, where a model may be built first.
settings.register_profile(
    "kiln", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kiln")

SHARED = Path(__file__).resolve().parents[2] / "shared"

require_verilator = cache(verilator_path)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without Verilator a test marked ``rtl`` fails: skipping would hide a broken set-up."""
    if item.get_closest_marker("rtl"):
        require_verilator()


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """``shared/`` beside the checkout: reference tables and real data sets, not part of Kiln."""
    if not SHARED.is_dir():
        pytest.skip("no folder 'shared' with reference data beside the checkout")
    return SHARED
