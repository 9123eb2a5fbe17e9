"""
Which I/Os count as slow: each by its own latency, or all of a period in which the device is busy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sw.traces.trace import Trace

__all__ = ["busy_periods", "clean_rows", "slow_reads", "threshold_us"]


def threshold_us(trace: Trace, quantile: float = 0.85) -> float:
    """The latency that this share of the trace's reads stays within, microseconds; ``ValueError``
    where it has no read."""
    reads = trace.latency_us[trace.is_read]
    if not len(reads):
        raise ValueError("the trace has no read to take a threshold from")
    return float(np.quantile(reads, quantile))


def slow_reads(trace: Trace, threshold: float) -> NDArray[np.bool_]:
    """Reads above ``threshold`` microseconds, bool (n,); a write is never slow."""
    return trace.is_read & (trace.latency_us > threshold)


def busy_periods(trace: Trace, threshold: float, *, share: float = 0.5) -> NDArray[np.bool_]:
    """
    Whether each I/O was submitted while the device was busy, bool (n,).

    After Heimdall (EuroSys 2025), which labels periods in which the device is busy inside instead
    of single slow I/Os; how periods are found is Kiln's own. A period starts with a slow read whose
    throughput, bytes a microsecond, is below ``share`` of the median of reads, and goes on as long
    as the next reads are slow or below that throughput; single reads that are neither do not end
    it, two in a row do. A fast I/O inside a period counts as slow, a slow one outside, such as a
    large read at full speed, does not.
    """
    rows = np.flatnonzero(trace.is_read)
    latency, size = trace.latency_us[rows], trace.size[rows]
    throughput = size / np.maximum(latency, 1e-3)
    usual = float(np.median(throughput)) if len(rows) else 0.0
    slow, weak = latency > threshold, throughput < share * usual
    starts, stays = slow & weak, slow | weak
    busy = np.zeros(len(trace), bool)
    first, calm = -1, 0
    for k, (start, stay) in enumerate(zip(starts.tolist(), stays.tolist(), strict=True)):
        if first < 0:
            if start:
                first, calm = k, 0
            continue
        calm = 0 if stay else calm + 1
        if calm == 2:
            busy[rows[first] : rows[k - 2] + 1] = True
            first = -1
    if first >= 0:
        busy[rows[first] : rows[len(rows) - 1 - calm] + 1] = True
    return busy


def clean_rows(trace: Trace, busy: NDArray[np.bool_], threshold: float) -> NDArray[np.bool_]:
    """
    Reads to learn from, bool (n,), without those that contradict their period: slow ones outside of
    any (an I/O's own misfortune, such as a retried page), and very fast ones inside (answered from
    the device's cache). Heimdall filters such noise from its training rows; the test's rows are
    never filtered.
    """
    reads = trace.is_read
    if not reads.any():
        return reads.copy()
    very_fast = trace.latency_us < np.quantile(trace.latency_us[reads], 0.1)
    return reads & ~((trace.latency_us > threshold) & ~busy) & ~(very_fast & busy)
