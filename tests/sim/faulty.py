"""A register between two streams that breaks a rule of streams, as ``fault`` says."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

FAULTS = ("none", "drops_valid", "changes_payload", "loses", "repeats", "reorders", "late")


class Faulty(wiring.Component):
    """Right with ``fault`` 0; the other numbers are those of ``FAULTS``."""

    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))
    fault: In(range(len(FAULTS)))

    def elaborate(self, platform):
        m = Module()
        full, item, count, waited = Signal(), Signal(8), Signal(4), Signal(2)
        faulty = [Signal(name=name) for name in FAULTS]
        m.d.comb += [flag.eq(self.fault == number) for number, flag in enumerate(faulty)]
        _, drops, changes, loses, repeats, reorders, late = faulty
        m.d.comb += [
            self.i.ready.eq(~full),
            self.o.valid.eq(
                full & ~(drops & (waited == 1)) & ~(late & (count == 9) & (waited < 3))
            ),
            self.o.payload.eq(item ^ (changes & (waited == 1)) ^ (reorders & (count[1:] == 2))),
        ]
        with m.If(full):
            m.d.sync += waited.eq(waited + (waited != 3))
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [item.eq(self.i.payload), waited.eq(0), count.eq(count + 1)]
            m.d.sync += full.eq(~(loses & (count == 5)))
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += full.eq(repeats & (count == 5) & (waited != 3))
        return m
