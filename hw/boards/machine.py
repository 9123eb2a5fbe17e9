"""A machine behind a serial line: all of a board's gateware but clock and pins."""

from __future__ import annotations

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..bus.bridge import Bridge
from ..bus.packet import PacketLink
from ..bus.uart import UartReceiver, UartTransmitter

__all__ = ["SerialMachine"]


class SerialMachine(wiring.Component):
    """
    A machine whose host is at the other end of a UART and talks to it in the packets of
    :mod:`hw.bus.format`. RESET resets the machine in whatever it is doing; the link goes on.

    Parameters
    ----------
    engine : :class:`wiring.Component`
        The machine, with ``s_axil``, ``s_axis``, ``m_axis`` and ``irq`` as
        :class:`hw.eie.system.Eie` and :class:`hw.cnn.system.Cnn` have them.
    divisor : :class:`int`
        Clock cycles per bit of the serial line.
    patience : :class:`int`
        Cycles that a host may pause within a packet, and that a packet's words wait for the
        machine.

    Members
    -------
    rx : ``In(1)``
        Serial line from the host, not synchronised.
    tx : ``Out(1)``
        Serial line to the host.
    irq : ``Out(1)``
        The machine's.
    active : ``Out(1)``
        A packet is coming in, is being carried out or answered.
    fault : ``Out(1)``
        The last packet was faulty.
    """

    def __init__(self, engine: wiring.Component, *, divisor: int, patience: int):
        self.engine = engine
        self.divisor = divisor
        self.patience = patience
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "irq": Out(1),
                "active": Out(1),
                "fault": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        engine = self.engine
        m.submodules.receiver = receiver = UartReceiver(self.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        m.submodules.link = link = PacketLink(self.patience)
        m.submodules.bridge = bridge = Bridge(len(engine.s_axil.awaddr), self.patience)
        m.submodules[type(engine).__name__.lower()] = ResetInserter(bridge.reset)(engine)

        wiring.connect(m, receiver.o, link.i)
        wiring.connect(m, link.o, transmitter.i)
        wiring.connect(m, link.request, bridge.request)
        wiring.connect(m, bridge.m_axil, engine.s_axil)
        wiring.connect(m, bridge.m_axis, engine.s_axis)
        wiring.connect(m, engine.m_axis, bridge.s_axis)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            link.error.eq(receiver.error),
            self.irq.eq(engine.irq),
            self.active.eq(link.active),
            self.fault.eq(link.fault),
        ]
        return m
