"""Cases that do not fit together, and the timing of calls."""

from __future__ import annotations

import time

import numpy as np
import pytest

from sim.cpu.case import CpuCase, timed_calls
from tests.sim.cpu.cases import case_of, small_network


def test_inputs_become_float32():
    case = case_of(small_network())
    again = CpuCase(case.network, case.quantised, case.inputs.astype(np.float64))
    assert again.inputs.dtype == np.float32


@pytest.mark.parametrize("shape", [(0, 5), (5,), (3, 4)])
def test_inputs_of_another_shape(shape):
    case = case_of(small_network())
    with pytest.raises(ValueError, match=r"inputs must be \(n, 5\) with n above 0"):
        CpuCase(case.network, case.quantised, np.zeros(shape, np.float32))


def test_networks_of_other_widths():
    case, other = case_of(small_network()), case_of(small_network((5, 3)))
    with pytest.raises(ValueError, match=r"not \(5, 2\) in float and \(5, 3\) in integers"):
        CpuCase(case.network, other.quantised, case.inputs)


def test_each_call_is_timed_on_its_own():
    seconds = [0.0, 0.02]
    answers, ns = timed_calls(lambda s: time.sleep(s) or s, seconds, np.array([0, 1, 0]))
    assert answers == [0.0, 0.02, 0.0]
    assert ns.dtype == np.uint32 and ns[1] >= 20_000_000
    assert min(ns[0], ns[2]) < 10_000_000
