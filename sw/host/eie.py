"""What a host does with an EIE at the other end of a line, step by step, whatever carries it."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hw.bus.format import BYTES_PER_WORD, MAX_WORDS, Command, Reply
from hw.eie.format import Control, Error, Register, Status
from sw.compress.frame import activation_frame, program_frame, results_from_words
from sw.compress.program import Program
from sw.host.link import ReplyPacket

__all__ = ["EieHost", "HostError", "Steps"]

_Result = TypeVar("_Result")
Steps = Generator[tuple[Command, bytes], ReplyPacket, _Result]
"""Yields requests, is sent the reply to each, and returns the result."""

_POLLS = 1000


class HostError(RuntimeError):
    """The machine refused something, or did not answer it in time."""


class EieHost:
    """
    A driver for :class:`hw.boards.machine.SerialEie` that does no input or output itself: each
    method is a generator that yields requests and wants their replies.
    """

    def __init__(self) -> None:
        self._program: Program | None = None

    def reset(self) -> Steps[None]:
        """Reset the engine; it needs a program afterwards."""
        self._program = None
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

    def errors(self) -> Steps[Error]:
        """Error bits of the machine, which are cleared by this."""
        errors = yield from self.read(Register.ERROR)
        yield from self.write(Register.ERROR, errors)
        return Error(errors)

    def load(self, program: Program) -> Steps[None]:
        """Load a program."""
        self._program = None
        yield from self.errors()
        yield from self.send(program_frame(program))
        for _ in range(_POLLS):
            status = Status((yield from self.read(Register.STATUS)))
            if Status.LOADING not in status:
                break
        if Status.LOADED not in status:
            errors = yield from self.errors()
            raise HostError(f"the program was refused: {errors!r}")
        self._program = program

    def infer(self, inputs: NDArray[np.int16]) -> Steps[NDArray[np.int16]]:
        """Outputs int16 of the loaded program for inputs int16 (n,)."""
        if self._program is None:
            raise HostError("no program is loaded")
        yield from self.send(activation_frame(inputs))
        yield from self.write(Register.CONTROL, Control.START)
        words = yield from self.receive()
        return results_from_words(words, self._program.outputs)


def _expect(reply: ReplyPacket, what: str) -> bytes:
    if reply.status != Reply.OK:
        raise HostError(f"{what}: {reply.status.name}")
    return reply.payload
