"""cocotb tests of the loader; started by test_loader.py."""

import logging
import random

import cocotb
from cocotbext.axi import AxiStreamBus, AxiStreamSource
from frames import LoaderModel, activations, network_payload, program

from hw.bus.layout import SECTION, unpack
from hw.eie.config import EieConfig
from hw.eie.format import FRAME_VERSION, NETWORK, PASS_WORDS, Error, IoTarget, SectionKind
from sim.runner import bench_parameters
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench
from tests.hw.bus.sections import close, section

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


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=PROFILES)
async def test_values(dut, stalls):
    """Programs and activations of all sizes arrive where they belong."""
    rng = random.Random(f"values {stalls}")
    loader = await LoaderBench.start(dut, stalls=stalls)
    await loader.load(rng, memories=MEMORIES, passes=CONFIG.max_passes)
    most = CONFIG.n_pe * CONFIG.file_depth
    for inputs in sorted({1, 2, 3, 4, 5, most - 1, most}):
        await loader.load(rng, inputs=inputs)
        for _ in range(2):
            assert not await loader.check(activations(values(rng, inputs)))
            assert int(dut.inputs_valid.value)
    most = CONFIG.n_pe * (CONFIG.act_depth - 2)
    for inputs in (1, most - 1, most):
        await loader.load(rng, inputs=inputs, in_sram=1, in_base=2)
        assert not await loader.check(activations(values(rng, inputs)))


@cocotb.test(**LIMIT, skip=CONFIG.lean)
async def test_cycles(dut):
    """Every section takes what the docstring promises."""
    rng = random.Random("cycles")
    loader = await LoaderBench.start(dut)
    memories = [(SPMAT, 0, 0, 9), (POINTERS, LAST_PE, 0, 5), (SPMAT, 0, 0, 0)]
    cost = 4 + PASS_WORDS + 9 + (5 if CONFIG.is_wide else 2 * 5) + 0
    await loader.load(rng, memories=memories)
    assert loader.taken[-1] - loader.taken[0] == cost + 3 * 5 - 1
    for inputs in (1, 4, 7):
        await loader.load(rng, inputs=inputs)
        await loader.check(activations(values(rng, inputs)))
        cost = inputs + -inputs % CONFIG.n_pe
        assert loader.taken[-1] - loader.taken[0] == cost + 3 - 1
    assert dut.inputs_valid.value == 1


@cocotb.test(**LIMIT)
async def test_valid_rises(dut):
    """One cycle after the last word; by then the last write is out."""
    rng = random.Random("rises")
    loader = await LoaderBench.start(dut)
    rises = {}

    async def watch(name):
        while True:
            await loader.bench.until(lambda: int(getattr(dut, name).value) == 0, 10_000, "low")
            await loader.bench.until(lambda: int(getattr(dut, name).value) == 1, 10_000, "high")
            rises[name] = loader.bench.cycle

    for name in ("program_valid", "inputs_valid"):
        cocotb.start_soon(watch(name))
    await loader.load(rng, memories=[(SPMAT, 0, 0, 3)], inputs=1)
    assert rises["program_valid"] == loader.taken[-1] + 1
    await loader.check(activations([5]))
    assert rises["inputs_valid"] == loader.taken[-1] + 1


@cocotb.test(**LIMIT)
async def test_every_bit(dut):
    """No single wrong bit of a program or an activation frame goes through."""
    rng = random.Random("bits")
    loader = await LoaderBench.start(dut)
    good = small_program(rng)
    for bit in range(64 * len(good)):
        words = list(good)
        words[bit // 64] ^= 1 << bit % 64
        assert await loader.check(words)
        assert not int(dut.program_valid.value)
    assert not await loader.check(good)
    frame = activations([rng.getrandbits(16) for _ in range(3)])
    for bit in range(64 * len(frame)):
        words = list(frame)
        words[bit // 64] ^= 1 << bit % 64
        assert await loader.check(words)
        assert not int(dut.inputs_valid.value)
        if not int(dut.program_valid.value):
            await loader.check(good)
    assert not await loader.check(frame)


@cocotb.test(**LIMIT)
async def test_every_byte(dut):
    """Nor any wrong byte."""
    rng = random.Random("bytes")
    loader = await LoaderBench.start(dut)
    good = small_program(rng)
    for k in range(8 * len(good)):
        words = list(good)
        words[k // 8] ^= rng.randrange(1, 256) << 8 * (k % 8)
        assert await loader.check(words)
        assert not int(dut.program_valid.value)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "heavy"])
async def test_every_length(dut, stalls):
    """Frames that end too early, or go on when they should end; the next one is good."""
    rng = random.Random("lengths")
    loader = await LoaderBench.start(dut, stalls=stalls)
    good = small_program(rng)
    frame = activations(values(rng, 3))
    for length in range(1, len(good)):
        assert await loader.check(good[:length]) == Error.FORMAT
        assert not await loader.check(good)
        assert not await loader.check(frame)
    for length in range(1, len(frame)):
        assert await loader.check(frame[:length]) & Error.FORMAT
        assert not await loader.check(frame)
    for surplus in ([0], [rng.getrandbits(64) for _ in range(40)], good):
        assert await loader.check(good + surplus) == Error.FORMAT
        assert not await loader.check(good)
        assert await loader.check(frame + surplus) & ~Error.INPUT_RANGE == Error.FORMAT
        assert not int(dut.inputs_valid.value)
        assert not await loader.check(frame)


NETWORKS = [
    ({"magic": 0x4E4C494A}, Error.FORMAT),
    ({"version": FRAME_VERSION + 1}, Error.FORMAT),
    ({"reserved": 1 << 14}, Error.FORMAT),
    ({"reserved_high": 1}, Error.FORMAT),
    ({"sections": 0}, Error.FORMAT),
    ({"sections": 1}, Error.FORMAT),
    ({"sections": 3}, Error.FORMAT),
    ({"n_pe": 2 * CONFIG.n_pe}, Error.CONFIG),
    ({"file_depth": 64}, Error.CONFIG),
    ({"passes": 0}, Error.RANGE),
    ({"passes": CONFIG.max_passes + 1}, Error.RANGE),
    ({"inputs": 0}, Error.RANGE),
    ({"outputs": 0}, Error.RANGE),
    ({"inputs": CONFIG.n_pe * CONFIG.file_depth}, Error(0)),
    ({"inputs": CONFIG.n_pe * CONFIG.file_depth + 1}, Error.RANGE),
    ({"inputs": 0xFFFF, "in_sram": 1, "in_base": 0xFFFF}, Error.RANGE),
    ({"inputs": CONFIG.n_pe * CONFIG.act_depth, "in_sram": 1}, Error(0)),
    ({"inputs": CONFIG.n_pe * CONFIG.act_depth + 1, "in_sram": 1}, Error.RANGE),
    ({"in_sram": 1, "in_base": CONFIG.act_depth - 1}, Error(0)),
    ({"in_sram": 1, "in_base": CONFIG.act_depth}, Error.RANGE),
    ({"in_sram": 0, "in_base": CONFIG.act_depth}, Error(0)),
    ({"out_base": CONFIG.act_depth - 1}, Error(0)),
    ({"out_base": CONFIG.act_depth}, Error.RANGE),
    ({"outputs": CONFIG.n_pe * CONFIG.act_depth}, Error(0)),
    ({"outputs": CONFIG.n_pe * CONFIG.act_depth + 1}, Error.RANGE),
    ({"outputs": 0xFFFF, "out_base": 0xFFFF}, Error.RANGE),
    ({"magic": 0, "n_pe": 0, "inputs": 0}, Error.FORMAT | Error.CONFIG | Error.RANGE),
]


@cocotb.test(**LIMIT)
async def test_networks(dut):
    """Each field of NETWORK is checked, at its borders, and names the right error."""
    rng = random.Random("networks")
    loader = await LoaderBench.start(dut)
    for fields, errors in NETWORKS:
        assert await loader.check(program(CONFIG, rng, **fields)) == errors, fields
        assert bool(loader.pass_writes) == (not errors or fields.get("sections") == 3), fields


SECTIONS = [
    ((SPMAT, 0, 0, CONFIG.spmat_depth), Error(0)),
    ((SPMAT, 0, 1, CONFIG.spmat_depth), Error.RANGE),
    ((SPMAT, 0, CONFIG.spmat_depth + 1, 0), Error.RANGE),
    ((SPMAT, 0, 0xFF_FFFF, 3), Error.RANGE),
    ((SPMAT, CONFIG.n_pe, 0, 1), Error.RANGE),
    ((SPMAT, 255, 0, 1), Error.RANGE),
    ((POINTERS, 0, 0, PAIRS // 2 + 1), Error.RANGE),
    ((POINTERS, 0, 2, PAIRS // 2), Error.RANGE),
    ((POINTERS, 0, 1, 1), Error.FORMAT),
    ((POINTERS, CONFIG.n_pe, 3, 1), Error.FORMAT | Error.RANGE),
    ((SectionKind.NETWORK, 0, 0, 4), Error.FORMAT),
    ((SectionKind.PASSES, 0, 0, 2), Error.FORMAT),
    ((SectionKind.ACTIVATIONS, 0, 0, 1), Error.FORMAT),
    ((0, 0, 0, 1), Error.FORMAT),
    ((255, 0, 0, 1), Error.FORMAT),
]


@cocotb.test(**LIMIT)
async def test_sections(dut):
    """Sections outside a memory, or of the wrong kind, write nothing."""
    rng = random.Random("sections")
    loader = await LoaderBench.start(dut)
    for memory, errors in SECTIONS:
        frame = program(CONFIG, rng, memories=[(SPMAT, 0, 0, 2), memory])
        assert await loader.check(frame) == errors, memory
        if errors:
            assert len(loader.writes) == 2
    # A length that only the header has: the frame is over when its words are.
    for length in (1 << 23, (1 << 24) - 1):
        for kind in (*SectionKind, 0):
            frame = section(kind, [1, 2, 3], length=length)
            assert await loader.check(frame) == Error.FORMAT
            frame = program(CONFIG, rng)[: -PASS_WORDS - 2] + frame
            assert await loader.check(frame) & (Error.FORMAT | Error.RANGE)
    # Wrong order.
    first = section(SectionKind.NETWORK, network_payload(CONFIG, sections=3))
    passes = section(SectionKind.PASSES, [*range(PASS_WORDS)])
    memory = section(SPMAT, [1])
    assert not await loader.check(first + passes + memory)
    for frame in (first + memory + passes, passes + first + memory, first + first + passes):
        assert await loader.check(frame) == Error.FORMAT
    # NETWORK alone, whatever it says.
    for count in (0, 1, 2, 0xFFFF):
        frame = section(SectionKind.NETWORK, network_payload(CONFIG, sections=count))
        assert await loader.check(frame) == Error.FORMAT
        assert not int(dut.program_valid.value)
    # A section too many or too few for NETWORK.
    assert await loader.check(first + passes) == Error.FORMAT
    assert await loader.check(first + passes + memory + memory) == Error.FORMAT


@cocotb.test(**LIMIT)
async def test_activation_faults(dut):
    rng = random.Random("activations")
    loader = await LoaderBench.start(dut)
    frame = activations(values(rng, 3))
    assert await loader.check(frame) == Error.FORMAT  # no program yet
    await loader.load(rng, inputs=3)
    assert not await loader.check(frame)
    assert await loader.check(activations(values(rng, 5))) == Error.FORMAT  # too long
    assert not int(dut.inputs_valid.value) and int(dut.program_valid.value)
    assert await loader.check(activations([1, 2, 3, 4])) == Error.FORMAT  # filling not zero
    assert await loader.check(activations([1, 2, 3])) == Error(0)
    await loader.load(rng, inputs=6, in_min=0xFFF0, in_max=16)
    for wrong in (17, 0x7FFF, 0x8000, 0xFFEF):
        for place in range(6):
            inputs = [16, 0xFFF0, 0, 16, 0xFFF0, 0]
            assert await loader.check(activations(inputs)) == Error(0)
            inputs[place] = wrong
            assert await loader.check(activations(inputs)) == Error.INPUT_RANGE
            assert int(dut.inputs_valid.value)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "light"])
async def test_fuzz(dut, stalls):
    """Random damage with right CRCs, unless a length is hit: the checks beyond them do as the model
    does."""
    rng = random.Random(f"fuzz {stalls}")
    loader = await LoaderBench.start(dut, stalls=stalls)
    raised, unharmed = Error(0), 0

    def damage(frame):
        """Changes bits of a section's first words and closes the section again."""
        sections, rest = [], frame
        while rest:
            end = unpack(SECTION, rest[0])["length"] + 2
            sections.append(rest[: end - 1])
            rest = rest[end:]
        for _ in range(rng.choice((1, 1, 2))):
            words = rng.choice(sections)
            words[rng.randrange(min(5, len(words)))] ^= 1 << rng.randrange(64)
        if rng.random() < 0.2:
            rng.shuffle(sections)
        if rng.random() < 0.2:
            sections.insert(rng.randrange(len(sections)), rng.choice(sections))
        return [word for words in sections for word in close(words)]

    for _ in range(300):
        if rng.random() < 0.5 or not int(dut.program_valid.value):
            frame = small_program(rng)
        else:
            frame = activations(values(rng, unpack(NETWORK, loader.model.network)["inputs"]))
        if rng.random() < 0.7:
            frame = damage(frame)
        errors = await loader.check(frame)
        raised |= errors
        unharmed += not errors
    assert raised & ~Error.INPUT_RANGE & ~Error.CRC == Error.FORMAT | Error.CONFIG | Error.RANGE
    assert unharmed > 50


@cocotb.test(**LIMIT)
async def test_enable(dut):
    """Low, it keeps frames from beginning, but not from ending."""
    rng = random.Random("enable")
    loader = await LoaderBench.start(dut)
    dut.enable.value = 0
    frame = small_program(rng)
    await loader.source.send(b"".join(word.to_bytes(8, "little") for word in frame))
    await loader.bench.step(20)
    assert not loader.taken and not int(dut.loading.value)
    dut.enable.value = 1
    await loader.bench.step(8 if CONFIG.lean else 1)
    dut.enable.value = 0
    await loader.bench.until(lambda: int(dut.program_valid.value), 2000, "program")
    assert len(loader.taken) == len(frame)
    await loader.source.send(bytes(8 * 5))
    await loader.bench.step(20)
    assert not int(dut.loading.value)


@cocotb.test(**LIMIT)
@cocotb.parametrize(stalls=["never", "heavy"])
async def test_hold(dut, stalls):
    """No write follows a cycle of hold, and nothing gets lost by it."""
    rng = random.Random("hold")
    loader = await LoaderBench.start(dut, stalls=stalls)
    held = []

    async def hold():
        while True:
            await loader.bench.edge
            held.append(int(dut.hold.value))
            assert not (len(held) > 1 and held[-2] and int(dut.io__valid.value))
            dut.hold.value = rng.random() < 0.5

    cocotb.start_soon(hold())
    for inputs in (3, CONFIG.n_pe + 1):
        await loader.load(rng, memories=MEMORIES, inputs=inputs)
        for _ in range(10):
            assert not await loader.check(activations(values(rng, inputs)))


@cocotb.test(**LIMIT)
async def test_consume(dut):
    rng = random.Random("consume")
    loader = await LoaderBench.start(dut)
    await loader.load(rng, inputs=2)
    await loader.check(activations([1, 2]))
    assert int(dut.inputs_valid.value)
    dut.consume.value = 1
    await loader.bench.step()
    dut.consume.value = 0
    await loader.bench.step(2)
    assert not int(dut.inputs_valid.value) and int(dut.program_valid.value)
    await loader.check(activations([3, 4]))
    assert int(dut.inputs_valid.value)
    await loader.load(rng, inputs=2)
    assert not int(dut.inputs_valid.value)


@cocotb.test(**LIMIT)
async def test_reset_in_mid_frame(dut):
    """Reset at any time, and the first frame after it is judged for itself."""
    rng = random.Random("reset")
    loader = await LoaderBench.start(dut)
    good, frame = small_program(rng), activations(values(rng, 3))
    for _ in range(25):
        await loader.check(good)
        loader.source.send_nowait(b"".join(word.to_bytes(8, "little") for word in good))
        await loader.bench.step(rng.randrange(1, 40))
        loader.source.assert_reset(True)
        loader.source.clear()
        await loader.bench.reset()
        loader.source.assert_reset(False)
        loader.forget()
        assert not int(dut.program_valid.value) and not int(dut.loading.value)
        assert await loader.check(frame) == Error.FORMAT
        assert not await loader.check(good)
        assert not await loader.check(frame)
