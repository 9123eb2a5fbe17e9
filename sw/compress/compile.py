"""The compiler from end to end: a network to a program and its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hw.eie.config import EieConfig
from sw.compress.calibration import Calibration
from sw.compress.layout import build_program
from sw.compress.neurons import fold_constant_neurons, order_neurons
from sw.compress.program import Program
from sw.compress.quantise import QuantisationReport, decisions, quantise
from sw.compress.quantised import MAX_PLANES, QuantisedNetwork
from sw.compress.share import SHARED_VALUES, share_network, share_weights
from sw.golden.eie import GoldenEie
from sw.network import Layer, Network

__all__ = ["active_shares", "compile_network", "lay_out", "needs_sharing", "with_shared_weights"]


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
            linear=[layer.linear for layer in network.layers],
        )
        weights, biases = tuned.weights, list(tuned.biases)
    layers = zip(weights, biases, network.layers, strict=True)
    return Network(
        tuple(Layer(w, b, layer.relu, layer.linear_rows) for w, b, layer in layers),
        network.inputs,
    )


def _fitted(
    network: Network, seen: Calibration, headroom: float, planes: int | None, agreement: float
) -> tuple[QuantisedNetwork, QuantisationReport]:
    """The network in integers. The report's agreement is with ``network`` itself, also where its
    weights had to be shared."""

    def quantised(candidate: Network, digits: int) -> tuple[QuantisedNetwork, QuantisationReport]:
        return quantise(
            candidate,
            calibration=seen.rows,
            input_range=(seen.low, seen.high),
            integer_inputs=seen.integer,
            headroom=headroom,
            planes=digits,
        )

    if planes not in (None, 1) or not needs_sharing(network):
        result, report = quantised(network, planes or 1)
        return result, replace(report, synthetic=seen.synthetic)
    result, report = quantised(with_shared_weights(network, seen.rows), 1)
    outputs = GoldenEie(result)(result.quantise_inputs(seen.rows)).numpy()
    real = network.forward(torch.from_numpy(seen.rows)).numpy()
    same = float((decisions(outputs) == decisions(real)).mean())
    report = replace(report, agreement=same)
    for digits in range(2, MAX_PLANES + 1) if planes is None else ():
        if report.agreement >= agreement:
            break
        other, its_report = quantised(network, digits)
        if its_report.agreement > report.agreement:
            result, report = other, its_report
    return result, replace(report, synthetic=seen.synthetic)


def active_shares(
    network: QuantisedNetwork, inputs: NDArray[np.int16]
) -> list[NDArray[np.float64]]:
    """How often each input of each layer is not zero, float64 (columns,) a layer, over inputs of
    the network, int16 (n, in)."""
    traces = GoldenEie(network).trace(inputs)
    sources = [inputs, *(trace.output.numpy() for trace in traces[:-1])]
    return [(source != 0).mean(axis=0) for source in sources]


def lay_out(
    network: QuantisedNetwork,
    config: EieConfig,
    inputs: NDArray[np.int16],
    provenance: Mapping[str, Any] | None = None,
) -> Program:
    """
    Lay a network out for an array: its hidden neurons in an order that suits the array and without
    those that are constant or not read; on a wide array, columns in groups for activations that are
    zero as often as for ``inputs``, int16 (n, in).
    """
    arranged = order_neurons(fold_constant_neurons(network), config.n_pe)
    return build_program(arranged, config, provenance, active=active_shares(arranged, inputs))


def compile_network(
    network: Network,
    config: EieConfig,
    *,
    calibration: NDArray | None = None,
    input_range: tuple[float, float] | None = None,
    integer_inputs: bool | None = None,
    headroom: float = 2.0,
    planes: int | None = None,
    agreement: float = 0.995,
    provenance: Mapping[str, Any] | None = None,
) -> tuple[Program, QuantisationReport]:
    """
    Bring a network into integers and lay it out for an array, as suits the calibration rows.

    Parameters
    ----------
    network : Network
    config : EieConfig
    calibration, input_range, integer_inputs, headroom
        As in ``sw.compress.quantise.quantise``.
    planes : int, 1 to 4, optional
        How to store a layer of more than 15 distinct non-zero weights: 1 shares its weights, 2 to 4
        take so many base-16 digits of each. By default weights are shared, and where the network
        then decides otherwise too often, get as many digits as ``agreement`` needs.
    agreement : float
        Share of the calibration rows on which the decision must be that of ``network`` in float;
        the best there is, where nothing reaches it.
    provenance : mapping, optional
        Notes for the program, in values that JSON can hold; the report joins them as
        ``quantisation``.
    """
    seen = Calibration.of(network, calibration, input_range, integer_inputs)
    quantised, report = _fitted(network, seen, headroom, planes, agreement)
    noted = {**(provenance or {}), "quantisation": report.as_dict()}
    return lay_out(quantised, config, quantised.quantise_inputs(seen.rows), noted), report
