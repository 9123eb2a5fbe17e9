"""SRAMs of an FPGA: Verilog from which Yosys infers block RAM without logic around it."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Instance

from ..memory import Sram

__all__ = ["SramFiles"]

_VERILOG = """\
module {name}(
  input clk, input en, input write,
  input [{high_address}:0] addr, input [{high}:0] wdata, output [{high}:0] rdata
);
  (* ram_style = "{style}" *) reg [{high}:0] memory [0:{last}];
  reg [{high}:0] stage_1;
  always @(posedge clk)
    if (en) begin
      if (write) memory[addr] <= wdata;
      else stage_1 <= memory[addr];
    end
{stages}  assign rdata = stage_{latency};
endmodule
"""
_STAGE = """\
  reg [{high}:0] stage_{k};
  always @(posedge clk) stage_{k} <= stage_{before};
"""


class SramFiles:
    """
    Mixin for a board's platform: gives every :class:`hw.memory.Sram` as an instance of a Verilog
    module with one access a cycle. The behavioural ``Sram`` has two ports, which Yosys would guard
    with flip-flops and comparators against a read and a write that meet.
    """

    huge_bits: int | None = None
    """SRAMs of so many bits and more go to the device's large memories."""
    tiny_bits = 0
    """SRAMs of fewer bits go to the device's distributed RAM."""

    def get_sram(self, sram: Sram) -> Instance:
        """The instance; adds its module to the files of the build."""
        depth, width, latency = sram.depth, sram.width, sram.latency
        name = f"sram_1rw_{depth}x{width}_l{latency}"
        style = "distributed" if depth * width < self.tiny_bits else "block"
        if self.huge_bits is not None and depth * width >= self.huge_bits:
            style = "huge"
        text = _VERILOG.format(
            name=name,
            high=width - 1,
            last=depth - 1,
            high_address=(depth - 1).bit_length() - 1,
            style=style,
            stages="".join(
                _STAGE.format(high=width - 1, k=k, before=k - 1) for k in range(2, latency + 1)
            ),
            latency=latency,
        )
        self.add_file(f"{name}.v", text)
        port = sram.port
        return Instance(
            name,
            i_clk=ClockSignal(),
            i_en=port.en,
            i_write=port.write,
            i_addr=port.addr,
            i_wdata=port.wdata,
            o_rdata=port.rdata,
        )
