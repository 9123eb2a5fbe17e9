"""Machines that are put on FPGAs, by name."""

from __future__ import annotations

from dataclasses import dataclass

from hw.boards.boards import Board, Design, eie_on
from hw.cnn.system import Cnn
from hw.eie.config import PRESETS
from sw.dataflow.compile import compile_network
from sw.dataflow.folding import multipliers
from sw.dataflow.shipped import INTERVALS, SHIPPED
from sw.golden.cnn_graph import QuantisedGraph
from sw.physical.fpga import Engine, Streaming
from sw.students.resnet import FAMILY, Shape
from sw.students.untrained import untrained

__all__ = ["BUILT", "SYNTHESISED", "Subject", "subject_of"]

BUILT = ("eie", "digits", "digits-residual")
"""Those that have bitstreams."""
SYNTHESISED = ("resnet8",)
"""Geometries that are synthesised only, with skips and without."""

_IMAGES = {"digits": "digits", "resnet8": "cifar10"}
"""Whose interval a network is folded for."""
_MHZ = 60


@dataclass(frozen=True)
class Subject:
    """A machine on a board, and what reports say of the machine."""

    machine: Engine | Streaming
    design: Design


def subject_of(name: str, board: Board) -> Subject:
    """A machine of :data:`BUILT`, or of :data:`SYNTHESISED` as it is or with ``-residual`` behind
    it, on a board. ``ValueError`` where it has no place there."""
    if name == "eie":
        engine = Engine(preset=board.name, n_pe=PRESETS[board.name].n_pe)
        return Subject(engine, eie_on(board))
    if board.name != "ulx3s":
        raise ValueError(f"{name} has no place on {board.name}; it is for ulx3s")
    network = name.removesuffix("-residual")
    skips = name != network
    config = compile_network(_graph(network, skips), interval=INTERVALS[_IMAGES[network]]).config
    streaming = Streaming(
        network=network,
        skips=skips,
        interval=config.bound,
        multipliers=multipliers([node.unit for node in config.nodes]),
    )
    return Subject(streaming, Design(board, lambda: Cnn(config), _MHZ))


def _graph(network: str, skips: bool) -> QuantisedGraph:
    """Trained where the network ships: of the others only the geometry counts."""
    if network in FAMILY:
        return untrained(Shape(FAMILY[network]), skips=skips)
    return SHIPPED[network].graph(residual=skips)
