"""The array: processing elements, detection tree, broadcast, and the I/O bus to the memories."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..hierarchy import shared
from ..stream import Fork
from .config import EieConfig
from .iobus import IoRead, IoWrite
from .lnzd import LnzdTree
from .pe import ProcessingElement
from .tokens import pass_slot_layout, token_layout

__all__ = ["PeArray"]


class PeArray(wiring.Component):
    """
    ``n_pe`` processing elements that share one broadcast of non-zero activations. It works through
    the passes that ``slots`` shows, without barriers: a PE turns to the next pass when it has seen
    the ``end`` mark of the one before.

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
        Only where the configuration has it: entries of every PE's queue to use, at least 1.
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
        fork = Fork(token_layout(config), config.n_pe)
        m.submodules.tree = ResetInserter(self.flush)(tree)
        m.submodules.fork = ResetInserter(self.flush)(fork)
        wiring.connect(m, tree.o, fork.i)

        # The I/O bus is registered on its way in and out.
        access = IoWrite().create(path=("access",))
        reading, clear_file = Signal(), Signal()
        chosen = Mux(self.io_read.valid, _address(self.io_read), _address(self.io_write))
        m.d.sync += [
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

        pes = []
        for k in range(config.n_pe):
            m.submodules[f"pe_{k}"], pe = shared(
                lambda: ProcessingElement(config), "eie_pe", platform, reset=self.flush
            )
            pes.append(pe)
            wiring.connect(m, fork.o[k], pe.i)
            wiring.connect(m, pe.o, tree.i[k])
            mine = access.pe == k
            m.d.comb += [
                pe.index.eq(k),
                pe.slots.eq(self.slots),
                self.turned[k].eq(pe.passes),
                pe.io.valid.eq(access.valid & mine),
                pe.io_read.eq(reading & mine),
                _address(pe.io).eq(_address(access)),
                pe.io.data.eq(access.data),
                pe.clear_file.eq(clear_file),
                pe.clear_counters.eq(self.begin),
            ]
            if config.queue_limit:
                m.d.comb += pe.queue_limit.eq(self.queue_limit)
        m.d.sync += [
            self.io_read.data.eq(Array(pe.io_data for pe in pes)[answering[: config.pe_bits]]),
            self.pointer_error.eq(Cat(pe.pointer_error for pe in pes).any()),
            self.row_error.eq(Cat(pe.row_error for pe in pes).any()),
        ]
        return m


def _address(access) -> Value:
    return Cat(access.target, access.pe, access.address)
