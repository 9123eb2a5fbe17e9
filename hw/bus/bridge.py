"""Carries out the requests of a packet link on a machine with AXI4-Lite and AXI4-Stream ports."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .axi import DATA_BITS, OKAY, AxiLite, AxiStream
from .format import BYTES_PER_WORD, MAX_WORDS, Command, Reply
from .packet import Request

__all__ = ["Bridge"]

_BITS = 8 * BYTES_PER_WORD
_ADDRESS_BYTES = 2
_VALUE_BYTES = DATA_BITS // 8
_SIZES = {
    Command.READ: _ADDRESS_BYTES,
    Command.WRITE: _VALUE_BYTES + _ADDRESS_BYTES,
    Command.RECEIVE: 0,
    Command.RESET: 0,
}


class Bridge(wiring.Component):
    """
    Manager of a machine's ports on behalf of a host: each request of :class:`hw.bus.format.Command`
    is one register access, or some words of a stream.

    SEND gives up when the stream takes no word for ``patience`` cycles; how many it has taken is
    part of the reply. RECEIVE ends with the last word of a packet, after ``MAX_WORDS`` words, or
    when no word comes for ``patience`` cycles; it loses none. READ and WRITE wait for the machine,
    which must answer. RESET raises ``reset`` for one cycle.

    A request that names no command (COMMAND), or has a payload of another size (LENGTH), does
    nothing. Replies other than those and OK: BUS, STALLED.

    Latency: a cycle for each byte of payload that is offered and each of the answer, one to begin
    and one to end, beside what the machine takes.

    Parameters
    ----------
    addr_width : :class:`int`
        Bits of a register's byte address, 2 to 16.
    patience : :class:`int`
        At least 2.

    Members
    -------
    request : ``In(Request())``
    m_axil : ``Out(AxiLite(addr_width))``
    m_axis : ``Out(AxiStream(64))``
    s_axis : ``In(AxiStream(64, keep=True))``
    reset : ``Out(1)``
    """

    def __init__(self, addr_width: int, patience: int):
        if not isinstance(patience, int) or patience < 2:
            raise ValueError(f"Patience must be an integer of at least 2, not {patience!r}")
        self.patience = patience
        super().__init__(
            {
                "request": In(Request()),
                "m_axil": Out(AxiLite(addr_width)),
                "m_axis": Out(AxiStream(_BITS)),
                "s_axis": In(AxiStream(_BITS, keep=True)),
                "reset": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        request, bus = self.request, self.m_axil
        word = Signal(_BITS)
        left, words, taken = Signal(4), Signal(range(MAX_WORDS + 1)), Signal(range(MAX_WORDS + 1))
        keep = Signal(BYTES_PER_WORD)
        is_write = request.command == Command.WRITE
        address = word[_BITS - 8 * _ADDRESS_BYTES :]
        value = word[_BITS - 8 * (_ADDRESS_BYTES + _VALUE_BYTES) : _BITS - 8 * _ADDRESS_BYTES]
        m.d.comb += [
            bus.awaddr.eq(address),
            bus.araddr.eq(address),
            bus.wdata.eq(value),
            bus.wstrb.eq(-1),
            bus.bready.eq(1),
            bus.rready.eq(1),
            self.m_axis.tdata.eq(word),
            self.m_axis.tlast.eq((request.command == Command.SEND_LAST) & (words == 1)),
        ]
        with m.If(bus.awready):
            m.d.sync += bus.awvalid.eq(0)
        with m.If(bus.wready):
            m.d.sync += bus.wvalid.eq(0)
        with m.If(bus.arready):
            m.d.sync += bus.arvalid.eq(0)

        idle = Signal(range(self.patience))
        waiting, expired = Signal(), Signal()
        m.d.comb += expired.eq(waiting & (idle == self.patience - 1))
        m.d.sync += idle.eq(Mux(waiting, idle + 1, 0))

        def finish(status):
            m.d.sync += request.done.eq(1)
            m.d.sync += request.status.eq(status)
            m.next = "IDLE"

        m.d.sync += request.done.eq(0)
        with m.FSM(name="bridge"):
            with m.State("IDLE"):
                m.d.sync += [taken.eq(0), words.eq(request.length[3:]), keep.eq(0)]
                with m.If(request.begin):
                    self._choose(m, left, finish)
            with m.State("LOAD"):
                m.d.comb += request.payload.ready.eq(1)
                with m.If(request.payload.valid):
                    m.d.sync += [word.eq(Cat(word[8:], request.payload.payload)), left.eq(left - 1)]
                    with m.If(left == 1):
                        m.next = "PUSH"
                        with m.If(is_write):
                            m.d.sync += [bus.awvalid.eq(1), bus.wvalid.eq(1)]
                            m.next = "ACCESS"
                        with m.If(request.command == Command.READ):
                            m.d.sync += bus.arvalid.eq(1)
                            m.next = "ACCESS"
            with m.State("ACCESS"):
                m.d.sync += left.eq(_VALUE_BYTES)
                with m.If(bus.bvalid):
                    finish(Mux(bus.bresp == OKAY, Reply.OK, Reply.BUS))
                with m.If(bus.rvalid):
                    m.d.sync += word[:DATA_BITS].eq(bus.rdata)
                    m.next = "STORE"
                    with m.If(bus.rresp != OKAY):
                        finish(Reply.BUS)
            with m.State("PUSH"):
                m.d.comb += [self.m_axis.tvalid.eq(1), waiting.eq(~self.m_axis.tready)]
                m.d.sync += left.eq(BYTES_PER_WORD)
                with m.If(self.m_axis.tready):
                    m.d.sync += [taken.eq(taken + 1), words.eq(words - 1)]
                    m.next = "LOAD"
                    with m.If(words == 1):
                        m.next = "TAKEN"
                with m.Elif(expired):
                    m.next = "TAKEN"
            with m.State("TAKEN"):
                m.d.comb += [request.answer.valid.eq(1), request.answer.payload.eq(taken)]
                finish(Mux(words == 0, Reply.OK, Reply.STALLED))
            with m.State("PULL"):
                m.d.comb += [self.s_axis.tready.eq(1), waiting.eq(~self.s_axis.tvalid)]
                m.d.sync += left.eq(BYTES_PER_WORD)
                with m.If(self.s_axis.tvalid):
                    m.d.sync += [word.eq(self.s_axis.tdata), taken.eq(taken + 1)]
                    m.d.sync += keep.eq(Mux(self.s_axis.tlast, self.s_axis.tkeep, 0))
                    m.next = "STORE"
                with m.Elif(expired):
                    m.next = "KEPT"
            with m.State("STORE"):
                m.d.comb += [request.answer.valid.eq(1), request.answer.payload.eq(word)]
                m.d.sync += [word.eq(word[8:]), left.eq(left - 1)]
                with m.If(left == 1):
                    m.next = "PULL"
                    with m.If((keep != 0) | (taken == MAX_WORDS)):
                        m.next = "KEPT"
                    with m.If(request.command == Command.READ):
                        finish(Reply.OK)
            with m.State("KEPT"):
                m.d.comb += [request.answer.valid.eq(1), request.answer.payload.eq(keep)]
                finish(Reply.OK)
            with m.State("RESET"):
                m.d.comb += self.reset.eq(1)
                finish(Reply.OK)
        return m

    def _choose(self, m, left, finish):
        """Where a request that begins goes."""
        request = self.request
        finish(Reply.COMMAND)
        for command in Command:
            with m.If(request.command == command):
                size = _SIZES.get(command)
                whole = (request.length[:3] == 0) & (request.length != 0)
                finish(Reply.LENGTH)
                with m.If(whole if size is None else request.length == size):
                    m.d.sync += self.request.done.eq(0)
                    if command == Command.RECEIVE:
                        m.next = "PULL"
                    elif command == Command.RESET:
                        m.next = "RESET"
                    else:
                        m.d.sync += left.eq(BYTES_PER_WORD if size is None else size)
                        m.next = "LOAD"
