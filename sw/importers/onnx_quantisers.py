"""
What quantisers of an ONNX model say: scales of activations, integers and scales of weights, biases.

There are two forms, which may be mixed: ``QuantizeLinear`` and ``DequantizeLinear`` of ONNX, and
``Quant`` of QONNX. Activations must be unsigned 8 bits, weights signed and of at most 8 bits, and
all zero points 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto

from sw.importers.onnx_model import QUANT, OnnxModel, attributes, refusal

__all__ = ["Weights", "activation_scale", "bias_of", "weights_of"]


@dataclass(frozen=True, eq=False)
class Weights:
    """
    Weights in integers.

    Parameters
    ----------
    values : int64, as the model has them
        -128 to 127.
    scales : float64 (channels,) or (1,)
        What an integer stands for.
    axis : int
        Of the channels that have scales of their own; 0 of one scale.
    """

    values: NDArray[np.int64]
    scales: NDArray[np.float64]
    axis: int


def activation_scale(model: OnnxModel, node: NodeProto) -> tuple[float, str]:
    """The scale that a quantiser gives an activation of unsigned 8 bits, and the name of the tensor
    behind it, and behind its ``DequantizeLinear``. ``node`` is refused if it is no such quantiser.
    """
    if node.op_type in QUANT:
        signed, bits, narrow = _quant_type(model, node)
        if signed or bits != 8 or narrow:
            kind = f"{'narrow ' * narrow}{'signed' if signed else 'unsigned'} {bits:g}"
            raise refusal(node, f"activations must be unsigned 8 bits, not {kind}")
        return _one_scale(node, _scales(model, node)), node.output[0]
    if node.op_type != "QuantizeLinear":
        raise refusal(node, "must have a quantiser before it")
    _check_zero_point(model, node, "uint8")
    scale = _one_scale(node, _scales(model, node))
    back = model.reader(node.output[0])
    if back is None or back.op_type != "DequantizeLinear":
        raise refusal(back or node, "DequantizeLinear must follow QuantizeLinear")
    _check_zero_point(model, back, "uint8")
    if _one_scale(back, _scales(model, back)) != scale:
        raise refusal(back, f"its scale is not that of {node.name}")
    return scale, back.output[0]


def weights_of(model: OnnxModel, node: NodeProto) -> Weights:
    """The weights of a convolution or linear layer, its second input."""
    source = model.producer(node.input[1])
    turn = source if source is not None and source.op_type == "Transpose" else None
    if turn is not None:
        source = model.producer(turn.input[0])
    found = _behind_quantiser(model, source)
    if source is None or found is None:
        raise refusal(node, "its weights do not come from a quantiser")
    if found.values.min() < -128 or found.values.max() > 127:
        raise refusal(source, "weights must be signed, of at most 8 bits")
    if turn is None:
        return found
    if found.values.ndim != 2 or attributes(turn).get("perm", [1, 0]) != [1, 0]:
        raise refusal(turn, "only a matrix of weights may be transposed")
    return Weights(found.values.T, found.scales, 1 - found.axis)


def bias_of(model: OnnxModel, node: NodeProto, place: int) -> NDArray[np.float64]:
    """What a bias stands for, (channels,) or (1,), from a node's input at ``place``: an
    initialiser, which a quantiser may have gone over. 0 if there is no such input."""
    if place >= len(node.input) or not node.input[place]:
        return np.zeros(1)
    found = _behind_quantiser(model, model.producer(node.input[place]))
    if found is None:
        values = model.constant(node, place, "bias").astype(np.float64)
    else:
        values = found.values * found.scales
    if values.size != (values.shape[-1] if values.ndim else 1):
        raise refusal(node, f"its bias is of shape {values.shape}, not one for each channel")
    return values.reshape(-1)


def _behind_quantiser(model: OnnxModel, source: NodeProto | None) -> Weights | None:
    if source is not None and source.op_type in QUANT:
        return _quantised(model, source)
    if source is not None and source.op_type == "DequantizeLinear":
        return _dequantised(model, source)
    return None


def _quant_type(model: OnnxModel, node: NodeProto) -> tuple[bool, float, bool]:
    """Whether a Quant is signed, its bits, and whether it is narrow; its zero point is 0."""
    said = attributes(node)
    rounding = said.get("rounding_mode", "ROUND")
    if rounding.upper() != "ROUND":
        raise refusal(node, f"rounding_mode must be ROUND, not {rounding}")
    if model.constant(node, 2, "zero point").any():
        raise refusal(node, "its zero point must be 0")
    bits = model.constant(node, 3, "bit width")
    if bits.size != 1:
        raise refusal(node, "its bit width must be one number")
    return bool(said.get("signed", 1)), float(bits.reshape(())), bool(said.get("narrow", 0))


def _quantised(model: OnnxModel, node: NodeProto) -> Weights:
    """What a Quant makes of an initialiser."""
    signed, bits, narrow = _quant_type(model, node)
    if not signed or bits not in range(2, 33):
        raise refusal(node, "weights and biases must be signed, of 2 to 32 bits")
    real, scale = model.constant(node, 0, "input"), _scales(model, node)
    own = [axis for axis, size in enumerate(scale.shape) if size > 1]
    if len(own) > 1 or (own and scale.ndim != real.ndim):
        raise refusal(node, f"its scales are of shape {scale.shape}, not one for each channel")
    most = (1 << (int(bits) - 1)) - 1
    return _rounded(
        node, real, scale.reshape(-1), own[0] if own else 0, (-most if narrow else -most - 1, most)
    )


def _dequantised(model: OnnxModel, node: NodeProto) -> Weights:
    """What a DequantizeLinear reads: an initialiser in integers, or one in floats that
    QuantizeLinear made integers; with Clip where they are narrower."""
    values = _integers(model, node)
    kind = str(values.dtype)
    if kind not in ("int4", "int8", "int32"):
        raise refusal(node, f"weights must be int8 and biases int32, not {kind}")
    _check_zero_point(model, node, kind)
    scales, axis = _axis_scales(model, node, values)
    _along(node, scales, values, axis)
    return Weights(values.astype(np.int64), scales.astype(np.float64), axis)


def _integers(model: OnnxModel, node: NodeProto) -> NDArray:
    source = model.producer(node.input[0])
    if source is not None and source.op_type == "Clip":
        low, high = (model.constant(source, place, "limit") for place in (1, 2))
        return np.clip(_integers(model, source), low, high)
    if source is None or source.op_type != "QuantizeLinear":
        return model.constant(node, 0, "input")
    _check_zero_point(model, source, "int8")
    real = model.constant(source, 0, "input")
    found = _rounded(source, real, *_axis_scales(model, source, real), (-128, 127))
    return found.values.astype(np.int8)


def _rounded(
    node: NodeProto, real: NDArray, scales: NDArray, axis: int, limits: tuple[int, int]
) -> Weights:
    """Floats in integers, half to even, divided in the model's own precision."""
    if not np.isfinite(real).all():
        raise refusal(node, "its input is not finite")
    values = np.rint(np.clip(real / _along(node, scales, real, axis), *limits))
    return Weights(values.astype(np.int64), scales.astype(np.float64), axis)


def _axis_scales(model: OnnxModel, node: NodeProto, values: NDArray) -> tuple[NDArray, int]:
    """Scales of ONNX's own quantisers, flat, and their axis."""
    scales = _scales(model, node)
    if scales.ndim > 1:
        raise refusal(node, f"its scales are of shape {scales.shape}, not one for each channel")
    axis = attributes(node).get("axis", 1) % max(values.ndim, 1) if scales.size > 1 else 0
    return scales.reshape(-1), axis


def _along(node: NodeProto, scales: NDArray, values: NDArray, axis: int) -> NDArray:
    """Scales in a shape that broadcasts along the axis of values."""
    if scales.size == 1:
        return scales.reshape(())
    if not values.ndim or scales.size != values.shape[axis]:
        raise refusal(node, f"{scales.size} scales do not fit values of shape {values.shape}")
    return scales.reshape([-1 if place == axis else 1 for place in range(values.ndim)])


def _scales(model: OnnxModel, node: NodeProto) -> NDArray:
    scale = model.constant(node, 1, "scale")
    if not scale.size or not np.isfinite(scale).all() or scale.min() <= 0:
        raise refusal(node, "its scales must be positive")
    return scale


def _one_scale(node: NodeProto, scales: NDArray) -> float:
    if scales.size > 1:
        raise refusal(node, "activations must have one scale")
    return float(scales.reshape(()))


def _check_zero_point(model: OnnxModel, node: NodeProto, wanted: str) -> None:
    """Refuse a QuantizeLinear or DequantizeLinear whose integers are not ``wanted`` around 0."""
    if len(node.input) < 3 or not node.input[2]:
        told = attributes(node).get("output_dtype", TensorProto.UNDEFINED)
        default = "uint8" if node.op_type == "QuantizeLinear" else wanted
        kind = TensorProto.DataType.Name(told).lower() if told else default
    else:
        zero = model.constant(node, 2, "zero point")
        kind = str(zero.dtype)
        if zero.astype(np.int64).any():
            raise refusal(node, "its zero point must be 0")
    if kind != wanted:
        raise refusal(node, f"its integers must be {wanted}, not {kind}")
