"""Images through a streaming network's RTL: every logit compared, and what the cycles came to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from hw.cnn.config import SkipKind
from hw.cnn.format import Register
from sw.dataflow.compile import Compiled
from sw.dataflow.folding import multipliers
from sw.dataflow.layers import layers
from sw.golden.cnn import GoldenCnn

from .cnn import CnnEngine, Frames
from .stages import StageReport, run_stages, total_bits
from .verification import CLOCK_MHZ

__all__ = ["StreamReport", "machine_of", "utilisation", "verify_stream"]

_BATCH = 100
"""Images of the golden model at a time."""


class StreamReport(BaseModel):
    """
    What a run measured. Times are in cycles of the RTL.

    ``machine`` is skip-free, buffered or unbuffered. ``mismatches`` counts logits that differ from
    the golden model's, ``class_mismatches`` images whose class does. Accuracy is that on the first
    ``tested`` images. ``latency`` is that of the first image, from its first word to its result's
    last; ``interval`` the median from one result to the next, ``bound`` that of the slowest unit.
    ``utilisation`` is the share of multiplier' cycles, over an interval, in which a product of the
    network was made, those with the zeros around an image counted. Bits are those of
    :class:`sw.dataflow.memory.Bits`. ``stalls`` are the shares of cycles in which a word was held
    back on either side.
    """

    network: str
    machine: str
    images: int
    stalls: float
    mismatches: int
    class_mismatches: int
    tested: int
    accuracy_golden: float
    accuracy_rtl: float
    latency: int
    interval: float
    interval_min: int
    interval_max: int
    bound: int
    clock_mhz: float
    frames_per_second: float
    multipliers: int
    utilisation: float
    bits: dict[str, int]
    skip_depths: dict[str, int]
    units: dict[str, StageReport]
    simulated_cycles: int


def machine_of(compiled: Compiled) -> str:
    """What a pipeline keeps its skips in."""
    kinds = {skip.kind for skip in compiled.config.skips}
    if not kinds:
        return "skip-free"
    return "unbuffered" if SkipKind.HOLD in kinds else "buffered"


def verify_stream(
    name: str,
    compiled: Compiled,
    engine: CnnEngine,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    *,
    tested: int | None = None,
    clock_mhz: float = CLOCK_MHZ,
    stalls: float = 0.0,
    seed: int = 1,
    progress: Callable[[int], object] = lambda done: None,
) -> StreamReport:
    """Stream images, uint8 (n, channels, height, width), through an engine that holds the network,
    with words held back at random in a share ``stalls`` of the cycles, and compare; ``progress`` is
    called with the number done. Then the engine is stopped. The first ``tested`` images, without
    that all of them, are what accuracy is measured on; ``clock_mhz`` is what cycles become seconds
    by."""
    engine.stall(seed, stalls, stalls)
    engine.run()
    before = engine.cycle
    frames = engine.stream(images, progress=progress)
    elapsed = engine.cycle - before
    engine.stop()  # so that all units' counters are of the same cycles
    counted = engine.read_register(Register.CYCLES)
    golden = GoldenCnn(compiled.graph)
    parts = [golden(images[k : k + _BATCH]).numpy() for k in range(0, len(images), _BATCH)]
    expected = np.concatenate(parts)
    classes = expected.argmax(axis=1)
    test = slice(len(images) if tested is None else tested)
    return StreamReport(
        network=name,
        machine=machine_of(compiled),
        images=len(images),
        stalls=stalls,
        mismatches=int((frames.logits != expected).sum()),
        class_mismatches=int((frames.classes != classes).sum()),
        tested=len(labels[test]),
        accuracy_golden=float((classes == labels)[test].mean()),
        accuracy_rtl=float((frames.classes == labels)[test].mean()),
        simulated_cycles=elapsed,
        units=run_stages(compiled.config, engine.unit_cycles(), counted),
        bits=total_bits(compiled.config),
        skip_depths={skip.source: skip.depth for skip in compiled.config.skips},
        **_times(compiled, frames, clock_mhz),
    )


def utilisation(compiled: Compiled, interval: float) -> float:
    """Share of the multipliers' cycles in which a product is made, at a frame interval."""
    macs = sum(layer.macs for layer in layers(compiled.graph))
    return macs / (multipliers([node.unit for node in compiled.config.nodes]) * interval)


def _times(compiled: Compiled, frames: Frames, clock_mhz: float) -> dict[str, Any]:
    intervals = frames.intervals if len(frames.ends) > 1 else np.array([frames.latency])
    interval = float(np.median(intervals))
    return {
        "latency": frames.latency,
        "interval": interval,
        "interval_min": int(intervals.min()),
        "interval_max": int(intervals.max()),
        "bound": compiled.config.bound,
        "clock_mhz": clock_mhz,
        "frames_per_second": clock_mhz * 1e6 / interval,
        "multipliers": multipliers([node.unit for node in compiled.config.nodes]),
        "utilisation": utilisation(compiled, interval),
    }
