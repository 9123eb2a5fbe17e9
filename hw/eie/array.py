"""The array: processing elements, detection tree, broadcast, and the I/O bus to the memories."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..hierarchy import shared
from .broadcast import Broadcast
from .config import EieConfig
from .iobus import IoRead, IoWrite
from .lnzd import LnzdTree
from .pe import ProcessingElement
from .tokens import pass_slot_layout
from .wide.block import VectorBlock
from .wide.pe import WideProcessingElement
from .wide.reduce import PartialSum

__all__ = ["PeArray"]


class PeArray(wiring.Component):
    """
    ``n_pe`` processing elements that share one broadcast of non-zero activations, or of groups of
    them where they are wide. It works through the passes that ``slots`` shows, without barriers: a
    PE turns to the next pass when it has seen the ``end`` mark of the one before.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    slots : ``In(ArrayLayout(pass_slot_layout(config), 2))``
        Pass k is shown in slot k mod 2, and may be replaced when all PEs have turned into k + 1.
    turned : ``Out(ArrayLayout(2, n_pe))``
        Passes that each PE has turned into, modulo 4.
    begin : ``In(1)``
        Pulse: clears the performance counters.
    flush : ``In(1)``
        Resets all state but the memories.
    io_write : ``In(IoWrite())``
    io_read : ``In(IoRead())``
    clear_file : ``In(1)``
        Pulse: forgets all pending activations of the source files.
    pointer_error, row_error : ``Out(1)``
        Pulse: an error of :class:`SpmatRead` or :class:`Arithmetic` in any PE.
    queue_limit : ``In(range(queue_depth + 1))``
        Only where the configuration has it: in the place of ``queue_depth``, at least 1.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        members = {
            "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
            "turned": Out(data.ArrayLayout(2, config.n_pe)),
            "begin": In(1),
            "flush": In(1),
            "io_write": In(IoWrite()),
            "io_read": In(IoRead()),
            "clear_file": In(1),
            "pointer_error": Out(1),
            "row_error": Out(1),
        }
        if config.queue_limit:
            members["queue_limit"] = In(range(config.queue_depth + 1))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        config = self.config
        tree = LnzdTree(config)
        broadcast = Broadcast(config)
        m.submodules.tree = ResetInserter(self.flush)(tree)
        m.submodules.broadcast = ResetInserter(self.flush)(broadcast)
        wiring.connect(m, tree.o, broadcast.i)

        # The I/O bus is registered on its way out, and in unless lean.
        access = IoWrite().create(path=("access",))
        reading, clear_file = Signal(), Signal()
        chosen = Mux(self.io_read.valid, _address(self.io_read), _address(self.io_write))
        m.d["comb" if config.lean else "sync"] += [
            access.valid.eq(self.io_write.valid),
            access.data.eq(self.io_write.data),
            _address(access).eq(chosen),
            reading.eq(self.io_read.valid),
            clear_file.eq(self.clear_file),
        ]
        answering = access.pe
        for stage in range(config.sram_latency):
            following = Signal.like(answering, name=f"answering_{stage}")
            m.d.sync += following.eq(answering)
            answering = following

        element = WideProcessingElement if config.is_wide else ProcessingElement
        pes = []
        for k in range(config.n_pe):
            m.submodules[f"pe_{k}"], pe = shared(
                lambda: element(config), "eie_pe", platform, reset=self.flush
            )
            pes.append(pe)
            wiring.connect(m, broadcast.o[k], pe.i)
            mine = access.pe == k
            m.d.comb += [
                pe.index.eq(k),
                pe.slots.eq(self.slots),
                broadcast.room[k].eq(pe.room),
                pe.io.valid.eq(access.valid & mine),
                pe.io_read.eq(reading & mine),
                _address(pe.io).eq(_address(access)),
                pe.io.data.eq(access.data),
                pe.clear_file.eq(clear_file),
                pe.clear_counters.eq(self.begin),
            ]
            m.d.sync += self.turned[k].eq(pe.passes)
            if config.queue_limit:
                m.d.comb += pe.queue_limit.eq(self.queue_limit)
        if config.is_wide:
            self._connect_wide(m, pes, tree)
        else:
            for pe, leaf in zip(pes, tree.i, strict=True):
                wiring.connect(m, pe.o, leaf)
        m.d.sync += [
            self.io_read.data.eq(Array(pe.io_data for pe in pes)[answering[: config.pe_bits]]),
            self.pointer_error.eq(Cat(pe.pointer_error for pe in pes).any()),
            self.row_error.eq(Cat(pe.row_error for pe in pes).any()),
        ]
        return m

    def _connect_wide(self, m, pes, tree):
        """Blocks of PEs between their activations and the tree; sums over all PEs."""
        config = self.config
        for number, leaf in enumerate(tree.i):
            block = VectorBlock(config, number)
            m.submodules[f"block_{number}"] = ResetInserter(self.flush)(block)
            m.d.comb += block.slots.eq(self.slots)
            first = number * config.block
            for pe, transfer in zip(pes[first : first + config.block], block.i, strict=True):
                wiring.connect(m, pe.o, transfer)
            wiring.connect(m, block.o, leaf)
        sums = PartialSum(config)
        m.submodules.sums = ResetInserter(self.flush)(sums)
        m.d.comb += sums.waiting.eq(Cat(pe.waiting for pe in pes))
        for pe, partial in zip(pes, sums.i, strict=True):
            wiring.connect(m, pe.partial, partial)
            m.d.comb += [
                pe.go.eq(sums.go),
                pe.total.valid.eq(sums.o.valid),
                pe.total.payload.eq(sums.o.payload),
            ]


def _address(access) -> Value:
    return Cat(access.target, access.pe, access.address)
