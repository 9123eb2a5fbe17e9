"""Networks with skips as pipelines: values, cycles, depths of skips."""

from dataclasses import replace

import pytest

from hw.cnn.config import SkipKind
from hw.cnn.pipeline import Pipeline
from sim.runner import run_bench
from sw import weights
from sw.dataflow.compile import compile_network
from sw.golden.cnn_file import read_graph, write_graph
from tests.sw.dataflow.graphs import residual

pytestmark = pytest.mark.rtl


@pytest.mark.parametrize("interval", [1152, 4608])
def test_queues(interval):
    """Of the digits network; all its convolutions take just the interval."""
    path = weights.FOLDER / "cnn_digits_residual.safetensors"
    compiled = compile_network(read_graph(path)[0], interval=interval)
    depths = [skip.depth for skip in compiled.config.skips]
    deep = tuple(replace(skip, depth=4 * max(depths)) for skip in compiled.config.skips)
    config = replace(compiled.config, skips=deep, adjustable=True)
    assert config.bound == interval
    parameters = {"network": str(path), "interval": interval, "depths": depths}
    run_bench(Pipeline(config), __file__, parameters=parameters, timeout_s=900)


def test_held_frames(tmp_path):
    """An identity and a projection of every other pixel, each from a frame that is kept."""
    graph, path = residual(), tmp_path / "network.safetensors"
    write_graph(graph, path, {})
    compiled = compile_network(graph, interval=1152, skips=SkipKind.HOLD)
    assert sorted(skip.stride for skip in compiled.config.skips) == [1, 2]
    parameters = {"network": str(path), "interval": 1152, "depths": []}
    run_bench(Pipeline(compiled.config), __file__, parameters=parameters, timeout_s=900)
