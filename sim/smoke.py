"""Does the tool chain work? A counter goes from Amaranth to Verilog to Verilator to cocotb.

Run as ``python -m sim.smoke``: exits 0 and prints one line if it does. cocotb imports this module
into the simulator as well, for `counts`.
"""

import os
import sys
import tempfile
from pathlib import Path
from unittest import mock

import cocotb
from amaranth.back import verilog
from amaranth.hdl import Module, Signal
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from sim import toolchain
from sim.toolchain import ToolchainError

__all__ = ["check", "counts"]

EDGES = 20
"""Clock edges that the counter is watched for."""


@cocotb.test()
async def counts(dut) -> None:  # type: ignore[no-untyped-def]
    """The counter advances by one per clock edge."""
    Clock(dut.clk, 10, unit="ns").start()
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    first = int(dut.count.value)
    for edge in range(1, EDGES):
        await RisingEdge(dut.clk)
        assert int(dut.count.value) == (first + edge) % 256


def check(directory: Path) -> None:
    """Builds and tests the counter below ``directory``, with a waveform; about 15 s.

    Raises `ToolchainError` naming the stage that failed; its output has gone to stdout.
    """
    count = Signal(8)
    m = Module()
    m.d.sync += count.eq(count + 1)
    source = directory / "counter.v"
    source.write_text(verilog.convert(m, name="counter", ports=[count], emit_src=False))
    runner = get_runner("verilator")
    # Unoptimised: it is compiled once and runs for microseconds.
    variables = toolchain.environment() | {"MAKEFLAGS": "OPT_FAST=-O0 OPT_GLOBAL=-O0"}
    with mock.patch.dict(os.environ, variables):
        try:
            runner.build(
                sources=[source],
                hdl_toplevel="counter",
                build_dir=directory,
                timescale=("1ns", "1ps"),
                build_args=["--trace-fst"],
                waves=True,
            )
        except Exception as error:
            raise ToolchainError(f"Verilator cannot build a counter: {error}") from error
        results = runner.test(
            test_module="sim.smoke", hdl_toplevel="counter", build_dir=directory, waves=True
        )
    tests, failures = get_results(results)
    if tests != 1 or failures:
        raise ToolchainError(f"cocotb: {failures} of {tests} tests failed on a counter")


def main() -> int:
    """`check` in a directory that is removed again; returns the exit status."""
    try:
        with tempfile.TemporaryDirectory(prefix="kiln-smoke-") as directory:
            check(Path(directory))
        path = toolchain.verilator_path()
        version = toolchain.version_text(toolchain.verilator_version(path))
    except ToolchainError as error:
        print(f"smoke test: {error}", file=sys.stderr)
        return 1
    print(f"smoke test passed with Verilator {version} ({path})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
