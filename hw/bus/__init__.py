"""Buses: AXI4-Lite, AXI4-Stream and the frames on it, and packets on a serial line."""
