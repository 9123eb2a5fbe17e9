"""A machine on a board: serial line and LEDs on the board's pins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import ClockDomain, Elaboratable, Module
from amaranth.lib import io

from .machine import SerialMachine

__all__ = ["BoardTop", "Led"]


@dataclass(frozen=True)
class Led:
    """
    An LED, and what it shows.

    Parameters
    ----------
    label : str
        What it is called in the design.
    resource : str
        The platform's name for it.
    number : int
        Of the resource.
    member : str
        The output of :class:`SerialMachine` that lights it.
    """

    label: str
    resource: str
    number: int
    member: str


class BoardTop(Elaboratable):
    """
    The machine, its UART on the lines of the board's FTDI.

    Parameters
    ----------
    machine : :class:`SerialMachine`
    clock : :class:`Elaboratable`
        Drives clock domain ``sync`` from the board's oscillator.
    leds : sequence of :class:`Led`
    """

    def __init__(self, machine: SerialMachine, clock: Elaboratable, leds: Sequence[Led]):
        self.machine = machine
        self.clock = clock
        self.leds = leds

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain()
        m.submodules.clock = self.clock
        m.submodules.machine = machine = self.machine
        uart = platform.request("uart", dir="-")
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.d.comb += [machine.rx.eq(rx.i), tx.o.eq(machine.tx)]
        for each in self.leds:
            led = io.Buffer("o", platform.request(each.resource, each.number, dir="-"))
            m.submodules[each.label] = led
            m.d.comb += led.o.eq(getattr(machine, each.member))
        return m
