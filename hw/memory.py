"""Single-port SRAM: behavioural in simulation, a named macro in synthesis."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Instance, Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .hierarchy import SharedModules

__all__ = ["MemoryMacros", "Sram", "SramAccess"]


class MemoryMacros(SharedModules):
    """Platform that turns every :class:`Sram` into a black box, and notes which were used.

    ``used`` maps a macro's name to its (depth, width, latency).
    """

    def __init__(self) -> None:
        super().__init__()
        self.used: dict[str, tuple[int, int, int]] = {}

    def macro(self, depth: int, width: int, latency: int) -> str:
        """Name of the macro of this geometry."""
        name = f"sram_1rw_{depth}x{width}_l{latency}"
        self.used[name] = (depth, width, latency)
        return name


class SramAccess(wiring.Signature):
    """One access a cycle, seen from the user: ``en`` with ``write`` stores ``wdata`` at ``addr``;
    ``en`` without it reads, and ``rdata`` holds the word from ``latency`` cycles later until that
    of the next read. A write leaves ``rdata`` undefined, reads under way included, until the word
    of a later read arrives. Addresses are below ``depth``."""

    def __init__(self, depth: int, width: int):
        self.depth = depth
        self.width = width
        super().__init__(
            {
                "en": Out(1),
                "write": Out(1),
                "addr": Out(range(depth)),
                "wdata": Out(unsigned(width)),
                "rdata": In(unsigned(width)),
            }
        )


class Sram(wiring.Component):
    """
    Single-port synchronous SRAM with a pipelined read: one access in every cycle, data
    ``latency`` cycles after a read.

    Parameters
    ----------
    depth : :class:`int`
        Words.
    width : :class:`int`
        Bits of a word.
    latency : :class:`int`
        Cycles from a read to its data, at least 1.

    Platform overrides
    ------------------
    Define the ``get_sram`` platform method to give an implementation of this component that suits
    the target; see :class:`hw.boards.sram.SramFiles`.

    Members
    -------
    port : ``In(SramAccess(depth, width))``
    """

    def __init__(self, depth: int, width: int, latency: int):
        for name, value in (("depth", depth), ("width", width), ("latency", latency)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"SRAM {name} must be a positive integer, not {value!r}")
        self.depth = depth
        self.width = width
        self.latency = latency
        super().__init__({"port": In(SramAccess(depth, width))})

    def elaborate(self, platform):
        if hasattr(platform, "get_sram"):
            return platform.get_sram(self)
        m = Module()
        port = self.port
        if isinstance(platform, MemoryMacros):
            m.submodules.macro = Instance(
                platform.macro(self.depth, self.width, self.latency),
                i_clk=ClockSignal(),
                i_en=port.en,
                i_write=port.write,
                i_addr=port.addr,
                i_wdata=port.wdata,
                o_rdata=port.rdata,
            )
            return m
        m.submodules.memory = memory = Memory(shape=unsigned(self.width), depth=self.depth, init=[])
        write = memory.write_port()
        read = memory.read_port()
        m.d.comb += [
            write.addr.eq(port.addr),
            write.data.eq(port.wdata),
            write.en.eq(port.en & port.write),
            read.addr.eq(port.addr),
            read.en.eq(port.en & ~port.write),
        ]
        data = read.data
        for stage in range(1, self.latency):
            delayed = Signal(self.width, name=f"delayed_{stage}")
            m.d.sync += delayed.eq(data)
            data = delayed
        m.d.comb += port.rdata.eq(data)
        return m
