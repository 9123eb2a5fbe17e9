"""A host for benches of the registers alone, with the machine behind them played by it."""

import logging
import random
from collections import deque

import cocotb
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from hw.bus.layout import FRAME_MAGIC
from hw.eie.config import EieConfig
from hw.eie.format import Error, IoTarget, Register
from hw.eie.registers import WATCHDOG_DEFAULT
from sim.runner import bench_parameters
from sim.stalls import Stalls
from sim.streams import Bench

LIMIT = {"timeout_time": 2000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

CONFIG = EieConfig(**bench_parameters()["config"])
LEVELS = ("loaded", "inputs", "computing", "reading", "loading")
PULSES = ("start", "abort", "read_back")
PASSES = 5
OKAY, SLVERR = AxiResp.OKAY, AxiResp.SLVERR


def count_of(counter, pe):
    """What a performance counter shows."""
    return random.Random(f"{counter} {pe}").getrandbits(32)


def cycles_of(number):
    """What the memory of pass cycles holds."""
    return random.Random(f"pass {number}").getrandbits(32)


class Host:
    @classmethod
    async def start(cls, dut, *, stalls="never"):
        self = cls()
        self.dut = dut
        for name in (*LEVELS, "done", "errors", "cycles"):
            getattr(dut, name).value = 0
        dut.passes.value = PASSES
        self.bench = await Bench.start(dut)
        logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.ERROR)
        self.axi = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "bus_"), dut.clk)
        write, read = self.axi.write_if, self.axi.read_if
        channels = (write.aw_channel, write.w_channel, write.b_channel)
        for k, part in enumerate((*channels, read.ar_channel, read.r_channel)):
            part.set_pause_generator(iter(Stalls(stalls, k).stalled, None))
        self.pulses, self.reads = {name: [] for name in PULSES}, []
        cocotb.start_soon(self._machine())
        return self

    async def _machine(self):
        """Counters on the I/O bus, the memory of pass cycles, and a record of all pulses."""
        dut, claimed = self.dut, False
        counts = deque([0xBAD] * CONFIG.io_read_latency)
        cycles = deque([0xBAD] * CONFIG.sram_latency)
        while True:
            await self.bench.edge
            data = 0xBAD
            if int(dut.io__valid.value):
                assert claimed, "a read on the bus that was not claimed the cycle before"
                assert int(dut.io__target.value) == IoTarget.COUNTERS
                read = (int(dut.io__address.value), int(dut.io__pe.value))
                self.reads.append(read)
                data = count_of(*read)
            claimed = bool(int(dut.claim.value))
            counts.append(data | 0xBAD << 32)
            counts.popleft()
            dut.io__data.value = counts[0]
            busy = int(dut.computing.value)
            cycles.append(0xBAD if busy else cycles_of(int(dut.pass_select.value)))
            cycles.popleft()
            dut.pass_cycles.value = cycles[0]
            for name in PULSES:
                if int(getattr(dut, name).value):
                    self.pulses[name].append(self.bench.cycle)

    async def read(self, address, *, resp=OKAY):
        reply = await self.axi.read(address, 4)
        assert reply.resp == resp, f"read of {address:#x}: {reply.resp!r}"
        return int.from_bytes(reply.data, "little")

    async def write(self, address, value, *, resp=OKAY):
        reply = await self.axi.write(address, value.to_bytes(4, "little"))
        assert reply.resp == resp, f"write to {address:#x}: {reply.resp!r}"

    async def pulse(self, name, value=1):
        getattr(self.dut, name).value = value
        await self.bench.step()
        getattr(self.dut, name).value = 0

    async def errors(self):
        """The error bits, which are cleared by this."""
        value = await self.read(Register.ERROR)
        await self.write(Register.ERROR, value)
        return Error(value)


RESET_VALUES = {
    Register.ID: FRAME_MAGIC,
    Register.CONFIG: CONFIG.n_pe | CONFIG.file_depth << 16,
    Register.STATUS: 0,
    Register.ERROR: 0,
    Register.WATCHDOG: WATCHDOG_DEFAULT,
    Register.CYCLES: 0,
    Register.COUNTER_SELECT: 0,
    Register.PASS_SELECT: 0,
    Register.PASS_CYCLES: cycles_of(0),
    Register.READ_ADDRESS: 0,
    Register.READ_LENGTH: 0,
}
if CONFIG.queue_limit:
    RESET_VALUES[Register.QUEUE_LIMIT] = CONFIG.queue_depth
if CONFIG.counters:
    RESET_VALUES[Register.COUNTER_DATA] = count_of(0, 0)
WIDTHS = {
    Register.WATCHDOG: 32,
    Register.COUNTER_SELECT: 16,
    Register.PASS_SELECT: 16,
    Register.READ_ADDRESS: 31,
    Register.READ_LENGTH: 32,
}
"""Registers that keep what is written, and how many bits of it."""
