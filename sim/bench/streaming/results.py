"""What the benchmark of streaming networks reports, as it is in the JSON file."""

from __future__ import annotations

from pydantic import BaseModel

from sim.bench.verdicts import Verdict
from sim.streaming import StreamReport

from .costs import Costs
from .ours import OurRow, Saving

__all__ = [
    *("Balanced", "CnnReport", "DepthPoint", "FoldingPoint"),
    *("FULL_HOLD", "Fresh", "Hold", "MachineRow", "Small"),
]


class Hold(BaseModel):
    """
    A residual block whose skip is held by whole frames: the width of its output's image, and its
    stride. Its convolutions are behind by pixels of that image.
    """

    width: int
    stride: int

    @property
    def ratio(self) -> float:
        """Intervals that a frame takes: two rows and some, or at stride 2, where the first
        convolution overlaps with the hold, one."""
        behind = self.width + 3 if self.stride == 2 else 2 * (self.width + 2)
        return 1 + behind / self.width**2

    @property
    def formula(self) -> str:
        """Of the ratio, W the width."""
        return "1 + (W + 3)/W^2" if self.stride == 2 else FULL_HOLD

    @property
    def full_ratio(self) -> float:
        """What :data:`FULL_HOLD` says for this width."""
        return 1 + 2 * (self.width + 2) / self.width**2


FULL_HOLD = "1 + 2(W + 2)/W^2"
"""Intervals of a block of stride 1; at most those of one of stride 2."""


class MachineRow(BaseModel):
    """
    A network on one of the three machines.

    ``run`` is that on the RTL, ``stalled`` another one with words held back, if there was one;
    ``accuracy`` is that of the network's integers on all test images, as its file says.
    ``expected_interval`` is what an unbuffered machine should take by its worst block, in cycles,
    and ``hold`` that block. Of a buffered one ``reread_skip_bits`` are what skips would still have
    to keep if they were read from the line buffers of their blocks' first convolutions,
    ``tensor_skip_bits`` what they would if queues were as deep as their tensors, and
    ``halved_skip_bits`` those of its skips that a projection reads.
    """

    data: str
    run: StreamReport
    accuracy: float
    stalled: StreamReport | None = None
    expected_interval: float | None = None
    hold: Hold | None = None
    reread_skip_bits: int | None = None
    tensor_skip_bits: int | None = None
    halved_skip_bits: int | None = None

    @property
    def activation_bits(self) -> int:
        """Of line buffers, skips and gathered parts."""
        bits = self.run.bits
        return bits["line buffers"] + bits["skips"] + bits["gathers"]

    @property
    def bits(self) -> int:
        """Of all memory on the chip: that, weights and parameters."""
        return self.activation_bits + self.run.bits["weights"] + self.run.bits["parameters"]


class DepthPoint(BaseModel):
    """All skips at a share of their computed depth, or (``less``) one beat below it: the frame
    interval on the RTL in cycles; None where the pipeline stood still."""

    share: float
    less: bool = False
    depths: dict[str, int]
    interval: float | None


class Balanced(BaseModel):
    """
    The residual network with all convolutions at the rate of the slowest: frame intervals on the
    RTL with queues without end, with computed depths, and with one beat less in the queue after
    each node; None where the pipeline stood still.
    """

    depths: dict[str, int]
    bound: int
    unbounded: float
    computed: float
    less: dict[str, float | None]


class Fresh(BaseModel):
    """Seconds from a network to its first frames on the RTL, nothing kept from before."""

    network: str
    multipliers: int
    frames: int
    seconds: float


class FoldingPoint(BaseModel):
    """A budget of multipliers and what came of it; ``interval`` is measured on the RTL where
    ``measured``, else the slowest unit's bound."""

    budget: int
    multipliers: int
    interval: float
    utilisation: float
    measured: bool


class Small(BaseModel):
    """The ResNet8 geometry without skips: frames a second and multiplier at the clock that
    fpgaConvNet's figure is for."""

    macs: int
    multipliers: int
    interval: float
    mismatches: int
    clock_mhz: int
    frames_per_multiplier: float


class CnnReport(BaseModel):
    """A run of the benchmark: when, by which command, and what it measured."""

    date: str
    command: str
    machines: list[MachineRow] = []
    costs: list[Costs] = []
    depths: list[DepthPoint] = []
    balanced: Balanced | None = None
    foldings: list[FoldingPoint] = []
    small: Small | None = None
    fresh: list[Fresh] = []
    ours: list[OurRow] = []
    savings: list[Saving] = []
    verdicts: list[Verdict] = []
