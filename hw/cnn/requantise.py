"""From sums to activations: bias, scale, rounding shift, clip."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..fixed import rounding_constant, saturate
from .check import require_index
from .config import ACCUMULATOR_BITS, SCALE_BITS, ConvConfig, Number
from .multiply import sums_layout
from .streams import LoadWrite, beats
from .weights import CyclicMemory

__all__ = ["Requantise", "clip", "parameter_layout"]


def parameter_layout(config: ConvConfig) -> data.StructLayout:
    """Parameters of a channel, see :attr:`ConvConfig.parameter_fields`."""
    kinds = {"bias": signed, "shift": unsigned, "scale": unsigned}
    return data.StructLayout({name: kinds[name](bits) for name, bits in config.parameter_fields})


class Requantise(wiring.Component):
    """
    Turns ``pe`` sums at once into output channels, ``lanes`` in a beat.

    ``o = clip((sum + bias) >> shift)``, or ``clip(((sum + bias) * scale + half) >> shift)`` where
    channels are scaled; shifts are arithmetic, ``half`` is half of the last place, and the clip is
    to the output's format. Sums of 32 bits leave as ``sum + bias``.

    Latency: the first beat is on ``o`` four cycles after its sums were taken, five if scaled, two
    if of 32 bits. Throughput: a beat a cycle; sums are taken once those before have been, so
    those of ``pe`` channels every ``pe / lanes`` cycles. ``i.ready`` depends on ``o.ready``.

    Parameters
    ----------
    config : :class:`ConvConfig`
    index : :class:`int`
        Unit whose parameters it takes, 0 to 255.

    Members
    -------
    load : ``In(LoadWrite())``
    i : ``In(stream.Signature(sums_layout(config)))``
    o : ``Out(beats(output, lanes))``
    """

    def __init__(self, config: ConvConfig, index: int = 0):
        require_index(index)
        self.config = config
        self.index = index
        super().__init__(
            {
                "load": In(LoadWrite()),
                "i": In(stream.Signature(sums_layout(config))),
                "o": Out(beats(config.output, config.lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        c = self.config
        m.submodules.parameters = parameters = CyclicMemory(
            c.parameter_words, c.parameter_word, self.index, parameters=True
        )
        wiring.connect(m, wiring.flipped(self.load), parameters.load)
        move, take = Signal(), Signal()
        m.d.comb += move.eq(~self.o.valid | self.o.ready)

        # Sums wait here and leave by the low end.
        sums, left = Signal(sums_layout(c)), Signal(range(c.drain_beats + 1))
        m.d.comb += [
            take.eq((left != 0) & parameters.o.valid & move),
            parameters.o.ready.eq(take),
            self.i.ready.eq((left == 0) | (take & (left == 1))),
        ]
        with m.If(take):
            m.d.sync += [
                sums.as_value().eq(sums.as_value() >> (c.lanes * ACCUMULATOR_BITS)),
                left.eq(left - 1),
            ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [sums.eq(self.i.payload), left.eq(c.drain_beats)]

        layout = data.ArrayLayout(parameter_layout(c), c.lanes)
        words = data.View(layout, parameters.o.payload)
        lanes = [self._stages(sums[lane], words[lane], lane) for lane in range(c.lanes)]
        valid = take
        for number, stage in enumerate(zip(*lanes, strict=True)):
            is_last = number == len(lanes[0]) - 1
            following = self.o.valid if is_last else Signal(name=f"valid_{number}")
            with m.If(move):
                m.d.sync += following.eq(valid)
            with m.If(move & valid):
                m.d.sync += list(stage)
            valid = following
        return m

    def _stages(self, total, word, lane):
        """What a lane's registers take, stage by stage; the last is the output."""
        c = self.config
        out = self.o.payload[lane]
        if c.output is Number.S32:
            return [[out.eq(total + word.bias)]]
        biased = Signal(signed(ACCUMULATOR_BITS), name=f"biased_{lane}")
        shift = Signal(c.shift_bits, name=f"shift_{lane}")
        stages = [[biased.eq(total + word.bias), shift.eq(word.shift)]]
        wide, amount = biased, shift
        if c.scaled:
            scale = Signal(SCALE_BITS, name=f"scale_{lane}")
            amount = Signal(c.shift_bits, name=f"scaled_shift_{lane}")
            product = Signal(signed(ACCUMULATOR_BITS + SCALE_BITS), name=f"product_{lane}")
            stages[0].append(scale.eq(word.scale))
            stages.append([product.eq(biased * scale), amount.eq(shift)])
            wide = product + rounding_constant(amount)
        shifted = Signal(signed(len(wide)), name=f"shifted_{lane}")
        return [*stages, [shifted.eq(wide >> amount)], [out.eq(clip(shifted, c.output))]]


def clip(value: Signal, number: Number) -> Value:
    """``value`` (signed) in the range of activations or of summands."""
    if number is Number.S16:
        return saturate(value, number.bits)
    return Mux(value[-1], 0, Mux(value[number.bits :].any(), (1 << number.bits) - 1, value))
