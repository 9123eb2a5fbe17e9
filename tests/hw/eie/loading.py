"""A bench of the loader that compares all it does with the model, and frames for it."""

import logging

import cocotb
from cocotbext.axi import AxiStreamBus, AxiStreamSource

from hw.eie.config import EieConfig
from hw.eie.format import Error, IoTarget, SectionKind
from sim.runner import bench_parameters
from sim.stalls import Stalls
from sim.streams import Bench
from tests.hw.eie.frames import LoaderModel, program

LIMIT = {"timeout_time": 10000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

CONFIG = EieConfig(**bench_parameters()["config"])
POINTERS, SPMAT = SectionKind.POINTERS, SectionKind.SPMAT
PAIRS = CONFIG.ptr_depth // 2
TARGET_MASKS = {
    IoTarget.POINTERS: (1 << 32) - 1,
    IoTarget.ACTIVATION_SRAM: (1 << 16) - 1,
    IoTarget.SOURCE_FILE: (1 << 16) - 1,
}
LAST_PE = CONFIG.n_pe - 1

MEMORIES = [
    (SPMAT, 0, 0, CONFIG.spmat_depth),
    (POINTERS, LAST_PE, 0, PAIRS // 2),
    (SPMAT, LAST_PE, CONFIG.spmat_depth - 2, 2),
    (POINTERS, 0, PAIRS - 2, 1),
    (SPMAT, LAST_PE, CONFIG.spmat_depth, 0),
]
"""Whole memories, their last words, and none of their words."""


class LoaderBench:
    """Sends frames, notes all that the loader does, and compares it with the model."""

    @classmethod
    async def start(cls, dut, *, stalls="never"):
        self = cls()
        self.dut = dut
        dut.enable.value = 1
        dut.consume.value = 0
        dut.hold.value = 0
        self.bench = await Bench.start(dut)
        bus = AxiStreamBus.from_prefix(dut, "i_")
        logging.getLogger(f"cocotb.{dut._name}.i_").setLevel(logging.ERROR)
        self.source = AxiStreamSource(bus, dut.clk)
        self.source.set_pause_generator(iter(Stalls(stalls, 0).stalled, None))
        self.forget()
        cocotb.start_soon(self._watch())
        return self

    def forget(self):
        self.model = LoaderModel(CONFIG)
        self.clear()

    def clear(self):
        self.writes, self.pass_writes, self.errors, self.clears = [], [], Error(0), 0
        self.taken = []

    async def _watch(self):
        dut = self.dut
        cycles = {}
        while True:
            await self.bench.edge
            if self.bench.in_reset:
                continue
            cycle = self.bench.cycle
            if int(dut.i__tvalid.value) and int(dut.i__tready.value):
                self.taken.append(cycle)
            if int(dut.io__valid.value):
                fields = ("target", "pe", "address", "data")
                *place, data = (int(getattr(dut, f"io__{name}").value) for name in fields)
                if CONFIG.lean:  # bits that the target lacks are anything
                    data &= TARGET_MASKS.get(place[0], ~0)
                self.writes.append((*place, data))
                assert cycle >= cycles.get("clear", 0) + 2
            if int(dut.pass_write__valid.value):
                address = int(dut.pass_write__address.value)
                self.pass_writes.append((address, int(dut.pass_write__data.value)))
            if int(dut.clear_file.value):
                self.clears += 1
                cycles["clear"] = cycle
            self.errors |= Error(int(dut.errors.value))

    async def send(self, words):
        """Send one frame and wait until it has been taken."""
        await self.source.send(b"".join(word.to_bytes(8, "little") for word in words))
        await self.source.wait()
        await self.bench.until(lambda: not int(self.dut.loading.value), 10_000, "end of the frame")
        await self.bench.step(2)

    async def check(self, words):
        """Send one frame; everything must be as in the model. Returns the errors raised."""
        self.clear()
        self.model.feed(words)
        await self.send(words)
        model = self.model
        assert self.errors == model.errors
        assert self.writes == model.writes
        assert self.pass_writes == model.pass_writes
        assert self.clears == model.clears
        assert bool(int(self.dut.program_valid.value)) == model.program_valid
        assert bool(int(self.dut.inputs_valid.value)) == model.inputs_valid
        if model.program_valid:
            assert int(self.dut.network.value) == model.network
        assert len(self.taken) == len(words)
        return model.errors

    async def load(self, rng, **fields):
        """Load a good program."""
        assert not await self.check(program(CONFIG, rng, **fields))
        assert int(self.dut.program_valid.value)


def values(rng, count):
    """Activations with many zeros and extremes."""
    return [rng.choice((0, 0, 0x7FFF, 0x8000, rng.getrandbits(16))) for _ in range(count)]


def small_program(rng):
    memories = [(SPMAT, LAST_PE, 1, 3), (POINTERS, 0, 2, 2)]
    return program(CONFIG, rng, memories=memories, inputs=3)
