"""A Verilated top in this process: registers and streams at C speed, every call bounded."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from amaranth.lib import wiring
from numpy.typing import ArrayLike, NDArray

from hw.emit import Emitted

from .build import Model, library_model
from .library import HarnessError, Protocol, Result, load_library

__all__ = ["Flow", "HarnessError", "Protocol", "Received", "Result", "VerilatedTop"]

_LOOK = 0.2
"""Seconds between two looks at a model that runs."""
LIMIT = 4_000_000
"""Cycles after which a wait gives up, by default."""


@dataclass(frozen=True)
class Received:
    """Words from the output stream, uint64 (n,); whether TLAST ended them; TKEEP of the last."""

    words: NDArray[np.uint64]
    ended: bool
    keep: int


@dataclass(frozen=True)
class Flow:
    """
    What came of frames that flowed through.

    Parameters
    ----------
    results : uint64 (n, words)
    starts, ends : int64 (n,)
        Cycles in which each frame's first word was taken, and the last of its result.
    """

    results: NDArray[np.uint64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


class VerilatedTop:
    """
    A top with AXI4-Lite ``s_axil``, AXI4-Streams ``s_axis`` and ``m_axis``, and ``irq``.

    It starts reset. Waits give up after ``limit`` cycles (that of :meth:`send` grows with the
    words) and raise :class:`HarnessError`, which leaves the model usable, if need be after
    :meth:`reset`. Used as a context manager it is closed at the end, which completes the waves.

    ``simulated`` counts the cycles of all streams, waits and inferences so far, ``cpu_seconds`` the
    CPU time of this process that they took.

    Parameters
    ----------
    component : wiring.Component, Emitted or Model
        Verilated unless the cache has it, or as a model that it is.
    trace : Path, optional
        FST file for waves, from the start on unless :meth:`record` says otherwise.
    limit : int
    label : str, optional
        What to call it while it is built.
    """

    _handle: int | None = None

    def __init__(
        self,
        component: wiring.Component | Emitted | Model,
        *,
        trace: str | Path | None = None,
        limit: int = LIMIT,
        label: str | None = None,
    ) -> None:
        self.limit = limit
        self.cpu_seconds = 0.0
        self.simulated = 0
        if not isinstance(component, Model):
            component = library_model(component, trace=trace is not None, label=label)
        self.model = component
        self._call = load_library(self.model.file)
        if trace is not None:
            Path(trace).absolute().parent.mkdir(parents=True, exist_ok=True)
        self._handle = self._call["create"](None if trace is None else str(trace).encode())
        if not self._handle:
            raise RuntimeError("the model could not be created")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Destroy the model; closing again does nothing."""
        if self._handle:
            self._call["destroy"](self._handle)
            self._handle = None

    def _run(self, name: str, *arguments: Any) -> Any:
        if not self._handle:
            raise RuntimeError("the model is closed")
        return self._call[name](self._handle, *arguments)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        cycles, started = self.cycle, time.process_time()
        try:
            yield
        finally:
            self.cpu_seconds += time.process_time() - started
            self.simulated += self.cycle - cycles

    @property
    def cycle(self) -> int:
        """Clock cycles since the model was made."""
        return int(self._run("cycles"))

    @property
    def irq(self) -> bool:
        """Level of ``irq``."""
        return bool(self._run("irq"))

    @property
    def speed(self) -> float:
        """``simulated`` per ``cpu_seconds``; 0 before the first cycle."""
        return self.simulated / self.cpu_seconds if self.cpu_seconds else 0.0

    def stall(self, seed: int, sending: float = 0.0, receiving: float = 0.0) -> None:
        """From now on hold back words on ``s_axis`` and ``ready`` on ``m_axis`` at random, with
        these probabilities (below 1), reproducibly by ``seed``."""
        for share in (sending, receiving):
            if not 0 <= share < 1:
                raise ValueError(f"stall probability must be from 0 to below 1, not {share}")
        self._run("stalls", seed, int(sending * 2**32), int(receiving * 2**32))

    def record(self, on: bool) -> None:
        """Switch the recording of waves on or off."""
        self._run("trace", on)

    def reset(self, cycles: int = 4) -> None:
        """Hold ``rst`` for some cycles; words under way are lost."""
        self._run("reset", cycles)

    def step(self, cycles: int = 1) -> None:
        """Run some cycles in which nothing is sent or received."""
        with self._timed():
            self._run("step", cycles)

    def wait_irq(self, limit: int | None = None) -> None:
        """Run until ``irq`` is high."""
        with self._timed():
            code = self._run("wait_irq", limit or self.limit)
        _check("waiting for irq", code)

    def write_register(self, address: int, value: int) -> None:
        """Write 32 bits; an answer other than OKAY raises with ``Result.BUS``."""
        code = self._run("write", address, value, self.limit)
        _check(f"writing {value:#x} to register {address:#x}", code)

    def read_register(self, address: int) -> int:
        """Read 32 bits; an answer other than OKAY raises with ``Result.BUS``."""
        value = ctypes.c_uint32()
        code = self._run("read", address, ctypes.byref(value), self.limit)
        _check(f"reading register {address:#x}", code)
        return value.value

    def send(self, words: ArrayLike, *, last: bool = True, limit: int | None = None) -> int:
        """Send words (uint64), the last with TLAST if ``last``; returns their number."""
        data = np.ascontiguousarray(words, dtype=np.uint64).reshape(-1)
        sent = ctypes.c_size_t()
        with self._timed():
            wait = limit or self.limit + 64 * len(data)
            code = self._run("send", data, len(data), last, ctypes.byref(sent), wait)
        _check(f"sending {len(data)} words, {sent.value} of them in", code)
        return len(data)

    def receive(self, room: int, *, limit: int | None = None) -> Received:
        """Receive until TLAST, at most ``room`` words."""
        words = np.zeros(room, np.uint64)
        count, ended, keep = ctypes.c_size_t(), ctypes.c_int(), ctypes.c_uint32()
        out = (ctypes.byref(count), ctypes.byref(ended), ctypes.byref(keep))
        with self._timed():
            code = self._run("receive", words, room, *out, limit or self.limit)
        _check(f"receiving up to {room} words, {count.value} of them here", code)
        return Received(words[: count.value], bool(ended.value), keep.value)

    def infer(
        self,
        protocol: Protocol,
        frames: NDArray[np.uint64],
        result_words: int,
        *,
        limit: int | None = None,
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """
        Run one inference per frame, uint64 (n, words).

        Returns the results, uint64 (n, result_words), and the cycles that the machine counted,
        uint32 (n,). A failure names the inference.
        """
        data = np.ascontiguousarray(frames, dtype=np.uint64)
        count, words = data.shape
        results = np.zeros((count, result_words), np.uint64)
        cycles, done = np.zeros(count, np.uint32), ctypes.c_size_t()
        with self._timed():
            code = self._run(
                "infer", ctypes.byref(protocol.to_c()), data, words, count,
                results, result_words, cycles, ctypes.byref(done), limit or self.limit,
            )  # fmt: skip
        _check(f"inference {done.value} of {count}", code)
        return results, cycles

    def flow(
        self,
        frames: NDArray[np.uint64],
        result_words: int,
        *,
        wanted: int | None = None,
        limit: int | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Flow:
        """
        Let frames, uint64 (n, words), flow through a machine that works on several at a time, each
        a packet, and receive a packet of ``result_words`` for each; or until the results of the
        first ``wanted`` are there, with the others on their way.

        ``limit`` bounds the cycles from one result to the next. A failure names the frame.
        ``progress`` is called now and then with the number of frames done.
        """
        data = np.ascontiguousarray(frames, dtype=np.uint64)
        count, words = data.shape
        last = count if wanted is None else wanted
        if not 0 <= last <= count:
            raise ValueError(f"of {count} frames {last} results are wanted")
        results = np.zeros((last, result_words), np.uint64)
        starts, ends = np.zeros(count, np.uint64), np.zeros(last, np.uint64)
        done = ctypes.c_size_t()
        with self._timed(), ThreadPoolExecutor(1) as pool:
            # The model runs without Python's lock, so that this thread can look at it.
            call = pool.submit(
                self._run, "flow", data, words, count, last, results, result_words, starts, ends,
                ctypes.byref(done), limit or self.limit,
            )  # fmt: skip
            while progress is not None and not call.done():
                wait([call], timeout=_LOOK)
                progress(done.value)
            code = call.result()
        _check(f"frame {done.value} of {last}", code)
        return Flow(results, starts[:last].astype(np.int64), ends.astype(np.int64))


def _check(what: str, code: int) -> None:
    if code != Result.OK:
        raise HarnessError(what, Result(code))
