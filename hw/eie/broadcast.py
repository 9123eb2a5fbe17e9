"""The broadcast of activations to all processing elements, over registered wires."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .config import EieConfig
from .tokens import token_layout

__all__ = [
    "BROADCAST_FLIGHT",
    "RELAY_PES",
    "Broadcast",
    "BroadcastRelay",
    "flight",
    "room_layout",
    "rooms",
]

RELAY_PES = 16
"""PEs around one relay."""


BROADCAST_FLIGHT = 2
"""Cycles in which a broadcast has been sent, but is not yet in what the queues report of
themselves: so many entries a queue has to have beyond the depth at which broadcasts stall."""


def flight(config: EieConfig) -> int:
    """BROADCAST_FLIGHT; none in a lean array, which has no wires to speak of."""
    return 0 if config.lean else BROADCAST_FLIGHT


def room_layout(flight: int = BROADCAST_FLIGHT) -> data.ArrayLayout:
    """Bit k: there is room for k + 1 more activations."""
    return data.ArrayLayout(1, flight + 1)


def rooms(level: Value, limit: Value | int, flight: int = BROADCAST_FLIGHT) -> Value:
    """What a queue that holds ``level`` activations and stalls broadcasts from ``limit`` on reports
    of its room; it can hold ``flight`` more."""
    return Cat(level < limit + flight - k for k in range(flight + 1))


class BroadcastRelay(wiring.Component):
    """
    The registers between the root and up to 16 neighbouring PEs. Latency one cycle each way, an
    activation a cycle.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i, o : ``In/Out(stream.Signature(token_layout(config), always_ready=True))``
    room : ``In(ArrayLayout(room_layout(), PEs))``
    all_room : ``Out(room_layout())``
        What all of them have.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        token = stream.Signature(token_layout(config), always_ready=True)
        self.n_pe = min(config.n_pe, RELAY_PES)
        super().__init__(
            {
                "i": In(token),
                "o": Out(token),
                "room": In(data.ArrayLayout(room_layout(), self.n_pe)),
                "all_room": Out(room_layout()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.valid.eq(self.i.valid)
        with m.If(self.i.valid):
            m.d.sync += self.o.payload.eq(self.i.payload)
        for k in range(BROADCAST_FLIGHT + 1):
            m.d.sync += self.all_room[k].eq(Cat(room[k] for room in self.room).all())
        return m


class Broadcast(wiring.Component):
    """
    Gives every activation to all PEs in the same cycle (section III, "broadcast"): a root beside
    the detection tree, and a relay for every 16 PEs, so that a wire over the array has a clock
    period for itself, and so has one back.

    An activation leaves when the queues of all PEs have room for it, and for those that are on
    their way to them: what a queue reports arrives two cycles late. It reaches the PEs a cycle
    after it was taken. One activation a cycle. In a lean array nothing takes a cycle.

    Parameters
    ----------
    config : :class:`EieConfig`

    Members
    -------
    i : ``In(stream.Signature(token_layout(config)))``
        ``ready`` does not depend on ``valid``.
    o : ``Out(stream.Signature(token_layout(config), always_ready=True)).array(n_pe)``
    room : ``In(ArrayLayout(room_layout(flight(config)), n_pe))``
        See :func:`rooms`. A PE's queue can hold :func:`flight` activations more than those that
        make it report none.
    """

    def __init__(self, config: EieConfig):
        self.config = config
        token = token_layout(config)
        super().__init__(
            {
                "i": In(stream.Signature(token)),
                "o": Out(stream.Signature(token, always_ready=True)).array(config.n_pe),
                "room": In(data.ArrayLayout(room_layout(flight(config)), config.n_pe)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        n_pe = self.config.n_pe
        sent = Signal()
        m.d.comb += sent.eq(self.i.valid & self.i.ready)
        if self.config.lean:
            m.d.comb += self.i.ready.eq(Cat(room[0] for room in self.room).all())
            for transfer in self.o:
                m.d.comb += [transfer.valid.eq(sent), transfer.payload.eq(self.i.payload)]
            return m
        all_room = []
        for first in range(0, n_pe, RELAY_PES):
            relay = BroadcastRelay(self.config)
            m.submodules[f"relay_{first // RELAY_PES}"] = relay
            m.d.comb += [relay.i.valid.eq(sent), relay.i.payload.eq(self.i.payload)]
            for k in range(relay.n_pe):
                m.d.comb += [
                    relay.room[k].eq(self.room[first + k]),
                    self.o[first + k].valid.eq(relay.o.valid),
                    self.o[first + k].payload.eq(relay.o.payload),
                ]
            all_room.append(relay.all_room)

        before, last = Signal(), Signal()
        m.d.sync += [last.eq(sent), before.eq(last)]
        free = [Cat(room[k] for room in all_room).all() for k in range(BROADCAST_FLIGHT + 1)]
        m.d.comb += self.i.ready.eq(
            Mux(last, Mux(before, free[2], free[1]), Mux(before, free[1], free[0]))
        )
        return m
