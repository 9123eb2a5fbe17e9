"""A host for benches of the whole engine: independent AXI managers, and what a driver does."""

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

from hw.eie.format import Control, Error, Register, Status
from sim.stalls import Stalls
from sim.streams import Bench
from sw.compress.frame import activation_frame, program_frame, results_from_words


class Host:
    """Talks to an :class:`hw.eie.system.Eie` through its ports only."""

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
        return Status(await self.read(Register.STATUS))

    async def until(self, condition, timeout=400, what="state"):
        """Polls STATUS until it pleases."""
        for _ in range(timeout):
            status = await self.status()
            if condition(status):
                return status
        raise AssertionError(f"no {what}: {status!r}")

    async def errors(self):
        """The error bits, which are cleared by this."""
        errors = Error(await self.read(Register.ERROR))
        await self.write(Register.ERROR, errors)
        return errors

    async def send(self, words):
        """Send a frame and wait until it has been taken."""
        self.offer(words)
        await self.source.wait()
        await self.until(lambda status: Status.LOADING not in status, what="end of the frame")

    def offer(self, words):
        """Queue a frame."""
        self.source.send_nowait(np.asarray(words, "<u8").tobytes())

    async def receive(self, timeout=40_000):
        """The next packet, without the bytes that are not kept."""
        await self.bench.until(lambda: self.sink.count(), timeout, "packet")
        return bytes(self.sink.recv_nowait().tdata)

    async def load(self, program):
        await self.send(program_frame(program))
        await self.until(lambda status: Status.LOADED in status, what="program")

    async def command(self, bits):
        await self.write(Register.CONTROL, bits)

    async def infer(self, program, vector):
        """One inference from activations to outputs."""
        await self.send(activation_frame(vector))
        await self.command(Control.START)
        return await self.outputs(program)

    async def outputs(self, program, timeout=40_000):
        """Outputs int16 of the inference that is running."""
        packet = await self.receive(timeout)
        assert len(packet) == 2 * program.outputs
        words = np.frombuffer(packet + bytes(-len(packet) % 8), "<u8")
        return results_from_words(words, program.outputs)

    async def read_back(self, target, pe, address, length):
        """Units of a memory, as 64-bit integers."""
        await self.write(Register.READ_ADDRESS, address | pe << 20 | target << 28)
        await self.write(Register.READ_LENGTH, length)
        await self.command(Control.READ_BACK)
        packet = await self.receive()
        assert len(packet) == 8 * length
        return np.frombuffer(packet, "<u8")

    async def counter(self, counter, pe):
        await self.write(Register.COUNTER_SELECT, counter | pe << 8)
        return await self.read(Register.COUNTER_DATA)

    async def reset(self):
        """Reset engine and managers in whatever they are doing."""
        write, read = self.axil.write_if, self.axil.read_if
        parts = [*self.channels, write, read, self.source, self.sink]
        for part in parts:
            part.assert_reset(True)
        self.source.clear()
        await self.bench.reset()
        for part in parts:
            part.assert_reset(False)
        self.sink.clear()
