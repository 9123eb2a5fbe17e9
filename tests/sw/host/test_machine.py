"""What all drivers do, against a machine that is a few lines of Python."""

import numpy as np
import pytest

from hw.bus.format import Reply
from hw.cnn.format import Error, Register, Status
from sw.host.machine import HostError, MachineHost
from tests.sw.host.machines import Machine


@pytest.fixture
def machine():
    return Machine(Register, Status, Error)


def test_registers(machine):
    host = MachineHost()
    machine.registers[Register.CYCLES] = 5
    assert machine.run(host.read(Register.CYCLES)) == 5
    machine.registers[Register.ERROR] = Error.REFUSED
    assert machine.run(host.cleared(Register.ERROR)) == Error.REFUSED
    assert machine.run(host.cleared(Register.ERROR)) == 0
    with pytest.raises(HostError, match="read of register 0xffc: BUS"):
        machine.run(host.read(0xFFC))


@pytest.mark.parametrize("polls", [0, 1, 50])
def test_settled(machine, polls):
    left = iter([Status.LOADING] * polls)
    read = machine.answer

    def answer(command, payload):
        machine.registers[Register.STATUS] = next(left, Status.LOADED)
        return read(command, payload)

    machine.answer = answer
    found = machine.run(MachineHost().settled(Register.STATUS, Status.LOADING))
    assert found == Status.LOADED
    assert next(left, None) is None


def test_never_settled(machine):
    machine.registers[Register.STATUS] = Status.LOADING
    found = machine.run(MachineHost().settled(Register.STATUS, Status.LOADING))
    assert found == Status.LOADING


@pytest.mark.parametrize("words", [1, 31, 32, 100])
def test_frames(machine, words):
    """Cut into requests and put together again, both ways."""
    frame = np.arange(1, 1 + words, dtype=np.uint64) << np.uint64(40)
    machine.run(MachineHost().send(frame))
    (found,) = machine.frames
    np.testing.assert_array_equal(found, frame)
    machine.results.extend(frame)
    np.testing.assert_array_equal(machine.run(MachineHost().receive()), frame)


def test_not_all_taken(machine):
    machine.answer = lambda command, payload: (Reply.OK, b"\1")
    with pytest.raises(HostError, match="1 of 2 words taken"):
        machine.run(MachineHost().send(np.zeros(2, np.uint64)))


def test_no_results(machine):
    with pytest.raises(HostError, match="no end of the results after 0 bytes"):
        machine.run(MachineHost().receive())
