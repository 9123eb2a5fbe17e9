"""Driving and watching Amaranth streams from cocotb: seeded stalls, protocol checks, cycle stamps.

A bench reads as::

    @cocotb.test()
    @cocotb.parametrize(stalls=PROFILES)
    async def test_order(dut, stalls):
        bench = await Bench.start(dut)
        bench.drive("i", 8, stalls=stalls)
        bench.watch("o", 8, stalls=stalls)
        await bench.check({"i": [1, 2, 3]}, {"o": [1, 2, 3]})
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.simtime import get_sim_time
from cocotb.triggers import RisingEdge

from .ports import Pin, Received, StreamDriver, StreamMonitor
from .stalls import PROFILES

__all__ = ["PROFILES", "Bench", "Received", "StreamDriver", "StreamMonitor"]

_PERIOD_NS = 10


class Bench:
    """
    Clock, reset and streams of a component under test; made by :meth:`start`.

    ``cycle`` counts clock cycles from the end of the last reset, 0 being the first; code that runs
    after a rising edge is in the cycle which that edge ended, and sees the values before the edge.
    """

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.edge = RisingEdge(dut.clk)
        self.in_reset = True
        self.drivers: dict[str, StreamDriver] = {}
        self.monitors: dict[str, StreamMonitor] = {}
        self._first_edge = 0
        self._reset = Pin(dut, "rst", 0)

    @classmethod
    async def start(cls, dut: Any, *, reset_cycles: int = 2) -> Bench:
        """Start the clock and reset the component."""
        bench = cls(dut)
        Clock(dut.clk, _PERIOD_NS, unit="ns").start()
        await bench.reset(reset_cycles)
        return bench

    @property
    def cycle(self) -> int:
        """Number of the cycle that the last rising edge ended."""
        return round(get_sim_time("ns")) // _PERIOD_NS - self._first_edge

    def drive(
        self, name: str, shape: Any = None, *, stalls: str | float = "never", seed: int = 0
    ) -> StreamDriver:
        """A driver for the input stream ``name`` (such as ``"i"``), whose payload has ``shape``:
        anything that :class:`sim.payload.Codec` takes. ``stalls`` is a profile or a probability."""
        driver = self.drivers[name] = StreamDriver(self, name, shape, stalls, seed)
        cocotb.start_soon(driver.run())
        return driver

    def watch(
        self,
        name: str,
        shape: Any = None,
        *,
        stalls: str | float = "never",
        seed: int = 0,
        passive: bool = False,
    ) -> StreamMonitor:
        """A monitor for the output stream ``name``; if ``passive``, ``ready`` is not driven, which
        also suits a look at an input stream."""
        monitor = StreamMonitor(self, name, shape, stalls, seed, passive=passive)
        self.monitors[name] = monitor
        cocotb.start_soon(monitor.run())
        return monitor

    async def reset(self, cycles: int = 2) -> None:
        """Hold reset for some cycles. Drivers and monitors forget what they have."""
        self.in_reset = True
        self._reset.set(1)
        self._clear()
        for _ in range(cycles):
            await self.edge
        self._reset.set(0)
        self._first_edge += self.cycle + 1
        self._clear()
        self.in_reset = False

    def _clear(self) -> None:
        for stream in (*self.drivers.values(), *self.monitors.values()):
            stream.clear()

    async def step(self, cycles: int = 1) -> None:
        """Wait for some rising edges."""
        for _ in range(cycles):
            await self.edge

    async def until(self, condition: Any, timeout: int, what: str) -> None:
        """Wait until ``condition()`` holds, checked in every cycle; an assertion that names
        ``what`` after ``timeout`` cycles."""
        for _ in range(timeout):
            if condition():
                return
            await self.edge
        assert condition(), f"no {what} within {timeout} cycles"

    async def check(
        self,
        sent: Mapping[str, Iterable[Any]],
        expected: Mapping[str, Sequence[Any]],
        *,
        timeout: int | None = None,
        idle: int = 16,
    ) -> None:
        """
        Send items on driven streams and assert that watched streams carry just what is expected.

        Counts from where the monitors are: what they received earlier is left out. ``timeout``
        (by default ample for the stalls and one item a cycle) bounds the wait for the last item;
        ``idle`` cycles later nothing more may have come.
        """
        before = {name: len(self.monitors[name].received) for name in expected}
        total = 0
        for name, items in sent.items():
            queued = list(items)
            total += len(queued)
            self.drivers[name].put(*queued)
        total += sum(map(len, expected.values()))

        def complete() -> bool:
            return all(driver.idle for driver in map(self.drivers.get, sent) if driver) and all(
                len(self.monitors[name].received) >= before[name] + len(items)
                for name, items in expected.items()
            )

        def compare() -> None:
            for name, items in expected.items():
                _compare(name, self.monitors[name].items[before[name] :], list(items))

        limit = 1000 + 40 * total if timeout is None else timeout
        try:
            await self.until(complete, limit, "end of the streams")
            await self.step(idle)
        except AssertionError:
            compare()  # which item is missing says more than a timeout
            raise
        compare()


def _compare(name: str, received: list[Any], expected: list[Any]) -> None:
    for number, (got, want) in enumerate(zip(received, expected, strict=False)):
        assert got == want, f"{name}: item {number} is {got}, not {want}"
    assert len(received) == len(expected), (
        f"{name}: {len(received)} items came, not {len(expected)}; "
        f"extra: {received[len(expected) :][:4]}, missing: {expected[len(received) :][:4]}"
    )
