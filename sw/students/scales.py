"""Powers of two for a network's integers: one for each tensor, one for each channel's weights."""

from __future__ import annotations

from math import floor, log2

import torch
from torch import Tensor

from sw.students.graph import Add, Conv, Graph, Linear, Pool

__all__ = ["calibrate", "is_summand", "quantised_weight", "weight_frac"]

_CANDIDATES = 4
"""Scales tried for a tensor, from the one that clips nothing on."""
_MOST_ACTIVATION, _MOST_SUMMAND = 255, (1 << 15) - 1
_MOST_LIFT = 8
_LEAST = 1e-6


def is_summand(graph: Graph, name: str) -> bool:
    """Whether a node is a convolution without ReLU that a sum reads: signed 16 bits."""
    node = next(node for node in graph.nodes if node.name == name)
    return isinstance(node, Conv) and not node.relu


def calibrate(graph: Graph, images: Tensor, image_frac: int) -> dict[str, int]:
    """
    Fraction bits of the image and of every node's output but the logits: a real number times
    ``2^frac`` is what the hardware holds.

    An activation gets, of powers of two from the largest that clips nothing on, the one with the
    least mean square error on ``images``, float32 (n, channels, height, width); summands of a block
    the largest at which both have a bit of headroom and an identity between them can be lifted.
    """
    with torch.no_grad():
        tensors = graph.tensors(images)
    found = {"input": image_frac}
    for node in graph.nodes:
        values = tensors[node.name]
        match node:
            case Linear():
                continue
            case Conv() if not node.relu:
                peak = max(float(values.abs().max()), _LEAST)
                found[node.name] = floor(log2(_MOST_SUMMAND / 2 / peak))
            case Pool():
                # As fine as the sum of its pixels allows, where unsigned 8 bits hold the largest.
                pixels = tensors[node.source].shape[2] * tensors[node.source].shape[3]
                source = found[node.source]
                finest = source + pixels.bit_length() - 1
                found[node.name] = max(source, min(finest, _activation_frac(values)))
            case _:
                found[node.name] = _activation_frac(values)
                if isinstance(node, Add):
                    _agree(graph, node, found)
    return found


def _activation_frac(values: Tensor) -> int:
    """Fraction bits of an activation with the least mean square error in unsigned 8 bits."""
    first = floor(log2(_MOST_ACTIVATION / max(float(values.max()), _LEAST)))
    best, least = first, float("inf")
    for frac in range(first, first + _CANDIDATES):
        held = torch.floor(values * 2.0**frac + 0.5).clamp(0, _MOST_ACTIVATION) * 2.0**-frac
        error = float((held - values).square().mean())
        if error < least:
            best, least = frac, error
    return best


def _agree(graph: Graph, node: Add, found: dict[str, int]) -> None:
    """One scale for the summands of a block, at least as fine as its sum."""
    summands = [name for name in node.sources if is_summand(graph, name)]
    common = min(found[name] for name in summands)
    for name in set(node.sources) - set(summands):
        common = min(common, found[name] + _MOST_LIFT)
    for name in summands:
        found[name] = common
    found[node.name] = min(found[node.name], common)


def weight_frac(weight: Tensor, bits: int, least: int | None = None) -> Tensor:
    """
    Fraction bits of each output channel's weights, int64 (out,): as many as ``bits`` hold; of a
    channel of zeros 0. With ``least``, at least that, which may clip, so that the shift behind
    does not go left.
    """
    peak = weight.detach().flatten(1).abs().amax(dim=1)
    most = (1 << (bits - 1)) - 1
    frac = torch.floor(torch.log2(most / peak.clamp(min=1e-12)))
    frac = torch.where(peak > 0, frac, torch.zeros_like(frac)).long()
    return frac if least is None else frac.clamp(min=least)


def quantised_weight(weight: Tensor, frac: Tensor, bits: int) -> Tensor:
    """Weights as integers in their range, rounded half up, of the shape and type of ``weight``."""
    most = (1 << (bits - 1)) - 1
    scale = (2.0 ** frac.to(weight.dtype)).reshape(-1, *[1] * (weight.ndim - 1))
    return torch.floor(weight * scale + 0.5).clamp(-most - 1, most)
