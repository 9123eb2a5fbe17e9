"""Power of a streaming network from that of its units."""

import numpy as np
import pytest

from sim.bench.streaming import power
from sim.bench.streaming.power import Seen, UnitPower, power_of
from sw.dataflow.compile import compile_network
from sw.physical.powerreport import Power, Share
from tests.sim.cnn_cases import INTERVAL, case
from tests.sim.synth.reports import machine_power

CONVOLUTION = {
    "dot": {"memory": (3.0, 1.0), "register": (1.0, 0.5)},
    "window": {"memory": (2.0, 0.5), "combinational": (4.0, 0.25)},
}
QUEUE = {"(top)": {"memory": (0.5, 0.25), "clock_network": (0.125, 0.0)}}


def powers(parts, reads, clocked):
    """At 300 K, and at 350 K, where memories leak twice as much."""
    return [
        Power(
            flavour="itrs-lop",
            temperature_k=kelvin,
            clock_mhz=800,
            cycles=2000,
            parts={
                part: {
                    name: Share(
                        dynamic_mw=moving,
                        leakage_mw=leaking * (2 if name == "memory" and kelvin == 350 else 1),
                    )
                    for name, (moving, leaking) in components.items()
                }
                for part, components in parts.items()
            },
            clock_pins_mw=0.0,
            reads=reads,
            writes=dict.fromkeys(reads, 0.25),
            clock_buffers=1,
            clock_buffer_area_um2=10.0,
            ungated=0.0,
            clocked=clocked,
        )
        for kelvin in (300, 350)
    ]


UNITS = [
    UnitPower(
        "convstage",
        2,
        30,
        powers(CONVOLUTION, {"dot/weights.sram.macro": 1.0, "window/ring.macro": 0.5}, 0.5),
    ),
    UnitPower("skipfifo", 1, 20, powers(QUEUE, {"memory.macro": 0.125}, 0.1)),
]


def test_sums():
    found = power_of(Seen("digits", 3, 0, 2), UNITS)
    assert found.dynamic_mw == {
        "weights": 6.0,
        "registers": 2.0,
        "line buffers": 4.0,
        "combinational": 8.0,
        "skips": 0.5,
        "clock network": 0.125,
    }
    assert found.leakage_mw == {
        300: {"weights": 2.0, "cells": 1.5, "line buffers": 1.0, "skips": 0.25},
        350: {"weights": 4.0, "cells": 1.5, "line buffers": 2.0, "skips": 0.5},
    }
    assert found.units_mw == {"convstage": 20.0, "skipfifo": 0.625}
    assert found.reads == {"weights": 2000.0, "line buffers": 1000.0, "skips": 125.0}
    assert found.writes == {"weights": 500.0, "line buffers": 500.0, "skips": 250.0}
    assert found.clocked == pytest.approx((60 * 0.5 + 20 * 0.1) / 80)
    assert found.clock_tree_um2 == 30.0


def test_energy_of_a_frame():
    found = power_of(Seen("digits", 3, 0, 2), UNITS)
    assert found.us == 1.25
    assert found.total_mw == {300: 25.375, 350: 28.625}
    assert found.energy_uj == {kelvin: 1.25e-3 * mw for kelvin, mw in found.total_mw.items()}
    again = type(found).model_validate_json(found.model_dump_json())
    assert again == found


def test_measured_once(monkeypatch, tmp_path):
    monkeypatch.setenv("KILN_CACHE", str(tmp_path))
    one, calls = case("skip-free"), []

    def measure(network, compiled, runs, images):
        calls.append(len(images))
        return machine_power(network=network)

    monkeypatch.setattr(power, "_measure", measure)
    (tmp_path / "netlist.json").write_text("{}")
    runs = [UnitRun(tmp_path)]
    first = power.machine_power("one", one.compiled, runs, one.pixels[:5])
    assert power.machine_power("one", one.compiled, runs, one.pixels[:5]) == first
    assert calls == [1 + power.FRAMES + len(one.config.nodes) + 1]
    power.machine_power("one", one.compiled, runs, one.pixels[5:])
    other = compile_network(case("skip-free", seed=2).graph, interval=INTERVAL)
    power.machine_power("one", other, runs, np.flip(one.pixels))
    assert len(calls) == 3


class UnitRun:
    """Of a unit that was synthesised, what the measurement's key needs."""

    class job:  # noqa: N801
        machine = "skip-free"

    def __init__(self, folder):
        self.folder = folder
