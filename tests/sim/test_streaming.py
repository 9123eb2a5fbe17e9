"""Runs of streaming networks and their reports: small ones, and all digits on the shipped one."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import sim.streaming
from hw.cnn.config import SkipKind
from hw.cnn.format import Register, Status
from sim.cnn import CnnEngine
from sim.streaming import machine_of, verify_stream
from sw import weights
from sw.dataflow.compile import compile_network
from sw.dataflow.memory import bits_of
from sw.golden.cnn_file import read_graph
from sw.students.digits import digits
from tests.sim.cnn_cases import INTERVAL, KINDS, Engines, case

pytestmark = pytest.mark.rtl

MACS = 64 * 9 * (2 + 4 + 4) + 16 * 9 * (8 + 16) + 4 * 10
"""Of the small network without skips."""


@pytest.fixture(scope="module")
def engines():
    with Engines() as engines:
        yield engines


def run(engines, machine, labels=None, **options):
    engine, one = engines.ready(machine)
    engine.load(one.compiled)
    labels = one.classes if labels is None else labels
    return verify_stream("small", one.compiled, engine, one.pixels, labels, **options), one


def test_report(engines):
    done = []
    report, one = run(engines, "skip-free", progress=done.append)
    assert (report.network, report.machine, report.images) == ("small", "skip-free", 12)
    assert (report.mismatches, report.class_mismatches, report.stalls) == (0, 0, 0.0)
    assert report.accuracy_golden == report.accuracy_rtl == 1
    assert report.interval == report.interval_min == report.interval_max == report.bound == INTERVAL
    assert INTERVAL < report.latency < 3 * INTERVAL
    assert report.latency + 11 * INTERVAL <= report.simulated_cycles
    assert report.simulated_cycles < report.latency + 11 * INTERVAL + 50
    assert report.clock_mhz == 800
    assert report.frames_per_second == pytest.approx(800e6 / INTERVAL)
    assert report.multipliers == 9
    assert report.utilisation == pytest.approx(MACS / (9 * INTERVAL))
    assert report.skip_depths == {} and report.bits["skips"] == 0
    assert set(report.bits) == {"line buffers", "skips", "gathers", "weights", "parameters"}
    assert report.bits["weights"] == 8 * (18 + 36 + 36 + 72 + 144 + 40)
    assert list(report.units) == [node.name for node in one.graph.nodes]
    assert done == sorted(done) and done[-1] <= 12


@pytest.mark.parametrize("machine", KINDS)
def test_shares_of_cycles(engines, machine):
    """Of every unit they make up the whole run, in which the busiest works nearly always."""
    report, _ = run(engines, machine)
    assert report.machine == machine and report.mismatches == 0
    for unit in report.units.values():
        assert unit.busy + unit.starved + unit.blocked == pytest.approx(1)
    stem = report.units["stem"].busy
    # Where nothing waits for a skip, all but the time until the last image's result.
    assert (stem > 0.85) == (machine != "unbuffered")
    assert stem == pytest.approx(12 * INTERVAL / report.simulated_cycles, rel=0.01)


def test_shares_are_those_of_the_counters(engines):
    """Of this run alone, whatever ran before it; then the machine is stopped."""
    engine, one = engines.ready()
    engine.load(one.compiled)
    one.check(engine)
    report = verify_stream("small", one.compiled, engine, one.pixels, one.classes)
    assert engine.status == Status.LOADED
    cycles = engine.read_register(Register.CYCLES)
    assert report.simulated_cycles < cycles < report.simulated_cycles + 100
    for name, each in engine.unit_cycles().items():
        shares = report.units[name]
        found = shares.busy, shares.starved, shares.blocked
        assert found == (each.busy / cycles, each.starved / cycles, each.blocked / cycles)


@pytest.mark.parametrize("machine", KINDS)
def test_bits(engines, machine):
    """Of all units together, each kind by its name."""
    report, one = run(engines, machine)
    kinds = ("lines", "skips", "gathers", "weights", "parameters")
    found = [sum(getattr(bits, kind) for bits in bits_of(one.config).values()) for kind in kinds]
    assert list(report.bits.values()) == found
    assert list(report.bits) == ["line buffers", "skips", "gathers", "weights", "parameters"]


def test_one_image(engines):
    """There is no interval: its time is the latency."""
    engine, one = engines.ready()
    engine.load(one.compiled)
    report = verify_stream("small", one.compiled, engine, one.pixels[:1], one.classes[:1])
    assert (report.images, report.mismatches, report.class_mismatches) == (1, 0, 0)
    assert report.interval == report.interval_min == report.interval_max == report.latency
    assert report.frames_per_second == pytest.approx(800e6 / report.latency)


@pytest.mark.parametrize("batch", [1, 5, 12])
def test_golden_model_in_parts(engines, monkeypatch, batch):
    """However few images it takes at a time, and where the last part is smaller."""
    monkeypatch.setattr(sim.streaming, "_BATCH", batch)
    report, _ = run(engines, "skip-free")
    assert (report.mismatches, report.class_mismatches, report.accuracy_golden) == (0, 0, 1)


@pytest.mark.parametrize("machine, kept", [("buffered", False), ("unbuffered", True)])
def test_skips(engines, machine, kept):
    report, _ = run(engines, machine)
    assert set(report.skip_depths) == {"stem", "block0.add"}
    frames = {"stem": 2 * 64, "block0.add": 2 * 64}
    assert (report.skip_depths == frames) == kept
    assert report.bits["skips"] == 8 * sum(report.skip_depths.values())
    assert (report.interval > report.bound) == kept


@pytest.mark.parametrize(("tested", "accuracy"), [(3, 0.0), (6, 0.5), (None, 0.75)])
def test_accuracy_of_the_first_images(engines, tested, accuracy):
    """Those that the network has not seen; all are compared."""
    _, one = engines.ready()
    labels = one.classes.copy()
    labels[:3] = (labels[:3] + 1) % 10
    report, _ = run(engines, "skip-free", labels, tested=tested)
    assert report.accuracy_golden == report.accuracy_rtl == accuracy
    assert (report.images, report.tested) == (12, tested or 12)


def test_another_clock(engines):
    report, _ = run(engines, "skip-free", clock_mhz=625.0)
    assert report.clock_mhz == 625
    assert report.frames_per_second == pytest.approx(625e6 / INTERVAL)


def test_accuracy(engines):
    """Of labels that are others: the share of those that are right."""
    _, one = engines.ready()
    labels = one.classes.copy()
    labels[:3] = (labels[:3] + 1) % 10
    report, _ = run(engines, "skip-free", labels)
    assert report.accuracy_golden == report.accuracy_rtl == 0.75


def test_differences_are_counted(engines):
    """The machine has one network, the golden model another."""
    engine, one = engines.ready()
    other = case("skip-free", seed=2)
    engine.load(one.compiled)
    report = verify_stream("small", other.compiled, engine, one.pixels, one.classes)
    assert 100 < report.mismatches <= 120
    assert report.accuracy_rtl == 1
    assert report.class_mismatches == round(12 * (1 - report.accuracy_golden))


def test_one_logit(engines):
    """Of every image another, and that not the largest."""
    engine, one = engines.ready()
    engine.load(one.compiled)
    *rest, last = one.graph.nodes
    bias = last.bias - torch.eye(10, dtype=torch.int32)[one.logits.max(axis=0).argmin()]
    graph = replace(one.graph, nodes=(*rest, replace(last, bias=bias)))
    changed = replace(one.compiled, graph=graph)
    report = verify_stream("small", changed, engine, one.pixels, one.classes)
    assert (report.mismatches, report.class_mismatches) == (12, 0)


def test_stalls(engines):
    """Slower, as far as the seed says, and right."""
    runs = [run(engines, "skip-free", stalls=0.97, seed=seed)[0] for seed in (1, 2, 1)]
    assert [report.mismatches for report in runs] == [0, 0, 0]
    assert runs[0].stalls == 0.97 and runs[0] == runs[2]
    assert runs[0].simulated_cycles != runs[1].simulated_cycles
    assert runs[0].interval_max > INTERVAL


def test_stalls_are_on_both_sides(engines):
    """Much longer than without, the machine waits for images, and the host lets it wait."""
    engine, _ = engines.ready()
    assert run(engines, "skip-free", stalls=0.98)[0].mismatches == 0
    assert engine.read_register(Register.STALLS_IN) > 3 * INTERVAL
    assert engine.read_register(Register.STALLS_OUT) > INTERVAL


def test_no_stalls_of_before(engines):
    engine, one = engines.ready()
    engine.load(one.compiled)
    engine.stall(1, 0.99, 0.99)
    report = verify_stream("small", one.compiled, engine, one.pixels, one.classes)
    assert report.interval_min == report.interval_max == INTERVAL


def test_times(engines, monkeypatch):
    """Of results at uneven distances: the middle one, and both ends."""
    engine, one = engines.ready()
    engine.load(one.compiled)
    seen, stream = [], engine.stream

    def watched(*arguments, **options):
        seen.append(stream(*arguments, **options))
        return seen[0]

    monkeypatch.setattr(engine, "stream", watched)
    report = verify_stream(
        "small", one.compiled, engine, one.pixels, one.classes, stalls=0.98, seed=3
    )
    intervals = np.diff(seen[0].ends)
    assert report.latency == seen[0].ends[0] - seen[0].starts[0]
    assert report.interval == np.median(intervals) != intervals.mean()
    assert (report.interval_min, report.interval_max) == (intervals.min(), intervals.max())
    assert report.interval_min < report.interval < report.interval_max
    assert report.frames_per_second == pytest.approx(800e6 / report.interval)
    assert report.utilisation == pytest.approx(MACS / (9 * report.interval))


def test_machines_by_name():
    assert [machine_of(case(name).compiled) for name in KINDS] == list(KINDS)


def test_one_held_skip_is_enough():
    """Others may have queues."""
    skips = [SimpleNamespace(kind=kind) for kind in (SkipKind.FIFO, SkipKind.HOLD, SkipKind.FIFO)]
    mixed = SimpleNamespace(config=SimpleNamespace(skips=skips))
    assert machine_of(mixed) == "unbuffered"


@pytest.fixture(scope="module")
def shipped():
    """The network without skips as ``kiln stream`` runs it, and all digits."""
    graph = read_graph(weights.FOLDER / "cnn_digits_skipfree.safetensors")[0]
    compiled = compile_network(graph, interval=9216)
    split = digits()
    parts = split.test, split.validation, split.train
    pixels, labels = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("pixels", "labels")
    )
    with CnnEngine(compiled.config) as engine:
        engine.load(compiled)
        yield compiled, engine, pixels, labels


@pytest.mark.slow
@pytest.mark.parametrize("count, stalls", [(1797, 0.0), (300, 0.6)])
def test_digits(shipped, count, stalls):
    """All there are; some of them with words held back at random on both sides."""
    compiled, engine, pixels, labels = shipped
    assert len(pixels) == 1797
    report = verify_stream(
        "digits", compiled, engine, pixels[:count], labels[:count], stalls=stalls, seed=7
    )
    assert (report.images, report.mismatches, report.class_mismatches) == (count, 0, 0)
    assert report.accuracy_rtl == report.accuracy_golden >= 0.97
    assert report.bound == 9216 and report.interval == pytest.approx(9216, rel=0.02)
