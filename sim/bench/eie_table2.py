"""
What Han et al. published of the area and power of EIE, to compare with.

Han et al., *EIE: Efficient Inference Engine on Compressed Deep Neural Network*, ISCA 2016,
Table II: one processing element at 45 nm and 800 MHz, after placement and routing.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ACT_RW_SRAM", "COMPONENTS", "FILLER_UM2", "LNZD_NODE", "MODULES", "PE", "Figures"]


@dataclass(frozen=True)
class Figures:
    """Area in um2 and power in mW."""

    area_um2: float
    power_mw: float


PE = Figures(638024, 9.157)
MODULES = {
    "Act_queue": Figures(758, 0.112),
    "PtrRead": Figures(121849, 1.807),
    "SpmatRead": Figures(469412, 4.955),
    "ArithmUnit": Figures(3110, 1.162),
    "ActRW": Figures(18934, 1.122),
}
FILLER_UM2 = 23961
COMPONENTS = {
    "memory": Figures(594786, 5.416),
    "clock_network": Figures(866, 1.874),
    "register": Figures(9465, 1.026),
    "combinational": Figures(8946, 0.841),
}
LNZD_NODE = Figures(189, 0.023)
"""One of 21 for 64 PEs; not in ``PE``."""
ACT_RW_SRAM = (1024, 16)
"""Words and bits of the activation SRAM that is in ActRW: 2 KB."""
