"""
One processing element as gates inside the RTL of the whole machine, and how often its nets move.

The machine's Verilog has one module for all its elements; a single instance of it is given the
mapped netlist in its place. The machine then runs as ever: what comes out can be compared with the
golden model, and the activity is that of the element at work, between real neighbours.

Verilator counts transitions, net by net of that element only, between the start command and ``irq``
of every inference, so that loading is not in it (:mod:`sim.gate_activity`).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import EieConfig
from hw.emit import Emitted
from sw.physical.activity import NetActivity
from sw.physical.cellmodels import cell_models
from sw.physical.cells import CellLibrary
from sw.physical.flat import FlatNetlist
from sw.physical.macros import macro_geometry
from sw.physical.saif import read_saif

from .build import Additions, Model, library_model
from .engine import EieEngine, Outputs
from .gate_activity import activities_of, gates_verilog, tracing
from .top import LIMIT

__all__ = ["GateEngine", "GateRun", "gate_model", "with_gates"]

_ELEMENT = "eie_pe"
_GATES = "gates_pe"
_INSTANCE = "pe_{}"


def with_gates(verilog: str, number: int) -> str:
    """The machine's Verilog with another module as its element ``number``."""
    instance = _INSTANCE.format(number)
    line = f"  {_ELEMENT} {instance} ("
    if verilog.count(f"{line}\n") != 1:
        raise ValueError(f"the machine has no processing element {number}")
    return verilog.replace(line, f"  {_GATES} {instance} (")


def gate_model(emitted: Emitted, netlist: FlatNetlist, cells: CellLibrary, number: int) -> Model:
    """The machine's model with the netlist as its element ``number``, and SAIF of that element."""
    kinds = {leaf.kind for leaf in netlist.leaves if macro_geometry(leaf.kind) is None}
    more = Additions(
        {
            "gates.v": gates_verilog(netlist, _GATES),
            "cells.v": cell_models(cells, kinds),
        },
        control=tracing(_INSTANCE.format(number)),
        flags=("--trace-saif", "-CFLAGS", "-O1"),  # compiling takes longer than running
    )
    changed = Emitted(emitted.name, with_gates(emitted.verilog, number), emitted.manifest)
    return library_model(changed, label=f"machine with element {number} as gates", more=more)


@dataclass(frozen=True)
class GateRun:
    """Outputs and cycles of inferences, and what the gates did in each of them."""

    run: Outputs
    activities: list[NetActivity]

    @property
    def activity(self) -> NetActivity:
        """That of all inferences together."""
        return reduce(add, self.activities)


class GateEngine(EieEngine):
    """
    An EIE one of whose processing elements is a netlist.

    Parameters
    ----------
    config : EieConfig
    netlist : FlatNetlist
    cells : CellLibrary
    number : int
        Of the element.
    limit : int
        As of :class:`EieEngine`.
    """

    def __init__(
        self,
        config: EieConfig,
        netlist: FlatNetlist,
        cells: CellLibrary,
        *,
        number: int = 0,
        limit: int = LIMIT,
    ) -> None:
        self._netlists = {_INSTANCE.format(number): netlist}
        self._folder = tempfile.TemporaryDirectory()
        self._windows = 0
        super().__init__(
            config,
            trace=Path(self._folder.name) / "saif",
            limit=limit,
            build=lambda emitted: gate_model(emitted, netlist, cells, number),
        )

    def close(self) -> None:
        """Destroy the model and remove its files; closing again does nothing."""
        super().close()
        self._folder.cleanup()

    def observe(self, activations: NDArray[np.int16]) -> GateRun:
        """Inferences of int16 (n, inputs), with the activity of each."""
        run = self.infer_batch(activations)
        activities: list[NetActivity] = []
        for _ in activations:
            path = Path(self._folder.name) / f"saif.{self._windows}"
            activities += activities_of(read_saif(path), self._netlists).values()
            path.unlink()
            self._windows += 1
        return GateRun(run, activities)
