"""A serial line as another UART sees it: bits by simulation time, not by the component's clock."""

import cocotb
from cocotb.triggers import FallingEdge, Timer

PERIOD_PS = 10_000
"""Of the component's clock."""


class SerialLine:
    """
    The far end of ``rx`` and ``tx``. Bytes that come in are in ``received``, bytes without a stop
    bit add to ``broken``.

    Parameters
    ----------
    dut
    divisor : int
        Component's clock cycles per bit.
    skew : float
        How much longer than that our bits are, as a share.
    """

    def __init__(self, dut, divisor, skew=0.0):
        self.dut = dut
        self.bit = round(divisor * PERIOD_PS * (1 + skew))
        self.received = bytearray()
        self.broken = 0
        dut.rx.value = 1
        cocotb.start_soon(self._listen())

    async def _listen(self):
        while True:
            await FallingEdge(self.dut.tx)
            await Timer(self.bit // 2, "ps")
            if int(self.dut.tx.value):
                continue
            value = 0
            for k in range(8):
                await Timer(self.bit, "ps")
                value |= int(self.dut.tx.value) << k
            await Timer(self.bit, "ps")
            if int(self.dut.tx.value):
                self.received.append(value)
            else:
                self.broken += 1

    async def send(self, data, *, stop=1, gap=0):
        """Send bytes, each with this stop bit, and ``gap`` idle bits after each."""
        for value in data:
            for level in (0, *(value >> k & 1 for k in range(8)), stop):
                self.dut.rx.value = level
                await Timer(self.bit, "ps")
            self.dut.rx.value = 1
            if gap:
                await Timer(gap * self.bit, "ps")
