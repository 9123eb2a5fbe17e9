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

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.simtime import get_sim_time
from cocotb.triggers import RisingEdge

from .payload import Codec
from .stalls import PROFILES, Stalls

__all__ = ["PROFILES", "Bench", "Received", "StreamDriver", "StreamMonitor"]

_PERIOD_NS = 10


@dataclass(frozen=True)
class Received:
    """An item that a stream carried, and the cycle at whose end it was transferred."""

    cycle: int
    item: Any


class _Pin:
    """A port that the component may lack (constant or without bits): then it reads as ``absent``
    and takes no writes."""

    def __init__(self, dut: Any, name: str, absent: int) -> None:
        self._handle = dut._get(name)
        self._absent = absent

    def __bool__(self) -> bool:
        return self._handle is not None

    def get(self) -> int:
        return self._absent if self._handle is None else int(self._handle.value)

    def set(self, value: int) -> None:
        if self._handle is not None:
            self._handle.value = value


class _Stream:
    def __init__(self, bench: Bench, name: str, shape: Any, stalls: str | float, seed: int) -> None:
        self.name = name
        self.bench = bench
        self.codec = Codec(shape)
        self.stalls = Stalls(stalls, f"{seed}/{name}")
        self._valid = _Pin(bench.dut, f"{name}__valid", 1)
        self._ready = _Pin(bench.dut, f"{name}__ready", 1)
        self._payload = _Pin(bench.dut, f"{name}__payload", 0)
        if not (self._valid or self._ready or self._payload):
            raise ValueError(f"the component has no stream {name!r}")

    def clear(self) -> None:
        raise NotImplementedError


class StreamDriver(_Stream):
    """
    Puts items into an input stream of the component; made by :meth:`Bench.drive`.

    Items go out in order, one a cycle at most; where the stall profile says so, a gap comes before
    an item. Once offered, an item stays until it is taken. ``sent`` notes each with its cycle.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._waiting: deque[Any] = deque()
        self._offered: list[Any] = []
        self.sent: list[Received] = []

    @property
    def idle(self) -> bool:
        """Whether every item has been taken."""
        return not self._waiting and not self._offered

    def put(self, *items: Any) -> None:
        """Queue items; the first can be offered in the next cycle."""
        self._waiting.extend(items)

    def clear(self) -> None:
        """Forget what has not been taken, and what was sent."""
        self._waiting.clear()
        self._offered.clear()
        self.sent.clear()
        self._valid.set(0)

    async def run(self) -> None:
        edge = self.bench.edge
        while True:
            await edge
            if self.bench.in_reset:
                continue
            if self._offered:
                if not self._ready.get():
                    continue
                self.sent.append(Received(self.bench.cycle, self._offered.pop()))
            if self._waiting and not self.stalls.stalled():
                item = self._waiting.popleft()
                self._offered.append(item)
                self._payload.set(self.codec.encode(item))
                self._valid.set(1)
            else:
                self._valid.set(0)


class StreamMonitor(_Stream):
    """
    Takes items from an output stream of the component; made by :meth:`Bench.watch`.

    It drives ``ready`` by the stall profile (unless made passive), notes every transfer in
    ``received`` and asserts the rules of a stream: an item that was offered and not taken is still
    offered, unchanged, in the next cycle.
    """

    def __init__(self, *arguments: Any, passive: bool = False) -> None:
        super().__init__(*arguments)
        self.passive = passive
        self.received: list[Received] = []
        self._held: int | None = None

    @property
    def items(self) -> list[Any]:
        """The items received, without their cycles."""
        return [each.item for each in self.received]

    @property
    def cycles(self) -> list[int]:
        """The cycle of each item received."""
        return [each.cycle for each in self.received]

    def clear(self) -> None:
        """Forget what was received."""
        self.received.clear()
        self._held = None
        if not self.passive:
            self._ready.set(0)

    async def run(self) -> None:
        edge = self.bench.edge
        while True:
            await edge
            if self.bench.in_reset:
                continue
            self._observe()
            if not self.passive:
                self._ready.set(int(not self.stalls.stalled()))

    def _observe(self) -> None:
        cycle = self.bench.cycle
        if not self._valid.get():
            assert self._held is None, f"{self.name}: valid fell before ready in cycle {cycle}"
            return
        payload = self._payload.get()
        assert self._held in (None, payload), (
            f"{self.name}: payload changed from {self.codec.decode(self._held or 0)} to "
            f"{self.codec.decode(payload)} while waiting, in cycle {cycle}"
        )
        self._held = payload
        if self._ready.get():
            self.received.append(Received(cycle, self.codec.decode(payload)))
            self._held = None


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
        self._reset = _Pin(dut, "rst", 0)

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

        limit = 1000 + 40 * total if timeout is None else timeout
        try:
            await self.until(complete, limit, "end of the streams")
            await self.step(idle)
        finally:
            for name, items in expected.items():
                _compare(name, self.monitors[name].items[before[name] :], list(items))


def _compare(name: str, received: list[Any], expected: list[Any]) -> None:
    for number, (got, want) in enumerate(zip(received, expected, strict=False)):
        assert got == want, f"{name}: item {number} is {got}, not {want}"
    assert len(received) == len(expected), (
        f"{name}: {len(received)} items came, not {len(expected)}; "
        f"extra: {received[len(expected) :][:4]}, missing: {expected[len(received) :][:4]}"
    )
