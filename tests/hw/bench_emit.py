"""Constant bits of a signal, in a component without a clock; started by test_emit.py."""

import cocotb
from cocotb.triggers import Timer


@cocotb.test()
async def test_constants(dut):
    for value in (0, 1, 0):
        dut.i.value = value
        await Timer(1, unit="ns")
        assert int(dut.o.value) == 0b1001 | value << 1
