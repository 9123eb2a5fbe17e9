"""Benchmarks on the RTL: one module per results table, and what they share."""
