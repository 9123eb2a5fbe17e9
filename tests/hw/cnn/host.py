"""A host for benches of the whole streaming network."""

import numpy as np

from hw.cnn.format import Control, Error, Register, Status
from sw.dataflow.frame import image_frames, network_frame, results
from tests.hw.bus.machine_host import MachineHost


class Host(MachineHost):
    """Does with a :class:`hw.cnn.system.Cnn` what a driver does."""

    Register, Status, Error = Register, Status, Error

    async def load(self, compiled):
        await self.send(network_frame(compiled.config, compiled.weights, compiled.parameters))
        await self.until(lambda status: Status.LOADED in status, what="network")

    async def run(self):
        await self.command(Control.RUN)
        assert Status.RUNNING in await self.status()

    async def stop(self):
        await self.command(Control.STOP)
        assert Status.RUNNING not in await self.status()

    def offer_images(self, pixels):
        for frame in image_frames(pixels):
            self.offer(frame)

    async def result(self, classes, timeout=4000):
        """Logits and class of the next result."""
        packet = await self.receive(timeout)
        assert len(packet) == 4 * classes + 8
        padding = bytes(4 * (classes % 2))
        words = np.frombuffer(packet[:-8] + padding + packet[-8:], "<u8")
        (logits,), (place,) = results(words[None], classes)
        return logits, place

    async def check(self, case, count=None):
        """Stream images of a case; every result must be right."""
        pixels = case.pixels[:count]
        self.offer_images(pixels)
        for logits, place in zip(case.logits, case.classes[: len(pixels)], strict=False):
            found, found_place = await self.result(len(logits))
            assert found.tolist() == logits.tolist()
            assert found_place == place

    async def counters(self):
        """The registers of all counters that are not a unit's."""
        names = ("FRAMES_IN", "FRAMES_OUT", "INTERVAL", "LATENCY", "CYCLES")
        names += ("STALLS_IN", "STALLS_OUT")
        return {name: await self.read(Register[name]) for name in names}

    async def unit_counters(self, unit):
        await self.write(Register.UNIT_SELECT, unit)
        names = ("UNIT_BUSY", "UNIT_STARVED", "UNIT_BLOCKED")
        return tuple([await self.read(Register[name]) for name in names])
