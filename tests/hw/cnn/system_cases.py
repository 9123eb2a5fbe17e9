"""Networks and images for benches of the whole streaming network, and a watch on its streams."""

import cocotb

from hw.cnn.format import Control
from sw.dataflow.frame import image_frames, network_frame
from tests.hw.cnn.host import Host
from tests.hw.cnn.networks import Case

LIMIT = {"timeout_time": 10000, "timeout_unit": "us"}
"""A test that waits for ever fails instead."""

CASE, OTHER = Case(1), Case(2)
IMAGES = image_frames(CASE.pixels)
WORDS = IMAGES.shape[1]
RUN, STOP = Control.RUN, Control.STOP


def network_of(case):
    compiled = case.compiled
    return network_frame(compiled.config, compiled.weights, compiled.parameters)


class Watch:
    """Cycles of words on the streams, and of words that were offered and not taken."""

    def __init__(self, host):
        self.host, self.dut = host, host.dut
        self.words = {"s_axis": [], "m_axis": []}
        self.waits = []
        cocotb.start_soon(self._run())

    async def _run(self):
        while True:
            await self.host.bench.edge
            for name, words in self.words.items():
                valid, ready = (
                    int(getattr(self.dut, f"{name}__t{each}").value) for each in ("valid", "ready")
                )
                if valid and ready:
                    words.append(self.host.bench.cycle)
                if name == "m_axis" and valid and not ready:
                    self.waits.append(self.host.bench.cycle)

    async def taken(self, count):
        """Until so many words have been taken in all."""
        words = self.words["s_axis"]
        await self.host.bench.until(lambda: len(words) >= count, 2000, "words taken")


async def loaded(dut, **options):
    host = await Host.start(dut, **options)
    await host.load(CASE.compiled)
    return host
