"""A host for benches of the whole engine."""

import numpy as np

from hw.eie.format import Control, Error, Register, Status
from sw.compress.frame import activation_frame, program_frame, results_from_words
from tests.hw.bus.machine_host import MachineHost


class Host(MachineHost):
    """Does with an :class:`hw.eie.system.Eie` what a driver does."""

    Register, Status, Error = Register, Status, Error

    async def load(self, program):
        await self.send(program_frame(program))
        await self.until(lambda status: Status.LOADED in status, what="program")

    async def infer(self, program, vector):
        """One inference from activations to outputs."""
        await self.send(activation_frame(vector))
        await self.command(Control.START)
        return await self.outputs(program)

    async def outputs(self, program, timeout=40_000):
        """Outputs int16 of the inference that is running."""
        packet = await self.receive(timeout)
        assert len(packet) == 2 * program.outputs
        words = np.frombuffer(packet + bytes(-len(packet) % 8), "<u8")
        return results_from_words(words, program.outputs)

    async def read_back(self, target, pe, address, length):
        """Units of a memory, as 64-bit integers."""
        await self.write(Register.READ_ADDRESS, address | pe << 20 | target << 28)
        await self.write(Register.READ_LENGTH, length)
        await self.command(Control.READ_BACK)
        packet = await self.receive()
        assert len(packet) == 8 * length
        return np.frombuffer(packet, "<u8")

    async def counter(self, counter, pe):
        await self.write(Register.COUNTER_SELECT, counter | pe << 8)
        return await self.read(Register.COUNTER_DATA)
