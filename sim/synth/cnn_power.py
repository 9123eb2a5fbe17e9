"""What a streaming network draws, as the report of its synthesis has it."""

from __future__ import annotations

from pydantic import BaseModel, computed_field

__all__ = ["MachinePower"]


class MachinePower(BaseModel):
    """
    Power of a streaming network while every unit has work: that of one of each distinct unit, as
    gates in the machine, times how many there are.

    Parameters
    ----------
    network : str
        Whose weights and images.
    images, mismatches : int
        How many came out and were compared, and how many logits were not the golden model's.
    frames, cycles : int
        What was counted: so many results after the first one.
    clock_mhz : float
    dynamic_mw : dict
        What moves: SRAMs by what they are for, with the nets that they drive, and what of cells.
    leakage_mw : dict
        The same for what leaks, by temperature of the SRAMs in kelvin; cells are one.
    units_mw : dict
        What moves, by kind of unit.
    reads, writes : dict
        Accesses of SRAMs for a frame, by what they are for.
    clocked : float
        Share of flip-flops that a cycle clocks, in the mean.
    clock_tree_um2 : float
        Buffers of the clock trees, which netlists do not have.
    """

    network: str
    images: int
    mismatches: int
    frames: int
    cycles: int
    clock_mhz: float
    dynamic_mw: dict[str, float]
    leakage_mw: dict[int, dict[str, float]]
    units_mw: dict[str, float]
    reads: dict[str, float]
    writes: dict[str, float]
    clocked: float
    clock_tree_um2: float

    @computed_field  # type: ignore[prop-decorator]
    @property
    def us(self) -> float:
        """From one frame to the next."""
        return self.cycles / self.frames / self.clock_mhz

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total_mw(self) -> dict[int, float]:
        """All of it, by temperature."""
        moving = sum(self.dynamic_mw.values())
        return {kelvin: moving + sum(each.values()) for kelvin, each in self.leakage_mw.items()}

    @computed_field  # type: ignore[prop-decorator]
    @property
    def energy_uj(self) -> dict[int, float]:
        """Of a frame, by temperature."""
        return {kelvin: self.frame_uj(mw) for kelvin, mw in self.total_mw.items()}

    def frame_uj(self, mw: float) -> float:
        """What that comes to in a frame."""
        return 1e-3 * mw * self.us
