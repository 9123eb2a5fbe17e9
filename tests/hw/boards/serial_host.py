"""A host for benches of a board's gateware: the shipped driver over a simulated serial line."""

import random

from hw.bus.format import Reply
from sim.runner import bench_parameters
from sim.streams import Bench
from sw.host.link import FAULTS, Link, ReplyPacket, with_crc
from tests.hw.bus.serial_line import SerialLine

_TRIES = 20


class SerialHost:
    """Talks to an :class:`hw.boards.machine.SerialMachine` through its UART pins only."""

    @classmethod
    async def start(cls, dut, driver, *, damage=0.0):
        """``driver`` has the steps; ``damage`` is the share of packets that lose a bit, either
        way."""
        self = cls()
        self.dut = dut
        parameters = bench_parameters()
        self.divisor, self.patience = parameters["divisor"], parameters["patience"]
        self.line = SerialLine(dut, self.divisor)
        self.bench = await Bench.start(dut)
        self.link, self.driver = Link(), driver
        self.damage, self.rng, self.repeats = damage, random.Random(5), 0
        return self

    def _spoil(self, data):
        data = bytearray(data)
        if self.rng.random() < self.damage:
            data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
        return bytes(data)

    async def reply(self, timeout=None):
        """The next reply to the last request, or None if none comes."""
        for _ in range(timeout or 3 * self.patience // self.divisor + 3000):
            if self.line.received:
                data = bytes(self.line.received)
                self.line.received.clear()
                packet = self.link.feed(data)
                if packet is not None:
                    return packet
            await self.bench.step(self.divisor)
        return None

    async def ask(self, command, payload=b""):
        """One request until it has got through, and its reply."""
        data = self.link.request(command, payload)
        for _ in range(_TRIES):
            await self.line.send(self._spoil(data))
            packet = await self.reply()
            lost = self.rng.random() < self.damage
            if packet is not None and not lost:
                expected = packet.status in FAULTS and not self.damage
                if expected or packet.status not in FAULTS:
                    return packet
            self.repeats += 1
            data = self.link.again()
        raise AssertionError(f"no reply to {command!r}")

    async def raw(self, data, *, stop=1):
        """The reply to bytes that are no request of the link's; what is no fault counts only with
        the number ``data`` has."""
        self.line.received.clear()
        await self.line.send(data, stop=stop)
        for _ in range(3 * self.patience // self.divisor + 3000):
            await self.bench.step(self.divisor)
            if len(self.line.received) == 5:
                break
        packet = bytes(self.line.received)
        self.line.received.clear()
        assert packet == with_crc(packet[:-2])
        assert packet[0] in FAULTS or packet[1] == data[1]
        return ReplyPacket(Reply(packet[0]), packet[1], packet[3:-2])

    async def run(self, steps):
        """Carry out what the driver wants."""
        reply = None
        try:
            while True:
                reply = await self.ask(*(steps.send(reply)))
        except StopIteration as end:
            return end.value

    async def quiet(self):
        """Wait until the machine has given up whatever was half done, and drop its replies."""
        await self.bench.step(2 * self.patience + 20 * 10 * self.divisor)
        self.line.received.clear()
