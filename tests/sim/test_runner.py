# amaranth: UnusedElaboratable=no
"""The way from pytest to cocotb and back."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hw.stream import Queue
from sim.cache import build_root
from sim.runner import BenchError, bench_parameters, run_bench


@dataclass(frozen=True)
class Settings:
    n_pe: int
    name: str


def run(testcase, **parameters):
    return run_bench(Queue(8, 2), __file__, testcase=testcase, parameters=parameters)


@pytest.mark.rtl
def test_parameters():
    parameters = {"list": [1, 2], "settings": Settings(4, "x"), "array": np.arange(6).reshape(2, 3)}
    assert run("test_parameters", **parameters) == 1
    results = build_root() / "cocotb" / "bench_runner" / "test_parameters.xml"
    assert 'name="test_parameters"' in results.read_text()


@pytest.mark.rtl
def test_seed_and_inner_variables():
    inner = [("top.fifo", "storage")]
    one = run_bench(Queue(8, 2), __file__, testcase="test_inside", public=inner, seed=7)
    assert one == 1


@pytest.mark.rtl
def test_failures_are_told():
    with pytest.raises(BenchError) as caught:
        run(["test_fails", "test_raises", "test_passes"])
    first, second, *rest = str(caught.value).splitlines()
    assert first.startswith("test_fails: one is not two")
    assert any(line.startswith("test_raises: no such thing") for line in (second, *rest))
    assert "TESTS=3 PASS=1 FAIL=2" in str(caught.value)


@pytest.mark.rtl
def test_nothing_ran():
    with pytest.raises(BenchError, match=r"no test ran in bench_runner\.py"):
        run("test_of_another_name")


@pytest.mark.rtl
@pytest.mark.parametrize(
    "testcase, timeout_s, message",
    [
        ("test_hangs", 5, "simulation ended with no end after 5 s"),
        ("test_dies", 300, "simulation ended with exit status 3"),
    ],
)
def test_broken_simulations(testcase, timeout_s, message):
    with pytest.raises(BenchError) as caught:
        run_bench(Queue(8, 2), __file__, testcase=testcase, timeout_s=timeout_s)
    assert str(caught.value).startswith(message)


def test_missing_bench():
    with pytest.raises(FileNotFoundError, match=r"no bench .*bench_nothing\.py"):
        run_bench(Queue(8, 2), Path(__file__).with_name("test_nothing.py"))


def test_outside_of_a_bench():
    assert "KILN_BENCH_PARAMETERS" not in os.environ
    assert bench_parameters() == {}
