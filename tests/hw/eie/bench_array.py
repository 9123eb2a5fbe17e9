"""cocotb tests of the array under central control; started by test_array.py."""

import cocotb
import numpy as np

from hw.eie.config import EieConfig
from hw.eie.format import Counter, IoTarget
from sim.runner import bench_parameters
from sim.streams import Bench
from sw.compress.program import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie

CONFIG = EieConfig(**bench_parameters()["config"])


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
            for half, word in enumerate(descriptor.words):
                dut.pass_write__address.value = 2 * k + half
                dut.pass_write__data.value = word
                await self.pulse("pass_write__valid")
        pointers = np.pad(program.pointers, ((0, 0), (0, program.pointers.shape[1] % 2)))
        pairs = pointers[:, ::2].astype(np.uint32) | pointers[:, 1::2].astype(np.uint32) << 16
        for target, rows in ((IoTarget.POINTERS, pairs), (IoTarget.SPMAT, program.spmat)):
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
    ([30, 20, 9, 1], 0.4),
    ([12, 40, 12], 0.1),
    ([64, 33, 2], 0.05),
    ([1, 1], 1.0),
    ([90, 7], 0.3),
    ([40, 40, 40, 40, 3], 0.2),
]


@cocotb.test()
@cocotb.parametrize(case=range(len(CASES)))
async def test_networks(dut, case):
    sizes, density = CASES[case]
    rng = np.random.default_rng(case)
    network = random_quantised(rng, sizes, density)
    program = build_program(network, CONFIG)
    host = await Host(dut).begin()
    await host.load(program)
    assert int(dut.checked.value)
    inputs = random_inputs(rng, network, 3)
    inputs[1] = 0
    expected = GoldenEie(network)(inputs).numpy()
    for vector, outputs in zip(inputs, expected, strict=True):
        np.testing.assert_array_equal(await host.infer(program, vector), outputs)
        counts = {
            counter: [await host.read(IoTarget.COUNTERS, k, counter) for k in range(CONFIG.n_pe)]
            for counter in Counter
        }
        assert max(counts[Counter.ENTRIES]) <= int(dut.cycles.value)
