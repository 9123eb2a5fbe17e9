"""cocotb tests of the line buffer; started by test_window.py."""

import cocotb
import numpy as np

from hw.cnn.config import Number
from hw.cnn.streams import beat
from hw.cnn.window import tap_layout
from sim.streams import PROFILES, Bench
from tests.hw.cnn.convs import SHORT, STALLS, WINDOWS, images, items, schedule, taps, windows

CONFIGS = {**WINDOWS, **SHORT}


class Buffer:
    """The line buffer of a name, with its streams."""

    @classmethod
    async def start(cls, dut, name, *, source="never", sink="never"):
        """The output is not ready where ``sink`` is None."""
        self = cls()
        self.config = c = CONFIGS[name]
        self.rng = np.random.default_rng(list(name.encode()))
        self.bench = await Bench.start(dut)
        self.source = self.bench.drive(f"{name}__i", beat(Number.U8, c.simd), stalls=source)
        self.valid = getattr(dut, f"{name}__o__valid")
        if sink is None:
            getattr(dut, f"{name}__o__ready").value = 0
        else:
            self.sink = self.bench.watch(f"{name}__o", tap_layout(c), stalls=sink)
        return self

    @property
    def taken(self):
        return [each.cycle for each in self.source.sent]

    async def check(self, frames):
        """Frames at random go through."""
        some = images(self.config, frames, self.rng)
        sent = {self.source.name: items(some, self.config.simd)}
        await self.bench.check(sent, {self.sink.name: taps(self.config, some)})

    def interval(self):
        """Cycles between the ends of the last two frames."""
        taps = self.config.out_height * self.config.out_width * self.length
        return self.sink.cycles[-1] - self.sink.cycles[-1 - taps]

    @property
    def length(self):
        """Taps of an output pixel."""
        return self.config.folds * self.config.dot_beats


@cocotb.test()
@cocotb.parametrize(("name", list(CONFIGS)), (("source", "sink"), STALLS))
async def test_taps(dut, name, source, sink):
    await (await Buffer.start(dut, name, source=source, sink=sink)).check(4)


@cocotb.test()
@cocotb.parametrize(name=list(WINDOWS), source=PROFILES)
async def test_latency(dut, name, source):
    """A window's first tap comes two cycles after the last beat of its last pixel was taken, unless
    the window before is not done; its others in the cycles that follow; and the last rows without
    further pixels."""
    buffer = await Buffer.start(dut, name, source=source)
    await buffer.check(3)
    starts = schedule(buffer.config, buffer.taken)
    assert buffer.sink.cycles == [start + k for start in starts for k in range(buffer.length)]


@cocotb.test()
@cocotb.parametrize(name=list(WINDOWS))
async def test_throughput(dut, name):
    """A tap a cycle, from frame to frame too."""
    buffer = await Buffer.start(dut, name)
    await buffer.check(4)
    first, count = buffer.sink.cycles[0], len(buffer.sink.cycles)
    assert buffer.sink.cycles == list(range(first, first + count))
    assert buffer.interval() == buffer.config.cycles


@cocotb.test()
@cocotb.parametrize(name=list(CONFIGS))
async def test_room(dut, name):
    """A beat a cycle is taken, as soon as the window that needs its pixel's place last is done."""
    buffer = await Buffer.start(dut, name)
    c = buffer.config
    await buffer.check(3)
    pixels = c.height * c.width
    # When each window gives its last tap, its pixels up to the next one's corner are free.
    ends = buffer.sink.cycles[buffer.length - 1 :: buffer.length]
    corners = [frame * pixels + first for frame in range(4) for first, _ in windows(c)]
    expected, window = [], 0
    for number in range(3 * pixels * c.groups):
        while number // c.groups - corners[window] >= c.ring_pixels:
            window += 1
        free = ends[window - 1] if window else 0
        expected.append(max(free, expected[-1] + 1 if expected else buffer.taken[0]))
    assert buffer.taken == expected


@cocotb.test()
@cocotb.parametrize(name=list(SHORT))
async def test_ring_is_minimal(dut, name):
    """With a pixel less, frames come more slowly."""
    buffer = await Buffer.start(dut, name)
    await buffer.check(4)
    assert buffer.interval() > buffer.config.cycles


@cocotb.test()
@cocotb.parametrize(name=list(WINDOWS))
async def test_blocked(dut, name):
    """Without a taker the ring fills, and no more is taken."""
    buffer = await Buffer.start(dut, name, sink=None)
    c = buffer.config
    buffer.source.put(*items(images(c, 9, buffer.rng), c.simd))
    await buffer.bench.step(9 * c.height * c.width * c.groups)
    before_middle = c.width + 1 if c.kernel == 3 else 0
    # The tap on the output has been read: of an only one, the pixel is done.
    pixels = c.ring_pixels - before_middle + (buffer.length == 1)
    assert len(buffer.taken) == pixels * c.groups


@cocotb.test()
@cocotb.parametrize(name=list(WINDOWS))
async def test_reset_in_mid_frame(dut, name):
    buffer = await Buffer.start(dut, name, source="light", sink="light")
    c = buffer.config
    for cut in range(1, 60, 4):
        buffer.source.put(*items(images(c, 3, buffer.rng), c.simd))
        await buffer.bench.step(cut)
        await buffer.bench.reset()
        assert not int(buffer.valid.value)
        await buffer.check(2)
        await buffer.bench.reset()
