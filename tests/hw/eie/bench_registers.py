"""cocotb tests of the host registers; started by test_registers.py."""

import random
from itertools import product

import cocotb

from hw.eie.format import Counter, Error, Register
from hw.eie.registers import WATCHDOG_DEFAULT
from tests.hw.eie.register_host import (
    CONFIG,
    LEVELS,
    LIMIT,
    OKAY,
    PASSES,
    RESET_VALUES,
    SLVERR,
    WIDTHS,
    Host,
    count_of,
    cycles_of,
)


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
