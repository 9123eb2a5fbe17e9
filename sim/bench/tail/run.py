"""The whole benchmark of fast reject, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hw.eie.config import PRESETS
from sim.cluster.calibrate import calibrate
from sim.cpu.case import CpuCase
from sim.cpu.measure import cpu_report
from sim.cpu.results import CpuReport, Way
from sim.engine import EieEngine
from sim.verification import Workload as Requests
from sim.verification import verify
from sw.compress.compile import compile_network
from sw.compress.frame import program_frame
from sw.network import Network
from sw.predictors.fit import FitRecipe
from sw.predictors.ssd import SPECS

from .bars import OWN, verdicts
from .ingest import measure_ingest
from .machines import MACHINES, machine_rows, occupied_us
from .quality import Judged, judge, judge_rtl
from .replays import MODEL_IOS, Served, baselines, cluster_of, rejecting
from .results import Ingest, MachineRow, Pretrained, SweepPoint, TailReport
from .sources import GENERATED, Halves, file_halves, generated_halves
from .sweep import EACH, INFERENCE_US, RATES, sweep

__all__ = ["MACHINE", "Effort", "Measured", "measure_tail", "steps"]

MACHINE = "wide8"
"""The array that computes predictions in the replays."""
_BUSY = ("heimdall", OWN)
"""Predictors that are also trained on busy periods."""
_CPU_SERVERS = (Way.ONNX, Way.C_DENSE, Way.EAGER)


@dataclass(frozen=True)
class Effort:
    """
    How much is measured.

    Parameters
    ----------
    ios : int
        Of Kiln's own trace.
    recipe : FitRecipe
    rtl_rows : int
        Reads of each trace on the RTL, but all of the first file's, or of Kiln's own.
    cpu_requests, ingest_rows : int
    model_ios, sweep_ios : int
        Requests to each model of an SSD, in replays and at each point of the sweep.
    rates, inference_us : sequence of float
        Of the sweep.
    machines : sequence of str
    """

    ios: int = 100_000
    recipe: FitRecipe = field(default_factory=FitRecipe)
    rtl_rows: int = 2_000
    cpu_requests: int = 10_000
    ingest_rows: int = 1_000_000
    model_ios: int = MODEL_IOS
    sweep_ios: int = EACH
    rates: Sequence[float] = RATES
    inference_us: Sequence[float] = INFERENCE_US
    machines: Sequence[str] = MACHINES

    @classmethod
    def quick(cls) -> Effort:
        """Everything once, and little of it: to see that it works."""
        recipe = FitRecipe(epochs=2, prune_epochs=1, share_epochs=1, sparsities=(0.5,))
        counts = (8_000, recipe, 200, 200, 20_000, 600, 600)
        return cls(*counts, (20_000,), (0.0, 20.0), (MACHINE,))


@dataclass(eq=False)
class Measured:
    """The report, and latencies by source and label for its plots."""

    report: TailReport
    latencies: dict[str, dict[str, NDArray[np.float64]]]


def steps(traces: int, pretrained: bool, effort: Effort) -> int:
    """How often :func:`measure_tail` says what comes next."""
    sources = 1 + traces
    trained = len(SPECS) + len(_BUSY)
    each = 2 * trained + 1 + len(SPECS)
    return traces + 1 + sources * each + pretrained + len(effort.machines) + 3


def measure_tail(
    report: TailReport,
    traces: Sequence[Path],
    pretrained: Path | None,
    folder: Path,
    effort: Effort,
    say: Callable[[str], object] = lambda what: None,
) -> Measured:
    """
    Fill in ``report``. Files that are only needed for a while go to ``folder``; ``say`` is called
    with what is done next.
    """
    sources: list[Halves] = []
    for path in traces:
        say(f"reading {path.name}")
        sources.append(file_halves(path))
    say("Kiln's own trace")
    sources.insert(0, generated_halves(effort.ios))
    report.sources = [halves.facts() for halves in sources]
    with _one_thread():
        judged = {halves.name: _judged(halves, effort, say) for halves in sources}
    whole = sources[1 if len(sources) > 1 else 0].name
    with EieEngine(PRESETS[MACHINE]) as engine:
        for name, some in judged.items():
            for place, each in enumerate(some):
                say(f"{name}: {each.row.predictor} on the RTL")
                limit = None if name == whole else effort.rtl_rows
                some[place] = judge_rtl(each, engine, limit)
        if pretrained is not None:
            say(f"{pretrained.name} on the RTL")
            report.pretrained = _pretrained(pretrained, engine)
    report.predictors = [each.row for some in judged.values() for each in some]

    by_latency = [each for some in judged.values() for each in some if each.row.labels == "p85"]
    for machine in effort.machines:
        say(f"cycles on {machine}")
        report.machines += machine_rows(by_latency, machine)
    say("processor")
    report.cpu = _on_processor(judged[GENERATED], effort)
    latencies = {}
    for halves in sources:
        chosen = [each for each in judged[halves.name] if each.row.labels == "p85"]
        latencies[halves.name] = _replayed(report, halves, chosen, effort, say)
    report.sweep = _swept(report, sources[0], judged[GENERATED], effort, say)
    say("reading a large trace")
    report.ingest = _ingested(folder, effort)
    report.verdicts = verdicts(report)
    return Measured(report, latencies)


@contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch on one thread: sums in one order, the same networks every time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _judged(halves: Halves, effort: Effort, say: Callable[[str], object]) -> list[Judged]:
    wanted = [(name, "p85") for name in SPECS] + [(name, "busy") for name in _BUSY]
    found = []
    for name, labels in wanted:
        say(f"{halves.name}: training {name} ({labels})")
        config, recipe = PRESETS[MACHINE], effort.recipe
        found.append(judge(SPECS[name], halves, config, labels=labels, recipe=recipe))
    return found


def _pretrained(path: Path, engine: EieEngine) -> Pretrained:
    network = Network.load(path)
    if network.inputs is None:
        raise ValueError(f"{path}: no array 'inputs' or 'features' to run the network on")
    program, _ = compile_network(network, engine.config, calibration=network.inputs)
    engine.load(program_frame(program))
    found = verify(path.stem, MACHINE, Requests(network, network.inputs), program, engine)
    return Pretrained(
        name=path.stem,
        rows=found.requests,
        mismatches=found.mismatches,
        agreement=found.agreement,
    )


def _on_processor(judged: Sequence[Judged], effort: Effort) -> CpuReport:
    cases = {}
    for each in judged:
        if each.row.labels == "p85":
            deployed = each.deployed
            network = deployed.predictor.fit.compressed
            cases[deployed.name] = CpuCase(network, deployed.quantised, deployed.calibration)
    return cpu_report(cases, requests=effort.cpu_requests)


def _row_on(report: TailReport, source: str, predictor: str) -> MachineRow:
    return next(
        row
        for row in report.machines
        if (row.source, row.predictor, row.machine) == (source, predictor, MACHINE)
    )


def _servers(report: TailReport, source: str, predictor: str) -> list[Served]:
    """The array first; for the own predictor, the processor too."""
    on_array = _row_on(report, source, predictor)
    servers = [Served(f"EIE {MACHINE}", occupied_us(on_array), report.link_us)]
    assert report.cpu is not None
    for row in report.cpu.rows:
        mine = row.network == predictor == OWN and row.way in _CPU_SERVERS
        if mine and row.median_ns is not None:
            servers.append(Served(f"CPU, {row.way.value}", row.median_ns / 1e3, 0.0))
    return servers


def _replayed(
    report: TailReport,
    halves: Halves,
    judged: Sequence[Judged],
    effort: Effort,
    say: Callable[[str], object],
) -> dict[str, NDArray[np.float64]]:
    say(f"{halves.name}: policies")
    cluster = cluster_of(halves, report.replicas, each=effort.model_ios)
    rows, latencies = baselines(cluster, report.redirect_us)
    report.replays += rows
    for each in judged:
        say(f"{halves.name}: fast reject by {each.deployed.name}")
        servers = _servers(report, halves.name, each.deployed.name)
        found = rejecting(cluster, each.deployed, each.train_scores, servers, report.redirect_us)
        report.replays += found[0]
        latencies[f"fast reject, {each.deployed.name}"] = found[1][servers[0].name]
    return latencies


def _swept(
    report: TailReport,
    halves: Halves,
    judged: Sequence[Judged],
    effort: Effort,
    say: Callable[[str], object],
) -> list[SweepPoint]:
    say("rates and inference times")
    own = next(each for each in judged if each.deployed.name == OWN)
    cluster = cluster_of(halves, report.replicas, each=effort.model_ios)
    found = calibrate(cluster.train, own.deployed, own.train_scores, 0.0, 0.0, report.redirect_us)
    return sweep(
        own.deployed,
        found.threshold,
        report.redirect_us,
        report.replicas,
        rates=effort.rates,
        inference_us=effort.inference_us,
        each=effort.sweep_ios,
    )


def _ingested(folder: Path, effort: Effort) -> Ingest:
    folder.mkdir(parents=True, exist_ok=True)
    return measure_ingest(folder, effort.ingest_rows)
