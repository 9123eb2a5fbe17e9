"""The digits network with its skips as a pipeline: values, cycles, depths of skips."""

from dataclasses import replace

import pytest

from hw.cnn.pipeline import Pipeline
from sim.runner import run_bench
from sw import weights
from sw.dataflow.compile import compile_network
from sw.golden.cnn_file import read_graph

INTERVAL = 4608
"""Cycles a frame: all convolutions of the network take just that, with few multipliers."""


@pytest.mark.rtl
def test_pipeline():
    path = weights.FOLDER / "cnn_digits_residual.safetensors"
    compiled = compile_network(read_graph(path)[0], interval=INTERVAL)
    depths = [skip.depth for skip in compiled.config.skips]
    deep = tuple(replace(skip, depth=4 * max(depths)) for skip in compiled.config.skips)
    config = replace(compiled.config, skips=deep, adjustable=True)
    assert config.bound == INTERVAL
    parameters = {"network": str(path), "interval": INTERVAL, "depths": depths}
    run_bench(Pipeline(config), __file__, parameters=parameters, timeout_s=900)
