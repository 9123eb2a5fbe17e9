"""What a host does with any machine at the other end of a line, whatever carries it."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hw.bus.format import BYTES_PER_WORD, MAX_WORDS, Command, Reply
from sw.host.link import ReplyPacket

__all__ = ["HostError", "MachineHost", "Steps"]

_Result = TypeVar("_Result")
Steps = Generator[tuple[Command, bytes], ReplyPacket, _Result]
"""Yields requests, is sent the reply to each, and returns the result."""

_POLLS = 1000


class HostError(RuntimeError):
    """The machine refused something, or did not answer it in time."""


class MachineHost:
    """
    A driver for :class:`hw.boards.machine.SerialMachine` that does no input or output itself: each
    method is a generator that yields requests and wants their replies.
    """

    def reset(self) -> Steps[None]:
        """Reset the machine; it needs to be loaded afterwards."""
        _expect((yield Command.RESET, b""), "reset")

    def read(self, register: int) -> Steps[int]:
        """Value of a register."""
        reply = yield Command.READ, struct.pack("<H", register)
        (value,) = struct.unpack("<I", _expect(reply, f"read of register {register:#x}"))
        return int(value)

    def write(self, register: int, value: int) -> Steps[None]:
        """Write a register."""
        reply = yield Command.WRITE, struct.pack("<IH", value, register)
        _expect(reply, f"write of {value:#x} to register {register:#x}")

    def cleared(self, register: int) -> Steps[int]:
        """Bits that were set in a register of sticky bits, and are not any more."""
        bits = yield from self.read(register)
        yield from self.write(register, bits)
        return bits

    def settled(self, register: int, busy: int) -> Steps[int]:
        """Value of a register once none of the bits in ``busy`` is set, or after many polls."""
        for _ in range(_POLLS):
            value = yield from self.read(register)
            if not value & busy:
                break
        return value

    def send(self, frame: NDArray[np.uint64]) -> Steps[None]:
        """Send a frame."""
        for start in range(0, len(frame), MAX_WORDS):
            words = frame[start : start + MAX_WORDS]
            command = Command.SEND_LAST if start + MAX_WORDS >= len(frame) else Command.SEND
            reply = yield command, words.astype("<u8").tobytes()
            taken = _expect(reply, f"frame of {len(frame)} words, from word {start}")[0]
            if taken != len(words):
                raise HostError(f"{taken} of {len(words)} words taken")

    def receive(self) -> Steps[NDArray[np.uint64]]:
        """The next packet from the machine, uint64 words."""
        data = b""
        while True:
            reply = yield Command.RECEIVE, b""
            payload = _expect(reply, "results")
            data += payload[:-1]
            if payload[-1]:
                return np.frombuffer(data, "<u8").astype(np.uint64)
            if len(payload) <= BYTES_PER_WORD:
                raise HostError(f"no end of the results after {len(data)} bytes")


def _expect(reply: ReplyPacket, what: str) -> bytes:
    if reply.status != Reply.OK:
        raise HostError(f"{what}: {reply.status.name}")
    return reply.payload
