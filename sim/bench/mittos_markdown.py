"""The MittOS benchmark as a page of Markdown."""

from __future__ import annotations

from collections.abc import Callable

from .mittos_plots import PLOTS
from .mittos_results import CaseFacts, MittosReport, NetworkFacts, Row, Verdict
from .tables import markdown_table
from .weng_chien import COST, COST_OF_CPU

__all__ = ["mittos_page"]

_HEAD = """\
# SSD latency predictors on the RTL

`{command}`, {date}.

Weng and Chien (*Evaluating Achievable Latency and Cost: SSD Latency Predictors (MittOS Model
Inference)*, AccML 2020) **estimate** how long EIE takes to tell whether an SSD will answer too
late. Here the same networks run on the RTL, with Kiln's own weights. Time is from the start command
to the last result at {clock} MHz; the inputs' way in and the results' way out over AXI4-Stream are
not in it and stand beside it. Every output of every request is compared with the golden model.

*Real* requests leave many activations at zero, which the array skips. *Worst* has the same weights
at the same places, and inputs and biases such that no activation of any layer is zero, as the
estimates assume. `pe1` to `paper64` are the paper's machine (one entry a cycle and PE, one
activation a cycle); `wide8` to `wide64` take eight entries a cycle and PE, and broadcast up to 16
activations together, which are skipped only where all of them are zero. The estimate is of as many
PEs, always of the paper's kind; the CPU is their i7-8700.
"""

_TIMES = """\
{layers}, {weights:,} weights; {requests} requests a row and case. Laid out without neurons that are
constant or not read, the layers have {inputs:,} inputs together: at one broadcast a cycle that is
{floor:.2f} us in the worst case, on however many PEs. Microseconds; ours / estimate is of the worst
case's mean.
"""

_GRAPH = """\
The graph's sums and differences are matrices too, as are the vectors that are passed on through a
layer (`sw.predictors.good_custom`); their entries are counted and take their time. Of a value and
its negative, both passed through ReLU, one is zero in every real request; in the worst case neither
is.
"""

_DRAWN = """\
The shape only: dense, with drawn weights, so that there is no accuracy to speak of. Golden model
and float decide alike on {agreement:.1%} of {judged} inputs.
"""

_COSTS = """\
Entries are those stored in all PEs, padding those of them that only bridge runs of zeros;
utilisation is the share of the lanes' cycles spent on entries. In and out are cycles of AXI4-Stream
beside the time: inputs, and results with register accesses.
"""

_ACCURACY = """\
Float and golden model on the same {judged:,} fresh requests, the RTL on the first {requests} of
them (on every machine, with the same outputs). Weng and Chien's pruned good_custom said "in time"
of every request, which is right about 92.18 % of them.
"""

_WORST = """\
Counted in the golden model over the requests that the RTL runs: in how many of them every input of
every layer is not zero, and which share of each layer's inputs is not zero in real requests.
"""

_COST_TABLE = """\
From Weng and Chien, Tables 4 and 5, for reference: PEs times one PE of Han et al., *EIE* (ISCA
2016), Table II (45 nm, 800 MHz). None of it is measured here, and the wide machines are not in it.
"""


def mittos_page(report: MittosReport) -> str:
    """The page."""
    parts = [_HEAD.format(command=report.command, date=report.date, clock=report.clock_mhz)]
    parts += [
        "## Bars\n",
        markdown_table("what|measured|bar|", map(_verdict_row, report.verdicts), 1),
    ]
    parts += _plots(report)
    for facts in report.networks:
        parts += _network(report, facts)
    parts += _accuracy(report)
    parts += _worst(report)
    parts += ["## Area and power\n", _COST_TABLE, _cost_table()]
    return "\n".join(parts)


def _verdict_row(verdict: Verdict) -> list[str]:
    met = "pass" if verdict.passed else "FAIL"
    if verdict.stretch is not None:
        met += f"; stretch {verdict.stretch}: {'met' if verdict.stretched else 'not met'}"
    form = f"{verdict.measured:.4g}"
    return [verdict.what, form, verdict.bar, met]


def _plots(report: MittosReport) -> list[str]:
    there = {facts.network for facts in report.networks}
    return [
        f"![time over the number of PEs, {network}]({file})\n"
        for network, file in PLOTS.items()
        if network in there
    ]


def _network(report: MittosReport, facts: NetworkFacts) -> list[str]:
    pairs = _pairs(report, facts)
    if not pairs:
        return []
    text = _TIMES.format(
        weights=facts.weights,
        layers="-".join(map(str, facts.sizes)),
        inputs=pairs[0][1].columns,
        floor=pairs[0][1].columns / report.clock_mhz,
        requests=pairs[0][0].requests,
    )
    notes = [text]
    if facts.network == "good_custom":
        notes.append(_GRAPH)
    if facts.sparsity is None:
        notes.append(_DRAWN.format(agreement=facts.agreement, judged=facts.judged))
    deep = [
        f"`{real.machine}` with {name} = {depth:,}"
        for real, _ in pairs
        for name, depth in real.deepened.items()
    ]
    if deep:
        notes.append(f"Deeper memory, without which it does not fit: {', '.join(deep)}.\n")
    times = markdown_table(
        "machine|PEs|real mean|real max|worst mean|worst max|estimate|ours / estimate|CPU|"
        "mismatches",
        (_time_row(facts, real, worst) for real, worst in pairs),
        1,
    )
    costs = markdown_table(
        "machine|entries|padding|cycles real|cycles worst|utilisation real|utilisation worst|"
        "in|out",
        (_cost_row(real, worst) for real, worst in pairs),
        1,
    )
    return [f"## {_title(facts)}\n", *notes, times, _COSTS, costs]


def _title(facts: NetworkFacts) -> str:
    return facts.network if facts.sparsity is None else f"{facts.network}, {facts.sparsity} %"


def _pairs(report: MittosReport, facts: NetworkFacts) -> list[tuple[Row, Row]]:
    """The real and the worst row of each machine."""
    return list(zip(report.of(facts.name, "real"), report.of(facts.name, "worst"), strict=True))


def _or_blank(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _time_row(facts: NetworkFacts, real: Row, worst: Row) -> list[str]:
    return [
        real.machine,
        str(real.n_pe),
        f"{real.us_mean:.3f}",
        f"{real.us_max:.3f}",
        f"{worst.us_mean:.3f}",
        f"{worst.us_max:.3f}",
        _or_blank(worst.estimate_us, ".3g"),
        _or_blank(worst.ratio, ".2f"),
        _or_blank(facts.cpu_us, ".3g"),
        f"{real.mismatches + worst.mismatches} of {real.requests + worst.requests}",
    ]


def _cost_row(real: Row, worst: Row) -> list[str]:
    return [
        real.machine,
        f"{real.entries:,}",
        f"{real.padding_share:.1%}",
        f"{real.cycles_mean:,.0f}",
        f"{worst.cycles_mean:,.0f}",
        f"{real.utilisation:.1%}",
        f"{worst.utilisation:.1%}",
        f"{real.load_cycles:,}",
        f"{real.readback_cycles:,}",
    ]


def _accuracy(report: MittosReport) -> list[str]:
    judged = [facts for facts in report.networks if facts.quality]
    if not judged:
        return []
    rows = []
    for facts in judged:
        qualities = dict(facts.quality)
        for row in report.of(facts.name, "real")[:1]:
            if row.quality is not None:
                qualities["RTL"] = row.quality
        for model, quality in qualities.items():
            paper = facts.paper_accuracy if model == "float" else None
            collapsed = " (collapsed)" if paper is not None and facts.paper_collapsed else ""
            rows.append(
                [
                    _title(facts),
                    model,
                    f"{quality.accuracy:.2%}",
                    f"{quality.recall:.2%}",
                    f"{quality.false_reject_rate:.2%}",
                    f"{quality.false_accept_rate:.2%}",
                    _or_blank(paper, ".2%") + collapsed,
                ]
            )
    heads = "network|model|accuracy|EBUSY recall|false reject|false accept|paper's accuracy"
    text = _ACCURACY.format(judged=judged[0].judged, requests=judged[0].cases[0].requests)
    return ["## Accuracy\n", text, markdown_table(heads, rows, 2)]


def _worst(report: MittosReport) -> list[str]:
    def row(facts: NetworkFacts) -> list[str]:
        cases: dict[str, CaseFacts] = {case.case: case for case in facts.cases}
        real, worst = cases["real"], cases["worst"]
        density = ", ".join(f"{share:.0%}" for share in real.layer_density)
        return [facts.name, density, f"{worst.all_nonzero} of {worst.requests}"]

    heads = "network|not zero in real requests, layer by layer|worst: requests without a zero"
    return ["## Activations\n", _WORST, markdown_table(heads, map(row, report.networks), 2)]


def _cost_table() -> str:
    def row(what: str, form: Callable[[float], str], name: str) -> list[str]:
        costs = [*COST.values(), COST_OF_CPU]
        return [what, *(form(getattr(cost, name)) for cost in costs)]

    heads = "PEs|" + "|".join(map(str, COST)) + "|CPU"
    rows = [
        row("peak GOPS", "{:g}".format, "gops"),
        row("mm2", "{:g}".format, "area_mm2"),
        row("W", "{:g}".format, "power_w"),
    ]
    return markdown_table(heads, rows, 1)
