"""cocotb tests of central control; started by test_control.py."""

import random

import cocotb

from hw.bus.layout import pack, unpack
from hw.eie.config import EieConfig
from hw.eie.format import PASS, PASS_WORDS
from hw.eie.tokens import pass_slot_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.streams import Bench

CONFIG = EieConfig(**bench_parameters()["config"])
CHECK_CYCLES = CONFIG.sram_latency + 5
SLOT = Codec(pass_slot_layout(CONFIG))
INPUTS = "pass_write__valid passes check invalidate start abort watchdog pass_select turned"


class Array:
    """Turns into every pass shown, each PE after a delay of its own; logs what it was shown."""

    def __init__(self, bench, seed, slowest):
        self.bench, self.dut = bench, bench.dut
        self.rng = random.Random(seed)
        self.slowest = slowest
        self.turned = [0] * CONFIG.n_pe
        self.due = [None] * CONFIG.n_pe
        self.log = []

    def shown(self, ticket):
        width = len(self.dut.slots) // 2
        raw = int(self.dut.slots.value) >> (width * (ticket % 2)) & ((1 << width) - 1)
        slot = SLOT.decode(raw)
        return slot if slot["valid"] and slot["ticket"] == ticket else None

    def cycle(self):
        """What the PEs do with the slots as they are before this edge."""
        for pe, ticket in enumerate(self.turned):
            slot = self.shown(ticket)
            if slot is None:
                continue
            if self.due[pe] is None:
                self.due[pe] = self.bench.cycle + self.rng.randint(0, self.slowest)
            if self.bench.cycle >= self.due[pe]:
                self.log.append((pe, slot, self.bench.cycle))
                self.turned[pe] = (ticket + 1) % 4
                self.due[pe] = None
        self.dut.turned.value = sum(turned << (2 * pe) for pe, turned in enumerate(self.turned))

    async def run(self, until, limit=3000):
        for _ in range(limit):
            await self.bench.step()
            self.cycle()
            if until():
                return
        raise AssertionError("control does not go on")


def random_pass(rng):
    group = rng.randint(0, CONFIG.group_max.bit_length() - 1)
    most = CONFIG.ptr_depth // 8 << group if group else CONFIG.ptr_depth - 1
    split = int(CONFIG.is_wide and rng.random() < 0.3)
    return {
        "spmat_base": rng.randint(0, 20),
        "entry_base": rng.randint(0, 64),
        "ptr_base": 0,
        "shift": rng.randrange(32),
        "relu": rng.randrange(2),
        "src_sram": 0,
        "dst_sram": split,
        "columns": rng.randint(1, min(most, 16 * CONFIG.n_pe)),
        "src_base": rng.randrange(1 << 16),
        "dst_base": rng.randrange(CONFIG.act_depth) if split else rng.randrange(1 << 16),
        "bias_rows": rng.randint(0, 64),
        "drain_rows": rng.randint(0, CONFIG.n_pe if split else 64),
        "group": group,
        "split": split,
    }


async def load(dut, descriptors):
    """A program, not yet checked."""
    for name in INPUTS.split():
        getattr(dut, name).value = 0
    bench = await Bench.start(dut)
    dut.watchdog.value = 1_000_000
    for k, descriptor in enumerate(descriptors):
        await write(bench, k, descriptor)
    dut.passes.value = len(descriptors)
    return bench


async def write(bench, k, descriptor):
    dut = bench.dut
    for part in range(PASS_WORDS):
        dut.pass_write__address.value = PASS_WORDS * k + part
        dut.pass_write__data.value = pack(PASS, descriptor) >> (64 * part) & ((1 << 64) - 1)
        await pulse(bench, "pass_write__valid")


async def begin(dut, descriptors):
    bench = await load(dut, descriptors)
    await pulse(bench, "check")
    limit = len(descriptors) * CHECK_CYCLES + 4
    await bench.until(
        lambda: int(dut.checked.value) or int(dut.descriptor_error.value), limit, "check"
    )
    return bench


async def pulse(bench, name):
    getattr(bench.dut, name).value = 1
    await bench.step()
    getattr(bench.dut, name).value = 0


@cocotb.test()
@cocotb.parametrize(count=[1, 2, 9])
async def test_check_cycles(dut, count):
    """Of good descriptors; and with each in turn bad, when the check ends at that one."""
    rng = random.Random(count)
    descriptors = [random_pass(rng) for _ in range(count)]
    bench = await load(dut, descriptors)
    for bad in [None, *range(count), None]:
        if bad is not None:
            await write(bench, bad, {**descriptors[bad], "columns": 0})
        await pulse(bench, "check")
        last = CHECK_CYCLES * (count if bad is None else bad + 1)
        for cycle in range(1, last + 3):
            await bench.step()
            assert int(dut.checking.value) == (cycle <= last)
            assert int(dut.checked.value) == (cycle > last and bad is None)
            assert int(dut.descriptor_error.value) == (cycle == last and bad is not None)
        if bad is not None:
            await write(bench, bad, descriptors[bad])


@cocotb.test()
@cocotb.parametrize(count=[1, 2, 3, 9], slowest=[0, 3, 30])
async def test_passes_in_order(dut, count, slowest):
    """Every PE sees every pass once, in order, then the halt; twice, as tickets go on."""
    rng = random.Random(100 * count + slowest)
    descriptors = [random_pass(rng) for _ in range(count)]
    bench = await begin(dut, descriptors)
    assert int(dut.checked.value)
    await bench.step(CHECK_CYCLES)
    array = Array(bench, count, slowest)
    for _ in range(2):
        array.log.clear()
        await pulse(bench, "start")
        started = bench.cycle
        await array.run(lambda: int(dut.done.value))
        for pe in range(CONFIG.n_pe):
            seen = [slot for k, slot, _ in array.log if k == pe]
            assert [slot["halt"] for slot in seen] == [0] * count + [1]
            assert seen[-1]["descriptor"]["bias_rows"] == 0
            for slot, descriptor in zip(seen, descriptors, strict=False):
                found = {name: slot["descriptor"][name] for name, _ in PASS}
                assert found == unpack(PASS, pack(PASS, descriptor))
                assert slot["slots"] == CONFIG.slots(descriptor["columns"])
        first = min(cycle for *_, cycle in array.log)
        if slowest == 0:
            assert first == started + 2
        await bench.step()
        assert not int(dut.busy.value)
        last = max(cycle for *_, cycle in array.log)
        assert int(dut.cycles.value) == last - started + 2
        await check_pass_cycles(bench, array, count, started)
        await bench.step(CHECK_CYCLES)


async def check_pass_cycles(bench, array, count, started):
    """A pass has drained when the last PE has turned into the next one; seen one cycle later."""
    for number in range(count):
        bench.dut.pass_select.value = number
        await bench.step(CONFIG.sram_latency + 1)
        turns = [
            [cycle for k, _, cycle in array.log if k == pe][number + 1] for pe in range(CONFIG.n_pe)
        ]
        assert int(bench.dut.pass_cycles.value) == max(turns) - started + 1


@cocotb.test()
async def test_a_pass_waits_for_the_slowest(dut):
    """While one PE has not turned into pass k, pass k + 1 is not shown."""
    descriptors = [random_pass(random.Random(1)) for _ in range(3)]
    bench = await begin(dut, descriptors)
    await bench.step(CHECK_CYCLES)
    array = Array(bench, 1, 0)
    await pulse(bench, "start")
    for _ in range(4):
        await bench.step()
    array.turned = [1] * CONFIG.n_pe
    array.turned[-1] = 0
    dut.turned.value = sum(turned << (2 * pe) for pe, turned in enumerate(array.turned))
    for _ in range(30):
        await bench.step()
        assert array.shown(1) is None
    await array.run(lambda: int(dut.done.value))


@cocotb.test()
@cocotb.parametrize(what=["abort", "watchdog"])
async def test_stop(dut, what):
    descriptors = [random_pass(random.Random(2)) for _ in range(3)]
    bench = await begin(dut, descriptors)
    await bench.step(CHECK_CYCLES)
    await pulse(bench, "start")
    if what == "watchdog":
        dut.watchdog.value = 40
        await bench.until(lambda: int(dut.expired.value), 60, "expired")
        assert int(dut.flush.value)
    else:
        await bench.step(10)
        dut.abort.value = 1
        await bench.step()
        assert int(dut.flush.value) and not int(dut.expired.value)
        dut.abort.value = 0
    await bench.step(2)
    assert not int(dut.busy.value) and int(dut.checked.value)
    assert not int(dut.flush.value)
    dut.watchdog.value = 1_000_000
    await bench.step(CHECK_CYCLES)
    array = Array(bench, 2, 2)  # the flush has reset the PEs
    await pulse(bench, "start")
    await array.run(lambda: int(dut.done.value))
    assert len(array.log) == 4 * CONFIG.n_pe


@cocotb.test()
async def test_start_needs_a_check(dut):
    bench = await begin(dut, [random_pass(random.Random(3))])
    await pulse(bench, "invalidate")
    await pulse(bench, "start")
    await bench.step(3)
    assert not int(dut.busy.value) and not int(dut.checked.value)


@cocotb.test()
async def test_reset_in_mid_work(dut):
    bench = await begin(dut, [random_pass(random.Random(4)) for _ in range(2)])
    await bench.step(CHECK_CYCLES)
    await pulse(bench, "start")
    await bench.step(6)
    await bench.reset()
    assert not int(dut.busy.value) and not int(dut.checked.value)
    await pulse(bench, "check")
    await bench.until(lambda: int(dut.checked.value), 60, "check")
    await bench.step(CHECK_CYCLES)
    array = Array(bench, 3, 5)
    await pulse(bench, "start")
    await array.run(lambda: int(dut.done.value))
