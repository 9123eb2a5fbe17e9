"""Packets on a serial line: checked requests in, replies out, each request carried out once."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .format import MAX_PAYLOAD, Reply

__all__ = ["PacketLink", "Request"]


class Request(wiring.Signature):
    """
    One request at a time, seen from the packet link.

    Members
    -------
    begin : ``Out(1)``
        High for one cycle: a request has come, with ``command`` and ``length``, which stay.
    command, length : ``Out(8)``
    payload : ``Out(stream.Signature(8))``
        The ``length`` bytes of its payload, one in two cycles. Need not be taken.
    answer : ``In(stream.Signature(8, always_ready=True))``
        Payload of the reply, at most 255 bytes.
    done : ``In(1)``
        High for one cycle, after ``begin`` and the answer's last byte: the request has been carried
        out, with ``status``.
    status : ``In(3)``
        A :class:`hw.bus.format.Reply`.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "begin": Out(1),
                "command": Out(8),
                "length": Out(8),
                "payload": Out(stream.Signature(8)),
                "answer": In(stream.Signature(8, always_ready=True)),
                "done": In(1),
                "status": In(3),
            }
        )


class PacketLink(wiring.Component):
    """
    Takes requests of :mod:`hw.bus.format` from a line and answers each with one reply.

    A request is passed on only when all of it is here and its CRC is right. A request with the
    sequence number of the one before is not carried out again, but gets the same reply; number 0 is
    exempt. So a host that repeats what was not answered gets everything done exactly once. Each
    reply to a faulty request (CRC, LENGTH above ``MAX_PAYLOAD``, TRUNCATED, FRAMING) is sent when
    the line has been quiet for ``patience`` cycles, and changes nothing else. Bytes that come
    while a request is being carried out or answered are dropped.

    Latency: ``request.begin`` comes one cycle after a request's last byte, the first byte of the
    reply is offered one cycle after ``request.done``. Throughput: a byte a cycle in, one in two
    cycles out.

    Parameters
    ----------
    patience : :class:`int`
        Cycles without a byte after which a request counts as cut off, at least 2.

    Members
    -------
    i : ``In(stream.Signature(8, always_ready=True))``
    error : ``In(1)``
        A byte came in damaged.
    o : ``Out(stream.Signature(8))``
    request : ``Out(Request())``
    active : ``Out(1)``
        A request is coming in, is being carried out or answered.
    fault : ``Out(1)``
        The last request was faulty.
    """

    def __init__(self, patience: int):
        if not isinstance(patience, int) or patience < 2:
            raise ValueError(f"Patience must be an integer of at least 2, not {patience!r}")
        self.patience = patience
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "error": In(1),
                "o": Out(stream.Signature(8)),
                "request": Out(Request()),
                "active": Out(1),
                "fault": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        request = self.request
        m.submodules.crc = self._crc = crc = catalog.CRC16_IBM_3740().create()
        # The payload of the request is in the lower half, that of the last reply in the upper one.
        m.submodules.memory = memory = Memory(shape=8, depth=512, init=[])
        write, read = memory.write_port(), memory.read_port()
        count = Signal(8)
        fetched = Signal()
        replying = Signal()
        m.d.comb += [
            write.addr.eq(count),
            write.data.eq(self.i.payload),
            crc.data.eq(self.i.payload),
            read.addr.eq(Cat(count, replying)),
            request.payload.payload.eq(read.data),
        ]

        sequence, last_sequence = Signal(8), Signal(8)
        status, answered = Signal(3), Signal(8)
        fault = Signal(3)
        m.d.comb += self.fault.eq(fault != 0)

        quiet = Signal(range(self.patience))
        waiting, expired = Signal(), Signal()
        m.d.comb += expired.eq(waiting & (quiet == self.patience - 1))
        m.d.sync += quiet.eq(Mux(waiting & ~self.i.valid & ~self.error, quiet + 1, 0))

        with m.FSM(name="link") as fsm:
            m.d.comb += self.active.eq(~fsm.ongoing("COMMAND"))

            def receive(following):
                """Take a byte; leave with one that is damaged, or if none comes."""
                m.d.comb += [waiting.eq(1), crc.valid.eq(self.i.valid)]
                with m.If(self.i.valid):
                    m.next = following
                with m.If(expired):
                    m.d.sync += fault.eq(Reply.TRUNCATED)
                    m.next = "STATUS"
                with m.If(self.error):
                    m.d.sync += fault.eq(Reply.FRAMING)
                    m.next = "DROP"

            with m.State("COMMAND"):
                m.d.comb += [crc.start.eq(1), crc.valid.eq(self.i.valid)]
                m.d.sync += [request.command.eq(self.i.payload), sequence.eq(0), count.eq(0)]
                with m.If(self.i.valid):
                    m.d.sync += fault.eq(0)
                    m.next = "SEQUENCE"
                with m.If(self.error):
                    m.d.sync += fault.eq(Reply.FRAMING)
                    m.next = "DROP"
            with m.State("SEQUENCE"):
                m.d.sync += sequence.eq(Mux(self.i.valid, self.i.payload, 0))
                receive("LENGTH")
            with m.State("LENGTH"):
                m.d.sync += request.length.eq(self.i.payload)
                receive("PAYLOAD")
                with m.If(self.i.valid & (self.i.payload == 0)):
                    m.next = "CHECK_HIGH"
                with m.If(self.i.valid & (self.i.payload > MAX_PAYLOAD)):
                    m.d.sync += fault.eq(Reply.LENGTH)
                    m.next = "DROP"
            with m.State("PAYLOAD"):
                m.d.comb += write.en.eq(self.i.valid)
                receive("PAYLOAD")
                with m.If(self.i.valid):
                    m.d.sync += count.eq(count + 1)
                    with m.If(count + 1 == request.length):
                        m.next = "CHECK_HIGH"
            with m.State("CHECK_HIGH"):
                receive("CHECK_LOW")
            with m.State("CHECK_LOW"):
                receive("JUDGE")
            with m.State("JUDGE"):
                m.d.sync += [count.eq(0), fetched.eq(0)]
                with m.If(~crc.match_detected):
                    m.d.sync += fault.eq(Reply.CRC)
                    m.next = "DROP"
                with m.Elif((sequence != 0) & (sequence == last_sequence)):
                    m.next = "STATUS"
                with m.Else():
                    m.d.comb += request.begin.eq(1)
                    m.d.sync += [answered.eq(0), last_sequence.eq(sequence)]
                    m.next = "EXECUTE"
            with m.State("EXECUTE"):
                m.d.comb += [
                    request.payload.valid.eq(fetched),
                    write.en.eq(request.answer.valid),
                    write.addr.eq(Cat(answered, 1)),
                    write.data.eq(request.answer.payload),
                ]
                m.d.sync += fetched.eq(~(request.payload.valid & request.payload.ready))
                with m.If(request.payload.valid & request.payload.ready):
                    m.d.sync += count.eq(count + 1)
                with m.If(request.answer.valid):
                    m.d.sync += answered.eq(answered + 1)
                with m.If(request.done):
                    m.d.sync += status.eq(request.status)
                    m.next = "STATUS"
            with m.State("DROP"):
                m.d.comb += waiting.eq(1)
                with m.If(expired):
                    m.next = "STATUS"
            self._reply(m, sequence, Mux(self.fault, fault, status), answered, count, read.data)
            m.d.comb += replying.eq(~fsm.ongoing("EXECUTE"))
        return m

    def _reply(self, m, sequence, status, answered, count, data):
        """The states that send a reply: its header, ``answered`` bytes unless there is a fault,
        and its CRC."""
        crc = self._crc
        length = Mux(self.fault, 0, answered)

        def send(value, following):
            m.d.comb += [
                self.o.valid.eq(1),
                self.o.payload.eq(value),
                crc.data.eq(value),
                crc.valid.eq(self.o.ready),
            ]
            with m.If(self.o.ready):
                m.next = following

        with m.State("STATUS"):
            m.d.comb += crc.start.eq(1)
            m.d.sync += count.eq(0)
            send(status, "NUMBER")
        with m.State("NUMBER"):
            send(sequence, "COUNT")
        with m.State("COUNT"):
            send(length, "DATA")
            with m.If(self.o.ready & (length == 0)):
                m.next = "CRC_HIGH"
        with m.State("FETCH"):
            m.next = "DATA"
        with m.State("DATA"):
            send(data, "FETCH")
            with m.If(self.o.ready):
                m.d.sync += count.eq(count + 1)
                with m.If(count + 1 == length):
                    m.next = "CRC_HIGH"
        with m.State("CRC_HIGH"):
            send(crc.crc[8:], "CRC_LOW")
            m.d.comb += crc.valid.eq(Const(0))
        with m.State("CRC_LOW"):
            send(crc.crc[:8], "COMMAND")
            m.d.comb += crc.valid.eq(Const(0))
