"""Kiln on FPGA boards: one machine behind a serial line, and what each board adds to it."""
