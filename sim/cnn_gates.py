"""
Units of a streaming network as mapped netlists inside its RTL, and how often their nets move.

Units are taken out of the machine, those of the host side as well if need be, and netlists put in
their places. A netlist was made of its unit as the pipeline's first node, so that it sees the
numbers of others' writes as if it were that (:class:`hw.cnn.units.CountedUnit`). A STOP does not
reset netlists: such a machine runs once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from amaranth.hdl import ClockSignal, Fragment, Instance, ResetSignal
from amaranth.lib import wiring
from numpy.typing import NDArray

from hw.cnn.config import PipelineConfig
from hw.cnn.format import Register
from hw.cnn.system import Cnn
from hw.emit import emit
from hw.hierarchy import flat_ports
from sw.dataflow.frame import image_frames, results
from sw.physical.activity import NetActivity
from sw.physical.cellmodels import cell_models
from sw.physical.cells import CellLibrary
from sw.physical.flat import FlatNetlist
from sw.physical.macros import macro_geometry
from sw.physical.saif import read_saif

from .build import Additions, Model, library_model
from .cnn import CnnEngine, CnnError, Frames
from .gate_activity import activities_of, gates_verilog, tracing
from .top import LIMIT, HarnessError
from .verilate import TOP

__all__ = ["CnnGateRun", "GateCnn", "GateCnnEngine"]

_HOST = "host."
_MODULE, _INSTANCE = "unit_{}", "gates_{}"
_PORT = "p_"
"""Before the name of a module's port, which may be a word of Verilog, as ``release`` is."""


class GateCnn(Cnn):
    """
    A machine with instances of modules in place of some units.

    Parameters
    ----------
    config : PipelineConfig
    netlists : mapping of str to FlatNetlist
        What is in each module, by the place of the unit, as :func:`hw.cnn.units.units` has them.
    """

    def __init__(self, config: PipelineConfig, netlists: Mapping[str, FlatNetlist]):
        super().__init__(config)
        self._netlists = netlists

    def elaborate(self, platform: object) -> Fragment:
        """The machine's own, and then its units are exchanged."""
        elaborated = super().elaborate(platform)  # type: ignore[no-untyped-call]
        top = Fragment.get(elaborated, platform)
        pipeline = next(child for child, name, _ in top.subfragments if name == "pipeline")
        for number, (place, netlist) in enumerate(self._netlists.items()):
            parent, name = pipeline, place
            if place.startswith(_HOST):
                parent, name = top, place.removeprefix(_HOST)
            names = [name for _, name, _ in parent.subfragments]
            if name not in names:
                raise ValueError(f"the machine has no unit at {place}")
            at = names.index(name)
            child, _, location = parent.subfragments[at]
            gates = _instance(_component(child), _MODULE.format(number), netlist)
            parent.subfragments[at] = gates, _INSTANCE.format(number), location
        return top


def _component(fragment: Fragment) -> wiring.Component:
    """What a fragment was made of."""
    return next(each for each in fragment.origins if isinstance(each, wiring.Component))


def _instance(component: wiring.Component, module: str, netlist: FlatNetlist) -> Instance:
    """A module with the ports of a component, connected to the component's own signals."""
    connections = {"clk": ("i", ClockSignal()), "rst": ("i", ResetSignal())}
    for port, (signal, is_input) in flat_ports(component).items():
        if is_input and port == "load__unit":
            signal = signal ^ component.index
        connections[port] = ("i" if is_input else "o", signal)
    return Instance(
        module,
        **{
            f"{way}_{_PORT}{port}": value
            for port, (way, value) in connections.items()
            if port in netlist.ports
        },
    )


@dataclass(frozen=True)
class CnnGateRun:
    """Images that came out, cycles from the first to the last of them, and what the units did in
    these, by place."""

    frames: Frames
    cycles: int
    activities: dict[str, NetActivity]


class GateCnnEngine(CnnEngine):
    """
    A streaming network some of whose units are netlists.

    Parameters
    ----------
    config : PipelineConfig
    netlists : mapping of str to FlatNetlist
        By place.
    cells : CellLibrary
    limit : int
        As of :class:`CnnEngine`.
    """

    def __init__(
        self,
        config: PipelineConfig,
        netlists: Mapping[str, FlatNetlist],
        cells: CellLibrary,
        *,
        limit: int = LIMIT,
    ) -> None:
        self._netlists = netlists
        self._folder = tempfile.TemporaryDirectory()
        super().__init__(
            config,
            trace=Path(self._folder.name) / "saif",
            limit=limit,
            build=lambda _: _gate_model(config, netlists, cells),
        )

    def close(self) -> None:
        """Destroy the model and remove its files; closing again does nothing."""
        super().close()
        self._folder.cleanup()

    def observe(
        self,
        pixels: NDArray[np.uint8],
        wanted: int,
        *,
        progress: Callable[[int], object] | None = None,
    ) -> CnnGateRun:
        """Images, uint8 (n, channels, height, width), until the first ``wanted`` are out;
        ``ValueError`` where the last of them was in by then, so that not all units had work."""
        words = -(-self.config.classes // 2) + 1
        try:
            found = self.flow(image_frames(pixels), words, wanted=wanted, progress=progress)
        except HarnessError as error:
            raise CnnError(str(error), self.errors) from error
        self.step()
        if self.read_register(Register.FRAMES_IN) >= len(pixels):
            raise ValueError(f"{len(pixels)} images are too few for {wanted} results")
        logits, classes = results(found.results, self.config.classes)
        (path,) = Path(self._folder.name).iterdir()
        instances = {_INSTANCE.format(k): each for k, each in enumerate(self._netlists.values())}
        activities = activities_of(read_saif(path), instances)
        return CnnGateRun(
            Frames(logits, classes, found.starts, found.ends),
            int(found.ends[-1] - found.ends[0]),
            dict(zip(self._netlists, activities.values(), strict=True)),
        )


def _gate_model(
    config: PipelineConfig, netlists: Mapping[str, FlatNetlist], cells: CellLibrary
) -> Model:
    """The machine's model, with SAIF of its netlists."""
    leaves = [leaf for netlist in netlists.values() for leaf in netlist.leaves]
    kinds = {leaf.kind for leaf in leaves if macro_geometry(leaf.kind) is None}
    texts = [
        gates_verilog(_with_ports_apart(each), _MODULE.format(k))
        for k, each in enumerate(netlists.values())
    ]
    more = Additions(
        {"gates.v": "\n".join(texts), "cells.v": cell_models(cells, kinds)},
        control=tracing(_INSTANCE.format("*")),
        flags=("--trace-saif",),
        fast="-O1",  # compiling takes longer than running, and most of it is what traces
    )
    emitted = emit(GateCnn(config, netlists), name=TOP)
    return library_model(emitted, label=f"machine with {len(netlists)} units as gates", more=more)


def _with_ports_apart(netlist: FlatNetlist) -> FlatNetlist:
    return replace(netlist, ports={f"{_PORT}{name}": each for name, each in netlist.ports.items()})
