"""What a host does with a streaming network at the other end of a line, whatever carries it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw.cnn.format import Control, Error, Register, Status
from sw.dataflow.compile import Compiled
from sw.dataflow.frame import image_frames, network_frame, results
from sw.host.machine import HostError, MachineHost, Steps

__all__ = ["CnnHost"]


class CnnHost(MachineHost):
    """A driver for a :class:`hw.cnn.system.Cnn` behind a serial line, as :class:`MachineHost`."""

    def __init__(self) -> None:
        self._classes: int | None = None

    def reset(self) -> Steps[None]:
        """Reset the machine; it needs a network afterwards."""
        self._classes = None
        yield from super().reset()

    def errors(self) -> Steps[Error]:
        """Error bits of the machine, which are cleared by this."""
        return Error((yield from self.cleared(Register.ERROR)))

    def load(self, compiled: Compiled) -> Steps[None]:
        """Load a network, and take images from then on."""
        self._classes = None
        yield from self.write(Register.CONTROL, Control.STOP)
        yield from self.errors()
        yield from self.send(network_frame(compiled.config, compiled.weights, compiled.parameters))
        status = Status((yield from self.settled(Register.STATUS, Status.LOADING)))
        if Status.LOADED not in status:
            errors = yield from self.errors()
            raise HostError(f"the network was refused: {errors!r}")
        yield from self.write(Register.CONTROL, Control.RUN)
        self._classes = compiled.config.classes

    def infer(self, pixels: NDArray[np.uint8]) -> Steps[tuple[NDArray[np.int32], int]]:
        """Logits int32 (classes,) and class of an image, uint8 (channels, height, width)."""
        if self._classes is None:
            raise HostError("no network is loaded")
        yield from self.send(image_frames(pixels[None])[0])
        words = yield from self.receive()
        logits, places = results(words[None], self._classes)
        return logits[0], int(places[0])
