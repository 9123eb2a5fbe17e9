"""A run of the main job in small, and what its report says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hw.eie.config import PRESETS
from sim.engine import EieEngine
from sim.verification import Workload, verify
from sw.compress.compile import compile_network
from sw.compress.frame import program_frame
from sw.network import Layer, Network

CONFIG = PRESETS["tiny"]


def small(seed):
    """Three layers of one shared magnitude a layer, and requests of 0s and 1s."""
    rng = np.random.default_rng(seed)
    layers = []
    for rows, columns in ((20, 12), (9, 20), (1, 9)):
        weight = rng.choice([-0.5, 0.0, 0.25, 0.5], (rows, columns)).astype(np.float32)
        layers.append(Layer(weight, rng.normal(0, 0.1, rows).astype(np.float32), rows > 1))
    inputs = rng.integers(0, 2, (30, 12)).astype(np.float32)
    return Network(tuple(layers), inputs)


@pytest.fixture(scope="module")
def engine():
    with EieEngine(CONFIG) as engine:
        yield engine


def run(engine, network, program, late=None):
    engine.load(program_frame(program))
    done = []
    workload = Workload(network, network.inputs, late)
    report = verify("small", "tiny", workload, program, engine, done.append)
    assert sum(done) == len(network.inputs)
    return report


@pytest.mark.rtl
def test_report(engine):
    network = small(1)
    program, _ = compile_network(network, CONFIG, calibration=network.inputs)
    report = run(engine, network, program)
    assert report.mismatches == 0 and report.requests == 30
    assert report.cycles_min <= report.cycles_mean <= report.cycles_max
    assert report.us_mean == report.cycles_mean / 800
    assert sum(report.pe_cycles.values()) == pytest.approx(report.cycles_mean)
    assert sum(report.layer_cycles) == pytest.approx(report.cycles_mean, abs=2)
    assert all(cycles >= 0 for cycles in report.pe_cycles.values())
    assert 0 < report.utilisation < 1
    assert report.accuracy_rtl is None and not report.quality


@pytest.mark.rtl
def test_quality_is_that_of_the_decisions(engine):
    network = small(1)
    program, _ = compile_network(network, CONFIG, calibration=network.inputs)
    decided = network.forward(torch.from_numpy(network.inputs)).numpy()[:, 0] > 0
    late = decided.copy()
    late[:3] ^= True
    report = run(engine, network, program, late)
    assert report.accuracy_float == 0.9
    assert report.agreement * 30 >= 27
    assert set(report.quality) == {"float", "golden", "rtl"}


@pytest.mark.rtl
def test_a_difference_is_counted(engine):
    """The machine has one network, the golden model another: nearly every request differs."""
    network = small(1)
    program, _ = compile_network(network, CONFIG, calibration=network.inputs)
    last = replace(program.passes[-1], shift=program.passes[-1].shift - 1)
    engine.load(program_frame(replace(program, passes=(*program.passes[:-1], last))))
    workload = Workload(network, network.inputs)
    report = verify("small", "tiny", workload, program, engine)
    assert report.mismatches > 20
