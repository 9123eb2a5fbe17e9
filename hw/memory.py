"""
SRAMs of one port and of two: behavioural in simulation, a named macro in synthesis.

The rule of which memories are macros, :func:`in_flip_flops`, is here alone.
"""

from __future__ import annotations

from typing import NamedTuple

from amaranth.hdl import ClockSignal, Instance, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .hierarchy import SharedModules

__all__ = [
    *("DualPortSram", "Macro", "MemoryMacros", "Sram", "SramAccess", "SramRead", "SramWrite"),
    *("SMALLEST_BITS", "in_flip_flops"),
]

SMALLEST_BITS = 512
"""Of a macro: smaller ones cost more around their cells than in them, and have no price."""


def in_flip_flops(depth: int, width: int) -> bool:
    """Whether a memory is too small for a macro."""
    return depth * width < SMALLEST_BITS


class Macro(NamedTuple):
    """
    Geometry of a macro.

    Parameters
    ----------
    depth, width, latency : :class:`int`
        As of :class:`Sram`.
    ports : :class:`str`
        ``1rw``, one for reads and writes, as of :class:`Sram`; ``1r1w``, one for each, as of
        :class:`DualPortSram`.
    """

    depth: int
    width: int
    latency: int
    ports: str = "1rw"

    @property
    def name(self) -> str:
        """Name of the black box."""
        return f"sram_{self.ports}_{self.depth}x{self.width}_l{self.latency}"


class MemoryMacros(SharedModules):
    """Platform that turns every :class:`Sram` and :class:`DualPortSram` into a black box, those
    that are :func:`in_flip_flops` excepted, and notes which were used: ``used`` maps a macro's name
    to its :class:`Macro`."""

    def __init__(self) -> None:
        super().__init__()
        self.used: dict[str, Macro] = {}

    def macro(self, depth: int, width: int, latency: int, ports: str = "1rw") -> str:
        """Name of the macro of this geometry."""
        macro = Macro(depth, width, latency, ports)
        self.used[macro.name] = macro
        return macro.name


def _is_macro(platform, depth: int, width: int) -> bool:
    return isinstance(platform, MemoryMacros) and not in_flip_flops(depth, width)


def _require_positive(**values: object) -> None:
    for name, value in values.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"SRAM {name} must be a positive integer, not {value!r}")


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
        _require_positive(depth=depth, width=width, latency=latency)
        self.depth = depth
        self.width = width
        self.latency = latency
        super().__init__({"port": In(SramAccess(depth, width))})

    def elaborate(self, platform):
        if hasattr(platform, "get_sram"):
            return platform.get_sram(self)
        m = Module()
        port = self.port
        if _is_macro(platform, self.depth, self.width):
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


class SramWrite(wiring.Signature):
    """A write a cycle, seen from the user: ``en`` stores ``data`` at ``addr``, below ``depth``."""

    def __init__(self, depth: int, width: int):
        super().__init__(
            {"en": Out(1), "addr": Out(range(depth)), "data": Out(unsigned(width))},
        )


class SramRead(wiring.Signature):
    """A read a cycle, seen from the user: after ``en``, ``data`` holds the word at ``addr``, below
    ``depth``, from the next cycle on until that of the next read."""

    def __init__(self, depth: int, width: int):
        super().__init__(
            {"en": Out(1), "addr": Out(range(depth)), "data": In(unsigned(width))},
        )


class DualPortSram(wiring.Component):
    """
    Synchronous SRAM with one port for writes and one for reads: one access a cycle on either, data
    one cycle after a read.

    A read of the word that is written in the same cycle gives the word before it, or the new one
    where it is ``transparent``. A macro reads before it writes; what makes it transparent is logic
    beside it.

    Parameters
    ----------
    depth : :class:`int`
        Words.
    width : :class:`int`
        Bits of a word.
    transparent : :class:`bool`

    Members
    -------
    write : ``In(SramWrite(depth, width))``
    read : ``In(SramRead(depth, width))``
    """

    def __init__(self, depth: int, width: int, *, transparent: bool = False):
        _require_positive(depth=depth, width=width)
        self.depth = depth
        self.width = width
        self.transparent = transparent
        super().__init__(
            {"write": In(SramWrite(depth, width)), "read": In(SramRead(depth, width))},
        )

    def elaborate(self, platform):
        m = Module()
        if _is_macro(platform, self.depth, self.width):
            self._macro(m, platform)
            return m
        m.submodules.words = memory = Memory(shape=unsigned(self.width), depth=self.depth, init=[])
        write = memory.write_port()
        read = memory.read_port(transparent_for=(write,) if self.transparent else ())
        m.d.comb += [
            write.en.eq(self.write.en),
            write.addr.eq(self.write.addr),
            write.data.eq(self.write.data),
            read.en.eq(self.read.en),
            read.addr.eq(self.read.addr),
            self.read.data.eq(read.data),
        ]
        return m

    def _macro(self, m, platform):
        """The black box, with what is written in the cycle of a read beside it."""
        rdata = Signal(self.width)
        m.submodules.macro = Instance(
            platform.macro(self.depth, self.width, 1, "1r1w"),
            i_clk=ClockSignal(),
            i_wen=self.write.en,
            i_waddr=self.write.addr,
            i_wdata=self.write.data,
            i_ren=self.read.en,
            i_raddr=self.read.addr,
            o_rdata=rdata,
        )
        if not self.transparent:
            m.d.comb += self.read.data.eq(rdata)
            return
        written, forward = Signal(self.width), Signal()
        with m.If(self.read.en):
            meets = self.write.en & (self.write.addr == self.read.addr)
            m.d.sync += [forward.eq(meets), written.eq(self.write.data)]
        m.d.comb += self.read.data.eq(Mux(forward, written, rdata))
