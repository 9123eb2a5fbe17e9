"""From a network in integers to a pipeline: folding, skips, memory images."""
