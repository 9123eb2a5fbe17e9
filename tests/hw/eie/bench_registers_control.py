"""cocotb tests of CONTROL, STATUS, ERROR and irq; started by test_registers.py."""

from itertools import product

import cocotb

from hw.eie.format import Control, Error, Register, Status
from tests.hw.eie.register_host import LEVELS, LIMIT, SLVERR, Host


@cocotb.test(**LIMIT)
async def test_control(dut):
    """START, ABORT and READ_BACK in every state of the machine, together and alone."""
    host = await Host.start(dut)
    for levels in product((0, 1), repeat=len(LEVELS)):
        state = dict(zip(LEVELS, levels, strict=True))
        for name, level in state.items():
            getattr(dut, name).value = level
        status = Status(0)
        for name, bit in zip(
            LEVELS, ("LOADED", "INPUTS", "BUSY", "READING", "LOADING"), strict=True
        ):
            status |= Status[bit] if state[name] else Status(0)
        assert await host.read(Register.STATUS) == status
        idle = not (state["computing"] or state["reading"] or state["loading"])
        for bits in (0, *range(8), 0xFFFF_FFF8):
            wanted = Control(bits & 7)
            abort = Control.ABORT in wanted
            start = Control.START in wanted and idle and not abort
            start &= bool(state["loaded"] and state["inputs"])
            read_back = Control.READ_BACK in wanted and idle and not abort
            read_back &= Control.START not in wanted
            for pulses in host.pulses.values():
                pulses.clear()
            await host.write(Register.CONTROL, bits)
            await host.bench.step(3)
            count = {name: len(pulses) for name, pulses in host.pulses.items()}
            assert count == {"start": start, "abort": abort, "read_back": read_back}, (state, bits)
            refused = (Control.START in wanted and not start) or (
                Control.READ_BACK in wanted and not read_back
            )
            assert await host.errors() == (Error.REFUSED if refused else Error(0))
    await host.read(Register.CONTROL, resp=SLVERR)


@cocotb.test(**LIMIT)
async def test_control_strobes(dut):
    """CONTROL acts on bytes that are written, and on no others."""
    host = await Host.start(dut)
    dut.loaded.value = dut.inputs.value = 1
    for first in (1, 2, 3):
        await host.axi.write(Register.CONTROL + first, b"\7")
    assert not any(host.pulses.values())
    await host.axi.write(Register.CONTROL, b"\1")
    assert len(host.pulses["start"]) == 1


@cocotb.test(**LIMIT)
async def test_done(dut):
    """DONE and irq: set by done, cleared by a start that is carried out, and by nothing else."""
    host = await Host.start(dut)

    async def done():
        status = Status(await host.read(Register.STATUS))
        assert (Status.DONE in status) == bool(int(dut.irq.value))
        return Status.DONE in status

    assert not await done()
    await host.pulse("done")
    assert await done()
    await host.write(Register.CONTROL, Control.START)  # refused
    await host.write(Register.CONTROL, Control.ABORT)
    await host.write(Register.CONTROL, Control.READ_BACK)
    await host.write(Register.ERROR, 0xFFFF_FFFF)
    assert await done()
    dut.loaded.value = dut.inputs.value = 1
    await host.write(Register.CONTROL, Control.START)
    assert not await done()


@cocotb.test(**LIMIT)
async def test_watchdog_irq(dut):
    """An inference that ran out of time raises irq too, until its error is cleared."""
    host = await Host.start(dut)
    await host.pulse("errors", Error.WATCHDOG)
    await host.bench.step()
    assert int(dut.irq.value)
    assert not Status.DONE & await host.read(Register.STATUS)
    await host.write(Register.ERROR, 0xFFFF_FFFF ^ Error.WATCHDOG)
    assert int(dut.irq.value)
    await host.write(Register.ERROR, Error.WATCHDOG)
    await host.bench.step()
    assert not int(dut.irq.value)


@cocotb.test(**LIMIT)
async def test_errors(dut):
    """Sticky one by one; cleared by ones; an error that comes while it is cleared stays."""
    host = await Host.start(dut)
    everything = sum(Error)
    seen = 0
    for error in Error:
        await host.pulse("errors", error)
        seen |= error
        assert await host.read(Register.ERROR) == seen
    for error in Error:
        await host.write(Register.ERROR, error)
        seen &= ~error
        assert await host.read(Register.ERROR) == seen
    await host.pulse("errors", everything)
    await host.write(Register.ERROR, 0)
    await host.axi.write(Register.ERROR + 2, b"\xff\xff")
    assert await host.read(Register.ERROR) == everything
    await host.axi.write(Register.ERROR + 1, b"\xff")
    assert await host.read(Register.ERROR) == everything & 0xFF
    dut.errors.value = Error.CRC | Error.ROW
    await host.write(Register.ERROR, 0xFFFF_FFFF)
    dut.errors.value = 0
    assert await host.read(Register.ERROR) == Error.CRC | Error.ROW
