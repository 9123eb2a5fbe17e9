"""What the benchmark of streaming networks reports, as it is in the JSON file."""

from __future__ import annotations

from pydantic import BaseModel

from sim.bench.verdicts import Verdict
from sim.streaming import StreamReport

from .costs import Costs

__all__ = ["CnnReport", "DepthPoint", "FoldingPoint", "MachineRow", "Small"]


class MachineRow(BaseModel):
    """
    A network on one of the three machines.

    ``run`` is that on the RTL, ``stalled`` another one with words held back, if there was one.
    ``expected_interval`` is what an unbuffered machine should take by its worst block, in cycles;
    ``reread_skip_bits`` what skips would still have to keep in a buffered one if they were read
    from the line buffers of their blocks' first convolutions.
    """

    data: str
    run: StreamReport
    stalled: StreamReport | None = None
    expected_interval: float | None = None
    reread_skip_bits: int | None = None

    @property
    def activation_bits(self) -> int:
        """Of line buffers, skips and gathered parts."""
        bits = self.run.bits
        return bits["line buffers"] + bits["skips"] + bits["gathers"]


class DepthPoint(BaseModel):
    """All skips at a share of their computed depth: the frame interval on the RTL in cycles; None
    where the pipeline stood still."""

    share: float
    depths: dict[str, int]
    interval: float | None


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
    foldings: list[FoldingPoint] = []
    small: Small | None = None
    verdicts: list[Verdict] = []
