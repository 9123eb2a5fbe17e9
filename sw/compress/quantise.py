"""From shared weights in float to integers: fixed-point calibration and the overflow proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sw.compress.calibration import Calibration
from sw.compress.digits import digit_planes, digit_range
from sw.compress.quantised import Plane, QuantisedLayer, QuantisedNetwork
from sw.compress.scales import (
    INT16,
    Choice,
    LayerScaling,
    QuantisationError,
    Rung,
    hidden_ladder,
    input_ladder,
    largest_frac,
    scaled,
)
from sw.golden.eie import GoldenEie
from sw.network import Network, NetworkError, layer_codebook

__all__ = ["LayerReport", "QuantisationError", "QuantisationReport", "decisions", "quantise"]

_Shared = tuple[NDArray[np.float32], NDArray[np.uint8]]  # codebook and index


@dataclass(frozen=True)
class LayerReport:
    """
    What quantisation chose for a layer.

    Parameters
    ----------
    frac_w, frac_a_in, frac_a_out, shift : int
        Fraction bits of weights, inputs and outputs, and the shift between.
    planes : int
        1 for shared weights, else the base-16 digits of every weight.
    weight_bits_lost, input_bits_lost : int
        Bits given up, of what 16 could hold, so that the overflow proof holds.
    overflow_bound, bound_row : int
        What the largest accumulator can reach, at most 2^31 - 1, and its row.
    saturated : float
        Share of its outputs that saturated on the calibration rows.
    """

    frac_w: int
    frac_a_in: int
    frac_a_out: int
    shift: int
    planes: int
    weight_bits_lost: int
    input_bits_lost: int
    overflow_bound: int
    bound_row: int
    saturated: float


@dataclass(frozen=True)
class QuantisationReport:
    """
    What quantisation chose for a network, and how well it did on the calibration rows.

    Parameters
    ----------
    layers : tuple of LayerReport
    frac_in, in_min, in_max : int
        Scale of the inputs and their declared range in integers.
    rows : int
        Calibration rows.
    synthetic : bool
        Whether these were drawn uniformly from the declared range for want of real ones.
    agreement : float
        Share of them on which integer and float network decide the same (see ``decisions``).
    """

    layers: tuple[LayerReport, ...]
    frac_in: int
    in_min: int
    in_max: int
    rows: int
    synthetic: bool
    agreement: float

    def as_dict(self) -> dict[str, Any]:
        """The same in values that JSON can hold."""
        return {**asdict(self), "layers": [asdict(layer) for layer in self.layers]}


def decisions(outputs: NDArray) -> NDArray:
    """What outputs (batch, n) say: for one output whether it is above zero, for several which is
    the largest, the first on a tie. (batch,)"""
    return outputs[:, 0] > 0 if outputs.shape[1] == 1 else outputs.argmax(axis=1)


def quantise(
    network: Network,
    *,
    calibration: NDArray | None = None,
    input_range: tuple[float, float] | None = None,
    integer_inputs: bool | None = None,
    headroom: float = 2.0,
    planes: int = 1,
) -> tuple[QuantisedNetwork, QuantisationReport]:
    """
    Choose fixed-point scales for a network and prove that no accumulator can overflow.

    Parameters
    ----------
    network : Network
        With at most 15 distinct non-zero weights in every layer, unless ``planes`` says otherwise.
    calibration : float (n, in), optional
        Rows that show how large activations become; by default the network's own ``inputs``, else
        rows drawn from ``input_range``.
    input_range : (float, float), optional
        What inputs may be; by default the range of the calibration rows.
    integer_inputs : bool, optional
        Whether inputs are integers, which then keep no fraction bits; by default, whether all
        calibration rows are.
    headroom : float, at least 1
        How far activations may exceed those seen in calibration before they saturate.
    planes : int, 1 to 4
        With more than 1, a layer of more distinct weights is not refused, but stored as the sum of
        so many planes: weights of 4, 8, 12 or 16 bits at so many times the entries.

    ``NetworkError`` names what is wrong with the input, ``QuantisationError`` the layer and row for
    which no scales exist.
    """
    if not headroom >= 1:
        raise ValueError(f"headroom must be at least 1, not {headroom}")
    limits = digit_range(planes)
    shared: list[_Shared | None] = []
    for k, layer in enumerate(network.layers):
        try:
            shared.append(layer_codebook(layer))
        except NetworkError as error:
            if planes == 1:
                raise NetworkError(f"layer {k} {error}") from None
            shared.append(None)
    seen = Calibration.of(network, calibration, input_range, integer_inputs)
    floats = [layer.numpy() for layer in network.activations(torch.from_numpy(seen.rows))]

    frac = largest_frac([seen.low, seen.high])
    ladder = input_ladder(seen.low, seen.high, min(frac, 0) if seen.integer else frac)
    choices: list[Choice] = []
    for k, layer in enumerate(network.layers):
        scaling = LayerScaling(k, layer.weight, layer.bias, INT16 if shared[k] else limits)
        choice = scaling.choose(ladder)
        choices.append(choice)
        peak = headroom * float(np.abs(floats[k]).max())
        unsigned = layer.relu and not layer.linear_rows
        ladder = hidden_ladder(choice.bound, choice.frac_w + choice.frac_a_in, unsigned, peak)
    quantised = QuantisedNetwork(
        _layers(network, shared, choices, ladder[0], planes),
        in_min=int(scaled(seen.low, choices[0].frac_a_in)),
        in_max=int(scaled(seen.high, choices[0].frac_a_in)),
    )
    traces = GoldenEie(quantised).trace(quantised.quantise_inputs(seen.rows))
    saturated = [
        float(((trace.output == 32767) | (trace.output == -32768)).double().mean())
        for trace in traces
    ]
    same = decisions(traces[-1].output.numpy()) == decisions(floats[-1])
    report = QuantisationReport(
        layers=tuple(
            LayerReport(
                frac_w=layer.frac_w,
                frac_a_in=layer.frac_a_in,
                frac_a_out=layer.frac_a_out,
                shift=layer.shift,
                planes=len(layer.planes),
                weight_bits_lost=choice.weight_bits_lost,
                input_bits_lost=choice.input_bits_lost,
                overflow_bound=choice.bound,
                bound_row=choice.row,
                saturated=share,
            )
            for layer, choice, share in zip(quantised.layers, choices, saturated, strict=True)
        ),
        frac_in=quantised.frac_in,
        in_min=quantised.in_min,
        in_max=quantised.in_max,
        rows=len(seen.rows),
        synthetic=seen.synthetic,
        agreement=float(same.mean()),
    )
    return quantised, report


def _layers(
    network: Network,
    shared: Sequence[_Shared | None],
    choices: Sequence[Choice],
    last: Rung,
    planes: int,
) -> tuple[QuantisedLayer, ...]:
    """The integer layers at the chosen scales; a layer's outputs have the scale that the next
    layer chose for its inputs."""
    outs = [*(choice.frac_a_in for choice in choices[1:]), last.frac]
    made = []
    for layer, found, choice, out in zip(network.layers, shared, choices, outs, strict=True):
        if found is None:
            weight = scaled(layer.weight, choice.frac_w).astype(np.int32)
            first, *more = digit_planes(weight, planes)
        else:
            codebook, index = found
            first, more = Plane(index, scaled(codebook, choice.frac_w).astype(np.int16)), []
        frac_acc = choice.frac_w + choice.frac_a_in
        made.append(
            QuantisedLayer(
                index=first.index,
                codebook=first.codebook,
                bias=scaled(layer.bias, frac_acc).astype(np.int32),
                shift=frac_acc - out,
                relu=layer.relu,
                frac_w=choice.frac_w,
                frac_a_in=choice.frac_a_in,
                frac_a_out=out,
                more=tuple(more),
                linear_rows=layer.linear_rows,
            )
        )
    return tuple(made)
