"""Source activations of a wide PE, with the activation SRAM behind them, side by side."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.eie.config import EieConfig
from hw.eie.tokens import pass_slot_layout
from hw.eie.wide.source import SlotsWrite, WideSource
from hw.eie.wide.tokens import slots_layout
from hw.memory import Sram, SramAccess
from sim.runner import run_bench
from tests.hw.bank import Bank

# PEs, lanes, largest group, slots of the file, latency; a PE gives group / PEs slots at a time.
SHAPES = (
    (1, 2, 1, 2, 1),
    (1, 2, 2, 2, 2),
    (1, 8, 8, 16, 3),
    (2, 8, 16, 8, 2),
    (4, 8, 16, 64, 2),
    (4, 4, 8, 8, 4),
    (16, 8, 16, 16, 1),
)


class Supply(wiring.Component):
    """Source and SRAM as a PE joins them; ``store`` writes the SRAM, where a drain does."""

    def __init__(self, config):
        self.config = config
        super().__init__(
            {
                "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
                "turned": In(1),
                "write": In(SlotsWrite(config)),
                "store": In(SramAccess(config.act_depth, 16)),
                "clear": In(1),
                "o": Out(stream.Signature(slots_layout(config))),
                "passes": Out(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.source = source = WideSource(self.config)
        m.submodules.sram = sram = Sram(self.config.act_depth, 16, self.config.sram_latency)
        wiring.connect(m, wiring.flipped(self.write), source.write)
        wiring.connect(m, source.o, wiring.flipped(self.o))
        m.d.comb += [
            source.slots.eq(self.slots),
            source.turned.eq(self.turned),
            source.clear.eq(self.clear),
            self.passes.eq(source.passes),
            sram.port.en.eq(source.sram.en | self.store.en),
            sram.port.write.eq(self.store.en),
            sram.port.addr.eq(source.sram.addr),
            sram.port.wdata.eq(self.store.wdata),
            source.sram.rdata.eq(sram.port.rdata),
        ]
        with m.If(self.store.en):
            m.d.comb += sram.port.addr.eq(self.store.addr)
        return m


@pytest.mark.rtl
def test_wide_sources():
    configs = [
        EieConfig(
            n_pe=n_pe,
            spmat_depth=64,
            ptr_depth=64,
            act_depth=256,
            lanes=lanes,
            group_max=group_max,
            file_depth=depth,
            sram_latency=latency,
        )
        for n_pe, lanes, group_max, depth, latency in SHAPES
    ]
    units = {f"unit_{k}": Supply(config) for k, config in enumerate(configs)}
    run_bench(Bank(**units), __file__, parameters={"configs": configs})
