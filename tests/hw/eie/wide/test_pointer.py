"""Span read: activation groups to ranges of entries."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from hw.eie.config import EieConfig
from hw.eie.tokens import token_layout
from hw.eie.wide.pointer import SpanRead
from hw.eie.wide.tokens import values_layout
from hw.stream import Queue
from sim.runner import run_bench
from tests.hw.bank import Bank

SIZES = [(8, 1, 2, 1), (104, 2, 8, 16), (64, 3, 4, 4), (136, 4, 2, 2), (64, 2, 8, 8)]
"""Pointers, SRAM latency, lanes, columns to a group."""

CONFIGS = [
    EieConfig(
        n_pe=4,
        spmat_depth=64,
        ptr_depth=depth,
        act_depth=64,
        sram_latency=latency,
        lanes=lanes,
        group_max=group,
    )
    for depth, latency, lanes, group in SIZES
]


class Reader(wiring.Component):
    """Span read with a queue for the activations, as deep as there can be groups under way."""

    def __init__(self, config):
        self.config = config
        self.read = SpanRead(config)
        members = dict(self.read.signature.members)
        del members["values"]
        super().__init__({**members, "i": In(stream.Signature(token_layout(config)))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.read = read = self.read
        depth = self.config.sram_latency + 3
        m.submodules.values = values = Queue(values_layout(self.config), depth)
        token = self.i.payload
        m.d.comb += [
            self.i.ready.eq(read.i.ready),
            read.i.valid.eq(self.i.valid),
            values.i.valid.eq(self.i.valid & self.i.ready),
            values.i.payload.eq(token["values"]),
        ]
        m.d.comb += [read.i.payload[name].eq(token[name]) for name in ("end", "single", "column")]
        wiring.connect(m, values.o, read.values)
        wiring.connect(m, read.o, wiring.flipped(self.o))
        wiring.connect(m, wiring.flipped(self.io), read.io)
        return m


@pytest.mark.rtl
def test_span_read():
    units = {f"unit_{k}": Reader(config) for k, config in enumerate(CONFIGS)}
    banks = [(f"top.{unit}.read.{bank}", "port__en") for unit in units for bank in ("even", "odd")]
    run_bench(Bank(**units), __file__, parameters={"configs": CONFIGS}, public=banks)
