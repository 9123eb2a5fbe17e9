"""Simulation: builds, runs and counts what the gateware does."""
