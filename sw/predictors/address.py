"""
The inputs of the MittOS predictors from a trace: bits of addresses, own and in flight.

Weng and Chien (AccML 2020) give their networks the logical block of an I/O and of those pending, as
:mod:`sw.predictors.mittos` generates them; here they come from I/Os that happened.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sw.predictors.mittos import INPUTS, LBA_BITS, PENDING
from sw.predictors.past import PAGE
from sw.traces.trace import Trace

__all__ = ["address_bits", "pending_addresses"]


def pending_addresses(trace: Trace) -> NDArray[np.int64]:
    """
    Logical blocks, int64 (n, 5): the I/O's own, and those of the last four submitted that are in
    flight, the latest first; 0 where there are fewer. A block is a page, counted modulo 2**22.
    """
    block = trace.offset // PAGE % (1 << LBA_BITS)
    out = np.zeros((len(trace), 1 + PENDING), np.int64)
    out[:, 0] = block
    flying: dict[int, int] = {}
    ends: list[tuple[float, int]] = []
    columns = (trace.submit_us, trace.complete_us, block)
    for k, (submit, complete, own) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        while ends and ends[0][0] <= submit:
            del flying[heappop(ends)[1]]
        for place, number in enumerate(islice(reversed(flying.values()), PENDING), start=1):
            out[k, place] = number
        flying[k] = own
        heappush(ends, (complete, k))
    return out


def address_bits(trace: Trace) -> NDArray[np.uint8]:
    """:func:`pending_addresses` as bits, the lowest first, uint8 (n, 110), 0 or 1."""
    bits = (pending_addresses(trace)[:, :, None] >> np.arange(LBA_BITS)) & 1
    return bits.reshape(-1, INPUTS).astype(np.uint8)
