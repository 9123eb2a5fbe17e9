"""EIE in bulk: programs and whole data sets through the Verilated RTL, at C speed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw.bus.layout import unpack
from hw.eie.config import EieConfig
from hw.eie.format import NETWORK, NETWORK_WORDS, Control, Counter, Error, Register, Status
from hw.eie.system import Eie
from hw.emit import Emitted
from sw.compress.frame import activation_frames, results_from_words

from .build import Model
from .emitted import emit_once
from .top import LIMIT, HarnessError, Protocol, VerilatedTop

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


class EngineError(RuntimeError):
    """The machine refused a frame or stopped; ``errors`` are the bits of its ERROR register."""

    def __init__(self, what: str, errors: Error) -> None:
        names = ", ".join(str(flag.name) for flag in errors) or "none"
        super().__init__(f"{what}; error bits: {names}")
        self.errors = errors


@dataclass(frozen=True)
class Outputs:
    """Outputs int16 (n, outputs), and cycles from start to last result, int64 (n,)."""

    outputs: NDArray[np.int16]
    cycles: NDArray[np.int64]


class EieEngine(VerilatedTop):
    """
    An EIE, run through its host interface only: AXI4-Stream frames and AXI4-Lite registers.

    Parameters
    ----------
    config : EieConfig
    trace : Path, optional
        FST file for waves.
    limit : int
        Cycles after which a wait gives up. The machine's own watchdog stops an inference earlier
        unless :attr:`watchdog` is set beyond it.
    build : callable, optional
        Makes the model of the machine's Verilog.
    """

    def __init__(
        self,
        config: EieConfig,
        *,
        trace: str | Path | None = None,
        limit: int = LIMIT,
        build: Callable[[Emitted], Model] | None = None,
    ) -> None:
        label = f"EIE with {config.n_pe} PEs"
        emitted = emit_once(lambda: Eie(config), f"Eie {config}", label=label)
        component = emitted if build is None else build(emitted)
        super().__init__(component, trace=trace, limit=limit, label=label)
        self.config = config
        self._network: dict[str, int] | None = None

    @property
    def status(self) -> Status:
        """The STATUS register."""
        return Status(self.read_register(Register.STATUS))

    @property
    def errors(self) -> Error:
        """The ERROR register."""
        return Error(self.read_register(Register.ERROR))

    @property
    def watchdog(self) -> int:
        """Cycles that an inference may take."""
        return self.read_register(Register.WATCHDOG)

    @watchdog.setter
    def watchdog(self, cycles: int) -> None:
        self.write_register(Register.WATCHDOG, cycles)

    def clear_errors(self) -> None:
        """Clear all bits of the ERROR register."""
        self.write_register(Register.ERROR, ~0 & 0xFFFF_FFFF)

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
