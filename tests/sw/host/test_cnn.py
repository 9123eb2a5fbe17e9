"""The driver against a streaming network that is a few lines of Python."""

import numpy as np
import pytest

from hw.cnn.format import Control, Error, Register, Status
from sw.dataflow.frame import image_frames, network_frame
from sw.host.cnn import CnnHost
from sw.host.machine import HostError
from tests.hw.cnn.networks import Case
from tests.sw.host.machines import Machine

CASE = Case(1)


class Cnn(Machine):
    """Each image answers the logits that it ought to."""

    def __init__(self):
        super().__init__(Register, Status, Error)
        self.images = 0
        self.controls = []

    def write(self, address, value):
        super().write(address, value)
        if address == Register.CONTROL:
            self.controls.append(value)

    def took(self):
        if self.controls[-1] != Control.RUN:
            super().took()
            return
        logits = CASE.logits[self.images]
        padded = np.pad(logits, (0, len(logits) % 2)).astype("<i4").view("<u8")
        self.results.extend([*padded, np.uint64(logits.argmax())])
        self.images += 1


def test_load_and_infer():
    machine, host = Cnn(), CnnHost()
    machine.run(host.load(CASE.compiled))
    config, weights = CASE.compiled.config, CASE.compiled.weights
    frame = network_frame(config, weights, CASE.compiled.parameters)
    np.testing.assert_array_equal(machine.frames[0], frame)
    assert machine.controls == [Control.STOP, Control.RUN]
    for pixels, logits in zip(CASE.pixels, CASE.logits, strict=True):
        found, place = machine.run(host.infer(pixels))
        np.testing.assert_array_equal(found, logits)
        assert (found.dtype, place) == (np.int32, logits.argmax())
        np.testing.assert_array_equal(machine.frames[-1], image_frames(pixels[None])[0])


def test_errors():
    machine, host = Cnn(), CnnHost()
    machine.registers[Register.ERROR] = Error.FRAME
    assert machine.run(host.errors()) == Error.FRAME
    assert machine.run(host.errors()) == Error(0)


def test_refused_network():
    machine, host = Cnn(), CnnHost()
    machine.loads = False
    with pytest.raises(HostError, match=r"the network was refused: .*CRC"):
        machine.run(host.load(CASE.compiled))
    with pytest.raises(HostError, match="no network is loaded"):
        machine.run(host.infer(CASE.pixels[0]))


def test_reset_forgets_the_network():
    machine, host = Cnn(), CnnHost()
    machine.run(host.load(CASE.compiled))
    machine.run(host.reset())
    with pytest.raises(HostError, match="no network is loaded"):
        machine.run(host.infer(CASE.pixels[0]))
