"""A model that keeps step with a unit under test."""

import cocotb

__all__ = ["Lockstep"]


class Lockstep:
    """
    Compares a unit with a model of it in every cycle. Subclasses have ``forget``, which brings the
    model to where a reset brings the unit, and ``check``, which is called at the end of each cycle.
    """

    def __init__(self, bench, unit):
        self.bench = bench
        self.unit = unit
        self.forget()
        cocotb.start_soon(self._run())

    def pin(self, name):
        """What a port of the unit was in this cycle."""
        return int(getattr(self.bench.dut, f"{self.unit}__{name}").value)

    def expect(self, name, value):
        """A port of the unit must be ``value``."""
        got = self.pin(name)
        assert got == value, f"{self.unit}: {name} {got}, not {value}, in cycle {self.bench.cycle}"

    def forget(self):
        raise NotImplementedError

    def check(self):
        raise NotImplementedError

    async def _run(self):
        while True:
            await self.bench.edge
            if self.bench.in_reset or self.bench.cycle < 0:
                self.forget()
            else:
                self.check()
