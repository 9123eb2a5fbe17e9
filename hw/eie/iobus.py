"""The I/O bus between central control and the memories of the processing elements."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.layout import WORD_BITS
from ..pipeline import delay

__all__ = ["IoRead", "IoWrite", "connect_memories", "connect_reads"]

_ADDRESS = {"target": Out(3), "pe": Out(8), "address": Out(20)}


class IoWrite(wiring.Signature):
    """A write in every cycle in which ``valid`` is high; it is never refused.

    Only the SRAMs and the source file can be written; the array must not be computing.
    """

    def __init__(self) -> None:
        super().__init__({"valid": Out(1), **_ADDRESS, "data": Out(WORD_BITS)})


class IoRead(wiring.Signature):
    """A read in every cycle in which ``valid`` is high; ``data`` follows ``io_read_latency``
    cycles of the configuration later, for one cycle. SRAMs must not be computing or written."""

    def __init__(self) -> None:
        super().__init__({"valid": Out(1), **_ADDRESS, "data": In(WORD_BITS)})


def connect_memories(m, io, read, accesses, *, alone=()):
    """Gives a PE's side of the bus, ``io`` for writes and the same address with ``read`` for reads,
    its way to memories: ``accesses`` by target. Returns what each target reads. Targets in
    ``alone`` are written by nobody else, so that their data need not be held at zero."""
    for target, access in accesses.items():
        if target in alone:
            m.d.comb += access.wdata.eq(io.data)
        with m.If((io.valid | read) & (io.target == target)):
            m.d.comb += [
                access.en.eq(1),
                access.write.eq(io.valid),
                access.addr.eq(io.address),
            ]
            if target not in alone:
                m.d.comb += access.wdata.eq(io.data)
    return {target: access.rdata for target, access in accesses.items()}


def connect_reads(m, io, read, reads, latency, data):
    """``data`` is what the target read ``latency`` cycles ago gives now: ``reads`` by target, 0
    where there is none."""
    _, target = delay(m, read, io.target, latency, "target")
    with m.Switch(target):
        for number, value in reads.items():
            with m.Case(number):
                m.d.comb += data.eq(value)
