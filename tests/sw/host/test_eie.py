"""The driver against an engine that is a few lines of Python."""

import numpy as np
import pytest

from hw.eie.config import EieConfig
from hw.eie.format import Control, Error, Register, Status
from sw.compress.frame import activation_frame, program_frame
from sw.compress.layout import build_program
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie
from sw.host.eie import EieHost
from sw.host.machine import HostError
from tests.sw.host.machines import Machine

CONFIG = EieConfig(n_pe=2, spmat_depth=256, ptr_depth=256, act_depth=64, file_depth=16)
RNG = np.random.default_rng(1)
NETWORK = random_quantised(RNG, [9, 7, 70], 0.5)
PROGRAM = build_program(NETWORK, CONFIG)
INPUTS = random_inputs(RNG, NETWORK, 1)
OUTPUTS = GoldenEie(NETWORK)(INPUTS).numpy()


class Eie(Machine):
    """Its one inference answers ``OUTPUTS``."""

    def __init__(self):
        super().__init__(Register, Status, Error)

    def write(self, address, value):
        super().write(address, value)
        if address == Register.CONTROL and value == Control.START:
            padded = np.pad(OUTPUTS[0], (0, -len(OUTPUTS[0]) % 4))
            self.results.extend(padded.astype("<i2").view("<u8"))


def test_load_and_infer():
    machine, host = Eie(), EieHost()
    machine.run(host.load(PROGRAM))
    np.testing.assert_array_equal(machine.frames[0], program_frame(PROGRAM))
    for _ in range(2):
        np.testing.assert_array_equal(machine.run(host.infer(INPUTS[0])), OUTPUTS[0])
    np.testing.assert_array_equal(machine.frames[1], activation_frame(INPUTS[0]))


def test_errors():
    machine, host = Eie(), EieHost()
    machine.registers[Register.ERROR] = Error.REFUSED
    assert machine.run(host.errors()) == Error.REFUSED
    assert machine.run(host.errors()) == Error(0)


def test_refused_program():
    machine, host = Eie(), EieHost()
    machine.loads = False
    with pytest.raises(HostError, match=r"the program was refused: .*CRC"):
        machine.run(host.load(PROGRAM))
    with pytest.raises(HostError, match="no program is loaded"):
        machine.run(host.infer(INPUTS[0]))


def test_reset_forgets_the_program():
    machine, host = Eie(), EieHost()
    machine.run(host.load(PROGRAM))
    machine.run(host.reset())
    with pytest.raises(HostError, match="no program is loaded"):
        machine.run(host.infer(INPUTS[0]))
