"""Sums of partial results over all PEs, for layers with fewer rows than there are PEs."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..config import ACCUMULATOR_BITS, EieConfig
from .pe import partial_layout

__all__ = ["PartialSum"]

RADIX = 4


class PartialSum(wiring.Component):
    """
    Adds up the partial results of all PEs, modulo 2**32, in a tree of four-input adders. The PEs
    drain a split pass in step: ``go`` tells them to once all of them are waiting, and what they
    then give comes from all of them in the same cycle.

    Latency: ``levels`` cycles, at least 1; one row a cycle. ``go`` comes a cycle after the last PE
    began to wait.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    waiting : ``In(n_pe)``
    go : ``Out(1)``
    i : ``In(stream.Signature(partial_layout(config), always_ready=True)).array(n_pe)``
    o : ``Out(stream.Signature(partial_layout(config), always_ready=True))``
    """

    def __init__(self, config: EieConfig):
        self.config = config
        self.levels = max(1, (config.pe_bits + 1) // 2)
        partial = stream.Signature(partial_layout(config), always_ready=True)
        super().__init__(
            {
                "waiting": In(config.n_pe),
                "go": Out(1),
                "i": In(partial).array(config.n_pe),
                "o": Out(partial),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.go.eq(self.waiting.all() & ~self.go)
        valid, mark = self.i[0].valid, self.i[0].payload
        values = [partial.payload.value for partial in self.i]
        for level in range(self.levels):
            next_valid = Signal(name=f"valid_{level}")
            next_mark = Signal(partial_layout(self.config), name=f"mark_{level}")
            m.d.sync += [next_valid.eq(valid), next_mark.eq(mark)]
            valid, mark, sums = next_valid, next_mark, []
            for first in range(0, len(values), RADIX):
                total = Signal(signed(ACCUMULATOR_BITS), name=f"sum_{level}_{first // RADIX}")
                m.d.sync += total.eq(sum(values[first : first + RADIX]))
                sums.append(total)
            values = sums
        m.d.comb += [
            self.o.valid.eq(valid),
            self.o.payload.eq(mark),
            self.o.payload.value.eq(values[0]),
        ]
        return m
