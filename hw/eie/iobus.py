"""The I/O bus between central control and the memories of the processing elements."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .config import WORD_BITS

__all__ = ["IoRead", "IoWrite"]

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
