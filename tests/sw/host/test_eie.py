"""The driver against a machine that is a few lines of Python."""

import struct
from collections import deque

import numpy as np
import pytest

from hw.bus.format import MAX_WORDS, Command, Reply
from hw.eie.config import EieConfig
from hw.eie.format import Control, Error, Register, Status
from sw.compress.frame import activation_frame, program_frame
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie
from sw.host.eie import EieHost, HostError
from sw.host.link import ReplyPacket

CONFIG = EieConfig(n_pe=2, spmat_depth=256, ptr_depth=256, act_depth=64, file_depth=16)
RNG = np.random.default_rng(1)
NETWORK = random_quantised(RNG, [9, 7, 70], 0.5)
PROGRAM = build_program(NETWORK, CONFIG)
INPUTS = random_inputs(RNG, NETWORK, 1)
OUTPUTS = GoldenEie(NETWORK)(INPUTS).numpy()


class Machine:
    """Takes requests as the gateware does; its one inference answers ``OUTPUTS``."""

    def __init__(self):
        self.registers = {Register.STATUS: 0, Register.ERROR: 0, Register.WATCHDOG: 5}
        self.frames, self.frame, self.results = [], [], deque()
        self.loads = True

    def answer(self, command, payload):
        if command == Command.READ:
            (address,) = struct.unpack("<H", payload)
            if address not in self.registers:
                return Reply.BUS, b""
            return Reply.OK, struct.pack("<I", self.registers[address])
        if command == Command.WRITE:
            value, address = struct.unpack("<IH", payload)
            if address == Register.ERROR:
                self.registers[address] &= ~value
            elif address == Register.CONTROL and value == Control.START:
                padded = np.pad(OUTPUTS[0], (0, -len(OUTPUTS[0]) % 4))
                self.results.extend(padded.astype("<i2").view("<u8"))
            return Reply.OK, b""
        if command in (Command.SEND, Command.SEND_LAST):
            words = np.frombuffer(payload, "<u8")
            assert 0 < len(words) <= MAX_WORDS
            self.frame += list(words)
            if command == Command.SEND_LAST:
                self.frames.append(np.array(self.frame, np.uint64))
                self.frame = []
                self.registers[Register.STATUS] = Status.LOADED if self.loads else 0
                self.registers[Register.ERROR] = 0 if self.loads else Error.CRC
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


def test_load_and_infer():
    machine, host = Machine(), EieHost()
    machine.run(host.load(PROGRAM))
    np.testing.assert_array_equal(machine.frames[0], program_frame(PROGRAM))
    for _ in range(2):
        np.testing.assert_array_equal(machine.run(host.infer(INPUTS[0])), OUTPUTS[0])
    np.testing.assert_array_equal(machine.frames[1], activation_frame(INPUTS[0]))


def test_registers():
    machine, host = Machine(), EieHost()
    assert machine.run(host.read(Register.WATCHDOG)) == 5
    machine.registers[Register.ERROR] = Error.REFUSED
    assert machine.run(host.errors()) == Error.REFUSED
    assert machine.run(host.errors()) == Error(0)
    with pytest.raises(HostError, match="read of register 0xffc: BUS"):
        machine.run(host.read(0xFFC))


def test_refused_program():
    machine, host = Machine(), EieHost()
    machine.loads = False
    with pytest.raises(HostError, match=r"the program was refused: .*CRC"):
        machine.run(host.load(PROGRAM))
    with pytest.raises(HostError, match="no program is loaded"):
        machine.run(host.infer(INPUTS[0]))


def test_reset_forgets_the_program():
    machine, host = Machine(), EieHost()
    machine.run(host.load(PROGRAM))
    machine.run(host.reset())
    with pytest.raises(HostError, match="no program is loaded"):
        machine.run(host.infer(INPUTS[0]))


def test_no_results():
    with pytest.raises(HostError, match="no end of the results after 0 bytes"):
        Machine().run(EieHost().receive())
