"""Depths of skips, of some against those that RTL needs."""

import pytest

from tests.sw.dataflow.digits import digits_config


@pytest.mark.parametrize(
    ("interval", "depths"),
    [
        (1152, [348, 157, 163]),
        (2304, [336, 146, 159]),
        (4608, [327, 143, 159]),
        (9216, [324, 144, 160]),
    ],
)
def test_skip_depths(interval, depths):
    """Of 1,152 and 4,608 cycles the pipeline's bench shows on RTL that these keep the interval, and
    that one less in any of them does not."""
    config = digits_config(interval)
    assert config.bound == interval
    assert [skip.depth for skip in config.skips] == depths
