"""
What others published of small networks in streaming accelerators, to compare with.

Frames a second, accuracy and resources are as published: MLPerf Tiny v0.7, v1.0 and v1.1 results of
hls4ml, FINN and fpgaConvNet; "optimised skip buffers" are of arXiv 2309.15631. What removing skips
saved is of Weng et al., *Tailor* (TRETS 2024, arXiv 2301.07247), abstract.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PEERS", "TAILOR", "TAILOR_SAVED", "Peer"]

TAILOR_SAVED = {"block RAM": 34, "flip-flops": 13, "LUTs": 16}
"""Percent, at most."""
TAILOR = (
    "up to "
    + ", ".join(f"{percent} % of {what}" for what, percent in TAILOR_SAVED.items())
    + ", latency unchanged"
)


@dataclass(frozen=True)
class Peer:
    """A published design: frames a second, top-1 accuracy in percent, DSP blocks, LUTs, clock."""

    design: str
    network: str
    platform: str
    frames_per_second: float
    top1: float
    dsp: int | None = None
    lut: int | None = None
    clock_mhz: int | None = None


PEERS = (
    Peer("hls4ml RN08", "ResNet-like, skips removed", "Pynq-Z2", 130.8, 83.5),
    Peer("FINN CNV-W1A1", "VGG-like, binary", "Pynq-Z2", 661, 84.5),
    Peer("fpgaConvNet", "ResNet8", "ZC706", 6790, 86.0, 525, 108000, 187),
    Peer("fpgaConvNet", "ResNet8", "Zedboard", 2431, 86.0, 211, 47000, 143),
    Peer("optimised skip buffers", "ResNet8 int8 with skips", "Ultra96", 12971, 88.7),
    Peer("optimised skip buffers", "ResNet20 int8 with skips", "Ultra96", 3254, 91.3),
)
