"""cocotb tests of the readout; started by test_readout.py. The bench is the array on the bus."""

import logging
import random
from collections import deque

import cocotb
from cocotbext.axi import AxiStreamBus, AxiStreamSink

from hw.eie.config import EieConfig
from hw.eie.format import Counter, IoTarget
from hw.eie.readout import READ_ADDRESS
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench

LIMIT = {"timeout_time": 2000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

CONFIG = EieConfig(**bench_parameters()["config"])
LATENCY = CONFIG.io_read_latency
DEPTHS = {
    IoTarget.POINTERS: CONFIG.ptr_depth // (4 if CONFIG.is_wide else 2),
    IoTarget.SPMAT: CONFIG.spmat_depth,
    IoTarget.ACTIVATION_SRAM: CONFIG.act_depth,
}
if CONFIG.counters:
    DEPTHS[IoTarget.COUNTERS] = len(Counter)
LAST_PE = CONFIG.n_pe - 1
JUNK = 0xBAD0_BAD0_BAD0_BAD0


def word(target, pe, address):
    """What the bench's memories hold."""
    return random.Random(f"{target} {pe} {address}").getrandbits(64)


def memory_bytes(target, pe, address, length):
    return b"".join(word(target, pe, address + k).to_bytes(8, "little") for k in range(length))


def result_bytes(outputs, out_base):
    values = b""
    for i in range(outputs):
        at = (IoTarget.ACTIVATION_SRAM, i % CONFIG.n_pe, out_base + i // CONFIG.n_pe)
        values += (word(*at) & 0xFFFF).to_bytes(2, "little")
    return values


class ReadoutBench:
    @classmethod
    async def start(cls, dut, *, stalls="never", hold=0.0, seed=0):
        self = cls()
        self.dut, self.rng = dut, random.Random(seed)
        for name in ("start_results", "start_memory", "abort", "hold"):
            getattr(dut, name).value = 0
        self.bench = await Bench.start(dut)
        logging.getLogger(f"cocotb.{dut._name}.o_").setLevel(logging.ERROR)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "o_"), dut.clk)
        self.sink.set_pause_generator(iter(Stalls(stalls, seed).stalled, None))
        self.hold = Stalls(hold, f"hold {seed}")
        self.reads, self.beats, self.refused = [], [], []
        cocotb.start_soon(self._memory())
        cocotb.start_soon(self._watch())
        return self

    async def _memory(self):
        """Answers reads after the bus's latency; what nobody asked for is junk."""
        dut = self.dut
        coming = deque([JUNK] * LATENCY)
        while True:
            await self.bench.edge
            data = JUNK
            if int(dut.io__valid.value):
                assert not int(dut.hold.value), "a read while the bus was held"
                names = ("target", "pe", "address")
                read = tuple(int(getattr(dut, f"io__{name}").value) for name in names)
                assert read[1] < CONFIG.n_pe and read[2] < DEPTHS[read[0]], read
                self.reads.append((self.bench.cycle, *read))
                data = word(IoTarget(read[0]), *read[1:])
            coming.append(data)
            coming.popleft()
            dut.io__data.value = coming[0]
            dut.hold.value = int(self.hold.stalled())

    async def _watch(self):
        """Notes each beat with its cycles, and that an offered beat stays."""
        dut, offered = self.dut, None
        while True:
            await self.bench.edge
            if int(dut.refused.value):
                self.refused.append(self.bench.cycle)
            if self.bench.in_reset or not int(dut.o__tvalid.value):
                assert offered is None or self.bench.in_reset
                offered = None
                continue
            beat = [int(getattr(dut, f"o__t{name}").value) for name in ("data", "keep", "last")]
            assert offered in (None, beat)
            offered = beat
            if int(dut.o__tready.value):
                self.beats.append((self.bench.cycle, *beat))
                offered = None

    async def pulse(self, name):
        """One cycle; returns its number."""
        getattr(self.dut, name).value = 1
        await self.bench.step()
        getattr(self.dut, name).value = 0
        return self.bench.cycle

    async def start_results(self, outputs, out_base):
        self.dut.outputs.value = outputs
        self.dut.out_base.value = out_base
        return await self.pulse("start_results")

    async def start_memory(self, target, pe, address, length):
        place = {"target": target, "pe": pe, "address": address}
        self.dut.place.value = Codec(READ_ADDRESS).encode(place)
        self.dut.length.value = length
        return await self.pulse("start_memory")

    async def packet(self, units):
        """The packet under way, without the bytes that are not kept; then nothing is left of it."""
        limit = 200 + 60 * units
        await self.bench.until(lambda: self.sink.count(), limit, "end of the packet")
        await self.bench.step()
        assert not int(self.dut.busy.value) and self.sink.count() == 1
        frame = self.sink.recv_nowait(compact=False)
        kept = bytes(data for data, keep in zip(frame.tdata, frame.tkeep, strict=True) if keep)
        assert bytes(frame.tdata[: len(kept)]) == kept, "bytes kept are not the first ones"
        assert not any(frame.tdata[len(kept) :]), "bytes not kept are not zero"
        assert len(frame.tdata) - len(kept) < 8
        await self.bench.step(LATENCY + 4)
        assert self.sink.empty() and not int(self.dut.o__tvalid.value)
        return kept


def sizes():
    most = CONFIG.n_pe * CONFIG.act_depth
    return sorted(n for n in {1, 2, 3, 4, 5, 8, 31, 64, 300, min(most, 1024)} if n <= most)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=PROFILES, hold=[0.0, 0.4])
async def test_results(dut, stalls, hold):
    readout = await ReadoutBench.start(dut, stalls=stalls, hold=hold)
    for outputs in sizes():
        for out_base in {0, CONFIG.act_depth - CONFIG.slots(outputs)}:
            await readout.start_results(outputs, out_base)
            assert await readout.packet(outputs) == result_bytes(outputs, out_base)
    assert not readout.refused


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=PROFILES, hold=[0.0, 0.4])
async def test_memory(dut, stalls, hold):
    readout = await ReadoutBench.start(dut, stalls=stalls, hold=hold)
    for target, depth in DEPTHS.items():
        for pe in {0, LAST_PE}:
            whole = min(depth, 60)
            for address, length in ((0, whole), (depth - 1, 1), (depth - 3, 3), (depth - whole, 2)):
                await readout.start_memory(target, pe, address, length)
                expected = memory_bytes(target, pe, address, length)
                assert await readout.packet(length) == expected
    assert not readout.refused


@cocotb.test(**LIMIT)
async def test_refused(dut):
    """What cannot be read back is refused in the cycle after; nothing is read and nothing sent."""
    readout = await ReadoutBench.start(dut)
    wrong = [(IoTarget.SOURCE_FILE, 0, 0, 1), *[(target, 0, 0, 1) for target in (5, 6, 7)]]
    if not CONFIG.counters:
        wrong.append((IoTarget.COUNTERS, 0, 0, 1))
    for target, depth in DEPTHS.items():
        wrong += [
            (target, 0, 0, 0),
            (target, 0, 0, depth + 1),
            (target, 0, depth - 1, 2),
            (target, 0, 1, 0xFFFF_FFFF),
            (target, 0, 0, 1 << 31),
        ]
        if depth < 1 << 20:
            wrong += [(target, 0, depth, 1), (target, 0, (1 << 20) - 1, 1)]
        if CONFIG.n_pe < 256:
            wrong += [(target, CONFIG.n_pe, 0, 1), (target, 255, 0, 1)]
    for k, case in enumerate(wrong):
        asked = await readout.start_memory(*case)
        await readout.bench.step(LATENCY + 8)
        assert len(readout.refused) == k + 1, case
        assert readout.refused[-1] == asked + 1
        assert not int(dut.busy.value)
    assert not readout.reads and not readout.beats
    await readout.start_memory(IoTarget.SPMAT, 0, 0, 2)
    assert await readout.packet(2) == memory_bytes(IoTarget.SPMAT, 0, 0, 2)


@cocotb.test(**LIMIT)
async def test_cycles(dut):
    """Latency and throughput as promised, with the sink always ready."""
    readout = await ReadoutBench.start(dut)
    length = min(50, CONFIG.spmat_depth)
    started = await readout.start_memory(IoTarget.SPMAT, LAST_PE, 0, length)
    assert not int(dut.busy.value)
    await readout.bench.step()
    assert int(dut.busy.value)
    await readout.packet(length)
    first = started + LATENCY + 3
    assert [beat[0] for beat in readout.beats] == list(range(first, first + length))
    readout.beats.clear()
    started = await readout.start_results(22, 1)
    await readout.packet(22)
    first = started + LATENCY + 5
    assert [beat[0] for beat in readout.beats] == [*range(first, first + 20, 4), first + 18]
    assert [beat[2] for beat in readout.beats] == [0xFF] * 5 + [0x0F]
    assert [beat[3] for beat in readout.beats] == [0] * 5 + [1]


@cocotb.test(**LIMIT)
async def test_back_pressure(dut):
    """With the output shut, reads stop where the queue ends; nothing is lost, however long."""
    readout = await ReadoutBench.start(dut)
    length = min(40, CONFIG.spmat_depth)
    readout.sink.clear_pause_generator()
    readout.sink.pause = True
    await readout.bench.step(2)
    await readout.start_memory(IoTarget.SPMAT, 0, 0, length)
    await readout.bench.step(300)
    assert len(readout.reads) == LATENCY + 2 and not readout.beats
    readout.sink.pause = False
    assert await readout.packet(length) == memory_bytes(IoTarget.SPMAT, 0, 0, length)


@cocotb.test(**LIMIT)
async def test_start_while_busy(dut):
    """A second start is ignored; results go first where both are asked for."""
    readout = await ReadoutBench.start(dut, stalls="heavy")
    await readout.start_memory(IoTarget.SPMAT, 0, 3, 10)
    await readout.start_memory(IoTarget.POINTERS, 0, 0, 2)
    await readout.start_results(7, 0)
    assert await readout.packet(10) == memory_bytes(IoTarget.SPMAT, 0, 3, 10)
    dut.start_memory.value = 1
    await readout.start_results(7, 0)
    dut.start_memory.value = 0
    assert await readout.packet(7) == result_bytes(7, 0)
    await readout.bench.step(50)
    assert readout.sink.empty() and not int(dut.busy.value)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "light", "heavy"], hold=[0.0, 0.3])
async def test_abort(dut, stalls, hold):
    """A packet that is cut short is one all the same: right as far as it goes, TLAST at its end."""
    readout = await ReadoutBench.start(dut, stalls=stalls, hold=hold)
    rng = readout.rng
    lengths = set()
    for _ in range(60):
        delay = rng.choice((0, 1, 2, 3, rng.randrange(60)))
        length = min(30, CONFIG.act_depth)
        if rng.random() < 0.5:
            await readout.start_memory(IoTarget.ACTIVATION_SRAM, LAST_PE, 0, length)
            expected, unit = memory_bytes(IoTarget.ACTIVATION_SRAM, LAST_PE, 0, length), 8
        else:
            await readout.start_results(length, 0)
            expected, unit = result_bytes(length, 0), 2
        before = len(readout.reads)
        if delay:
            await readout.bench.step(delay)
        await readout.pulse("abort")
        received = await readout.packet(length)
        assert received == expected[: len(received)] and len(received) % unit == 0
        lengths.add(len(received) // unit)
        assert len(readout.reads) - before <= len(received) // unit
    assert 1 in lengths and len(lengths) > 5


@cocotb.test(**LIMIT)
async def test_abort_shut(dut):
    """An abort while the output is shut reads no more than one unit after it."""
    readout = await ReadoutBench.start(dut)
    readout.sink.clear_pause_generator()
    readout.sink.pause = True
    await readout.start_memory(IoTarget.SPMAT, 0, 0, 16)
    await readout.bench.step(100)
    held = len(readout.reads)
    await readout.pulse("abort")
    await readout.bench.step(100)
    readout.sink.pause = False
    received = await readout.packet(held + 1)
    assert received == memory_bytes(IoTarget.SPMAT, 0, 0, held + 1)
    await readout.pulse("abort")
    await readout.bench.step(20)
    assert not readout.beats[held + 1 :]


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    readout = await ReadoutBench.start(dut, stalls="light")
    rng = readout.rng
    for _ in range(20):
        await readout.start_memory(IoTarget.SPMAT, 0, 0, 16)
        await readout.bench.step(rng.randrange(1, 20))
        readout.sink.assert_reset(True)
        await readout.bench.reset()
        readout.sink.assert_reset(False)
        readout.sink.clear()
        assert not int(dut.busy.value) and not int(dut.o__tvalid.value)
        await readout.start_results(9, 0)
        assert await readout.packet(9) == result_bytes(9, 0)
