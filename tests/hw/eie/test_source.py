"""Activation source, with the source file and the activation SRAM behind it."""

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.eie.activation import SlotWrite, SourceFile
from hw.eie.config import EieConfig
from hw.eie.source import ActivationSource
from hw.eie.tokens import pass_slot_layout, token_layout
from hw.memory import Sram
from sim.runner import run_bench

CONFIGS = [
    EieConfig(n_pe=1, spmat_depth=64, ptr_depth=64, act_depth=40, file_depth=2, sram_latency=1),
    EieConfig(n_pe=4, spmat_depth=64, ptr_depth=1000, act_depth=256, file_depth=16),
    EieConfig(n_pe=64, spmat_depth=64, ptr_depth=1 << 16, act_depth=1024),
    EieConfig(
        n_pe=256, spmat_depth=64, ptr_depth=1 << 14, act_depth=100, file_depth=8, sram_latency=4
    ),
]


class Supply(wiring.Component):
    """Activation source, source file and activation SRAM, as a processing element joins them.

    ``drain`` writes the file and ``store`` the SRAM, where the drain of a pass does.
    """

    def __init__(self, config):
        self.config = config
        store = {"valid": Out(1), "address": Out(range(config.act_depth)), "value": Out(signed(16))}
        super().__init__(
            {
                "index": In(config.pe_bits),
                "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
                "turned": In(1),
                "drain": In(SlotWrite(config)),
                "store": In(wiring.Signature(store)),
                "clear": In(1),
                "o": Out(stream.Signature(token_layout(config))),
                "passes": Out(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.source = source = ActivationSource(config)
        m.submodules.file = file = SourceFile(config)
        m.submodules.sram = sram = Sram(config.act_depth, 16, config.sram_latency)
        wiring.connect(m, file.o, source.file)
        wiring.connect(m, source.o, wiring.flipped(self.o))
        m.d.comb += [
            source.index.eq(self.index),
            source.slots.eq(self.slots),
            source.turned.eq(self.turned),
            source.file_pending.eq(file.pending),
            file.enable.eq(source.file_enable),
            file.clear.eq(self.clear),
            file.write.valid.eq(source.refill.valid),
            file.write.slot.eq(source.refill.slot),
            file.write.value.eq(source.refill.value),
            sram.port.en.eq(source.sram.en),
            sram.port.addr.eq(source.sram.addr),
            source.sram.rdata.eq(sram.port.rdata),
            self.passes.eq(source.passes),
        ]
        with m.If(self.drain.valid):
            m.d.comb += [
                file.write.valid.eq(1),
                file.write.slot.eq(self.drain.slot),
                file.write.value.eq(self.drain.value),
            ]
        with m.If(self.store.valid):
            m.d.comb += [
                sram.port.en.eq(1),
                sram.port.write.eq(1),
                sram.port.addr.eq(self.store.address),
                sram.port.wdata.eq(self.store.value),
            ]
        return m


@pytest.mark.rtl
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.n_pe}pe")
def test_source(config):
    run_bench(Supply(config), __file__, parameters={"config": config})
