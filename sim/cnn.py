"""Streaming networks in bulk: images through the Verilated RTL, at C speed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.cnn.config import PipelineConfig
from hw.cnn.format import Control, Error, Register, Status
from hw.cnn.system import Cnn
from sw.dataflow.compile import Compiled
from sw.dataflow.frame import image_frames, network_frame, results
from sw.dataflow.skips import check_depths

from .machine import MachineEngine, MachineError
from .top import HarnessError

__all__ = ["CnnEngine", "CnnError", "Frames", "UnitCycles"]

_QUIET = 4096
"""Cycles without a word after which none will come, however the receiver stalls."""


class CnnError(MachineError):
    """The machine refused a network or stopped."""


@dataclass(frozen=True)
class Frames:
    """
    What came of images.

    Parameters
    ----------
    logits : int32 (n, classes)
    classes : int64 (n,)
        As the machine gives them.
    starts, ends : int64 (n,)
        Cycles in which each image's first word was taken, and the last of its result.
    """

    logits: NDArray[np.int32]
    classes: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @property
    def latency(self) -> int:
        """Cycles of the first image, that finds the machine empty."""
        return int(self.ends[0] - self.starts[0])

    @property
    def intervals(self) -> NDArray[np.int64]:
        """Cycles from each result to the next, int64 (n - 1,)."""
        return np.diff(self.ends)


@dataclass(frozen=True)
class UnitCycles:
    """Cycles in which a unit worked, waited for input, waited until its output was taken."""

    busy: int
    starved: int
    blocked: int


class CnnEngine(MachineEngine[PipelineConfig, Status, Error]):
    """
    A streaming network, run through its host interface only: AXI4-Stream and AXI4-Lite.

    Parameters
    ----------
    config : PipelineConfig
        :class:`sw.dataflow.layers.DataflowError` where a skip's depth costs the frame interval.
    any_depth : bool
        Whether it is taken whatever its depths, which may let the machine stand still.
    options
        As of :class:`MachineEngine`.
    """

    _component = Cnn
    _status = Register.STATUS, Status
    _error = Register.ERROR, Error

    def __init__(self, config: PipelineConfig, *, any_depth: bool = False, **options: Any) -> None:
        if not any_depth:
            check_depths(config)
        super().__init__(config, **options)

    @staticmethod
    def _label(config: PipelineConfig) -> str:
        return f"a pipeline of {len(config.nodes)} units"

    def load(self, compiled: Compiled) -> None:
        """Load a network's weights and parameters, and take images from then on.
        :class:`CnnError` where the machine refuses it, as it does one for other units."""
        self.stop()
        self.clear_errors()
        frame = network_frame(compiled.config, compiled.weights, compiled.parameters)
        try:
            self.send(frame)
        except HarnessError as error:
            raise CnnError(f"loading a network: {error}", self.errors) from error
        if not self.status & Status.LOADED:
            raise CnnError("the network was refused", self.errors)
        self.run()

    def run(self) -> None:
        """Take images from now on; counters begin anew."""
        self.write_register(Register.CONTROL, Control.RUN)
        if not self.status & Status.RUNNING:
            raise CnnError("the machine did not run", self.errors)

    def stop(self) -> None:
        """Lose the images that are on their way, and what there is of their results."""
        self.write_register(Register.CONTROL, Control.STOP)
        with suppress(HarnessError):
            while True:
                self.receive(1, limit=_QUIET)

    def stream(
        self,
        pixels: NDArray[np.uint8],
        *,
        progress: Callable[[int], object] | None = None,
    ) -> Frames:
        """Images, uint8 (n, channels, height, width), one after the other; ``progress`` is called
        now and then with the number done. After a :class:`CnnError` the machine needs a
        :meth:`reset`, and its network again."""
        shape = (self.config.channels, self.config.height, self.config.width)
        if pixels.ndim != 4 or pixels.shape[1:] != shape:
            wanted = ", ".join(map(str, shape))
            raise ValueError(f"images must be (n, {wanted}), not {pixels.shape}")
        if not self.status & Status.RUNNING:
            raise RuntimeError("no network is running")
        words = -(-self.config.classes // 2) + 1
        try:
            found = self.flow(image_frames(pixels), words, progress=progress)
        except HarnessError as error:
            raise CnnError(str(error), self.errors) from error
        logits, classes = results(found.results, self.config.classes)
        return Frames(logits, classes, found.starts, found.ends)

    def unit_cycles(self) -> dict[str, UnitCycles]:
        """What every unit did from :meth:`run` to :meth:`stop`, or until now, by node."""
        counted = {}
        for place, node in enumerate(self.config.nodes):
            self.write_register(Register.UNIT_SELECT, place)
            registers = Register.UNIT_BUSY, Register.UNIT_STARVED, Register.UNIT_BLOCKED
            counted[node.name] = UnitCycles(*(self.read_register(each) for each in registers))
        return counted
