"""Gateware: synthesisable Amaranth components. Imports nothing else of Kiln."""
