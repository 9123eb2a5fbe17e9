"""
Quantised networks in ONNX, trained elsewhere, as integers that the golden model computes.

Networks are chains: an image, convolutions with ReLU, pools of the largest, the mean of all pixels,
a linear layer. Quantisers stand behind the image, every convolution and the mean; what they may be
is in ``sw.importers.onnx_quantisers``.

An activation is ``clip(round(accumulator * ratio))`` with ``ratio = scale in * scale of weights /
scale out``. Where all ratios of a layer are ``2^-shift`` with shifts of 0 to 31, it is computed so;
otherwise as ``(accumulator * multiplier + 2^(shift - 1)) >> shift``, see ``sw.importers.ratio``.
ONNX rounds ties to even and computes in floats, Kiln rounds ties up: values differ by one in the
last place where a sum is a tie or next to one. Biases become integers at the accumulator's scale,
half to even. Logits are the accumulators of the linear layer; a quantiser behind it is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import NodeProto
from torch import Tensor

from sw.golden.cnn_graph import (
    INPUT,
    QConv,
    QLinear,
    QMaxPool,
    QNode,
    QPool,
    QuantisedGraph,
    QuantisedGraphError,
    Range,
    output_shape,
)
from sw.importers import ratio
from sw.importers.onnx_model import QUANT, OnnxImportError, OnnxModel, attributes, refusal
from sw.importers.onnx_quantisers import activation_scale, bias_of, weights_of

__all__ = ["Imported", "OnnxImportError", "import_onnx"]

_INT32 = (1 << 31) - 1


@dataclass(frozen=True, eq=False)
class Imported:
    """
    A network that was trained elsewhere.

    Parameters
    ----------
    graph : QuantisedGraph
        ``frac`` is None where a scale is no power of two.
    scales : dict of str to float
        What 1 stands for in the image and in each node's output.
    """

    graph: QuantisedGraph
    scales: dict[str, float]


def import_onnx(path: Path) -> Imported:
    """The network of an ONNX file. ``OnnxImportError`` names the node that cannot be imported, its
    operator and the reason, ``OSError`` a file that cannot be read."""
    return _Chain(OnnxModel.read(path)).followed()


class _Chain:
    """Follows a model from its image to its logits, and collects nodes on the way."""

    def __init__(self, model: OnnxModel) -> None:
        self.model = model
        self.nodes: list[QNode] = []
        self.scales: dict[str, float] = {}
        self.tensor = model.image
        self.source = INPUT
        self.shape: tuple[int, ...] = model.shape

    @property
    def scale(self) -> float:
        """Of the activation that was reached."""
        return self.scales[self.source]

    def followed(self) -> Imported:
        """The whole network."""
        self.scales[INPUT], self.tensor = activation_scale(self.model, self._next())
        while not self.nodes or not isinstance(self.nodes[-1], QLinear):
            self._step(self._next())
        while self.tensor != self.model.output:
            node = self._next()
            if node.op_type not in ("QuantizeLinear", "DequantizeLinear", *QUANT):
                raise refusal(node, "stands behind a linear layer, which must be the last")
            self.tensor = node.output[0]
        graph = QuantisedGraph(tuple(self.nodes), self.model.shape, _frac(self.scales[INPUT]))
        return Imported(graph, self.scales)

    def _next(self) -> NodeProto:
        node = self.model.reader(self.tensor)
        if node is None:
            raise OnnxImportError(f"ends at {self.tensor!r}, without a linear layer")
        if node.input[0] != self.tensor and node.op_type != "Add":
            raise refusal(node, f"{self.tensor!r} must be its first input")
        return node

    def _step(self, node: NodeProto) -> None:
        match node.op_type:
            case "Conv":
                self._convolution(node)
            case "MaxPool":
                self._largest(node)
            case "GlobalAveragePool":
                self._mean(node)
            case "Flatten" | "Reshape":
                self._flatten(node, self.shape)
            case "Gemm" | "MatMul":
                self._linear(node)
            case "QuantizeLinear" | "Quant" | "IntQuant":
                scale, self.tensor = activation_scale(self.model, node)
                if scale != self.scale:
                    raise refusal(node, f"must keep the scale {self.scale:g}, not {scale:g}")
            case _:
                raise refusal(node, f"cannot stand behind {self.source!r}")

    def _convolution(self, node: NodeProto) -> None:
        said = attributes(node)
        _check_window(node)
        if said.get("group", 1) != 1:
            raise refusal(node, f"group must be 1, not {said['group']}")
        weights = weights_of(self.model, node)
        side = weights.values.shape[-1]
        pads = said.get("pads", [0] * 4)
        if set(pads) != {side // 2}:
            raise refusal(node, f"pads must be {side // 2} on all sides of its kernel, not {pads}")
        if np.unique(weights.scales).size > 1 and weights.axis != 0:
            raise refusal(node, f"scales of its weights must be along axis 0, not {weights.axis}")
        sums = self.scale * weights.scales
        bias = _whole(node, bias_of(self.model, node, 2), sums, len(weights.values))
        self.tensor = node.output[0]
        if self._next().op_type == "Relu":
            self.tensor = self._next().output[0]
        scale, self.tensor = activation_scale(self.model, self._next())
        ratios = np.broadcast_to(sums / scale, len(weights.values))
        multiplier, shift = _scaling(node, ratios)
        self._add(
            node,
            lambda: QConv(
                node.name,
                self.source,
                _int8(weights.values),
                bias,
                shift,
                said.get("strides", [1])[0],
                Range.U8,
                _bits(weights.values),
                _frac(scale),
                multiplier,
            ),
            scale,
        )

    def _largest(self, node: NodeProto) -> None:
        said = attributes(node)
        _check_window(node)
        kernel, strides = said["kernel_shape"], said.get("strides", [1, 1])
        if strides != kernel or any(said.get("pads", [0])):
            raise refusal(
                node, f"its windows must be squares side by side, not {kernel} every {strides}"
            )
        self.tensor = node.output[0]
        scale = self.scale
        self._add(node, lambda: QMaxPool(node.name, self.source, kernel[0], _frac(scale)), scale)

    def _mean(self, node: NodeProto) -> None:
        self.tensor = node.output[0]
        behind = self._next()
        if behind.op_type in ("Flatten", "Reshape"):
            self._flatten(behind, self.shape[:1])
            behind = self._next()
        scale, self.tensor = activation_scale(self.model, behind)
        pixels = math.prod(self.shape[1:])
        ratios = np.array([self.scale / scale / pixels])
        may_shift = pixels.bit_count() == 1 and scale <= self.scale
        multiplier, shift = _scaling(node, ratios, may_shift)
        self._add(
            node,
            lambda: QPool(
                node.name,
                self.source,
                int(shift),
                _frac(scale),
                None if multiplier is None else int(multiplier),
            ),
            scale,
        )

    def _flatten(self, node: NodeProto, shape: tuple[int, ...]) -> None:
        """Pass a node that makes (batch, channels, 1, 1) a matrix."""
        if len(shape) != 1:
            raise refusal(node, f"only the mean of all pixels can be flattened, not {shape}")
        if node.op_type == "Flatten":
            kept = attributes(node).get("axis", 1) == 1
        else:
            target = self.model.constant(node, 1, "shape").reshape(-1).tolist()
            kept = target[1:] == [shape[0]] or target in ([0, -1], [1, -1])
        if not kept:
            raise refusal(node, f"must keep batches of {shape[0]} channels")
        self.tensor = node.output[0]

    def _linear(self, node: NodeProto) -> None:
        said = attributes(node)
        if (said.get("alpha", 1), said.get("beta", 1), said.get("transA", 0)) != (1, 1, 0):
            raise refusal(node, "alpha and beta must be 1, and transA 0")
        weights = weights_of(self.model, node)
        values = weights.values if said.get("transB", 0) else weights.values.T
        if np.unique(weights.scales).size > 1:
            raise refusal(
                node, "its weights have a scale per channel; logits are compared at one scale"
            )
        scale = self.scale * float(weights.scales[0])
        biased, place = node, 2
        self.tensor = node.output[0]
        if self.tensor != self.model.output and self._next().op_type == "Add":
            biased = self._next()
            place = 1 - list(biased.input).index(self.tensor)
            self.tensor = biased.output[0]
        real = bias_of(self.model, biased, place)
        bias = _whole(biased, real, np.array([scale]), len(values))
        self._add(
            node,
            lambda: QLinear(
                node.name, self.source, _int8(values), bias, _bits(values), _frac(scale)
            ),
            scale,
        )

    def _add(self, node: NodeProto, make: Callable[[], QNode], scale: float) -> None:
        """Take a node in, of which ``node`` is the origin."""
        if node.name in self.scales:
            raise refusal(node, "its name is taken")
        try:
            made = make()
            self.shape = output_shape(made, [self.shape])
        except QuantisedGraphError as error:
            raise refusal(
                node, str(error).removeprefix(f"{node.name}: ").removeprefix(f"{node.name} ")
            ) from None
        self.nodes.append(made)
        self.scales[node.name] = scale
        self.source = node.name


def _check_window(node: NodeProto) -> None:
    """What convolutions and pools must have alike."""
    said = attributes(node)
    if said.get("auto_pad", "NOTSET") != "NOTSET":
        raise refusal(node, f"auto_pad must be NOTSET, not {said['auto_pad']}")
    for name in ("dilations", "strides"):
        values = said.get(name, [1, 1])
        if len(set(values)) > 1 or (name == "dilations" and values[0] != 1):
            wanted = "1" if name == "dilations" else "the same both ways"
            raise refusal(node, f"{name} must be {wanted}, not {values}")


def _scaling(
    node: NodeProto, ratios: NDArray[np.float64], may_shift: bool = True
) -> tuple[Tensor | None, Tensor]:
    """Multipliers, unless shifts alone are enough and may be, and shifts."""
    shift = ratio.shifts(ratios) if may_shift else None
    if shift is not None:
        return None, shift
    try:
        return ratio.multipliers(ratios)
    except ValueError as error:
        raise refusal(node, error) from None


def _whole(
    node: NodeProto, bias: NDArray[np.float64], scales: NDArray[np.float64], channels: int
) -> Tensor:
    """A bias at the accumulators' scales, int32 (channels,)."""
    if bias.size not in (1, channels):
        raise refusal(node, f"its bias has {bias.size} values for {channels} channels")
    values = np.broadcast_to(np.rint(bias / scales), channels)
    fits = np.abs(values) <= _INT32
    if not fits.all():
        raise refusal(node, f"the bias of channel {int(fits.argmin())} does not fit 32 bits")
    return torch.from_numpy(values.astype(np.int32))


def _int8(weights: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(weights.astype(np.int8))


def _bits(weights: NDArray[np.int64]) -> int:
    """The fewest of 4 and 8 that hold all weights, whatever width they were declared to have."""
    return 4 if weights.min() >= -8 and weights.max() <= 7 else 8


def _frac(scale: float) -> int | None:
    """Fraction bits at a scale that is a power of two."""
    fraction, exponent = math.frexp(scale)
    return 1 - exponent if fraction == 0.5 else None
