"""cocotb tests of the loader with frames that are wrong; started by test_loader.py."""

import random

import cocotb

from hw.bus.layout import SECTION, unpack
from hw.eie.format import FRAME_VERSION, NETWORK, PASS_WORDS, Error, SectionKind
from tests.hw.bus.sections import close, section
from tests.hw.eie.frames import activations, network_payload, program
from tests.hw.eie.loading import (
    CONFIG,
    LIMIT,
    PAIRS,
    POINTERS,
    SPMAT,
    LoaderBench,
    small_program,
    values,
)


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
