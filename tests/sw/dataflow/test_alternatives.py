"""Other ways to keep skips, on the digits network."""

import pytest

from sw.dataflow.alternatives import expected_hold_interval, reread_skip_bits
from sw.dataflow.memory import skip_bits
from tests.sw.dataflow.digits import digits_config


@pytest.mark.parametrize("interval", [1152, 4608])
def test_expected_hold_interval(interval):
    """The last block counts: 2 x 2 pixels, of stride 2, five of them behind."""
    assert expected_hold_interval(digits_config(interval)) == interval * 9 // 4


def test_reread_skip_bits():
    """Of the block of stride 1, three pixels of 16 channels are beyond its line buffer."""
    config = digits_config(1152)
    bits = skip_bits(config)
    assert reread_skip_bits(config) == sum(bits.values()) - bits["stem"] + 3 * 16 * 8
