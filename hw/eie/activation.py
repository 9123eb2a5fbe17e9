"""Activation read/write: accumulator file, requantisation, source activation file."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..fixed import relu, rounding_constant, saturate
from .config import ACCUMULATOR_BITS, ACTIVATION_BITS, EieConfig
from .lnzd import lowest_set
from .tokens import ShownPass, drained_layout, pass_slot_layout

__all__ = ["AccumulatorAccess", "AccumulatorFile", "Requantise", "SlotWrite", "SourceFile"]


class AccumulatorAccess(wiring.Signature):
    """A read and a write in every cycle, seen from the user. ``read_data`` follows ``read_row``
    in the same cycle and is what the row held before the cycle's write."""

    def __init__(self, config: EieConfig):
        super().__init__(
            {
                "read_row": Out(config.slot_bits),
                "read_data": In(signed(ACCUMULATOR_BITS)),
                "write_en": Out(1),
                "write_row": Out(config.slot_bits),
                "write_data": Out(signed(ACCUMULATOR_BITS)),
            }
        )


class AccumulatorFile(wiring.Component):
    """
    The accumulators of a PE: ``file_depth`` rows of 32 bits, the destination of a pass.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    port : ``In(AccumulatorAccess(config))``
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__({"port": In(AccumulatorAccess(config))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(
            shape=signed(ACCUMULATOR_BITS), depth=self.config.file_depth, init=[]
        )
        read = memory.read_port(domain="comb")
        write = memory.write_port()
        m.d.comb += [
            read.addr.eq(self.port.read_row),
            self.port.read_data.eq(read.data),
            write.en.eq(self.port.write_en),
            write.addr.eq(self.port.write_row),
            write.data.eq(self.port.write_data),
        ]
        return m


class Requantise(wiring.Component):
    """
    Turns drained accumulators into activations: rounded half up by the pass's shift, saturated
    to 16 bits, rectified where the pass says so. Latency two cycles, one row a cycle, no stalls.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(drained_layout(config, signed(32)), always_ready=True))``
    slots : ``In(ArrayLayout(pass_slot_layout(config), 2))``
    o : ``Out(stream.Signature(drained_layout(config, signed(16)), always_ready=True))``
    """

    def __init__(self, config: EieConfig):
        self.config = config
        super().__init__(
            {
                "i": In(
                    stream.Signature(
                        drained_layout(config, signed(ACCUMULATOR_BITS)), always_ready=True
                    )
                ),
                "slots": In(data.ArrayLayout(pass_slot_layout(config), 2)),
                "o": Out(
                    stream.Signature(
                        drained_layout(config, signed(ACTIVATION_BITS)), always_ready=True
                    )
                ),
            }
        )

    def elaborate(self, platform):
        m = Module()
        rounded_layout = drained_layout(self.config, signed(ACCUMULATOR_BITS + 1))
        rounded = Signal(rounded_layout)
        rounded_valid = Signal()
        came = self.i.payload
        shift = ShownPass(self.slots, came.slot).shift
        m.d.sync += rounded_valid.eq(self.i.valid)
        with m.If(self.i.valid):
            m.d.sync += [
                rounded.drain.eq(came.drain),
                rounded.last.eq(came.last),
                rounded.slot.eq(came.slot),
                rounded.row.eq(came.row),
                rounded.value.eq(came.value + rounding_constant(shift)),
            ]

        chosen = ShownPass(self.slots, rounded.slot)
        clipped = saturate(rounded.value >> chosen.shift, ACTIVATION_BITS)
        m.d.sync += self.o.valid.eq(rounded_valid)
        with m.If(rounded_valid):
            m.d.sync += [
                self.o.payload.drain.eq(rounded.drain),
                self.o.payload.last.eq(rounded.last),
                self.o.payload.slot.eq(rounded.slot),
                self.o.payload.row.eq(rounded.row),
                self.o.payload.value.eq(Mux(chosen.relu, relu(clipped), clipped)),
            ]
        return m


class SlotWrite(wiring.Signature):
    """A write of one activation to the source file, in every cycle in which ``valid`` is high."""

    def __init__(self, config: EieConfig):
        super().__init__(
            {
                "valid": Out(1),
                "slot": Out(config.slot_bits),
                "value": Out(signed(ACTIVATION_BITS)),
            }
        )


class SourceFile(wiring.Component):
    """
    The source activations of a PE and its leading non-zero detection: ``file_depth`` slots of
    16 bits, each with a pending flag that is set when a non-zero activation is written and
    cleared when it is sent. The lowest pending slot leaves first; zeros cost no time.

    A slot written in one cycle can be detected in the next and leaves in the one after that;
    one activation a cycle.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    write : ``In(SlotWrite(config))``
    clear : ``In(1)``
        Forget everything pending, with what is written in the same cycle.
    enable : ``In(1)``
        While low, nothing is taken out of the file.
    o : ``Out(stream.Signature({"slot", "value"}))``
    pending : ``Out(1)``
        Something is in the file, or in ``o``, that has not been accepted.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        self.item = data.StructLayout(
            {"slot": config.slot_bits, "value": unsigned(ACTIVATION_BITS)}
        )
        super().__init__(
            {
                "write": In(SlotWrite(config)),
                "clear": In(1),
                "enable": In(1),
                "o": Out(stream.Signature(self.item)),
                "pending": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        depth = self.config.file_depth
        m.submodules.memory = memory = Memory(shape=signed(ACTIVATION_BITS), depth=depth, init=[])
        store = memory.write_port()
        m.d.comb += [
            store.en.eq(self.write.valid),
            store.addr.eq(self.write.slot),
            store.data.eq(self.write.value),
        ]

        flags = Signal(depth)
        remaining = Signal(depth)
        leading = Signal(self.config.slot_bits)
        m.d.comb += leading.eq(lowest_set(flags))
        fetch = memory.read_port(domain="comb")
        m.d.comb += fetch.addr.eq(leading)

        take = Signal()
        m.d.comb += take.eq(self.enable & flags.any() & (~self.o.valid | self.o.ready))
        m.d.comb += remaining.eq(flags & ~(Mux(take, Const(1, 1) << leading, 0)))
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(take):
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.payload.slot.eq(leading),
                self.o.payload.value.eq(fetch.data),
            ]

        # One enable for all flags, so that their clock can rest.
        following = Signal(depth)
        m.d.comb += following.eq(remaining)
        with m.If(self.write.valid):
            m.d.comb += following.bit_select(self.write.slot, 1).eq(self.write.value != 0)
        with m.If(self.clear):
            m.d.comb += following.eq(0)
            m.d.sync += self.o.valid.eq(0)
        with m.If(take | self.write.valid | self.clear):
            m.d.sync += flags.eq(following)
        m.d.comb += self.pending.eq(flags.any() | self.o.valid)
        return m
