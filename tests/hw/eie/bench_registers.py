"""cocotb tests of the host registers; started by test_registers.py."""

import logging
import random
from collections import deque
from itertools import product

import cocotb
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from hw.bus.layout import FRAME_MAGIC
from hw.eie.config import EieConfig
from hw.eie.format import Control, Counter, Error, IoTarget, Register, Status
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


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "heavy"])
async def test_map(dut, stalls):
    """Every word of the page: reset values, and SLVERR where there is no register."""
    host = await Host.start(dut, stalls=stalls)
    for address in [*range(0, 0x80, 4), *range(0x80, 0x1000, 0x7C), 0xFFC]:
        known = address in RESET_VALUES
        value = await host.read(address, resp=OKAY if known else SLVERR)
        assert value == (RESET_VALUES[address] if known else 0)
        writable = address in WIDTHS or address in (Register.CONTROL, Register.ERROR)
        writable |= CONFIG.queue_limit and address == Register.QUEUE_LIMIT
        if not writable:
            await host.write(address, 0xFFFF_FFFF, resp=SLVERR)
    others = {Register.CONTROL, Register.COUNTER_DATA, Register.QUEUE_LIMIT}
    assert {int(register) for register in RESET_VALUES} | others == set(Register)
    for address, value in RESET_VALUES.items():
        assert await host.read(address) == value
    assert not any(host.pulses.values())


@cocotb.test(**LIMIT, skip=not CONFIG.queue_limit)
async def test_queue_limit(dut):
    """From one entry to the depth of the queue; other values change nothing."""
    host = await Host.start(dut)
    depth = CONFIG.queue_depth
    for limit in (1, depth, depth // 2):
        await host.write(Register.QUEUE_LIMIT, limit)
        assert await host.read(Register.QUEUE_LIMIT) == limit == int(dut.queue_limit.value)
    for limit in (0, depth + 1, 256, 1 << 31):
        await host.write(Register.QUEUE_LIMIT, limit, resp=SLVERR)
        assert await host.read(Register.QUEUE_LIMIT) == depth // 2


@cocotb.test(**LIMIT)
async def test_kept(dut):
    """Registers that are read and written keep their bits, byte by byte."""
    host = await Host.start(dut)
    rng = random.Random("kept")
    for address, width in WIDTHS.items():
        mask = (1 << width) - 1
        for _ in range(4):
            value = rng.getrandbits(32) | 1
            await host.write(address, value)
            assert await host.read(address) == value & mask
            for first, count in ((0, 1), (1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (0, 3)):
                part = rng.getrandbits(8 * count) | 1
                reply = await host.axi.write(address + first, part.to_bytes(count, "little"))
                assert reply.resp == OKAY
                kept = value & ~((1 << 8 * count) - 1 << 8 * first)
                value = kept | part << 8 * first
                assert await host.read(address) == value & mask
        assert int(dut.watchdog.value) == await host.read(Register.WATCHDOG)
    assert int(dut.pass_select.value) == await host.read(Register.PASS_SELECT)
    assert int(dut.place.value) == await host.read(Register.READ_ADDRESS)
    assert int(dut.length.value) == await host.read(Register.READ_LENGTH)


@cocotb.test(**LIMIT)
async def test_watchdog_never_zero(dut):
    host = await Host.start(dut)
    await host.write(Register.WATCHDOG, 0, resp=SLVERR)
    assert await host.read(Register.WATCHDOG) == WATCHDOG_DEFAULT
    await host.write(Register.WATCHDOG, 0x100)
    reply = await host.axi.write(Register.WATCHDOG + 1, b"\0")
    assert reply.resp == SLVERR and int(dut.watchdog.value) == 0x100
    await host.write(Register.WATCHDOG, 1)
    assert int(dut.watchdog.value) == 1


@cocotb.test(**LIMIT)
async def test_control(dut):
    """START, ABORT and READ_BACK in every state of the machine, together and alone."""
    host = await Host.start(dut)
    for levels in product((0, 1), repeat=len(LEVELS)):
        state = dict(zip(LEVELS, levels, strict=True))
        for name, level in state.items():
            getattr(dut, name).value = level
        status = Status(0)
        for name, bit in zip(
            LEVELS, ("LOADED", "INPUTS", "BUSY", "READING", "LOADING"), strict=True
        ):
            status |= Status[bit] if state[name] else Status(0)
        assert await host.read(Register.STATUS) == status
        idle = not (state["computing"] or state["reading"] or state["loading"])
        for bits in (0, *range(8), 0xFFFF_FFF8):
            wanted = Control(bits & 7)
            abort = Control.ABORT in wanted
            start = Control.START in wanted and idle and not abort
            start &= bool(state["loaded"] and state["inputs"])
            read_back = Control.READ_BACK in wanted and idle and not abort
            read_back &= Control.START not in wanted
            for pulses in host.pulses.values():
                pulses.clear()
            await host.write(Register.CONTROL, bits)
            await host.bench.step(3)
            count = {name: len(pulses) for name, pulses in host.pulses.items()}
            assert count == {"start": start, "abort": abort, "read_back": read_back}, (state, bits)
            refused = (Control.START in wanted and not start) or (
                Control.READ_BACK in wanted and not read_back
            )
            assert await host.errors() == (Error.REFUSED if refused else Error(0))
    await host.read(Register.CONTROL, resp=SLVERR)


@cocotb.test(**LIMIT)
async def test_control_strobes(dut):
    """CONTROL acts on bytes that are written, and on no others."""
    host = await Host.start(dut)
    dut.loaded.value = dut.inputs.value = 1
    for first in (1, 2, 3):
        await host.axi.write(Register.CONTROL + first, b"\7")
    assert not any(host.pulses.values())
    await host.axi.write(Register.CONTROL, b"\1")
    assert len(host.pulses["start"]) == 1


@cocotb.test(**LIMIT)
async def test_done(dut):
    """DONE and irq: set by done, cleared by a start that is carried out, and by nothing else."""
    host = await Host.start(dut)

    async def done():
        status = Status(await host.read(Register.STATUS))
        assert (Status.DONE in status) == bool(int(dut.irq.value))
        return Status.DONE in status

    assert not await done()
    await host.pulse("done")
    assert await done()
    await host.write(Register.CONTROL, Control.START)  # refused
    await host.write(Register.CONTROL, Control.ABORT)
    await host.write(Register.CONTROL, Control.READ_BACK)
    await host.write(Register.ERROR, 0xFFFF_FFFF)
    assert await done()
    dut.loaded.value = dut.inputs.value = 1
    await host.write(Register.CONTROL, Control.START)
    assert not await done()


@cocotb.test(**LIMIT)
async def test_watchdog_irq(dut):
    """An inference that ran out of time raises irq too, until its error is cleared."""
    host = await Host.start(dut)
    await host.pulse("errors", Error.WATCHDOG)
    await host.bench.step()
    assert int(dut.irq.value)
    assert not Status.DONE & await host.read(Register.STATUS)
    await host.write(Register.ERROR, 0xFFFF_FFFF ^ Error.WATCHDOG)
    assert int(dut.irq.value)
    await host.write(Register.ERROR, Error.WATCHDOG)
    await host.bench.step()
    assert not int(dut.irq.value)


@cocotb.test(**LIMIT)
async def test_errors(dut):
    """Sticky one by one; cleared by ones; an error that comes while it is cleared stays."""
    host = await Host.start(dut)
    everything = sum(Error)
    seen = 0
    for error in Error:
        await host.pulse("errors", error)
        seen |= error
        assert await host.read(Register.ERROR) == seen
    for error in Error:
        await host.write(Register.ERROR, error)
        seen &= ~error
        assert await host.read(Register.ERROR) == seen
    await host.pulse("errors", everything)
    await host.write(Register.ERROR, 0)
    await host.axi.write(Register.ERROR + 2, b"\xff\xff")
    assert await host.read(Register.ERROR) == everything
    await host.axi.write(Register.ERROR + 1, b"\xff")
    assert await host.read(Register.ERROR) == everything & 0xFF
    dut.errors.value = Error.CRC | Error.ROW
    await host.write(Register.ERROR, 0xFFFF_FFFF)
    dut.errors.value = 0
    assert await host.read(Register.ERROR) == Error.CRC | Error.ROW


@cocotb.test(**LIMIT)
@cocotb.parametrize(state=["", "computing", "reading", "loading"])
async def test_counters(dut, state):
    """All counters can be read at all times; what is no counter, never."""
    host = await Host.start(dut)
    if state:
        getattr(dut, state).value = 1
    pes = sorted({0, 1, CONFIG.n_pe - 1})
    for counter, pe in product(range(8), [*pes, CONFIG.n_pe, 255]):
        if pe > 255:
            continue
        await host.write(Register.COUNTER_SELECT, counter | pe << 8)
        before = len(host.reads)
        if CONFIG.counters and counter < len(Counter) and pe < CONFIG.n_pe:
            assert await host.read(Register.COUNTER_DATA) == count_of(counter, pe)
            assert host.reads[before:] == [(counter, pe)]
        else:
            await host.read(Register.COUNTER_DATA, resp=SLVERR)
            assert host.reads[before:] == []


@cocotb.test(**LIMIT)
async def test_passes(dut):
    """Cycles of each pass of the network, right after the pass is selected."""
    host = await Host.start(dut)
    for number in (*range(PASSES), PASSES, PASSES + 1, 0xFFFF, 0):
        await host.write(Register.PASS_SELECT, number)
        if number < PASSES:
            assert await host.read(Register.PASS_CYCLES) == cycles_of(number)
            dut.computing.value = 1
            await host.read(Register.PASS_CYCLES, resp=SLVERR)
            dut.computing.value = 0
            assert await host.read(Register.PASS_CYCLES) == cycles_of(number)
        else:
            await host.read(Register.PASS_CYCLES, resp=SLVERR)
    dut.cycles.value = 0xDEAD_BEEF
    assert await host.read(Register.CYCLES) == 0xDEAD_BEEF


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "light", "heavy"])
async def test_fuzz(dut, stalls):
    """Random accesses: each is answered, and what can be kept is."""
    host = await Host.start(dut, stalls=stalls)
    rng = random.Random(f"fuzz {stalls}")
    limit = {Register.QUEUE_LIMIT} if CONFIG.queue_limit else set()
    keeping = WIDTHS.keys() | limit
    kept = {address: RESET_VALUES[address] for address in keeping}
    for _ in range(400):
        for name in LEVELS:
            getattr(dut, name).value = rng.getrandbits(1)
        await host.bench.step()
        address = rng.choice((rng.randrange(0, 0x38, 4), rng.randrange(0, 0x1000, 4)))
        if rng.random() < 0.5:
            value = rng.choice((0, rng.getrandbits(3), rng.getrandbits(32)))
            refused = address not in keeping | {Register.CONTROL, Register.ERROR}
            refused |= address == Register.WATCHDOG and value == 0
            refused |= address in limit and not 1 <= value <= CONFIG.queue_depth
            await host.write(address, value, resp=SLVERR if refused else OKAY)
            if not refused and address in keeping:
                kept[address] = value & ((1 << WIDTHS.get(address, 32)) - 1)
        else:
            reply = await host.axi.read(address, 4)
            value = int.from_bytes(reply.data, "little")
            if address in kept:
                assert (reply.resp, value) == (OKAY, kept[address])
            elif reply.resp != OKAY:
                assert value == 0


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    """Reset during a slow access: values as at the start, and the next access is answered."""
    host = await Host.start(dut)
    for delay in range(1, 2 * CONFIG.io_read_latency + 6):
        await host.write(Register.WATCHDOG, 7)
        await host.write(Register.COUNTER_SELECT, Counter.TURN | 1 << 8)
        await host.pulse("errors", Error.CRC)
        await host.pulse("done")
        reading = cocotb.start_soon(host.axi.read(Register.COUNTER_DATA, 4))
        await host.bench.step(delay)
        reading.cancel()
        for part in (host.axi.write_if, host.axi.read_if):
            part.assert_reset(True)
        for part in (host.axi.read_if.ar_channel, host.axi.read_if.r_channel):
            part.assert_reset(True)
        await host.bench.reset()
        for part in (host.axi.read_if.ar_channel, host.axi.read_if.r_channel):
            part.assert_reset(False)
        for part in (host.axi.write_if, host.axi.read_if):
            part.assert_reset(False)
        assert not int(dut.irq.value) and not int(dut.bus__rvalid.value)
        for address, value in RESET_VALUES.items():
            assert await host.read(address) == value
