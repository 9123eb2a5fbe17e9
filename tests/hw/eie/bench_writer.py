"""cocotb tests of the section writer; started by test_writer.py."""

import random

import cocotb
from frames import signed

from hw.bus.layout import SECTION, pack
from hw.eie.config import EieConfig
from hw.eie.format import NETWORK, IoTarget, SectionKind
from sim.runner import bench_parameters
from sim.stalls import PROFILES, Stalls
from sim.streams import Bench

CONFIG = EieConfig(**bench_parameters()["config"])
PES = CONFIG.n_pe


class WriterBench:
    @classmethod
    async def start(cls, dut, *, stalls="never", hold=0.0):
        self = cls()
        self.dut = dut
        dut.section.value = dut.cancel.value = dut.hold.value = 0
        self.bench = await Bench.start(dut)
        self.words = self.bench.drive("i", 64, stalls=stalls)
        self.hold = Stalls(hold, "hold")
        self.writes, self.flags = [], []
        cocotb.start_soon(self._watch())
        return self

    async def _watch(self):
        dut, held = self.dut, False
        while True:
            await self.bench.edge
            if int(dut.io__valid.value):
                assert not held, "a write in the cycle after hold"
                names = ("target", "pe", "address", "data")
                write = tuple(int(getattr(dut, f"io__{name}").value) for name in names)
                self.writes.append((self.bench.cycle, write))
            for name in ("surplus", "outside"):
                if int(getattr(dut, name).value):
                    self.flags.append(name)
            held = bool(int(dut.hold.value))
            dut.hold.value = int(self.hold.stalled())

    async def write(self, kind, words, *, pe=0, address=0, **network):
        """One section; returns its writes, and the cycles of writes and of words taken."""
        dut = self.dut
        self.writes.clear()
        self.flags.clear()
        self.words.sent.clear()
        dut.network.value = pack(NETWORK, {"in_min": 0x8000, "in_max": 0x7FFF, **network})
        header = {"kind": kind, "unit": pe, "address": address, "length": len(words)}
        dut.header.value = pack(SECTION, header)
        dut.section.value = 1
        await self.bench.step()
        dut.section.value = 0
        self.words.put(*words)
        limit = 400 + 100 * len(words)
        await self.bench.until(lambda: self.words.idle, limit, "end of the section")
        await self.bench.until(lambda: int(dut.settled.value), 40 * PES, "settled")
        await self.bench.step(2)
        return [write for _, write in self.writes]


@cocotb.test()
@cocotb.parametrize(stalls=PROFILES, hold=[0.0, 0.5])
async def test_values(dut, stalls, hold):
    rng = random.Random(f"{stalls} {hold}")
    writer = await WriterBench.start(dut, stalls=stalls, hold=hold)
    for length in (0, 1, 2, 9):
        words = [rng.getrandbits(64) for _ in range(length)]
        pe = PES - 1
        found = await writer.write(SectionKind.SPMAT, words, pe=pe, address=7)
        assert found == [(IoTarget.SPMAT, pe, 7 + k, word) for k, word in enumerate(words)]
        found = await writer.write(SectionKind.POINTERS, words, pe=pe, address=4)
        units, first = words, 2
        if not CONFIG.is_wide:
            units, first = [word >> half & 0xFFFF_FFFF for word in words for half in (0, 32)], 4
        assert found == [(IoTarget.POINTERS, pe, first + k, unit) for k, unit in enumerate(units)]
        for kind in (SectionKind.NETWORK, SectionKind.PASSES, 0, 77):
            assert await writer.write(kind, words, pe=pe) == []
        assert not writer.flags
    for inputs in (1, 2, 3, 4, 5, 11, 16, 17):
        for in_sram in (0, 1):
            values = [rng.getrandbits(16) for _ in range(inputs)]
            padded = values + [0] * (-inputs % PES)
            target = IoTarget.ACTIVATION_SRAM if in_sram else IoTarget.SOURCE_FILE
            base = 3 if in_sram else 0
            expected = [(target, i % PES, base + i // PES, value) for i, value in enumerate(padded)]
            network = {"inputs": inputs, "in_sram": in_sram, "in_base": 3}
            words = words_of(values)
            found = await writer.write(SectionKind.ACTIVATIONS, words, **network)
            assert found == expected and not writer.flags


def words_of(values):
    """Activations as words, the rest of the last one zero."""
    padded = values + [0] * (-len(values) % 4)
    return [
        sum(value << 16 * lane for lane, value in enumerate(padded[k : k + 4]))
        for k in range(0, len(padded), 4)
    ]


@cocotb.test()
async def test_cycles(dut):
    """SPMAT a word a cycle, POINTERS one in two (in one, to a wide array), ACTIVATIONS one in
    four; a write a cycle later."""
    writer = await WriterBench.start(dut)
    words = [k << 16 for k in range(12)]
    pointers = 1 if CONFIG.is_wide else 2
    for kind, cost in ((SectionKind.SPMAT, 1), (SectionKind.POINTERS, pointers), (5, 4)):
        await writer.write(kind, words, inputs=48)
        taken = [each.cycle for each in writer.words.sent]
        assert taken == list(range(taken[0], taken[0] + cost * len(words), cost))
        first = taken[0] - cost + 2  # the word's first cycle, and one more
        cycles = [cycle for cycle, _ in writer.writes]
        assert cycles == list(range(first, first + cost * len(words)))


@cocotb.test()
async def test_range(dut):
    """``outside`` once for each activation out of the declared range, whatever its place."""
    rng = random.Random("range")
    writer = await WriterBench.start(dut, hold=0.3)
    for low, high in ((-5, 9), (0, 0), (-32768, -2), (3, 32767), (10, -10)):
        values = [
            rng.choice((low, high, low - 1, high + 1, rng.getrandbits(16))) for _ in range(25)
        ]
        values = [value & 0xFFFF for value in values]
        limits = {"in_min": low & 0xFFFF, "in_max": high & 0xFFFF}
        await writer.write(SectionKind.ACTIVATIONS, words_of(values), inputs=25, **limits)
        outside = sum(not low <= signed(value) <= high for value in values)
        assert writer.flags == ["outside"] * outside


@cocotb.test()
async def test_surplus(dut):
    """``surplus`` with the last word if any lane after the last activation is not zero."""
    writer = await WriterBench.start(dut)
    for inputs in (1, 2, 3, 4, 5, 6, 7, 8):
        for lane in range(inputs % 4 or 4, 4):
            words = words_of([1] * inputs)
            words[-1] |= 1 << (16 * lane + inputs)
            await writer.write(SectionKind.ACTIVATIONS, words, inputs=inputs)
            assert writer.flags == ["surplus"]
        await writer.write(SectionKind.ACTIVATIONS, words_of([0xFFFF] * inputs), inputs=inputs)
        assert not writer.flags


@cocotb.test()
async def test_cancel(dut):
    """No zeros follow a section that was cancelled, and the next section is whole."""
    writer = await WriterBench.start(dut)
    dut.cancel.value = 1
    found = await writer.write(SectionKind.ACTIVATIONS, [0xAB], inputs=1)
    assert found in ([(IoTarget.SOURCE_FILE, 0, 0, 0xAB)], [])
    dut.cancel.value = 0
    found = await writer.write(SectionKind.ACTIVATIONS, [0xCD], inputs=1)
    assert [data for *_, data in found] == [0xCD] + [0] * (PES - 1)
