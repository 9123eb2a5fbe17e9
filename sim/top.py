"""A Verilated top in this process: registers and streams at C speed, every call bounded."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from amaranth.lib import wiring
from numpy.typing import ArrayLike, NDArray

from hw.emit import Emitted

from .build import library_model

__all__ = ["HarnessError", "Protocol", "Received", "Result", "VerilatedTop"]

LIMIT = 4_000_000
"""Cycles after which a wait gives up, by default."""


class Result(IntEnum):
    """Codes of the harness, as ``sim/harness/kiln.h`` has them."""

    OK = 0
    TIMEOUT = 1
    BUS = 2
    STOPPED = 3
    LENGTH = 4


_MEANING = {
    Result.TIMEOUT: "no answer within the cycle limit",
    Result.BUS: "the bus answered with an error",
    Result.STOPPED: "the machine went idle without a result",
    Result.LENGTH: "the result has another length than expected",
}


class HarnessError(RuntimeError):
    """A call into the model did not succeed; ``code`` says how."""

    def __init__(self, what: str, code: Result) -> None:
        super().__init__(f"{what}: {_MEANING[code]}")
        self.code = code


@dataclass(frozen=True)
class Protocol:
    """Addresses and bits by which a machine runs: see ``kiln_protocol`` in the harness."""

    control: int
    start: int
    status: int
    ready_mask: int
    ready_value: int
    loading: int
    active: int
    cycles: int


@dataclass(frozen=True)
class Received:
    """Words from the output stream, uint64 (n,); whether TLAST ended them; TKEEP of the last."""

    words: NDArray[np.uint64]
    ended: bool
    keep: int


class _Protocol(ctypes.Structure):
    _fields_ = [(field.name, ctypes.c_uint32) for field in fields(Protocol)]


_WORDS = np.ctypeslib.ndpointer(np.uint64, flags="C_CONTIGUOUS")
_COUNTS = np.ctypeslib.ndpointer(np.uint32, flags="C_CONTIGUOUS")
_SIZE, _SIZE_OUT = ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t)
_U32, _U64, _INT = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int
_U32_OUT, _INT_OUT, _HANDLE = ctypes.POINTER(_U32), ctypes.POINTER(_INT), ctypes.c_void_p

_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "create": (_HANDLE, [ctypes.c_char_p]),
    "destroy": (None, [_HANDLE]),
    "trace": (None, [_HANDLE, _INT]),
    "stalls": (None, [_HANDLE, _U64, _U32, _U32]),
    "cycles": (_U64, [_HANDLE]),
    "irq": (_INT, [_HANDLE]),
    "step": (None, [_HANDLE, _U64]),
    "reset": (None, [_HANDLE, _U64]),
    "wait_irq": (_INT, [_HANDLE, _U64]),
    "write": (_INT, [_HANDLE, _U32, _U32, _U64]),
    "read": (_INT, [_HANDLE, _U32, _U32_OUT, _U64]),
    "send": (_INT, [_HANDLE, _WORDS, _SIZE, _INT, _SIZE_OUT, _U64]),
    "receive": (_INT, [_HANDLE, _WORDS, _SIZE, _SIZE_OUT, _INT_OUT, _U32_OUT, _U64]),
    "infer": (
        _INT,
        [
            *(_HANDLE, ctypes.POINTER(_Protocol), _WORDS, _SIZE, _SIZE),
            *(_WORDS, _SIZE, _COUNTS, _SIZE_OUT, _U64),
        ],
    ),
}


class VerilatedTop:
    """
    A top with AXI4-Lite ``s_axil``, AXI4-Streams ``s_axis`` and ``m_axis``, and ``irq``.

    It starts reset. Waits give up after ``limit`` cycles (that of :meth:`send` grows with the
    words) and raise :class:`HarnessError`, which leaves the model usable, if need be after
    :meth:`reset`. Used as a context manager it is closed at the end, which completes the waves.

    Parameters
    ----------
    component : wiring.Component or Emitted
        Verilated unless the cache has it.
    trace : Path, optional
        FST file for waves, from the start on unless :meth:`record` says otherwise.
    limit : int
    label : str, optional
        What to call it while it is built.
    """

    def __init__(
        self,
        component: wiring.Component | Emitted,
        *,
        trace: str | Path | None = None,
        limit: int = LIMIT,
        label: str | None = None,
    ) -> None:
        self.limit = limit
        self._spent = 0.0
        self._simulated = 0
        self._handle: int | None = None
        self.model = library_model(component, trace=trace is not None, label=label)
        library = ctypes.CDLL(str(self.model.file))
        self._call: dict[str, Callable[..., Any]] = {}
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, f"kiln_{name}")
            function.restype, function.argtypes = result, arguments
            self._call[name] = function
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
            self._spent += time.process_time() - started
            self._simulated += self.cycle - cycles

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
        """Cycles simulated per second of this process's CPU time, over all streams, waits and
        inferences so far; 0 before the first."""
        return self._simulated / self._spent if self._spent else 0.0

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
        value = _U32()
        code = self._run("read", address, ctypes.byref(value), self.limit)
        _check(f"reading register {address:#x}", code)
        return value.value

    def send(self, words: ArrayLike, *, last: bool = True, limit: int | None = None) -> int:
        """Send words (uint64), the last with TLAST if ``last``; returns their number."""
        data = np.ascontiguousarray(words, dtype=np.uint64).reshape(-1)
        sent = _SIZE()
        with self._timed():
            wait = limit or self.limit + 64 * len(data)
            code = self._run("send", data, len(data), last, ctypes.byref(sent), wait)
        _check(f"sending {len(data)} words, {sent.value} of them in", code)
        return len(data)

    def receive(self, room: int, *, limit: int | None = None) -> Received:
        """Receive until TLAST, at most ``room`` words."""
        words = np.zeros(room, np.uint64)
        count, ended, keep = _SIZE(), _INT(), _U32()
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
        cycles, done = np.zeros(count, np.uint32), _SIZE()
        registers = _Protocol(
            **{field.name: getattr(protocol, field.name) for field in fields(protocol)}
        )
        with self._timed():
            code = self._run(
                "infer", ctypes.byref(registers), data, words, count,
                results, result_words, cycles, ctypes.byref(done), limit or self.limit,
            )  # fmt: skip
        _check(f"inference {done.value} of {count}", code)
        return results, cycles


def _check(what: str, code: int) -> None:
    if code != Result.OK:
        raise HarnessError(what, Result(code))
