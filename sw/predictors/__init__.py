"""Latency predictors: their data, their networks, and how they are trained."""
