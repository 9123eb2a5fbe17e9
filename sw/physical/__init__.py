"""What the hardware takes: cells, SRAMs, timing and power at 45 nm, and what fits on an FPGA."""
