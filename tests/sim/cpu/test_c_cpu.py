"""C as a way to run a case."""

from __future__ import annotations

import numpy as np
import pytest

from sim.cpu import c_source
from sim.cpu.c_cpu import c_runner
from sim.cpu.c_source import Variant
from sim.cpu.case import UnavailableError
from sw.golden.eie import GoldenEie
from tests.sim.cpu.cases import case_of, small_network


@pytest.mark.parametrize("variant", Variant)
def test_requests_are_quantised_rows(variant):
    case = case_of(small_network())
    rows = np.array([3, 0, 3, 36])
    outputs, ns = c_runner(case, variant)(rows)
    golden = GoldenEie(case.quantised)(case.quantised.quantise_inputs(case.inputs)).numpy()
    np.testing.assert_array_equal(outputs, golden[rows])
    assert ns.shape == (4,)


def test_unavailable_without_a_compiler(monkeypatch):
    monkeypatch.setenv("CC", "no-such-cc")
    with pytest.raises(UnavailableError, match="no-such-cc"):
        c_runner(case_of(small_network()), Variant.DENSE)


def test_unavailable_where_too_large(monkeypatch):
    monkeypatch.setattr(c_source, "MAX_WEIGHTS", 10)
    with pytest.raises(UnavailableError, match="up to 10 weights"):
        c_runner(case_of(small_network()), Variant.DENSE)
