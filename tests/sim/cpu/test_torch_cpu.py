"""PyTorch's outputs are the network's; threads are as before; what fails is said."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sim.cpu.case import UnavailableError
from sim.cpu.torch_cpu import compiled_runner, eager_runner, one_thread, torch_module
from tests.sim.cpu.cases import case_of, small_network

SHAPES = pytest.mark.parametrize(
    ("sizes", "linear"), [((5, 12, 9, 2), 0), ((5, 12, 9, 2), 4), ((1, 1), 0)]
)


def assert_forward(case, runner):
    """The runner's outputs are close to those of the network."""
    rows = np.array([2, 36, 0, 2])
    outputs, ns = runner(rows)
    expected = case.network.forward(torch.from_numpy(case.inputs[rows])).numpy()
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)
    assert ns.shape == (4,) and ns.min() > 0


@SHAPES
def test_eager(sizes, linear):
    case = case_of(small_network(sizes, linear))
    assert_forward(case, eager_runner(case))


@pytest.mark.slow
def test_compiled():
    case = case_of(small_network(linear=4))
    assert_forward(case, compiled_runner(case))


def test_compiled_with_another_backend(monkeypatch):
    """All but code generation, which takes long, in a short time."""
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda module: real(module, backend="eager"))
    case = case_of(small_network())
    assert_forward(case, compiled_runner(case))


def test_module_keeps_no_gradients():
    module = torch_module(small_network())
    assert not module.training
    assert not any(parameter.requires_grad for parameter in module.parameters())


def test_threads_are_restored():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seen = []
        with pytest.raises(KeyError), one_thread():
            seen.append(torch.get_num_threads())
            raise KeyError
        assert (seen, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(before)


def test_compiler_that_fails_at_the_first_request(monkeypatch):
    def compiled(module):
        def call(x):
            raise RuntimeError("Python.h: no such file\nand a long trace")

        return call

    monkeypatch.setattr(torch, "compile", compiled)
    with pytest.raises(UnavailableError) as error:
        compiled_runner(case_of(small_network()))
    assert str(error.value) == "torch.compile failed: RuntimeError: Python.h: no such file"
