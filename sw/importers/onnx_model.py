"""An ONNX model to be followed from its image on: names, constants, who reads what; and how a node
is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

__all__ = ["QUANT", "OnnxImportError", "OnnxModel", "attributes", "refusal"]

QUANT = ("Quant", "IntQuant")
"""QONNX's quantiser, of any domain, as it was called first and is now."""
_KNOWN = {
    "Add",
    "Clip",
    "Constant",
    "Conv",
    "DequantizeLinear",
    "Flatten",
    "Gemm",
    "GlobalAveragePool",
    "Identity",
    "MatMul",
    "MaxPool",
    "QuantizeLinear",
    "Relu",
    "Reshape",
    "Transpose",
}
_QUANTISERS = {"DequantizeLinear", "QuantizeLinear", *QUANT}


class OnnxImportError(ValueError):
    """What cannot be imported. Of a node, the text has its name, its operator, and why."""


def refusal(node: NodeProto, reason: object) -> OnnxImportError:
    """The error that refuses a node."""
    return OnnxImportError(f"{node.name} ({node.op_type}): {reason}")


def attributes(node: NodeProto) -> dict[str, Any]:
    """A node's attributes by name; texts are str."""
    found = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return {
        name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()
    }


class OnnxModel:
    """
    A model whose operators are all known, and which has one image and one result.

    Parameters
    ----------
    model : onnx.ModelProto
        Nodes without a name get one, of their operator and place.

    Members
    -------
    image : str
        Name of the tensor that comes in.
    shape : (int, int, int)
        Channels, height and width of it.
    output : str
        Name of the tensor that comes out.

    ``OnnxImportError`` names the node or tensor that cannot be imported, among them additions of
    two activations.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self._constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        self._producers: dict[str, NodeProto] = {}
        self._readers: dict[str, list[NodeProto]] = {}
        for place, node in enumerate(graph.node):
            node.name = node.name or f"{node.op_type}_{place}"
            _check_operator(node)
            self._keep_constant(node)
            for name in node.output:
                self._producers[name] = node
            for name in node.input:
                self._readers.setdefault(name, []).append(node)
            if node.op_type == "Add" and not any(map(self._is_constant, node.input)):
                raise refusal(node, "adds two activations; residual networks are not imported")
        images = [each for each in graph.input if each.name not in self._constants]
        if len(images) != 1 or len(graph.output) != 1:
            raise OnnxImportError(
                f"has {len(images)} inputs and {len(graph.output)} outputs, not one of each"
            )
        self.image, self.shape = images[0].name, _image_shape(images[0])
        self.output = graph.output[0].name

    @classmethod
    def read(cls, path: Path) -> OnnxModel:
        """The model of a file, which is checked first. ``OnnxImportError`` if it is none or cannot
        be read."""
        try:
            model = onnx.load(path)
            onnx.checker.check_model(model)
        except (DecodeError, onnx.checker.ValidationError) as error:
            raise OnnxImportError(f"{path} is no valid ONNX model: {error}") from error
        except OSError as error:
            raise OnnxImportError(f"{path} cannot be read: {error.strerror}") from error
        return cls(model)

    def reader(self, tensor: str) -> NodeProto | None:
        """The node that reads a tensor; the second one, if there is one, is refused."""
        readers = self._readers.get(tensor, [])
        if len(readers) > 1 or (readers and tensor == self.output):
            raise refusal(readers[-1], f"{tensor!r} has other readers; branches are not imported")
        return readers[0] if readers else None

    def producer(self, tensor: str) -> NodeProto | None:
        """The node that gives a tensor; None of an initialiser or the image."""
        return self._producers.get(tensor)

    def constant(self, node: NodeProto, place: int, what: str) -> NDArray:
        """The input at ``place`` of a node, which is refused if that is not constant."""
        name = node.input[place] if place < len(node.input) else ""
        if name not in self._constants:
            raise refusal(node, f"its {what} is no initialiser")
        return self._constants[name]

    def _keep_constant(self, node: NodeProto) -> None:
        if node.op_type == "Constant":
            found = attributes(node)
            kind, value = next(iter(found.items()))
            if kind not in ("value", "value_float", "value_floats", "value_int", "value_ints"):
                raise refusal(node, f"{kind} is no number or array")
            self._constants[node.output[0]] = (
                numpy_helper.to_array(value) if kind == "value" else np.asarray(value)
            )
        elif node.op_type == "Identity" and node.input[0] in self._constants:
            self._constants[node.output[0]] = self._constants[node.input[0]]

    def _is_constant(self, tensor: str) -> bool:
        node = self._producers.get(tensor)
        if tensor in self._constants:
            return True
        is_quantiser = node is not None and node.op_type in _QUANTISERS
        return node is not None and is_quantiser and self._is_constant(node.input[0])


def _check_operator(node: NodeProto) -> None:
    if node.op_type == "BatchNormalization":
        raise refusal(node, "must be folded into its convolution before that is quantised")
    standard = node.domain in ("", "ai.onnx") and node.op_type in _KNOWN
    if not standard and node.op_type not in QUANT:
        raise refusal(node, "is not among the operators that can be imported")


def _image_shape(image: onnx.ValueInfoProto) -> tuple[int, int, int]:
    sizes = [each.dim_value for each in image.type.tensor_type.shape.dim]
    if len(sizes) != 4 or min(sizes[1:]) < 1:
        raise OnnxImportError(
            f"{image.name} must be an image of known channels, height and width, not of {sizes}"
        )
    return sizes[1], sizes[2], sizes[3]
