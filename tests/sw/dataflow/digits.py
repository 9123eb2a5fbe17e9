"""The digits network with its skips, compiled."""

from functools import cache

from sw import weights
from sw.dataflow.compile import compile_network
from sw.golden.cnn_file import read_graph


@cache
def digits_config(interval):
    graph, *_ = read_graph(weights.FOLDER / "cnn_digits_residual.safetensors")
    return compile_network(graph, interval=interval).config
