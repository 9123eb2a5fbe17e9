"""cocotb tests of the host registers; started by test_registers.py."""

import logging
import random
from itertools import product

import cocotb
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from hw.cnn.format import MACHINE, Control, Error, Register, Status
from sim.runner import bench_parameters
from sim.stalls import Stalls
from sim.streams import Bench
from tests.hw.cnn.pipelines import PIPELINES

LIMIT = {"timeout_time": 2000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

CONFIG = PIPELINES[bench_parameters()["pipeline"]]
UNITS = len(CONFIG.nodes)
LEVELS = ("loaded", "loading", "running")
OKAY, SLVERR = AxiResp.OKAY, AxiResp.SLVERR
MEASURES = {
    register: random.Random(register.name).getrandbits(32)
    for register in Register
    if register >= Register.FRAMES_IN and register is not Register.UNIT_SELECT
}
"""Counters, and what they show in these tests."""
PER_UNIT = (Register.UNIT_BUSY, Register.UNIT_STARVED, Register.UNIT_BLOCKED)
VALUES = {
    Register.ID: MACHINE,
    Register.CONFIG: UNITS | CONFIG.classes << 16,
    Register.STATUS: 0,
    Register.ERROR: 0,
    Register.UNIT_SELECT: 0,
    **MEASURES,
}
WRITABLE = (Register.CONTROL, Register.ERROR, Register.UNIT_SELECT)


class Host:
    @classmethod
    async def start(cls, dut, *, stalls="never"):
        self = cls()
        self.dut = dut
        for name in (*LEVELS, "errors"):
            getattr(dut, name).value = 0
        for register, value in MEASURES.items():
            getattr(dut, f"measures__{register.name.lower()}").value = value
        self.bench = await Bench.start(dut)
        logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.ERROR)
        self.axi = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "bus_"), dut.clk)
        write, read = self.axi.write_if, self.axi.read_if
        channels = (write.aw_channel, write.w_channel, write.b_channel)
        for k, part in enumerate((*channels, read.ar_channel, read.r_channel)):
            part.set_pause_generator(iter(Stalls(stalls, k).stalled, None))
        self.pulses = {"run": 0, "stop": 0}
        cocotb.start_soon(self._watch())
        return self

    async def _watch(self):
        while True:
            await self.bench.edge
            for name in self.pulses:
                self.pulses[name] += int(getattr(self.dut, name).value)

    async def read(self, address, *, resp=OKAY):
        reply = await self.axi.read(address, 4)
        assert reply.resp == resp, f"read of {address:#x}: {reply.resp!r}"
        return int.from_bytes(reply.data, "little")

    async def write(self, address, value, *, resp=OKAY):
        reply = await self.axi.write(address, int(value).to_bytes(4, "little"))
        assert reply.resp == resp, f"write to {address:#x}: {reply.resp!r}"

    async def pulse(self, errors):
        self.dut.errors.value = errors
        await self.bench.step()
        self.dut.errors.value = 0

    async def errors(self):
        """The error bits, which are cleared by this."""
        value = await self.read(Register.ERROR)
        await self.write(Register.ERROR, value)
        return Error(value)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "heavy"])
async def test_map(dut, stalls):
    """Every word of the page: values, and SLVERR where there is no register."""
    host = await Host.start(dut, stalls=stalls)
    assert {*VALUES, Register.CONTROL} == {*Register}
    for address in [*range(0, 0x80, 4), *range(0x80, 0x1000, 0x7C), 0xFFC]:
        known = address in VALUES
        value = await host.read(address, resp=OKAY if known else SLVERR)
        assert value == VALUES.get(address, 0)
        if address not in WRITABLE:
            await host.write(address, 0xFFFF_FFFF, resp=SLVERR)
    for address, value in VALUES.items():
        assert await host.read(address) == value
    assert not any(host.pulses.values())


@cocotb.test(**LIMIT)
async def test_unit_select(dut):
    """Eight bits are kept; counters of a unit are there for units only."""
    host = await Host.start(dut)
    for unit in (*range(UNITS + 2), 128, 255, 256, 0xFFFF_FF01):
        await host.write(Register.UNIT_SELECT, unit)
        assert await host.read(Register.UNIT_SELECT) == unit & 0xFF
        assert int(dut.measures__unit_select.value) == unit & 0xFF
        for register in PER_UNIT:
            if unit & 0xFF < UNITS:
                assert await host.read(register) == MEASURES[register]
            else:
                assert await host.read(register, resp=SLVERR) == 0
    await host.write(Register.UNIT_SELECT, 3)
    await host.axi.write(Register.UNIT_SELECT + 1, b"\2\2\2")
    assert await host.read(Register.UNIT_SELECT) == 3


@cocotb.test(**LIMIT)
async def test_control(dut):
    """RUN and STOP in every state of the machine, together and alone."""
    host = await Host.start(dut)
    for levels in product((0, 1), repeat=len(LEVELS)):
        state = dict(zip(LEVELS, levels, strict=True))
        for name, level in state.items():
            getattr(dut, name).value = level
        status = [Status[name.upper()] for name in LEVELS if state[name]]
        assert await host.read(Register.STATUS) == sum(status)
        for bits in (0, 1, 2, 3, 0xFFFF_FFFC, 0xFFFF_FFFD):
            wanted = Control(bits & 3)
            run = Control.RUN in wanted and Control.STOP not in wanted
            run &= state["loaded"] and not state["loading"]
            host.pulses = {"run": 0, "stop": 0}
            await host.write(Register.CONTROL, bits)
            await host.bench.step(3)
            assert host.pulses == {"run": run, "stop": Control.STOP in wanted}, (state, bits)
            refused = Control.RUN in wanted and not run
            assert await host.errors() == (Error.REFUSED if refused else Error(0))
    await host.read(Register.CONTROL, resp=SLVERR)


@cocotb.test(**LIMIT)
async def test_control_strobes(dut):
    """CONTROL acts on bytes that are written, and on no others."""
    host = await Host.start(dut)
    dut.loaded.value = 1
    for first in (1, 2, 3):
        await host.axi.write(Register.CONTROL + first, b"\3")
    assert host.pulses == {"run": 0, "stop": 0}
    await host.axi.write(Register.CONTROL, b"\1")
    assert host.pulses == {"run": 1, "stop": 0}


@cocotb.test(**LIMIT)
async def test_errors(dut):
    """Sticky one by one, with irq while there are any; cleared by ones."""
    host = await Host.start(dut)
    everything, seen = sum(Error), 0
    for error in Error:
        assert bool(int(dut.irq.value)) == bool(seen)
        await host.pulse(error)
        seen |= error
        assert await host.read(Register.ERROR) == seen
    for error in Error:
        assert int(dut.irq.value)
        await host.write(Register.ERROR, error)
        seen &= ~error
        assert await host.read(Register.ERROR) == seen
    assert not int(dut.irq.value)
    await host.pulse(everything)
    await host.write(Register.ERROR, 0)
    await host.axi.write(Register.ERROR + 1, b"\xff\xff\xff")
    assert await host.read(Register.ERROR) == everything


@cocotb.test(**LIMIT)
async def test_error_while_clearing(dut):
    """An error that comes in the very cycle of a clear stays, so that irq does not fall."""
    host = await Host.start(dut)

    async def clear(delay):
        """Whether irq falls while ERROR is cleared, and the errors left; one comes meanwhile."""
        await host.pulse(Error.FORMAT)
        await host.bench.step()
        writing = cocotb.start_soon(host.write(Register.ERROR, 0xFFFF_FFFF))
        falls = False
        for cycle in range(16):
            dut.errors.value = Error.CRC if cycle == delay else 0
            await host.bench.step()
            falls |= not int(dut.irq.value)
        await writing
        return falls, await host.errors()

    outcomes = [await clear(delay) for delay in range(14)]
    before, within = outcomes.count((True, Error(0))), outcomes.count((False, Error.CRC))
    assert before > 0 and within == 1
    assert outcomes == [
        *[(True, Error(0))] * before,
        (False, Error.CRC),
        *[(True, Error.CRC)] * (13 - before),
    ]


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["light", "heavy"])
async def test_fuzz(dut, stalls):
    """Random accesses: each is answered as it should be."""
    host = await Host.start(dut, stalls=stalls)
    rng = random.Random(f"fuzz {stalls}")
    unit = 0
    for _ in range(300):
        address = rng.choice((rng.randrange(0, 0x40, 4), rng.randrange(0, 0x1000, 4)))
        if rng.random() < 0.5:
            value = rng.choice((0, rng.getrandbits(3), rng.getrandbits(32)))
            await host.write(address, value, resp=OKAY if address in WRITABLE else SLVERR)
            if address == Register.UNIT_SELECT:
                unit = value & 0xFF
        elif address not in (Register.ERROR, Register.UNIT_SELECT):
            bad = address not in VALUES or (address in PER_UNIT and unit >= UNITS)
            value = await host.read(address, resp=SLVERR if bad else OKAY)
            assert value == (0 if bad else VALUES[address])
        else:
            value = await host.read(address)
            assert value == unit or address == Register.ERROR


@cocotb.test(**LIMIT)
async def test_reset_in_mid_work(dut):
    """Values as at the start, and the next access is answered."""
    host = await Host.start(dut)
    await host.write(Register.UNIT_SELECT, 7)
    await host.pulse(Error.CRC)
    await host.bench.reset()
    assert not int(dut.irq.value)
    for address, value in VALUES.items():
        assert await host.read(address) == value
