"""AXI4-Lite and AXI4-Stream: signatures, and an AXI4-Lite subordinate for register files."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = [
    "DATA_BITS",
    "OKAY",
    "SLVERR",
    "AxiLite",
    "AxiLiteTarget",
    "AxiStream",
    "RegisterAccess",
    "strobe_mask",
]

DATA_BITS = 32
OKAY = 0b00
SLVERR = 0b10


class AxiLite(wiring.Signature):
    """
    AXI4-Lite with 32 data bits, as the manager drives it.

    Parameters
    ----------
    addr_width : :class:`int`
        Bits of a byte address, at least 2.

    Members
    -------
    awvalid, awaddr, awprot, wvalid, wdata, wstrb, bready, arvalid, araddr, arprot, rready : ``Out``
    awready, wready, bvalid, bresp, arready, rvalid, rdata, rresp : ``In``
    """

    def __init__(self, addr_width: int):
        if not isinstance(addr_width, int) or addr_width < 2:
            raise ValueError(f"Address width must be an integer of at least 2, not {addr_width!r}")
        self._addr_width = addr_width
        super().__init__(
            {
                "awvalid": Out(1),
                "awready": In(1),
                "awaddr": Out(addr_width),
                "awprot": Out(3),
                "wvalid": Out(1),
                "wready": In(1),
                "wdata": Out(DATA_BITS),
                "wstrb": Out(DATA_BITS // 8),
                "bvalid": In(1),
                "bready": Out(1),
                "bresp": In(2),
                "arvalid": Out(1),
                "arready": In(1),
                "araddr": Out(addr_width),
                "arprot": Out(3),
                "rvalid": In(1),
                "rready": Out(1),
                "rdata": In(DATA_BITS),
                "rresp": In(2),
            }
        )

    @property
    def addr_width(self) -> int:
        """Bits of a byte address."""
        return self._addr_width


class AxiStream(wiring.Signature):
    """
    AXI4-Stream, as the transmitter drives it.

    Parameters
    ----------
    width : :class:`int`
        Bits of ``tdata``, a positive multiple of 8.
    keep : :class:`bool`
        Whether there is a ``tkeep`` bit for every byte.

    Members
    -------
    tvalid, tdata, tlast, and tkeep if asked for : ``Out``
    tready : ``In``
    """

    def __init__(self, width: int, *, keep: bool = False):
        if not isinstance(width, int) or width < 8 or width % 8:
            raise ValueError(f"Stream width must be a positive multiple of 8, not {width!r}")
        self._width = width
        self._keep = bool(keep)
        members = {"tvalid": Out(1), "tready": In(1), "tdata": Out(width), "tlast": Out(1)}
        if keep:
            members["tkeep"] = Out(width // 8)
        super().__init__(members)

    @property
    def width(self) -> int:
        """Bits of ``tdata``."""
        return self._width

    @property
    def keep(self) -> bool:
        """Whether there is a ``tkeep``."""
        return self._keep


class RegisterAccess(wiring.Signature):
    """
    One read or write of a register at a time.

    The request stays as it is while ``valid`` is high. The register file raises ``done`` for one
    cycle, in the request's first cycle or any later one, with ``value`` (for reads) and ``error``
    beside it; the request ends with that cycle. ``done`` without ``valid`` is ignored.

    Parameters
    ----------
    addr_width : :class:`int`
        Bits of a byte address.

    Members
    -------
    valid, write, address, data : ``Out``
    strobe : ``Out(4)``
        Bytes of ``data`` that are written.
    done, value, error : ``In``
    """

    def __init__(self, addr_width: int):
        super().__init__(
            {
                "valid": Out(1),
                "write": Out(1),
                "address": Out(addr_width),
                "data": Out(DATA_BITS),
                "strobe": Out(DATA_BITS // 8),
                "done": In(1),
                "value": In(DATA_BITS),
                "error": In(1),
            }
        )


def strobe_mask(access: Any) -> Value:
    """The bits that a write of :class:`RegisterAccess` changes."""
    return Cat(strobe.replicate(8) for strobe in access.strobe)


class AxiLiteTarget(wiring.Component):
    """
    AXI4-Lite subordinate: turns transactions into register accesses, one at a time.

    Address and data of a write may come in either order, any number of cycles apart, before or
    after a read. Reads and writes that wait together take turns. A transaction whose response is
    not taken holds up only its own kind. An access that ends with ``error`` is answered SLVERR,
    and a read among them with zero. All outputs are registers: no path leads through the
    component combinationally, and no ``ready`` waits for a ``valid``.

    Latency: the access starts two cycles after the last handshake of its request, the response is
    valid one cycle after the access's ``done``. Throughput, if register file and manager never
    wait: a transaction of one kind in every third cycle, of alternating kinds in every second.

    Parameters
    ----------
    addr_width : :class:`int`
        Bits of a byte address.

    Members
    -------
    bus : ``In(AxiLite(addr_width))``
    access : ``Out(RegisterAccess(addr_width))``
        Must be answered after a bounded time: the component waits for it.
    """

    def __init__(self, addr_width: int):
        self.addr_width = addr_width
        super().__init__(
            {"bus": In(AxiLite(addr_width)), "access": Out(RegisterAccess(addr_width))}
        )

    def elaborate(self, platform):
        m = Module()
        bus, access = self.bus, self.access

        # Each request channel has one holding register, which is free exactly when ready is high.
        aw_held, w_held, ar_held = Signal(), Signal(), Signal()
        write_address = Signal(self.addr_width)
        read_address = Signal(self.addr_width)
        m.d.comb += [
            bus.awready.eq(~aw_held),
            bus.wready.eq(~w_held),
            bus.arready.eq(~ar_held),
            access.address.eq(Mux(access.write, write_address, read_address)),
        ]
        with m.If(bus.awvalid & bus.awready):
            m.d.sync += [aw_held.eq(1), write_address.eq(bus.awaddr)]
        with m.If(bus.wvalid & bus.wready):
            m.d.sync += [w_held.eq(1), access.data.eq(bus.wdata), access.strobe.eq(bus.wstrb)]
        with m.If(bus.arvalid & bus.arready):
            m.d.sync += [ar_held.eq(1), read_address.eq(bus.araddr)]

        with m.If(bus.bready):
            m.d.sync += bus.bvalid.eq(0)
        with m.If(bus.rready):
            m.d.sync += bus.rvalid.eq(0)

        # Two writes never follow each other while a read waits: the second cannot be held so soon.
        can_write, can_read = Signal(), Signal()
        m.d.comb += [
            can_write.eq(aw_held & w_held & (~bus.bvalid | bus.bready)),
            can_read.eq(ar_held & (~bus.rvalid | bus.rready)),
        ]
        with m.If(~access.valid):
            m.d.sync += [access.valid.eq(can_write | can_read), access.write.eq(can_write)]
        with m.Elif(access.done):
            m.d.sync += access.valid.eq(0)
            with m.If(access.write):
                m.d.sync += [
                    aw_held.eq(0),
                    w_held.eq(0),
                    bus.bvalid.eq(1),
                    bus.bresp.eq(Mux(access.error, SLVERR, OKAY)),
                ]
            with m.Else():
                m.d.sync += [
                    ar_held.eq(0),
                    bus.rvalid.eq(1),
                    bus.rresp.eq(Mux(access.error, SLVERR, OKAY)),
                    bus.rdata.eq(Mux(access.error, 0, access.value)),
                ]
        return m
