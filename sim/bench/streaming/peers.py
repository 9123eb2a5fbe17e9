"""
What others published of small networks in streaming accelerators, to compare with.

Frames a second, accuracy, resources and energy are as published: MLPerf Tiny v0.7, v1.0 and v1.1
results of hls4ml, FINN and fpgaConvNet; "optimised skip buffers" are of arXiv 2309.15631. What
removing skips saved is of Weng et al., *Tailor* (TRETS 2024, arXiv 2301.07247), abstract, and of a
block of ResNet in FINN by the same authors (SLOHA 2021, arXiv 2102.01351).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BLOCK_SAVED", "PEERS", "TAILOR_SAVED", "Peer"]

TAILOR_SAVED = {"block RAM": 34, "flip-flops": 13, "LUTs": 16}
"""Percent, at most."""
BLOCK_SAVED = {
    "block RAM": 1 - 2.68 / 2.83,
    "LUTs": 1 - 2.91 / 2.97,
    "frames": 1.415 / 1.352 - 1,
}
"""Shares; of the device's cells, and frames a second that are gained."""


@dataclass(frozen=True)
class Peer:
    """A published design: frames a second, top-1 accuracy in percent, DSP blocks, LUTs, clock,
    energy of a frame."""

    design: str
    network: str
    platform: str
    frames_per_second: float
    top1: float
    dsp: int | None = None
    lut: int | None = None
    clock_mhz: int | None = None
    frame_mj: float | None = None

    @property
    def interval(self) -> float | None:
        """Cycles a frame, where the clock is known."""
        return None if self.clock_mhz is None else self.clock_mhz * 1e6 / self.frames_per_second


PEERS = (
    Peer("hls4ml RN07", "ResNet-like, skips removed", "Pynq-Z2", 36.6, 83.5, frame_mj=44.2),
    Peer("hls4ml RN07", "ResNet-like, skips removed", "Arty", 30.1, 83.5, frame_mj=73.1),
    Peer("hls4ml RN08", "ResNet-like, skips removed", "Pynq-Z2", 130.8, 83.5, frame_mj=12.27),
    Peer("FINN CNV-W1A1", "VGG-like, binary", "Pynq-Z2", 661, 84.5, frame_mj=2.52),
    Peer("FINN CNV-W1A1", "VGG-like, binary", "Arty", 659, 84.5, frame_mj=3.42),
    Peer("fpgaConvNet", "ResNet8", "ZC706", 6790, 86.0, 525, 108000, 187),
    Peer("fpgaConvNet", "ResNet8", "Zedboard", 2431, 86.0, 211, 47000, 143),
    Peer("optimised skip buffers", "ResNet8 int8 with skips", "Ultra96", 12971, 88.7),
    Peer("optimised skip buffers", "ResNet20 int8 with skips", "Ultra96", 3254, 91.3),
)
