"""cocotb tests of the broadcast, in step with a model of it and of the queues that it fills;
started by test_broadcast.py."""

import random
from collections import deque

import cocotb
from amaranth.lib import data

from hw.eie.broadcast import BROADCAST_FLIGHT, RELAY_PES, room_layout
from hw.eie.config import EieConfig
from hw.eie.tokens import token_layout
from sim.payload import Codec
from sim.runner import bench_parameters
from sim.stalls import Stalls
from sim.streams import PROFILES, Bench
from tests.hw.lockstep import Lockstep

CONFIGS = [EieConfig(**fields) for fields in bench_parameters()["configs"]]
DEPTHS = bench_parameters()["depths"]
NUMBERS = range(len(CONFIGS))
NEVER = "blocked"
"""Consumer that takes nothing until it is told to."""


class Pe:
    """A queue that stalls broadcasts from ``depth`` on, and its consumer: takes one activation in
    a cycle at most, none in the cycle in which it came."""

    def __init__(self, depth, profile, seed):
        self.depth = depth
        self.blocked = profile == NEVER
        self.stalls = Stalls("never" if self.blocked else profile, seed)
        self.forget()

    def forget(self):
        self.queue = deque()
        self.taken = []
        self.cycles = []
        self.most = 0

    @property
    def free(self):
        """Places, in all."""
        return self.depth + BROADCAST_FLIGHT - len(self.queue)

    def check(self, cycle, came):
        """A cycle, in which the broadcast brings the payload ``came``, or None."""
        takes = not self.stalls.stalled() and not self.blocked and self.queue
        if takes:
            self.taken.append(self.queue.popleft())
            self.cycles.append(cycle)
        if came is not None:
            self.queue.append(came)
        self.most = max(self.most, len(self.queue))
        assert self.free >= 0, f"overflow of a queue of {self.depth} and {BROADCAST_FLIGHT}"


class BroadcastModel(Lockstep):
    """
    What was sent in the last two cycles is on its way: to the queues, or in what they report. An
    activation leaves when all queues had room for it, and for those, in the cycle before.
    """

    def __init__(self, bench, number, depth, profile):
        self.config = CONFIGS[number]
        self.equip(depth, profile)
        unit = f"unit_{number}"
        dut = bench.dut
        self.rooms = Codec(data.ArrayLayout(room_layout(), self.config.n_pe))
        self.room = getattr(dut, f"{unit}__room")
        self.outputs = [
            (getattr(dut, f"{unit}__o__{k}__valid"), getattr(dut, f"{unit}__o__{k}__payload"))
            for k in range(self.config.n_pe)
        ]
        super().__init__(bench, unit)

    def equip(self, depth, profile):
        """Other PEs, from a reset on: ``depth`` and ``profile`` are one for all, or a list."""
        n_pe = self.config.n_pe
        depths = depth if isinstance(depth, list) else [depth] * n_pe
        profiles = profile if isinstance(profile, list) else [profile] * n_pe
        self.pes = [Pe(depths[k], profiles[k], f"{n_pe}/{k}") for k in range(n_pe)]

    def forget(self):
        self.sent = deque([None] * BROADCAST_FLIGHT, maxlen=BROADCAST_FLIGHT)
        self.reported = 0
        for pe in self.pes:
            pe.forget()
        self.report()

    def report(self):
        """What the queues report in the next cycle."""
        bits = [[int(k < pe.free) for k in range(BROADCAST_FLIGHT + 1)] for pe in self.pes]
        self.room.value = self.rooms.encode(bits)

    def check(self):
        arriving = self.sent[-1]
        for valid, payload in self.outputs:
            assert int(valid.value) == (arriving is not None), f"cycle {self.bench.cycle}"
            if arriving is not None:
                assert int(payload.value) == arriving
        under_way = sum(each is not None for each in self.sent)
        ready = under_way < self.reported
        self.expect("i__ready", ready)
        taken = ready and self.pin("i__valid")
        self.sent.append(self.pin("i__payload") if taken else None)
        self.reported = min(BROADCAST_FLIGHT + 1, *(pe.free for pe in self.pes))
        for pe in self.pes:
            pe.check(self.bench.cycle, arriving)
        self.report()


def tokens(config, count, seed=0):
    rng = random.Random(seed)
    bits = token_layout(config).size
    return [0, (1 << bits) - 1, *(rng.getrandbits(bits) for _ in range(count - 2))]


async def start(dut, number, depth=8, profile="never", stalls="never"):
    bench = await Bench.start(dut)
    model = BroadcastModel(bench, number, depth, profile)
    source = bench.drive(f"unit_{number}__i", token_layout(CONFIGS[number]).size, stalls=stalls)
    return bench, model, source


async def complete(bench, model, source, sent):
    """All of ``sent`` goes through all queues, in order."""
    before = [len(pe.taken) + len(pe.queue) for pe in model.pes]
    source.put(*sent)
    await bench.until(
        lambda: source.idle and all(not pe.queue for pe in model.pes), 60 * len(sent) + 200, "end"
    )
    await bench.step(BROADCAST_FLIGHT + 1)
    await bench.until(lambda: all(not pe.queue for pe in model.pes), 200, "end of the queues")
    for pe, first in zip(model.pes, before, strict=True):
        assert pe.taken[first:] == sent


def cycles(source):
    return [each.cycle for each in source.sent]


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, depth=DEPTHS, source=PROFILES)
async def test_random(dut, number, depth, source):
    """Consumers of all kinds, slow ones and fast ones."""
    rng = random.Random(f"{number}/{depth}/{source}")
    profiles = [rng.choice(PROFILES) for _ in range(CONFIGS[number].n_pe)]
    bench, model, driver = await start(dut, number, depth, profiles, source)
    await complete(bench, model, driver, tokens(model.config, 60))


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, profile=PROFILES)
async def test_one_of_another_kind(dut, number, profile):
    """All PEs keep up but one, whose queue is of another depth too, wherever it is."""
    n_pe = CONFIGS[number].n_pe
    bench, model, driver = await start(dut, number)
    for other in sorted({0, n_pe // 2, n_pe - 1}):
        depths = [1 if k == other else 4 for k in range(n_pe)]
        profiles = [profile if k == other else "never" for k in range(n_pe)]
        model.equip(depths, profiles)
        await bench.reset()
        await complete(bench, model, driver, tokens(model.config, 40, seed=other))


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, depth=[depth for depth in DEPTHS if depth > 1])
async def test_throughput(dut, number, depth):
    """One activation a cycle while PEs keep up, from a queue depth of two on; a cycle to the
    queues (as the model has it)."""
    bench, model, source = await start(dut, number, depth)
    await complete(bench, model, source, tokens(model.config, 50))
    first = source.sent[0].cycle
    assert cycles(source) == list(range(first, first + 50))
    assert {pe.most for pe in model.pes} == {1}


@cocotb.test()
@cocotb.parametrize(number=NUMBERS)
async def test_throughput_of_depth_one(dut, number):
    """Three activations in four cycles: what is on its way nearly fills the queue."""
    bench, model, source = await start(dut, number, 1)
    await complete(bench, model, source, tokens(model.config, 40))
    taken = cycles(source)
    assert all(taken[k + 3] == taken[k] + 4 for k in range(37))


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, depth=DEPTHS)
async def test_whole_depth(dut, number, depth):
    """
    While one PE takes nothing, its queue fills up, and no other does. When it goes on, the next
    activation leaves two cycles after it has taken one, and then one a cycle, where the queue
    covers the way there and back.
    """
    n_pe = CONFIGS[number].n_pe
    bench, model, source = await start(dut, number, depth)
    whole = depth + BROADCAST_FLIGHT
    for slow in sorted({*range(0, n_pe, 1 if n_pe <= RELAY_PES else 5), n_pe - 1}):
        model.equip(depth, [NEVER if k == slow else "never" for k in range(n_pe)])
        await bench.reset()
        blocked, others = model.pes[slow], model.pes[:slow] + model.pes[slow + 1 :]
        sent = tokens(model.config, whole + 12, seed=slow)
        source.put(*sent)
        await bench.step(whole + 12)
        assert list(blocked.queue) == sent[:whole]
        assert all(pe.taken == sent[:whole] for pe in others)
        blocked.blocked = False
        await bench.step(30)
        after = cycles(source)[whole:]
        assert len(after) == 12 and after[0] == blocked.cycles[0] + 2
        if depth > 1:
            assert after == list(range(after[0], after[0] + 12))
        assert all(pe.taken == sent for pe in model.pes)


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, depth=DEPTHS)
async def test_one_at_a_time(dut, number, depth):
    """Room for an activation is room for it in all PEs: in that which takes one last."""
    bench, model, source = await start(dut, number, depth, NEVER)
    whole = depth + BROADCAST_FLIGHT
    source.put(*tokens(model.config, whole + 4))
    await bench.step(whole + 12)
    for k in range(4):
        for pe in model.pes:
            assert len(source.sent) == whole + k
            pe.blocked = False
            await bench.until(lambda pe=pe, k=k: len(pe.taken) > k, 3, "taking")
            pe.blocked = True
            assert len(pe.taken) == k + 1
        await bench.step(8)
        assert {len(pe.queue) for pe in model.pes} == {whole}


@cocotb.test()
@cocotb.parametrize(number=NUMBERS, profile=["never", "heavy"])
async def test_reset_in_mid_work(dut, number, profile):
    """A reset, or a flush, forgets what is on its way; the queues are empty then, and nothing is
    sent before they have said so."""
    bench, model, source = await start(dut, number, 3, profile)
    for cut in range(1, 12):
        model.pes[0].blocked = True
        source.put(*tokens(model.config, 20, seed=cut))
        await bench.step(cut)
        await bench.reset()
        model.pes[0].blocked = False
        assert not any(int(valid.value) for valid, _ in model.outputs)
        await complete(bench, model, source, tokens(model.config, 10, seed=cut + 1))
        await bench.reset()
