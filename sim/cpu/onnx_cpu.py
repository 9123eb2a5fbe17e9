"""A float network in ONNX Runtime on one thread, from an ONNX model made here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw.network import Network

from .case import CpuCase, Runner, UnavailableError, timed_calls

__all__ = ["onnx_model", "onnx_runner"]

_OPSET, _IR = 17, 8  # old enough for any ONNX Runtime of these years
_INPUT, _OUTPUT = "x", "y"


def onnx_model(network: Network) -> bytes:
    """
    The network as a serialised ONNX model: ``x`` float32 (1, in) to ``y`` float32 (1, out).

    Layers are ``Gemm``, then ``Relu``; where the first outputs skip it, ``Max`` with a bound of
    minus infinity for those and zero for the others, which is the same. ``ImportError`` without
    the package onnx.
    """
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants = [], []
    last = len(network.layers) - 1
    value = _INPUT
    for k, layer in enumerate(network.layers):
        constants.append(numpy_helper.from_array(layer.weight, f"weight_{k}"))
        constants.append(numpy_helper.from_array(layer.bias, f"bias_{k}"))
        out = _OUTPUT if k == last else f"a{k + 1}"
        summed = f"sum_{k}" if layer.relu else out
        operands = [value, f"weight_{k}", f"bias_{k}"]
        nodes.append(helper.make_node("Gemm", operands, [summed], transB=1))
        if layer.linear_rows:
            least = np.zeros(len(layer.bias), np.float32)
            least[: layer.linear_rows] = -np.inf
            constants.append(numpy_helper.from_array(least, f"least_{k}"))
            nodes.append(helper.make_node("Max", [summed, f"least_{k}"], [out]))
        elif layer.relu:
            nodes.append(helper.make_node("Relu", [summed], [out]))
        value = out
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])
        for name, width in ((_INPUT, network.sizes[0]), (_OUTPUT, network.sizes[-1]))
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], constants)
    opsets = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=_IR).SerializeToString()


def onnx_runner(case: CpuCase) -> Runner:
    """
    Requests to a session with all of its optimisations and no threads but the caller's.

    Raises ``UnavailableError`` where onnx or onnxruntime is not installed or refuses the model.
    """
    try:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = ort.InferenceSession(
            onnx_model(case.network), options, providers=["CPUExecutionProvider"]
        )
    except ImportError as error:
        raise UnavailableError(f"not installed: {error}") from error
    except Exception as error:  # its own errors have no common class
        raise UnavailableError(f"ONNX Runtime refused the network: {error}") from error
    requests = [{_INPUT: row[None].copy()} for row in case.inputs]
    names = [_OUTPUT]

    def call(request: dict[str, NDArray[np.float32]]) -> Any:
        return session.run(names, request)

    def run(rows: NDArray[np.intp]) -> tuple[NDArray[Any], NDArray[np.uint32]]:
        answers, ns = timed_calls(call, requests, rows)
        return np.concatenate([answer[0] for answer in answers]), ns

    return run
