"""Tables of the page about fast reject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.bench.tables import markdown_table
from sim.verification import CLOCK_MHZ

from .machines import occupied_us
from .results import PredictorRow, Quality, ReplayRow, TailReport
from .sources import GENERATED

__all__ = [
    "cost_table",
    "predictor_table",
    "processor_section",
    "quality_cells",
    "replay_table",
    "sweep_table",
]

_CPU = """\
One request at a time on one thread of `{processor}`, all ways by turns in one run: what the call
takes, conversions and the decision not counted. Median and p99 in microseconds are of this machine
and this run; the ratio to the array is what lasts{compiler}. An empty call timed in the same way
takes {python:.0f} ns from Python{c}.
"""


def quality_cells(found: Quality) -> list[str]:
    """AUC, accuracy and error rates."""
    rates = (found.accuracy, found.false_reject_rate, found.false_accept_rate)
    return [f"{found.auc:.3f}", *(f"{rate:.1%}" for rate in rates)]


def predictor_table(rows: Sequence[PredictorRow]) -> str:
    """Predictors in float and as the array computes them."""
    heads = (
        "trace|predictor|reads|AUC, float|compressed|golden|RTL|reads on RTL|unlike golden"
        "|accuracy, float|golden|false reject, float|golden|false accept, float|golden"
    )
    cells = []
    for row in rows:
        pairs = []
        for name in ("accuracy", "false_reject_rate", "false_accept_rate"):
            pairs += [f"{getattr(each, name):.1%}" for each in (row.float32, row.golden)]
        areas = [f"{each.auc:.3f}" for each in (row.float32, row.compressed, row.golden)]
        areas.append("" if row.rtl is None else f"{row.rtl.auc:.3f}")
        counts = [f"{row.rtl_rows:,}", f"{row.mismatches:,}"]
        cells.append([row.source, row.predictor, f"{row.rows:,}", *areas, *counts, *pairs])
    return markdown_table(heads, cells, left=2)


def cost_table(report: TailReport) -> str:
    """Weights and cycles of predictors on all machines."""
    machines = list(dict.fromkeys(row.machine for row in report.machines))
    heads = "predictor|trace|weights|stored"
    heads += "".join(f"|{name}, cycles|with transfers, us" for name in machines)
    cells = []
    for row in report.predictors:
        if row.labels != "p85":
            continue
        line = [row.predictor, row.source, f"{row.weights:,}", f"{row.stored:,}"]
        for machine in machines:
            [found] = [
                each
                for each in report.machines
                if (each.source, each.predictor, each.machine)
                == (row.source, row.predictor, machine)
            ]
            line += [f"{found.cycles_mean:,.0f}", f"{occupied_us(found):.3f}"]
        cells.append(line)
    cells.sort(key=lambda line: [line[0], line[1] != GENERATED])
    return markdown_table(heads, cells, left=2)


def processor_section(report: TailReport) -> Iterator[str]:
    """Predictors on the processor, and where it wins."""
    if report.cpu is None:
        return
    cpu = report.cpu
    yield "### On a processor\n"
    c = "" if cpu.c_clock_ns is None else f", {cpu.c_clock_ns:.0f} ns from C"
    compiler = "" if cpu.compiler is None else f" ({cpu.compiler})"
    yield _CPU.format(processor=cpu.processor, compiler=compiler, python=cpu.python_clock_ns, c=c)
    on_array = {
        row.predictor: row
        for row in report.machines
        if (row.source, row.machine) == (GENERATED, report.machine)
    }
    cells, wins = [], []
    for row in cpu.rows:
        if row.median_ns is None or row.p99_ns is None:
            cells.append(
                [row.network, row.way.value, f"not available: {row.unavailable}", *[""] * 4]
            )
            continue
        ours = on_array[row.network]
        compute, all_in = ours.cycles_mean / CLOCK_MHZ, occupied_us(ours) + report.link_us
        us = row.median_ns / 1e3
        cells.append(
            [
                row.network,
                row.way.value,
                f"{us:.2f}",
                f"{row.p99_ns / 1e3:.2f}",
                f"{us / compute:.1f}",
                f"{us / all_in:.2f}",
                f"{row.agreement or 0:.1%}",
            ]
        )
        if us < all_in:
            wins.append(f"{row.network} in {row.way.value} ({us:.2f} us against {all_in:.2f})")
    yield markdown_table(
        f"network|way|median, us|p99, us|over {report.machine}|with transfers and link"
        "|decided as in float",
        cells,
        left=2,
    )
    if wins:
        yield (
            "**The processor wins** where the way to the accelerator and back counts "
            f"({report.link_us:g} us of link, and transfers): {'; '.join(wins)}. It then spends "
            "its own time on each prediction, which the array does not take from it.\n"
        )


def replay_table(rows: Sequence[ReplayRow]) -> str:
    """Policies and their tails."""
    heads = (
        "policy|predictor|served by|inference, us|accepted|mean|p50|p95|p99|p99.9|turned away"
        "|extra load|server busy"
    )
    cells = []
    for row in rows:
        latencies = (row.mean_us, row.p50_us, row.p95_us, row.p99_us, row.p999_us)
        cells.append(
            [row.policy, row.predictor or "", row.server or ""]
            + ["" if row.inference_us is None else f"{row.inference_us:.3f}"]
            + ["" if row.accepted is None else f"{row.accepted:.0%}"]
            + [f"{latency:,.0f}" for latency in latencies]
            + [f"{row.rejects:.1%}", f"{row.extra_load:.2%}"]
            + ["" if row.utilisation is None else f"{row.utilisation:.2%}"]
        )
    return markdown_table(heads, cells, left=3)


def sweep_table(report: TailReport) -> str:
    """p99 by rate and time of an inference."""
    times = list(dict.fromkeys(point.inference_us for point in report.sweep))
    rates = list(dict.fromkeys(point.iops for point in report.sweep))
    found = {(point.iops, point.inference_us): point for point in report.sweep}
    heads = "I/Os a second, each replica|no policy"
    heads += "".join(f"|{time:g} us|busy" for time in times if time is not None)
    cells = []
    for rate in rates:
        line = [f"{rate:,.0f}", f"{found[rate, None].p99_us:,.0f}"]
        for time in times:
            if time is not None:
                point = found[rate, time]
                line += [f"{point.p99_us:,.0f}", f"{point.utilisation:.0%}"]
        cells.append(line)
    return markdown_table(heads, cells)
