"""What benches of units of the streaming network share: a unit of a bank on its streams."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from sim.ports import Pin
from sim.streams import PROFILES, Bench

__all__ = ["Unit", "bounds", "extremes", "joined"]


def bounds(shape):
    """The least and the largest value of an Amaranth shape."""
    low = -(1 << shape.width - 1) if shape.signed else 0
    return low, low + (1 << shape.width) - 1


def extremes(rng, shape, count):
    """Values of an Amaranth shape, one in three of them its least or its largest."""
    low, high = bounds(shape)
    return [rng.choice([low, high, *[rng.randint(low, high)] * 4]) for _ in range(count)]


def joined(frames):
    """Frames one after the other: of each port, the items of all of them."""
    return {port: [item for frame in frames for item in frame[port]] for port in frames[0]}


@dataclass
class Unit:
    """
    ``name``: of the unit in its bank. ``inputs`` and ``outputs``: shapes of its streams' payloads,
    by port. ``frame(rng)``: one frame at random, as items of its inputs and of its outputs.
    ``parameters``: what it is loaded with at the start, if with any, at ``index``.
    """

    name: str
    inputs: dict[str, object]
    outputs: dict[str, object]
    frame: Callable
    parameters: int | None = None
    index: int = 0
    bench: Bench = field(init=False)

    async def start(self, dut, stalls=None, *, blocked=()):
        """Reset and load it; ``stalls`` are profiles by port. Outputs that are ``blocked`` are not
        ready, until :meth:`watch`."""
        self.bench = await Bench.start(dut)
        if self.parameters is not None:
            await self.load(self.parameters)
        stalls = stalls or {}
        for port, shape in self.inputs.items():
            self.bench.drive(f"{self.name}__{port}", shape, stalls=stalls.get(port, "never"))
        for port in self.outputs:
            if port in blocked:
                getattr(dut, f"{self.name}__{port}__ready").value = 0
            else:
                self.watch(port, stalls.get(port, "never"))

    def watch(self, port, stalls="never"):
        shape = self.outputs[port]
        return self.bench.watch(f"{self.name}__{port}", shape, stalls=stalls)

    async def load(self, data, *, unit=None, parameters=1, valid=1):
        """A write of 64 bits."""
        write = {
            "valid": valid,
            "unit": self.index if unit is None else unit,
            "parameters": parameters,
            "address": 0,
            "data": data,
        }
        for name, value in write.items():
            Pin(self.bench.dut, f"{self.name}__load__{name}", 0).set(value)
        await self.bench.step()
        Pin(self.bench.dut, f"{self.name}__load__valid", 0).set(0)

    def source(self, port="i"):
        return self.bench.drivers[f"{self.name}__{port}"]

    def sink(self, port="o"):
        return self.bench.monitors[f"{self.name}__{port}"]

    def sent(self, port="i"):
        """The cycle in which each item was taken from an input."""
        return [each.cycle for each in self.source(port).sent]

    def named(self, items):
        return {f"{self.name}__{port}": each for port, each in items.items()}

    async def check(self, rng, frames=4):
        """Some frames at random, one after the other: just what is expected comes."""
        inputs, outputs = zip(*[self.frame(rng) for _ in range(frames)], strict=True)
        await self.bench.check(self.named(joined(inputs)), self.named(joined(outputs)))

    async def check_stalls(self, dut, source, sink, frames=4):
        """The first input and the first output stall by these profiles, others by any."""
        rng = random.Random(f"{self.name}/{source}/{sink}")
        stalls = {port: rng.choice(PROFILES) for port in (*self.inputs, *self.outputs)}
        stalls |= {next(iter(self.inputs)): source, next(iter(self.outputs)): sink}
        await self.start(dut, stalls)
        await self.check(rng, frames)

    async def check_resets(self, dut):
        """After a reset in any cycle of the first frames, nothing is there and frames are right."""
        rng = random.Random(self.name)
        await self.start(dut, dict.fromkeys((*self.inputs, *self.outputs), "light"))
        for cut in range(1, 16):
            for _ in range(3):
                inputs, _ = self.frame(rng)
                for port, items in inputs.items():
                    self.source(port).put(*items)
            await self.bench.step(cut)
            await self.bench.reset()
            for port in self.outputs:
                assert not Pin(dut, f"{self.name}__{port}__valid", 1).get(), f"reset after {cut}"
            await self.check(rng, 2)
            await self.bench.reset()
