"""A machine that is a few lines of Python, for drivers."""

import struct
from collections import deque

import numpy as np

from hw.bus.format import MAX_WORDS, Command, Reply
from sw.host.link import ReplyPacket


class Machine:
    """Takes requests as the gateware does. ``registers`` has one for sticky bits of errors and one
    for the status; frames that it takes set it to loaded, or with ``loads`` unset the error CRC."""

    def __init__(self, register, status, error):
        self.register, self.status, self.error = register, status, error
        self.registers = {register.STATUS: 0, register.ERROR: 0}
        self.frames, self.frame, self.results = [], [], deque()
        self.loads = True

    def write(self, address, value):
        """Does what a register does; registers that are not sticky do nothing."""
        if address == self.register.ERROR:
            self.registers[address] &= ~value

    def took(self):
        """A frame is there."""
        self.registers[self.register.STATUS] = self.status.LOADED if self.loads else 0
        self.registers[self.register.ERROR] = 0 if self.loads else self.error.CRC

    def answer(self, command, payload):
        if command == Command.READ:
            (address,) = struct.unpack("<H", payload)
            if address not in self.registers:
                return Reply.BUS, b""
            return Reply.OK, struct.pack("<I", self.registers[address])
        if command == Command.WRITE:
            value, address = struct.unpack("<IH", payload)
            self.write(address, value)
            return Reply.OK, b""
        if command in (Command.SEND, Command.SEND_LAST):
            words = np.frombuffer(payload, "<u8")
            assert 0 < len(words) <= MAX_WORDS
            self.frame += list(words)
            if command == Command.SEND_LAST:
                self.frames.append(np.array(self.frame, np.uint64))
                self.frame = []
                self.took()
            return Reply.OK, bytes([len(words)])
        if command == Command.RECEIVE:
            words = [self.results.popleft() for _ in range(min(5, len(self.results)))]
            last = bool(words) and not self.results
            return Reply.OK, np.array(words, "<u8").tobytes() + bytes([0x0F if last else 0])
        assert command == Command.RESET
        return Reply.OK, b""

    def run(self, steps):
        reply = None
        try:
            while True:
                status, payload = self.answer(*steps.send(reply))
                reply = ReplyPacket(status, 1, payload)
        except StopIteration as end:
            return end.value
