"""A host for benches of a whole machine: independent AXI managers, and what all drivers do."""

import logging

import cocotb
import numpy as np
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamSink,
    AxiStreamSource,
)

from sim.stalls import Stalls
from sim.streams import Bench


class MachineHost:
    """
    Talks to a machine through its ports only: ``s_axil``, ``s_axis``, ``m_axis``.

    Machines have their own ``Register``, with CONTROL, STATUS and ERROR, ``Status`` and ``Error``.
    """

    @classmethod
    async def start(cls, dut, *, stalls="never"):
        self = cls()
        self.dut = dut
        self.bench = await Bench.start(dut)
        for name in ("", ".s_axis_", ".m_axis_"):
            logging.getLogger(f"cocotb.{dut._name}{name}").setLevel(logging.ERROR)
        self.axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil_"), dut.clk)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_"), dut.clk)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis_"), dut.clk)
        write, read = self.axil.write_if, self.axil.read_if
        self.channels = [write.aw_channel, write.w_channel, write.b_channel]
        self.channels += [read.ar_channel, read.r_channel]
        for k, part in enumerate((*self.channels, self.source, self.sink)):
            part.set_pause_generator(iter(Stalls(stalls, k).stalled, None))
        cocotb.start_soon(self._guard())
        return self

    async def _guard(self):
        """An offered beat stays as it is until it is taken."""
        dut, offered = self.dut, None
        while True:
            await self.bench.edge
            if self.bench.in_reset or not int(dut.m_axis__tvalid.value):
                assert offered is None or self.bench.in_reset, "a beat was withdrawn"
                offered = None
                continue
            beat = [
                int(getattr(dut, f"m_axis__t{name}").value) for name in ("data", "keep", "last")
            ]
            assert offered in (None, beat), "a beat changed before it was taken"
            offered = None if int(dut.m_axis__tready.value) else beat

    async def read(self, address):
        reply = await self.axil.read(address, 4)
        assert reply.resp == AxiResp.OKAY, f"read of {address:#x}"
        return int.from_bytes(reply.data, "little")

    async def write(self, address, value):
        reply = await self.axil.write(address, int(value).to_bytes(4, "little"))
        assert reply.resp == AxiResp.OKAY, f"write to {address:#x}"

    async def status(self):
        return self.Status(await self.read(self.Register.STATUS))

    async def until(self, condition, timeout=400, what="state"):
        """Polls STATUS until it pleases."""
        for _ in range(timeout):
            status = await self.status()
            if condition(status):
                return status
        raise AssertionError(f"no {what}: {status!r}")

    async def errors(self):
        """The error bits, which are cleared by this."""
        errors = self.Error(await self.read(self.Register.ERROR))
        await self.write(self.Register.ERROR, errors)
        return errors

    async def send(self, words):
        """Send a frame and wait until it has been taken."""
        self.offer(words)
        await self.source.wait()
        await self.until(lambda status: self.Status.LOADING not in status, what="end of the frame")

    def offer(self, words):
        """Queue a frame."""
        self.source.send_nowait(np.asarray(words, "<u8").tobytes())

    async def receive(self, timeout=40_000):
        """The next packet, without the bytes that are not kept."""
        await self.bench.until(lambda: self.sink.count(), timeout, "packet")
        return bytes(self.sink.recv_nowait().tdata)

    async def command(self, bits):
        await self.write(self.Register.CONTROL, bits)

    async def reset(self):
        """Reset machine and managers in whatever they are doing."""
        write, read = self.axil.write_if, self.axil.read_if
        parts = [*self.channels, write, read, self.source, self.sink]
        for part in parts:
            part.assert_reset(True)
        self.source.clear()
        await self.bench.reset()
        for part in parts:
            part.assert_reset(False)
        self.sink.clear()
