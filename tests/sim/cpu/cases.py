"""Cases that the tests of this folder share."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sim.cpu.case import CpuCase
from sw.compress.quantise import quantise
from sw.network import Layer, Network


def small_network(sizes: tuple[int, ...] = (5, 12, 9, 2), linear: int = 0) -> Network:
    """Random float layers of 15 weights and zero. All but the last have ReLU, save for the first
    ``linear`` outputs."""
    rng = np.random.default_rng(list(sizes))
    layers = []
    for k, (columns, rows) in enumerate(pairwise(sizes)):
        stored = rng.random((rows, columns)) < 0.7
        weight = rng.choice(rng.normal(size=15), (rows, columns)) * stored
        relu = k < len(sizes) - 2
        layers.append(Layer(weight, rng.normal(size=rows), relu, linear if relu else 0))
    return Network(tuple(layers), rng.normal(size=(37, sizes[0])))


def case_of(network: Network) -> CpuCase:
    """The network, its integers, and the rows that came with it."""
    quantised, _ = quantise(network)
    return CpuCase(network, quantised, network.inputs)
