"""EIE in bulk: programs and whole data sets through the Verilated RTL, at C speed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw.bus.layout import unpack
from hw.eie.config import EieConfig
from hw.eie.format import NETWORK, NETWORK_WORDS, Control, Counter, Error, Register, Status
from hw.eie.system import Eie
from sw.compress.frame import activation_frames, results_from_words

from .machine import MachineEngine, MachineError
from .top import HarnessError, Protocol

__all__ = ["EieEngine", "EngineError", "Outputs"]

_PROTOCOL = Protocol(
    control=Register.CONTROL,
    start=Control.START,
    status=Register.STATUS,
    ready_mask=Status.LOADED | Status.INPUTS | Status.LOADING,
    ready_value=Status.LOADED | Status.INPUTS,
    loading=Status.LOADING,
    active=Status.BUSY | Status.READING,
    cycles=Register.CYCLES,
)
_CHUNK = 128  # inferences between two calls of a progress function
_OUTPUTS_PER_WORD = 4


class EngineError(MachineError):
    """The machine refused a frame or stopped."""


@dataclass(frozen=True)
class Outputs:
    """Outputs int16 (n, outputs), and cycles from start to last result, int64 (n,)."""

    outputs: NDArray[np.int16]
    cycles: NDArray[np.int64]


class EieEngine(MachineEngine[EieConfig, Status, Error]):
    """
    An EIE, run through its host interface only: AXI4-Stream frames and AXI4-Lite registers.

    Its own watchdog stops an inference before ``limit``, unless :attr:`watchdog` is set beyond it.
    """

    _component = Eie
    _status = Register.STATUS, Status
    _error = Register.ERROR, Error
    _network: dict[str, int] | None = None

    @staticmethod
    def _label(config: EieConfig) -> str:
        return f"EIE with {config.n_pe} PEs"

    @property
    def watchdog(self) -> int:
        """Cycles that an inference may take."""
        return self.read_register(Register.WATCHDOG)

    @watchdog.setter
    def watchdog(self, cycles: int) -> None:
        self.write_register(Register.WATCHDOG, cycles)

    @property
    def inputs(self) -> int:
        """Inputs of the loaded network."""
        return self._loaded()["inputs"]

    @property
    def outputs(self) -> int:
        """Outputs of the loaded network."""
        return self._loaded()["outputs"]

    @property
    def passes(self) -> int:
        """Passes of the loaded network."""
        return self._loaded()["passes"]

    def _loaded(self) -> dict[str, int]:
        if self._network is None:
            raise RuntimeError("no program is loaded")
        return self._network

    def load(self, frame: ArrayLike) -> None:
        """Load a program frame, uint64 words. :class:`EngineError` where the machine refuses it,
        with the bits that this frame set; bits from before are cleared first."""
        words = np.asarray(frame, dtype=np.uint64)
        self._network = None
        self.clear_errors()
        try:
            self.send(words)
            self._await(lambda status: not status & Status.LOADING)
        except HarnessError as error:
            raise EngineError(f"loading a program: {error}", self.errors) from error
        if self.errors or not self.status & Status.LOADED:
            raise EngineError("the program was refused", self.errors)
        header = sum(int(word) << (64 * k) for k, word in enumerate(words[1 : 1 + NETWORK_WORDS]))
        self._network = unpack(NETWORK, header)

    def _await(self, condition: Callable[[Status], bool]) -> None:
        """Poll STATUS until the condition held twice in a row, at most ``limit`` cycles."""
        end, held = self.cycle + self.limit, 0
        while held < 2 and self.cycle < end:
            held = held + 1 if condition(self.status) else 0

    def infer_batch(
        self,
        activations: NDArray[np.int16],
        *,
        progress: Callable[[int], object] | None = None,
    ) -> Outputs:
        """
        One inference for every row of ``activations``, int16 (n, inputs).

        ``progress`` is called with the number of rows done since its last call. An input outside
        the network's declared range sets ``Error.INPUT_RANGE`` and the inference goes on; whatever
        makes the machine stop raises :class:`EngineError`.
        """
        if activations.ndim != 2 or activations.shape[1] != self.inputs:
            raise ValueError(f"activations must be (n, {self.inputs}), not {activations.shape}")
        words = -(-self.outputs // _OUTPUTS_PER_WORD)
        outputs = np.zeros((len(activations), self.outputs), np.int16)
        cycles = np.zeros(len(activations), np.int64)
        for start in range(0, len(activations), _CHUNK):
            rows = slice(start, start + _CHUNK)
            frames = activation_frames(activations[rows])
            try:
                results, cycles[rows] = self.infer(_PROTOCOL, frames, words)
            except HarnessError as error:
                raise EngineError(f"rows from {start} on, {error}", self.errors) from error
            outputs[rows] = results_from_words(results, self.outputs)
            if progress is not None:
                progress(len(frames))
        return Outputs(outputs, cycles)

    def counters(self) -> NDArray[np.int64]:
        """Performance counters of the last inference, int64 (n_pe, len(Counter))."""
        counts = np.zeros((self.config.n_pe, len(Counter)), np.int64)
        for pe in range(self.config.n_pe):
            for counter in Counter:
                self.write_register(Register.COUNTER_SELECT, counter | pe << 8)
                counts[pe, counter] = self.read_register(Register.COUNTER_DATA)
        return counts

    def pass_cycles(self, passes: int | None = None) -> NDArray[np.int64]:
        """Cycle of the last inference, counted from its start, at which each of its first
        ``passes`` passes (default: all) had drained; int64 (passes,)."""
        ends = np.zeros(self.passes if passes is None else passes, np.int64)
        for number in range(len(ends)):
            self.write_register(Register.PASS_SELECT, number)
            ends[number] = self.read_register(Register.PASS_CYCLES)
        return ends
