"""EIE behind a serial line: all of a board's gateware but clock and pins."""

from __future__ import annotations

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.bridge import Bridge
from ..bus.packet import PacketLink
from ..bus.uart import UartReceiver, UartTransmitter
from ..eie.config import EieConfig
from ..eie.registers import ADDRESS_BITS
from ..eie.system import Eie

__all__ = ["SerialEie"]


class SerialEie(wiring.Component):
    """
    An :class:`hw.eie.system.Eie` whose host is at the other end of a UART and talks to it in the
    packets of :mod:`hw.bus.format`. RESET resets the engine in whatever it is doing; the link goes
    on.

    Parameters
    ----------
    config : :class:`EieConfig`
    divisor : :class:`int`
        Clock cycles per bit of the serial line.
    patience : :class:`int`
        Cycles that a host may pause within a packet, and that a packet's words wait for the
        engine.

    Members
    -------
    rx : ``In(1)``
        Serial line from the host, not synchronised.
    tx : ``Out(1)``
        Serial line to the host.
    done : ``Out(1)``
        The engine's ``irq``: an inference has finished or was stopped by the watchdog.
    active : ``Out(1)``
        A packet is coming in, is being carried out or answered.
    fault : ``Out(1)``
        The last packet was faulty.
    """

    def __init__(self, config: EieConfig, *, divisor: int, patience: int):
        self.config = config
        self.divisor = divisor
        self.patience = patience
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "done": Out(1),
                "active": Out(1),
                "fault": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        m.submodules.link = link = PacketLink(self.patience)
        m.submodules.bridge = bridge = Bridge(ADDRESS_BITS, self.patience)
        eie = Eie(self.config)
        m.submodules.eie = ResetInserter(bridge.reset)(eie)

        wiring.connect(m, receiver.o, link.i)
        wiring.connect(m, link.o, transmitter.i)
        wiring.connect(m, link.request, bridge.request)
        wiring.connect(m, bridge.m_axil, eie.s_axil)
        wiring.connect(m, bridge.m_axis, eie.s_axis)
        wiring.connect(m, eie.m_axis, bridge.s_axis)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            link.error.eq(receiver.error),
            self.done.eq(eie.irq),
            self.active.eq(link.active),
            self.fault.eq(link.fault),
        ]
        return m
