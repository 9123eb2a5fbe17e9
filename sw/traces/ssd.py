"""
A model of an SSD: channels that serve one operation at a time, a write buffer, garbage collection.

It is small enough to state whole, and has what makes latencies hard to foretell: reads wait behind
programs of their channel that the host never sees, writes are fast until the buffer is full, and
once in a while the device is busy with itself.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields

__all__ = ["Ssd", "SsdConfig"]


@dataclass(frozen=True)
class SsdConfig:
    """
    Parameters of the model. Times are microseconds.

    Parameters
    ----------
    channels : int
        Each has one operation at a time, in the order of arrival.
    page : int
        Bytes that an operation reads or programs. Page p is on channel p mod ``channels``.
    controller_us : float
        Added to every I/O.
    read_us, program_us : float
        What a page takes on its channel, transfer included.
    buffer_pages : int
        Pages written that are not yet programmed. A write is done once its pages are in the buffer;
        they are programmed in the order of their coming, on the channel that has least to do.
    pool_pages : int
        Pages that can be programmed from one garbage collection to the next.
    collect_steps : int
        Pages that each channel moves in a collection: a read and a program each, in idle time, but
        at least one behind every program.
    """

    channels: int = 16
    page: int = 4096
    controller_us: float = 10.0
    read_us: float = 40.0
    program_us: float = 60.0
    buffer_pages: int = 512
    pool_pages: int = 2048
    collect_steps: int = 16

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not value > 0:
                raise ValueError(f"{each.name} must be positive, not {value}")

    @property
    def collect_us(self) -> float:
        """What it takes a channel to move a page."""
        return self.read_us + self.program_us


class Ssd:
    """
    A device, which tells the latency of an I/O when it is submitted: what comes later never
    overtakes on a channel. I/Os must be submitted in the order of time.

    Superblocks span all channels, so that a collection occupies all of them together, each for
    ``collect_steps`` moves.

    Parameters
    ----------
    config : SsdConfig
    """

    def __init__(self, config: SsdConfig) -> None:
        self.config = config
        self._free_at = [0.0] * config.channels
        self._moves = [0] * config.channels
        self._buffered: deque[float] = deque()  # when each page in the buffer is programmed
        self._pool = config.pool_pages
        self._now = 0.0
        self.collections = 0

    def submit(self, now: float, is_read: bool, size: int, offset: int) -> float:
        """Latency in microseconds of an I/O submitted at ``now``, microseconds."""
        if now < self._now:
            raise ValueError(f"an I/O at {now} us came after one at {self._now} us")
        self._now = now
        config = self.config
        first = offset // config.page
        pages = range(first, (offset + size - 1) // config.page + 1)
        if is_read:
            done = max(self._read(now, page % config.channels) for page in pages)
        else:
            done = max(self._write(now) for _ in pages)
        return config.controller_us + done - now

    def would_take(self, now: float, size: int, offset: int) -> float:
        """Latency in microseconds of a read if it were submitted at ``now``; nothing changes."""
        config = self.config
        pages = range(offset // config.page, (offset + size - 1) // config.page + 1)
        free: dict[int, float] = {}
        for page in pages:
            channel = page % config.channels
            if channel not in free:
                free[channel] = max(now, self._collected(now, channel)[0])
            free[channel] += config.read_us
        return config.controller_us + max(free.values()) - now

    def _read(self, now: float, channel: int) -> float:
        self._collect(now, channel)
        done = max(now, self._free_at[channel]) + self.config.read_us
        self._free_at[channel] = done
        return done

    def _write(self, now: float) -> float:
        """When a page is in the buffer."""
        while self._buffered and self._buffered[0] <= now:
            self._buffered.popleft()
        wait = len(self._buffered) - self.config.buffer_pages
        enters = self._buffered[wait] if wait >= 0 else now
        channel = min(range(self.config.channels), key=self._free_at.__getitem__)
        self._collect(now, channel)
        done = max(enters, self._free_at[channel]) + self.config.program_us
        if self._moves[channel]:
            self._moves[channel] -= 1
            self._free_at[channel] = done + self.config.collect_us
        else:
            self._free_at[channel] = done
        # Programs of different channels can end in another order than they came.
        self._buffered.append(max(done, self._buffered[-1] if self._buffered else 0.0))
        self._pool -= 1
        if self._pool == 0:
            self._pool = self.config.pool_pages
            for each in range(self.config.channels):
                self._collect(now, each)
                self._free_at[each] = max(now, self._free_at[each])  # no move before the collection
                self._moves[each] += self.config.collect_steps
            self.collections += 1
        return enters

    def _collect(self, now: float, channel: int) -> None:
        self._free_at[channel], self._moves[channel] = self._collected(now, channel)

    def _collected(self, now: float, channel: int) -> tuple[float, int]:
        """When the channel is free, and moves left to it, with those that it began in its idle time
        before ``now``."""
        free_at, moves = self._free_at[channel], self._moves[channel]
        while moves and free_at < now:
            free_at += self.config.collect_us
            moves -= 1
        return free_at, moves
