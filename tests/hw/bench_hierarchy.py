"""cocotb test of three instances of one module; started by test_hierarchy.py."""

import cocotb

from sim.runner import bench_parameters
from sim.streams import Bench


@cocotb.test()
async def test_rows(dut):
    bench = await Bench.start(dut)
    for number, (inputs, outputs) in enumerate(bench_parameters()["rows"]):
        for name, value in inputs.items():
            getattr(dut, name).value = value
        await bench.step()
        for name, value in outputs.items():
            assert int(getattr(dut, name).value) == value, (number, name)
    # The clock domain's own reset reaches all of them; what was kept stays.
    dut.step.value = 9
    dut.reset.value = 0
    await bench.step()
    dut.step.value = 0
    await bench.reset()
    await bench.step()
    for k in range(3):
        assert int(getattr(dut, f"total_{k}").value) == 0
        assert int(getattr(dut, f"kept_{k}").value) == 9
