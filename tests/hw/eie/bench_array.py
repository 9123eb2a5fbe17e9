"""cocotb tests of the array under central control; started by test_array.py."""

from dataclasses import replace

import cocotb
import numpy as np

from hw.eie.config import EieConfig
from hw.eie.format import PASS_WORDS, Counter, IoTarget
from sim.runner import bench_parameters
from sim.streams import Bench
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie

CONFIG = EieConfig(**bench_parameters()["config"])


def pointer_units(program):
    """Contents of the pointer memories as the bus has them: pairs, in a wide array words."""
    unit, dtype = (4, "<u8") if CONFIG.is_wide else (2, "<u4")
    filling = -program.pointers.shape[1] % unit
    return np.pad(program.pointers, ((0, 0), (0, filling))).astype("<u2").view(dtype)


class Host:
    """Drives the core as loader, registers and readout do."""

    def __init__(self, dut):
        self.dut = dut

    async def begin(self):
        self.bench = await Bench.start(self.dut)
        self.dut.watchdog.value = 100_000
        for name in ("io_write__valid", "io_read__valid", "pass_write__valid"):
            getattr(self.dut, name).value = 0
        for name in ("check", "invalidate", "start", "abort", "clear_file"):
            getattr(self.dut, name).value = 0
        return self

    async def pulse(self, name):
        getattr(self.dut, name).value = 1
        await self.bench.step()
        getattr(self.dut, name).value = 0

    async def write(self, target, pe, address, data):
        dut = self.dut
        dut.io_write__target.value = target
        dut.io_write__pe.value = pe
        dut.io_write__address.value = address
        dut.io_write__data.value = int(data)
        await self.pulse("io_write__valid")

    async def read(self, target, pe, address):
        dut = self.dut
        dut.io_read__target.value = target
        dut.io_read__pe.value = pe
        dut.io_read__address.value = address
        await self.pulse("io_read__valid")
        await self.bench.step(CONFIG.io_read_latency)
        return int(dut.io_read__data.value)

    async def load(self, program):
        dut = self.dut
        for k, descriptor in enumerate(program.passes):
            for part, word in enumerate(descriptor.words):
                dut.pass_write__address.value = PASS_WORDS * k + part
                dut.pass_write__data.value = word
                await self.pulse("pass_write__valid")
        units = pointer_units(program)
        for target, rows in ((IoTarget.POINTERS, units), (IoTarget.SPMAT, program.spmat)):
            for pe, words in enumerate(rows):
                for address, word in enumerate(words):
                    await self.write(target, pe, address, word)
        dut.passes.value = len(program.passes)
        await self.pulse("check")
        await self.bench.until(
            lambda: int(dut.checked.value) or int(dut.descriptor_error.value), 5000, "check"
        )

    async def infer(self, program, vector):
        await self.pulse("clear_file")
        await self.bench.step(2)
        length = CONFIG.slots(len(vector)) * CONFIG.n_pe
        for i, value in enumerate(np.pad(vector, (0, length - len(vector)))):
            pe, slot = i % CONFIG.n_pe, i // CONFIG.n_pe
            target = IoTarget.ACTIVATION_SRAM if program.in_sram else IoTarget.SOURCE_FILE
            base = program.in_base if program.in_sram else 0
            await self.write(target, pe, base + slot, int(value) & 0xFFFF)
        await self.bench.step(2)
        await self.pulse("start")
        await self.bench.until(lambda: int(self.dut.done.value), 60_000, "done")
        return await self.results(program)

    async def results(self, program):
        found = []
        for i in range(program.outputs):
            pe, slot = i % CONFIG.n_pe, i // CONFIG.n_pe
            word = await self.read(IoTarget.ACTIVATION_SRAM, pe, program.out_base + slot)
            found.append(word)
        return np.array(found, np.uint16).astype(np.int16)


CASES = [
    ([5, 3], 1.0),
    ([9, 20, 4, 1], 0.3),
    ([20, 9], 0.2),
    ([1, 1], 1.0),
    ([60, 2], 1.0),
]


def prepare(case):
    """A random network and its program, three inputs (one of them all zero), expected outputs."""
    sizes, density = CASES[case]
    rng = np.random.default_rng(case)
    network = random_quantised(rng, sizes, density)
    inputs = random_inputs(rng, network, 3)
    inputs[1] = 0
    return build_program(network, CONFIG), inputs, GoldenEie(network)(inputs).numpy()


@cocotb.test()
@cocotb.parametrize(case=range(len(CASES)))
async def test_networks(dut, case):
    program, inputs, expected = prepare(case)
    host = await Host(dut).begin()
    await host.load(program)
    assert int(dut.checked.value)
    for vector, outputs in zip(inputs, expected, strict=True):
        np.testing.assert_array_equal(await host.infer(program, vector), outputs)
        entries = [
            await host.read(IoTarget.COUNTERS, k, Counter.ENTRIES) for k in range(CONFIG.n_pe)
        ]
        busy = [await host.read(IoTarget.COUNTERS, k, Counter.BUSY) for k in range(CONFIG.n_pe)]
        assert max(busy) <= int(dut.cycles.value)
        assert all(
            count <= CONFIG.lanes * cycles and cycles <= count
            for count, cycles in zip(entries, busy, strict=True)
        )


@cocotb.test()
async def test_cases(dut):
    """A wide array's programs broadcast in groups, and split one layer over the PEs."""
    passes = [each for case in range(len(CASES)) for each in prepare(case)[0].passes]
    assert any(each.group for each in passes) == CONFIG.is_wide
    assert any(each.split for each in passes) == CONFIG.is_wide


@cocotb.test()
async def test_memories(dut):
    """What was written over the bus is read over it."""
    program, _, _ = prepare(1)
    host = await Host(dut).begin()
    await host.load(program)
    units = pointer_units(program)
    for target, rows in ((IoTarget.POINTERS, units), (IoTarget.SPMAT, program.spmat)):
        for pe in range(CONFIG.n_pe):
            found = [await host.read(target, pe, address) for address in range(rows.shape[1])]
            assert found == [int(word) for word in rows[pe]]


@cocotb.test()
@cocotb.parametrize(case=[1, 4], after=[0, 1, 3, 10, 18, 19, 20, 21, 22, 25, 40])
async def test_abort(dut, case, after):
    """Stopped at any point, the array is as good as new for the next inference."""
    program, inputs, expected = prepare(case)
    host = await Host(dut).begin()
    await host.load(program)
    await host.pulse("start")
    await host.bench.step(after)
    await host.pulse("abort")
    await host.bench.step(3)
    assert not int(dut.busy.value)
    np.testing.assert_array_equal(await host.infer(program, inputs[0]), expected[0])


@cocotb.test()
async def test_watchdog(dut):
    program, inputs, expected = prepare(1)
    host = await Host(dut).begin()
    await host.load(program)
    dut.watchdog.value = 20
    await host.pulse("start")
    await host.bench.until(lambda: int(dut.expired.value), 30, "expired")
    assert int(dut.cycles.value) == 19
    await host.bench.step(2)
    assert not int(dut.busy.value)
    dut.watchdog.value = 100_000
    np.testing.assert_array_equal(await host.infer(program, inputs[2]), expected[2])


@cocotb.test()
async def test_reset_in_mid_work(dut):
    """A reset forgets the program's check, and nothing else that cannot be checked again."""
    program, inputs, expected = prepare(1)
    host = await Host(dut).begin()
    await host.load(program)
    await host.pulse("start")
    await host.bench.step(15)
    await host.bench.reset()
    assert not int(dut.checked.value)
    await host.pulse("check")
    await host.bench.until(lambda: int(dut.checked.value), 100, "check")
    np.testing.assert_array_equal(await host.infer(program, inputs[0]), expected[0])


@cocotb.test()
@cocotb.parametrize(
    fault=[
        {"ptr_base": CONFIG.ptr_depth - 5},
        {"columns": 0},
        {"columns": CONFIG.n_pe * CONFIG.file_depth + 1},
        {"src_sram": 1, "src_base": CONFIG.act_depth + 1 - CONFIG.slots(5)},
        {"dst_sram": 1, "dst_base": 64},
        {"bias_rows": CONFIG.file_depth + 1},
        {"drain_rows": CONFIG.file_depth + 1},
        {"group": CONFIG.group_max.bit_length()},
        {"split": 1, "dst_sram": 0},
        {"spmat_base": 60},
        {"entry_base": 65},
    ]
)
async def test_descriptor_outside(dut, fault):
    program, _, _ = prepare(0)
    [descriptor] = program.passes
    broken = replace(program, passes=(replace(descriptor, **fault),))
    host = await Host(dut).begin()
    await host.load(broken)
    assert not int(dut.checked.value)
    await host.pulse("start")
    await host.bench.step(2)
    assert not int(dut.busy.value)
    await host.load(program)
    assert int(dut.checked.value)
