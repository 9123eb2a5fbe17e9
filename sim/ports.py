"""One stream of a component under cocotb: a driver for its inputs, a monitor for its outputs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .payload import Codec
from .stalls import Stalls

if TYPE_CHECKING:
    from .streams import Bench

__all__ = ["Pin", "Received", "StreamDriver", "StreamMonitor"]


@dataclass(frozen=True)
class Received:
    """An item that a stream carried, and the cycle at whose end it was transferred."""

    cycle: int
    item: Any


class Pin:
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
        self._valid = Pin(bench.dut, f"{name}__valid", 1)
        self._ready = Pin(bench.dut, f"{name}__ready", 1)
        self._payload = Pin(bench.dut, f"{name}__payload", 0)
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
        self.clear()  # an earlier test may have left valid high

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
        self.clear()

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
