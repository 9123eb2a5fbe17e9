"""A float network in PyTorch on one thread: eager, and compiled by ``torch.compile``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sw.network import Network

from .case import CpuCase, Runner, UnavailableError, timed_calls

__all__ = ["compiled_runner", "eager_runner", "one_thread", "torch_module"]


class _PartialReLU(nn.Module):
    """ReLU on all but the first ``linear`` outputs."""

    def __init__(self, linear: int) -> None:
        super().__init__()
        self.linear = linear

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x[:, : self.linear], torch.relu(x[:, self.linear :])], dim=1)


def torch_module(network: Network) -> nn.Sequential:
    """The network as a module for inference: float32 (batch, in) to (batch, out)."""
    modules: list[nn.Module] = []
    for layer in network.layers:
        rows, columns = layer.weight.shape
        linear = nn.Linear(columns, rows)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(layer.weight))
            linear.bias.copy_(torch.tensor(layer.bias))
        modules.append(linear)
        if layer.relu:
            modules.append(_PartialReLU(layer.linear_rows) if layer.linear_rows else nn.ReLU())
    return nn.Sequential(*modules).eval().requires_grad_(False)


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch computes on one thread, and afterwards on as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def eager_runner(case: CpuCase) -> Runner:
    """Requests to the module, called operator by operator from Python."""
    return _runner(case, torch_module(case.network))


def compiled_runner(case: CpuCase) -> Runner:
    """
    Requests to the module as ``torch.compile`` makes it, with all its defaults. It is compiled
    here, with the first request; what was compiled before in this process is forgotten, so that
    every network finds the same empty tables of guards.

    Raises ``UnavailableError`` where it cannot be compiled, as without a C++ compiler or the
    headers of Python.
    """
    try:
        torch.compiler.reset()
        runner = _runner(case, torch.compile(torch_module(case.network)))
        with _compiling_in_this_process():
            runner(np.zeros(1, np.intp))
    except Exception as error:  # whatever its many stages raise
        raise UnavailableError(f"torch.compile failed: {_first_line(error)}") from error
    return runner


def _runner(case: CpuCase, module: Callable[[Tensor], Tensor]) -> Runner:
    requests = [torch.from_numpy(row[None].copy()) for row in case.inputs]

    def run(rows: NDArray[np.intp]) -> tuple[NDArray[Any], NDArray[np.uint32]]:
        with one_thread(), torch.inference_mode():
            answers, ns = timed_calls(module, requests, rows)
            return torch.cat(answers).numpy(), ns

    return run


@contextmanager
def _compiling_in_this_process() -> Iterator[None]:
    """Without the worker processes that would take a core from what is measured afterwards."""
    from torch._inductor import config

    with config.patch(compile_threads=1):
        yield


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0] if text else 'no message'}"
