"""UART: bytes both ways at several rates, clocks that differ, noise and broken stop bits."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.bus.uart import UartReceiver, UartTransmitter
from sim.runner import run_bench


class Both(wiring.Component):
    """A receiver and a transmitter side by side."""

    def __init__(self, divisor):
        self.divisor = divisor
        receiver, transmitter = UartReceiver(divisor), UartTransmitter(divisor)
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "error": Out(1),
                "o": receiver.signature.members["o"],
                "i": transmitter.signature.members["i"],
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        wiring.connect(m, wiring.flipped(self.i), transmitter.i)
        wiring.connect(m, receiver.o, wiring.flipped(self.o))
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            self.error.eq(receiver.error),
        ]
        return m


@pytest.mark.parametrize("divisor", [3, "16"])
@pytest.mark.parametrize("unit", [UartReceiver, UartTransmitter])
def test_bad_divisor(unit, divisor):
    with pytest.raises(ValueError) as caught:
        unit(divisor)
    assert str(caught.value) == f"UART divisor must be an integer of at least 4, not {divisor!r}"


@pytest.mark.rtl
@pytest.mark.parametrize("divisor", [4, 7, 16, 50])
def test_uart(divisor):
    run_bench(Both(divisor), __file__, parameters={"divisor": divisor})
