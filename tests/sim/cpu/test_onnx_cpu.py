"""The ONNX model computes the network; packages that are missing are said to be."""

from __future__ import annotations

import sys

import numpy as np
import onnx
import pytest
import torch

from sim.cpu import onnx_cpu
from sim.cpu.case import UnavailableError
from sim.cpu.onnx_cpu import onnx_model, onnx_runner
from tests.sim.cpu.cases import case_of, small_network


@pytest.mark.parametrize(
    ("sizes", "linear"), [((5, 12, 9, 2), 0), ((5, 12, 9, 2), 4), ((3, 7, 1), 0), ((1, 1), 0)]
)
def test_outputs(sizes, linear):
    case = case_of(small_network(sizes, linear))
    rows = np.array([2, 36, 0, 2])
    outputs, ns = onnx_runner(case)(rows)
    expected = case.network.forward(torch.from_numpy(case.inputs[rows])).numpy()
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)
    assert ns.shape == (4,) and ns.min() > 0


def test_model_is_valid_and_has_one_row():
    model = onnx.load_from_string(onnx_model(small_network(linear=4)))
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Gemm", "Max", "Gemm", "Max", "Gemm"]
    shape = [size.dim_value for size in model.graph.input[0].type.tensor_type.shape.dim]
    assert shape == [1, 5]


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_package_that_is_missing(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UnavailableError, match=f"not installed: .*{package}"):
        onnx_runner(case_of(small_network()))


def test_model_that_is_refused(monkeypatch):
    monkeypatch.setattr(onnx_cpu, "onnx_model", lambda _: b"no model")
    with pytest.raises(UnavailableError, match="ONNX Runtime refused the network"):
        onnx_runner(case_of(small_network()))
