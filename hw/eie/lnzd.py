"""Leading non-zero detection: within one PE, and the quadtree over all of them."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .config import EieConfig
from .tokens import token_layout

__all__ = ["LnzdNode", "LnzdTree", "lowest_set"]

RADIX = 4


def lowest_set(flags: Value) -> Value:
    """Index of the lowest set bit of ``flags``, whose width is a power of two from 2 up;
    all ones where none is set."""
    half = len(flags) // 2
    if half == 1:
        return ~flags[0]
    low = flags[:half]
    return Cat(Mux(low.any(), lowest_set(low), lowest_set(flags[half:])), ~low.any())


class LnzdNode(wiring.Component):
    """
    One node of the detection tree: passes on a non-zero activation of one of its children, taking
    the children that have one in turn, and one ``end`` mark when all children are at theirs.
    Latency one cycle, one activation a cycle (section IV, "Distributed Leading Non-Zero
    Detection").

    Parameters
    ----------
    config : :class:`EieConfig`
    children : :class:`int`
        1 to 4.

    Members
    -------
    i : ``In(stream.Signature(token_layout(config))).array(children)``
    o : ``Out(stream.Signature(token_layout(config)))``
    """

    def __init__(self, config: EieConfig, children: int = RADIX):
        if not isinstance(children, int) or not 1 <= children <= RADIX:
            raise ValueError(f"Children must be from 1 to {RADIX}, not {children!r}")
        self.config = config
        self.children = children
        token = stream.Signature(token_layout(config))
        super().__init__({"i": In(token).array(children), "o": Out(token)})

    def elaborate(self, platform):
        m = Module()
        n = self.children
        found = Signal(n)
        ended = Signal(n)
        free = Signal()
        m.d.comb += [
            found.eq(Cat(child.valid & ~child.payload.end for child in self.i)),
            ended.eq(Cat(child.valid & child.payload.end for child in self.i)),
            free.eq(~self.o.valid | self.o.ready),
        ]

        # The first child with an activation after the one served last.
        served = Signal(range(max(n, 2)))
        choice = Signal(range(max(n, 2)))
        m.d.comb += choice.eq(served)
        with m.Switch(served):
            for before in range(n):
                with m.Case(before):
                    for step in reversed(range(1, n)):
                        candidate = (before + step) % n
                        with m.If(found[candidate]):
                            m.d.comb += choice.eq(candidate)

        with m.If(free):
            m.d.sync += self.o.valid.eq(found.any() | ended.all())
            m.d.sync += self.o.payload.eq(self.i[0].payload)
            with m.If(found.any()):
                m.d.sync += served.eq(choice)
                with m.Switch(choice):
                    for k, child in enumerate(self.i):
                        with m.Case(k):
                            m.d.comb += child.ready.eq(1)
                            m.d.sync += self.o.payload.eq(child.payload)
            with m.Elif(ended.all()):
                m.d.comb += [child.ready.eq(1) for child in self.i]
        return m


class LnzdTree(wiring.Component):
    """
    Quadtree of :class:`LnzdNode` over all PEs (blocks of a wide array): 21 nodes for 64. Latency
    one cycle a level (``levels``; at least 1, but none for the one block of a small wide array,
    whose output is registered), one activation (group) a cycle.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(token_layout(config))).array(blocks)``
    o : ``Out(stream.Signature(token_layout(config)))``
    """

    def __init__(self, config: EieConfig):
        self.config = config
        levels = config.blocks.bit_length() // 2
        self.levels = levels if config.is_wide else max(1, levels)
        token = stream.Signature(token_layout(config))
        super().__init__({"i": In(token).array(config.blocks), "o": Out(token)})

    def elaborate(self, platform):
        m = Module()
        below = [wiring.flipped(child) for child in self.i]
        for level in range(self.levels):
            above = []
            for first in range(0, len(below), RADIX):
                children = below[first : first + RADIX]
                node = LnzdNode(self.config, len(children))
                m.submodules[f"node_{level}_{first // RADIX}"] = node
                for child, port in zip(children, node.i, strict=True):
                    wiring.connect(m, child, port)
                above.append(node.o)
            below = above
        wiring.connect(m, below[0], wiring.flipped(self.o))
        return m
