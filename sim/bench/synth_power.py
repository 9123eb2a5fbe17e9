"""Power of a processing element at work, as the report of synthesis takes it."""

from __future__ import annotations

from pydantic import BaseModel

__all__ = ["ElementPower"]


class ElementPower(BaseModel):
    """
    One element of a machine while it runs a workload, its gates simulated.

    Parameters
    ----------
    machine, workload : str
    inferences, mismatches : int
        How many were run, and how many of them had an output that was not the golden model's.
    us : float
        Of an inference, mean.
    temperature_k : int
        Of the memories.
    dynamic_mw, leakage_mw : dict
        By part, and in it by component.
    clock_tree_um2 : float
        Buffers of the clock tree, which the netlist does not have.
    """

    machine: str
    workload: str
    inferences: int
    mismatches: int
    us: float
    temperature_k: int
    dynamic_mw: dict[str, dict[str, float]]
    leakage_mw: dict[str, dict[str, float]]
    clock_tree_um2: float

    @property
    def total_mw(self) -> float:
        """All parts and components."""
        return self.dynamic_total_mw + self.leakage_total_mw

    @property
    def dynamic_total_mw(self) -> float:
        """What moves."""
        return sum(sum(each.values()) for each in self.dynamic_mw.values())

    @property
    def leakage_total_mw(self) -> float:
        """What is there anyway."""
        return sum(sum(each.values()) for each in self.leakage_mw.values())

    def part_mw(self, part: str, component: str | None = None) -> float:
        """A part, or a component of it."""
        return sum(
            mw
            for by_part in (self.dynamic_mw, self.leakage_mw)
            for name, mw in by_part.get(part, {}).items()
            if component in (None, name)
        )

    def component_mw(self, component: str) -> float:
        """A component of all parts."""
        return sum(
            each.get(component, 0.0)
            for by_part in (self.dynamic_mw, self.leakage_mw)
            for each in by_part.values()
        )
