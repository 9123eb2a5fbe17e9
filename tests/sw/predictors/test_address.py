from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given

from sw.predictors.address import address_bits, pending_addresses
from sw.traces.trace import Trace
from tests.sw.traces.cases import PAGE, READ, WRITE, trace_of, traces


def at_blocks(trace: Trace, *blocks: int) -> Trace:
    return replace(trace, offset=np.array(blocks) * PAGE)


def test_by_hand() -> None:
    """Six at once, of which the second ends at 3 and the others late; the seventh sees the last
    four of those, the eighth, at 100, the seventh only."""
    ends = (99, 3, 99, 99, 99, 99)
    rows = [*((0, end, READ, PAGE) for end in ends), (3, 500, WRITE, PAGE), (100, 1, READ, 512)]
    trace = at_blocks(trace_of(*rows), 11, 12, 13, 14, 15, 16, 17, 18)
    assert pending_addresses(trace).tolist() == [
        [11, 0, 0, 0, 0],
        [12, 11, 0, 0, 0],
        [13, 12, 11, 0, 0],
        [14, 13, 12, 11, 0],
        [15, 14, 13, 12, 11],
        [16, 15, 14, 13, 12],
        [17, 16, 15, 14, 13],
        [18, 17, 0, 0, 0],
    ]
    early = at_blocks(trace_of((0, 9, READ, 1), (1, 1, READ, 1), (2, 1, READ, 1)), 5, 6, 7)
    assert pending_addresses(early)[2].tolist() == [7, 5, 0, 0, 0]


def test_blocks_are_pages_modulo_their_bits() -> None:
    trace = replace(trace_of((0, 9, READ, 1), (1, 1, READ, 1)), offset=np.array([4095, 4096]))
    assert pending_addresses(trace)[:, 0].tolist() == [0, 1]
    assert pending_addresses(at_blocks(trace, 1 << 22, (1 << 22) + 3)).tolist()[1][0] == 3


def test_bits_lie_lowest_first_and_the_own_address_first() -> None:
    trace = at_blocks(trace_of((0, 9, READ, 1), (1, 1, READ, 1)), 1 << 21, 5)
    bits = address_bits(trace)
    assert bits.dtype == np.uint8 and bits.shape == (2, 110)
    assert np.flatnonzero(bits[0]).tolist() == [21]
    assert np.flatnonzero(bits[1]).tolist() == [0, 2, 22 + 21]


@given(traces())
def test_like_a_naive_model(trace: Trace) -> None:
    block = trace.offset // PAGE + 1
    trace = replace(trace, offset=block * PAGE)
    for i, row in enumerate(pending_addresses(trace).tolist()):
        flying = [k for k in range(i) if trace.complete_us[k] > trace.submit_us[i]]
        wanted = [int(block[k]) for k in (i, *reversed(flying))][:5]
        assert row == wanted + [0] * (5 - len(wanted))
