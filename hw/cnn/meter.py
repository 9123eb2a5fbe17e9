"""What a running network does: counters of frames, cycles and stalls, and of each unit's work."""

from __future__ import annotations

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..bus.axi import DATA_BITS

__all__ = ["FRAMES_IN_FLIGHT", "Measures", "Meter"]

FRAMES_IN_FLIGHT = 16
"""Images on their way up to which a latency is exact."""

_UNIT_COUNTERS = ("busy", "starved", "blocked")


class Measures(wiring.Signature):
    """
    Counters, as the host reads them; see :class:`hw.cnn.format.Register`.

    Members
    -------
    frames_in, frames_out, interval, latency, cycles, stalls_in, stalls_out : ``Out(32)``
    unit_select : ``In(8)``
    unit_busy, unit_starved, unit_blocked : ``Out(32)``
        Of the unit selected, which they follow by a cycle.
    """

    def __init__(self) -> None:
        names = ("frames_in", "frames_out", "interval", "latency", "cycles", "stalls_in")
        names += ("stalls_out", *(f"unit_{name}" for name in _UNIT_COUNTERS))
        super().__init__({name: Out(DATA_BITS) for name in names} | {"unit_select": In(8)})


class Meter(wiring.Component):
    """
    Counts while ``running``; cleared by ``clear``, before or during a run. All counters wrap.

    The interval is from the last word of a result to that of the next one. The latency of a
    finished image is from the cycle in which its first word came to that in which the last word of
    its result went. Each image has a place for the cycle of its first word until the
    :data:`FRAMES_IN_FLIGHT`-th image after it: with more on their way a latency comes out too
    short, and later ones are right again. Of images that are on their way at a ``clear`` latencies
    are meaningless.

    Parameters
    ----------
    units : :class:`int`

    Members
    -------
    clear, running : ``In(1)``
    first_in, last_in, last_out : ``In(1)``
        First and last word of an image, last word of a result.
    stalls_in, stalls_out : ``In(1)``
    busy, starved, blocked : ``In(units)``
    measures : ``Out(Measures())``
    """

    def __init__(self, units: int):
        self.units = units
        flags = ("clear", "running", "first_in", "last_in", "last_out", "stalls_in", "stalls_out")
        super().__init__(
            {
                **{name: In(1) for name in flags},
                **{name: In(units) for name in _UNIT_COUNTERS},
                "measures": Out(Measures()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        o = self.measures
        m.submodules.stamps = stamps = Memory(shape=DATA_BITS, depth=FRAMES_IN_FLIGHT, init=[])
        write, read = stamps.write_port(), stamps.read_port()
        begun, ended = Signal(range(FRAMES_IN_FLIGHT)), Signal(range(FRAMES_IN_FLIGHT))
        finished = Signal(DATA_BITS)
        m.d.comb += [
            write.addr.eq(begun),
            write.data.eq(o.cycles),
            write.en.eq(self.first_in),
            read.addr.eq(ended),
            read.en.eq(1),
        ]
        counters = [
            (o.frames_in, self.last_in),
            (o.frames_out, self.last_out),
            (o.cycles, 1),
            (o.stalls_in, self.stalls_in),
            (o.stalls_out, self.stalls_out),
        ]
        for name in _UNIT_COUNTERS:
            counts = [Signal(DATA_BITS, name=f"{name}_{k}") for k in range(self.units)]
            counters += zip(counts, getattr(self, name), strict=True)
            m.d.sync += getattr(o, f"unit_{name}").eq(Array(counts)[o.unit_select])

        with m.If(~self.running):
            m.d.sync += [begun.eq(0), ended.eq(0)]
        with m.Else():
            m.d.sync += [begun.eq(begun + self.first_in), ended.eq(ended + self.last_out)]
        with m.If(self.clear):
            m.d.sync += [counter.eq(0) for counter, _ in counters]
            m.d.sync += [o.interval.eq(0), o.latency.eq(0)]
        with m.Elif(self.running):
            m.d.sync += [counter.eq(counter + event) for counter, event in counters]
            with m.If(self.last_out):
                m.d.sync += [finished.eq(o.cycles), o.latency.eq(o.cycles - read.data)]
                with m.If(o.frames_out != 0):
                    m.d.sync += o.interval.eq(o.cycles - finished)
        return m
