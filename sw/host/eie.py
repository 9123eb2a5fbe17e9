"""What a host does with an EIE at the other end of a line, step by step, whatever carries it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw.eie.format import Control, Error, Register, Status
from sw.compress.frame import activation_frame, program_frame, results_from_words
from sw.compress.program import Program
from sw.host.machine import HostError, MachineHost, Steps

__all__ = ["EieHost"]


class EieHost(MachineHost):
    """A driver for an :class:`hw.eie.system.Eie` behind a serial line, as :class:`MachineHost`."""

    def __init__(self) -> None:
        self._program: Program | None = None

    def reset(self) -> Steps[None]:
        """Reset the engine; it needs a program afterwards."""
        self._program = None
        yield from super().reset()

    def errors(self) -> Steps[Error]:
        """Error bits of the machine, which are cleared by this."""
        return Error((yield from self.cleared(Register.ERROR)))

    def load(self, program: Program) -> Steps[None]:
        """Load a program."""
        self._program = None
        yield from self.errors()
        yield from self.send(program_frame(program))
        status = Status((yield from self.settled(Register.STATUS, Status.LOADING)))
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
