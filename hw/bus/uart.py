"""UART: bytes from and to a serial line, eight data bits, no parity, one stop bit."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["UartReceiver", "UartTransmitter"]

DIVISOR_MIN = 4


def _check_divisor(divisor) -> None:
    if not isinstance(divisor, int) or divisor < DIVISOR_MIN:
        raise ValueError(
            f"UART divisor must be an integer of at least {DIVISOR_MIN}, not {divisor!r}"
        )


class UartReceiver(wiring.Component):
    """
    Bytes from a serial line, lowest bit first. A bit is sampled once, in its middle; a start bit
    that is gone by then is taken as noise.

    Latency: a byte is on ``o`` four cycles after the middle of its stop bit at the latest.
    Throughput: what the line carries; the next start bit may come right after half a stop bit.
    The bytes cannot wait: ``o`` has no ``ready``. From a ``divisor`` of 16 on, the sender's clock
    may be 4 % off.

    Parameters
    ----------
    divisor : :class:`int`
        Clock cycles per bit, at least 4.

    Members
    -------
    rx : ``In(1)``
        The line, not synchronised. High while nothing is sent.
    o : ``Out(stream.Signature(8, always_ready=True))``
    error : ``Out(1)``
        High for one cycle instead of ``o.valid`` where the stop bit is low. The next start bit is
        looked for once the line has been high again.
    """

    def __init__(self, divisor: int):
        _check_divisor(divisor)
        self.divisor = divisor
        super().__init__(
            {
                "rx": In(1, init=1),
                "o": Out(stream.Signature(8, always_ready=True)),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        m.submodules.synchroniser = FFSynchronizer(self.rx, line, init=1)

        # A start bit is seen here three cycles after it has begun.
        first = max(self.divisor // 2 - 3, 0)
        wait = Signal(range(self.divisor))
        left = Signal(range(10))
        m.d.sync += [self.o.valid.eq(0), self.error.eq(0)]
        with m.FSM(name="receiver"):
            with m.State("IDLE"):
                m.d.sync += [wait.eq(first), left.eq(9)]
                with m.If(~line):
                    m.next = "BITS"
            with m.State("BITS"):
                m.d.sync += wait.eq(wait - 1)
                with m.If(wait == 0):
                    m.d.sync += [wait.eq(self.divisor - 1), left.eq(left - 1)]
                    with m.If(left == 0):
                        m.d.sync += [self.o.valid.eq(line), self.error.eq(~line)]
                        m.next = "STOP"
                    with m.Elif(left == 9):
                        with m.If(line):
                            m.next = "IDLE"
                    with m.Else():
                        m.d.sync += self.o.payload.eq(Cat(self.o.payload[1:], line))
            with m.State("STOP"):
                with m.If(line):
                    m.next = "IDLE"
        return m


class UartTransmitter(wiring.Component):
    """
    Bytes to a serial line, lowest bit first.

    Latency: the start bit begins one cycle after a byte was taken. Throughput: a byte in
    10 * ``divisor`` + 1 cycles.

    Parameters
    ----------
    divisor : :class:`int`
        Clock cycles per bit, at least 4.

    Members
    -------
    i : ``In(stream.Signature(8))``
    tx : ``Out(1)``
        The line, a register. High while nothing is sent.
    """

    def __init__(self, divisor: int):
        _check_divisor(divisor)
        self.divisor = divisor
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        wait = Signal(range(self.divisor))
        bits = Signal(9, init=(1 << 9) - 1)
        left = Signal(range(11))
        m.d.comb += [self.tx.eq(bits[0]), self.i.ready.eq(left == 0)]
        with m.If(self.i.ready):
            with m.If(self.i.valid):
                m.d.sync += [
                    bits.eq(Cat(0, self.i.payload)),
                    left.eq(10),
                    wait.eq(self.divisor - 1),
                ]
        with m.Else():
            m.d.sync += wait.eq(wait - 1)
            with m.If(wait == 0):
                m.d.sync += [
                    bits.eq(Cat(bits[1:], 1)),
                    left.eq(left - 1),
                    wait.eq(self.divisor - 1),
                ]
        return m
