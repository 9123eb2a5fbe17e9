"""What :mod:`sw.physical.power` says of a netlist."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["COMPONENTS", "Power", "Share", "add"]

COMPONENTS = ("memory", "clock_network", "register", "combinational")


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Share(_Result):
    """Power of something, in mW: what moving costs, and leakage."""

    dynamic_mw: float = 0.0
    leakage_mw: float = 0.0

    @property
    def total_mw(self) -> float:
        """Both together."""
        return self.dynamic_mw + self.leakage_mw

    def __add__(self, other: Share) -> Share:
        return Share(
            dynamic_mw=self.dynamic_mw + other.dynamic_mw,
            leakage_mw=self.leakage_mw + other.leakage_mw,
        )


class Power(_Result):
    """
    Power of a netlist over the cycles of its activity.

    Parameters
    ----------
    flavour, temperature_k, clock_mhz
        Devices and temperature of the memories, and the clock.
    cycles : int
        Of the activity.
    parts : dict
        Components of each part of the netlist. The tree of the clock port, and nets that come from
        outside, belong to the top.
    clock_pins_mw : float
        What is in ``clock_network`` for clock pins inside flip-flops.
    reads, writes : dict
        Accesses per cycle, by macro.
    clock_buffers, clock_buffer_area_um2
        Those of the estimated clock tree, which the netlist does not have.
    ungated : float
        Share of flip-flops that no clock gate ever stops.
    clocked : float
        Share of flip-flops that a cycle clocks, in the mean.
    """

    flavour: str
    temperature_k: int
    clock_mhz: float
    cycles: int
    parts: dict[str, dict[str, Share]]
    clock_pins_mw: float
    reads: dict[str, float]
    writes: dict[str, float]
    clock_buffers: int
    clock_buffer_area_um2: float
    ungated: float
    clocked: float

    @property
    def components(self) -> dict[str, Share]:
        """Each component, all parts together."""
        return {
            name: add([part[name] for part in self.parts.values() if name in part])
            for name in COMPONENTS
        }

    @property
    def total(self) -> Share:
        """All parts together."""
        return add([share for part in self.parts.values() for share in part.values()])

    @property
    def leakage_share(self) -> float:
        """Of the total, what leaks."""
        return self.total.leakage_mw / self.total.total_mw


def add(shares: list[Share]) -> Share:
    """The sum of shares."""
    return sum(shares, Share())
