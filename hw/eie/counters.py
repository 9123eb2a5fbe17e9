"""Performance counters of a processing element."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..pipeline import delay
from .format import Counter

__all__ = ["PerformanceCounters", "count_events"]

WIDTH = 32
EVENT_BITS = 4


class PerformanceCounters(wiring.Component):
    """
    One 32-bit counter for each :class:`~hw.eie.format.Counter`; wraps. What is above the width of
    an event moves only at a carry.

    Members
    -------
    events : ``In(ArrayLayout(4, len(Counter)))``
        What is added to each counter in this cycle.
    clear : ``In(1)``
        All counters are 0 in the next cycle, whatever happens in this one.
    select : ``In(8)``
    value : ``Out(32)``
        The selected counter, 0 where there is none, in the same cycle.
    """

    def __init__(self):
        super().__init__(
            {
                "events": In(data.ArrayLayout(EVENT_BITS, len(Counter))),
                "clear": In(1),
                "select": In(8),
                "value": Out(WIDTH),
            }
        )

    def elaborate(self, platform):
        m = Module()
        for counter in Counter:
            count = Signal(WIDTH, name=f"count_{counter.name.lower()}")
            low, high = count[:EVENT_BITS], count[EVENT_BITS:]
            following = low + self.events[counter]
            with m.If(self.clear):
                m.d.sync += count.eq(0)
            with m.Elif(self.events[counter] != 0):
                m.d.sync += low.eq(following)
                with m.If(following[EVENT_BITS]):
                    m.d.sync += high.eq(high + 1)
            with m.If(self.select == counter):
                m.d.comb += self.value.eq(count)
        return m


def count_events(m, events, *, clear, read, select, latency):
    """Gives ``m`` performance counters, to which ``events`` (by :class:`Counter`) are added a
    cycle after it. Returns what the counter that ``select`` named ``latency`` cycles ago was then,
    if ``read`` was high."""
    m.submodules.counters = counters = PerformanceCounters()
    m.d.comb += [counters.clear.eq(clear), counters.select.eq(select)]
    m.d.sync += [counters.events[counter].eq(event) for counter, event in events.items()]
    return delay(m, read, counters.value, latency, "count")[1]
