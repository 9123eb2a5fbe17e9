"""Writing weights and parameters into units under test."""

from sim.ports import Pin

__all__ = ["LoadPort", "cut"]


def cut(word, chunks):
    """A word in chunks of 64 bits, the lowest first."""
    return [word >> 64 * number & (1 << 64) - 1 for number in range(chunks)]


class LoadPort:
    """The port ``load`` of a unit in a bank."""

    def __init__(self, bench, unit):
        self.bench = bench
        names = ("valid", "unit", "parameters", "address", "data")
        self.pins = {name: Pin(bench.dut, f"{unit}__load__{name}", 0) for name in names}
        self.pins["valid"].set(0)

    async def write(self, chunks, *, index=0, parameters=False, address=0):
        """One a cycle; back in the first cycle after them."""
        values = {"valid": 1, "unit": index, "parameters": int(parameters)}
        for number, chunk in enumerate(chunks):
            for name, value in {**values, "address": address + number, "data": int(chunk)}.items():
                self.pins[name].set(value)
            await self.bench.step()
        self.pins["valid"].set(0)
