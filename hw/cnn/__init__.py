"""Streaming convolutional networks: stages, skips, pipelines."""
