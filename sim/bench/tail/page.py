"""The benchmark of fast reject as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from sim.bench.tables import markdown_table
from sim.bench.verdicts import verdict_cells
from sim.verification import CLOCK_MHZ

from .bars import OWN, beaten
from .page_tables import (
    cost_table,
    predictor_table,
    processor_section,
    quality_cells,
    replay_table,
    sweep_table,
)
from .plots import SWEEP_PLOT, cdf_plot
from .results import TailReport

__all__ = ["tail_page"]

_HEAD = """\
# Fast reject: from a predictor to the tail of latencies

`{command}`, {date}.

A predictor tells, before a read is submitted, whether the device will be slow; if so, another
replica is asked at once. How the traces, features and replicas are made is in
[docs/tail.md](../tail.md). Every trace is cut in the middle of its I/Os in the order of submission:
predictors learn from the first half, and everything below is of the second. A read is slow if it is
above the p85 of the first half's reads; every read of the second half counts, none is filtered.
"""

_PREDICTORS = """\
Area under the receiver operating characteristic (AUC) of the float network before compression, of
the compressed one, of the integer golden model, and of the RTL ({machine}) on its first reads;
accuracy and error rates at the threshold that was calibrated on the first half, where both error
rates have the least sum. `linnos` and `heimdall` have the published features and shapes, but are
trained here by the same recipe as `kiln`.
"""

_BUSY = """\
The same reads, judged by *busy periods* in the manner of Heimdall: trained on periods, with
contradicting rows filtered from what is trained on, but from nothing that is judged. "slow" is the
share of the judged reads in busy periods.
"""

_COST = """\
Cycles of the RTL at {clock} MHz: from start to the last result, and with the inputs' way in and the
result's way out over AXI4-Stream and AXI4-Lite, which is for how long a prediction occupies the
machine in the replays. Mean of {requests} reads; weights stored on the array, of those of the
network's shape.
"""

_REPLAY = """\
{replicas} replicas. *none*: every read to its primary. *hedged*: to a second replica too, if there
is no answer after the p95 of the first half. *oracle*: turned away where the device would take
longer than the threshold, without fail and at no cost. *fast reject*: turned away where the golden
model's score is above the threshold with the least p99 on the first half; it costs the time of an
inference, for which the server is occupied, {link:g} us of link to an accelerator (none to the
CPU), and the queue before it. Going to another replica costs {redirect:g} us under every policy.
The last replica takes every read. Extra load is device I/Os beyond one a request; a read that is
turned away has not reached the device, and is counted apart, over reads.
"""

_TRACES = """\
The traces that follow are open loops: segments of the second half that do not overlap are replicas,
and a read that comes from another replica takes what the read nearest in time took there. Beside
their milliseconds an inference of a microsecond is nothing; but their I/Os come in bursts, in which
predictions wait for each other: compare the servers of `kiln`.
"""

_SWEEP = """\
`kiln` on models of an SSD whose requests queue behind each other, at rising rates: p99 of reads in
microseconds, by the time of an inference, and the share of the time in which the one predictor is
busy. Where the predictor is the bottleneck, reads wait for their predictions, and fast reject is
worse than none.

![p99 over the rate, by the time of an inference]({plot})
"""


def tail_page(report: TailReport) -> str:
    """The page."""
    return "\n".join(_parts(report))


def _parts(report: TailReport) -> Iterator[str]:
    yield _HEAD.format(command=report.command, date=report.date)
    yield "## Bars\n"
    yield markdown_table("what|measured|bar|", map(verdict_cells, report.verdicts))
    yield "## Traces\n"
    yield markdown_table(
        "trace|I/Os|reads|I/Os a second|threshold, us|slow in 1st half|in 2nd|busy in 1st half"
        "|in 2nd",
        (
            [
                source.name,
                f"{source.ios:,}",
                f"{source.reads:.1%}",
                f"{source.iops:,.0f}",
                f"{source.threshold_us:,.0f}",
                *(
                    f"{share:.1%}"
                    for share in (
                        source.slow_train,
                        source.slow_test,
                        source.busy_train,
                        source.busy_test,
                    )
                ),
            ]
            for source in report.sources
        ),
    )
    yield "## Predictors\n"
    yield _PREDICTORS.format(machine=report.machine)
    yield predictor_table([row for row in report.predictors if row.labels == "p85"])
    lost = beaten(report.predictors)
    yield (
        f"`{OWN}` has the largest area on every trace.\n"
        if not lost
        else f"`{OWN}` has the largest area on every trace but {', '.join(lost)}.\n"
    )
    yield "### By busy periods\n"
    yield _BUSY
    slow = {source.name: source.busy_test for source in report.sources}
    yield markdown_table(
        "trace|predictor|slow|AUC, float|golden|accuracy|false reject|false accept",
        (
            [
                row.source,
                row.predictor,
                f"{slow[row.source]:.1%}",
                f"{row.float32.auc:.3f}",
                *quality_cells(row.golden),
            ]
            for row in report.predictors
            if row.labels == "busy"
        ),
        left=2,
    )
    if report.pretrained is not None:
        found = report.pretrained
        yield (
            f"`{found.name}`, a network of LinnOS's kind that others trained, on its own "
            f"{found.rows:,} rows: the RTL decides as float on {found.agreement:.2%} and differs "
            f"from the golden model on {found.mismatches}.\n"
        )
    yield "## What a prediction costs\n"
    yield _COST.format(clock=CLOCK_MHZ, requests=max(row.requests for row in report.machines))
    yield cost_table(report)
    yield from processor_section(report)
    yield "## Tails\n"
    yield _REPLAY.format(replicas=report.replicas, link=report.link_us, redirect=report.redirect_us)
    for number, source in enumerate(report.sources):
        if number == 1:
            yield _TRACES
        yield f"### {source.name}\n"
        yield f"![reads by latency]({cdf_plot(source.name)})\n"
        yield replay_table([row for row in report.replays if row.source == source.name])
    yield "## How fast a prediction must be\n"
    yield _SWEEP.format(plot=SWEEP_PLOT)
    yield sweep_table(report)
