"""Several components side by side in one top, so that one model serves many geometries."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hw.hierarchy import flat_ports

__all__ = ["Bank"]


class Bank(wiring.Component):
    """Each of the named ``units`` with its own ports: stream ``i`` of unit ``a`` is ``a__i``."""

    def __init__(self, **units):
        self.units = units
        super().__init__({name: Out(unit.signature) for name, unit in units.items()})

    def elaborate(self, platform):
        m = Module()
        for name, unit in self.units.items():
            m.submodules[name] = unit
            outer = flat_ports(getattr(self, name))
            for port, (inner, is_input) in flat_ports(unit).items():
                target, source = (inner, outer[port][0])[:: 1 if is_input else -1]
                m.d.comb += target.eq(source)
        return m
