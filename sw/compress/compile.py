"""The compiler from end to end: a network to a program and its report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import EieConfig
from sw.compress.program import Program, build_program
from sw.compress.quantise import QuantisationReport, quantise
from sw.compress.share import SHARED_VALUES, share_network, share_weights
from sw.network import Layer, Network

__all__ = ["compile_network", "needs_sharing", "with_shared_weights"]


def needs_sharing(network: Network) -> bool:
    """Whether a layer has more distinct non-zero weights than a codebook holds."""
    return any(
        np.count_nonzero(np.unique(layer.weight)) > SHARED_VALUES for layer in network.layers
    )


def with_shared_weights(network: Network, calibration: NDArray | None = None) -> Network:
    """The network with at most 15 distinct non-zero weights a layer, tuned on ``calibration`` (n,
    in), by default its own ``inputs``; plain k-means where there are neither."""
    rows = network.inputs if calibration is None else calibration
    if rows is None:
        shared = [share_weights(layer.weight) for layer in network.layers]
        weights = [codebook[index] for codebook, index in shared]
        biases = [layer.bias for layer in network.layers]
    else:
        tuned = share_network(
            [layer.weight for layer in network.layers],
            [layer.bias for layer in network.layers],
            rows,
        )
        weights, biases = tuned.weights, list(tuned.biases)
    layers = zip(weights, biases, network.layers, strict=True)
    return Network(tuple(Layer(w, b, layer.relu) for w, b, layer in layers), network.inputs)


def compile_network(
    network: Network,
    config: EieConfig,
    *,
    calibration: NDArray | None = None,
    input_range: tuple[float, float] | None = None,
    integer_inputs: bool | None = None,
    headroom: float = 2.0,
    provenance: Mapping[str, Any] | None = None,
) -> tuple[Program, QuantisationReport]:
    """Quantise a network (see ``sw.compress.quantise.quantise`` for the parameters) and lay it out
    for ``config``. The program's provenance is ``provenance`` with the report as
    ``quantisation``."""
    quantised, report = quantise(
        network,
        calibration=calibration,
        input_range=input_range,
        integer_inputs=integer_inputs,
        headroom=headroom,
    )
    noted = {**(provenance or {}), "quantisation": report.as_dict()}
    return build_program(quantised, config, noted), report
