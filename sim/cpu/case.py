"""What is measured, and how one call from Python is timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sw.compress.quantised import QuantisedNetwork
from sw.network import Network

__all__ = ["CpuCase", "Runner", "UnavailableError", "timed_calls"]

Runner = Callable[[NDArray[np.intp]], tuple[NDArray[Any], NDArray[np.uint32]]]
"""Serves requests one by one: rows of a case's inputs (k,) to their outputs (k, outputs), float32
or int16, and the nanoseconds that each took (k,)."""


class UnavailableError(RuntimeError):
    """A way to run a network that cannot be had here; the message says why."""


@dataclass(frozen=True, eq=False)
class CpuCase:
    """
    A network and the requests to it.

    Parameters
    ----------
    network : Network
        In float, for PyTorch and ONNX Runtime.
    quantised : QuantisedNetwork
        The same in integers, for C.
    inputs : float32 (n, inputs)
        Rows in the network's own units, which requests take in turn.
    """

    network: Network
    quantised: QuantisedNetwork
    inputs: NDArray[np.float32]

    def __post_init__(self) -> None:
        inputs = np.ascontiguousarray(self.inputs, np.float32)
        width = self.network.sizes[0]
        if inputs.ndim != 2 or len(inputs) == 0 or inputs.shape[1] != width:
            raise ValueError(f"inputs must be (n, {width}) with n above 0, not {inputs.shape}")
        ends = self.network.sizes[0], self.network.sizes[-1]
        if ends != (self.quantised.inputs, self.quantised.outputs):
            raise ValueError(
                f"the networks must have the same widths, not {ends} in float and "
                f"{(self.quantised.inputs, self.quantised.outputs)} in integers"
            )
        object.__setattr__(self, "inputs", inputs)


_Request = TypeVar("_Request")
_Answer = TypeVar("_Answer")


def timed_calls(
    call: Callable[[_Request], _Answer], requests: Sequence[_Request], rows: NDArray[np.intp]
) -> tuple[list[_Answer], NDArray[np.uint32]]:
    """
    ``call`` on each of ``requests[row]``: the answers, and the nanoseconds of each call (k,).

    A time is from before the call to after it, as Python sees it: the interpreter's own part, the
    library's checks and dispatch are in it, as whoever calls from Python pays them. Making a
    request's tensor or array is not, nor is reading the answer.
    """
    clock = time.perf_counter_ns
    answers: list[_Answer] = []
    ns = []
    for row in rows.tolist():
        request = requests[row]
        begin = clock()
        answer = call(request)
        end = clock()
        ns.append(end - begin)
        answers.append(answer)
    return answers, np.minimum(ns, np.iinfo(np.uint32).max).astype(np.uint32)
