"""An integer network in plain C as one of the ways to run a case."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.build import BuildError
from sim.toolchain import ToolchainError

from .c_build import build_c
from .c_source import Variant
from .case import CpuCase, Runner, UnavailableError

__all__ = ["c_runner"]


def c_runner(case: CpuCase, variant: Variant) -> Runner:
    """
    Requests to the compiled network, timed in C. Inputs are quantised beforehand, and outputs stay
    int16, as they are for the array.

    Raises ``UnavailableError`` where the network cannot be compiled or loaded.
    """
    try:
        network = build_c(case.quantised, variant)
    except (BuildError, ToolchainError, OSError, ValueError) as error:
        raise UnavailableError(str(error)) from error
    inputs = case.quantised.quantise_inputs(case.inputs)

    def run(rows: NDArray[np.intp]) -> tuple[NDArray[Any], NDArray[np.uint32]]:
        outputs, ns = network.measure(inputs[rows])
        return outputs, ns[0]

    return run
