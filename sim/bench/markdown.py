"""The benchmark of EIE as a page of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .activity import Activity
from .plots import by_layer, speed_ups
from .results import EieReport, LayerResult, PresetResult, SweepPoint
from .tables import markdown_table

__all__ = ["PE_PLOT", "QUEUE_PLOT", "eie_page"]

QUEUE_PLOT = "eie_queue_depth.png"
PE_PLOT = "eie_pe_counts.png"

_HEAD = """\
# The layers of the EIE paper on the RTL

`{command}`, {date}.

Layers are those of Han et al., *EIE* (ISCA 2016), Table III, with random weights and inputs of the
given densities; the paper's times are those of its Table IV for 64 PEs at 800 MHz. Our time is of
the RTL, from the start command to the last result, at {clock} MHz: bias preload, refills of the
activation file, drain and requantisation are in it. The event count is an independent model of the
events that the paper names (queues, broadcasts, entries), without pipelines, biases and drains.
"work us" is what the entries of our layers, padding included, take at one a lane and cycle if all
PEs have as many: the like of the paper's theoretical time, whose layers differ from ours as far as
its densities are rounded and its weights not random. "group" is the number of neighbouring columns
that are broadcast together; row tiles of a layer may differ in it.
"""

_BATCHES = """\
{layers}: the column pointers do not fit at once, so that the layer runs in column batches, one
start command each. Its time is the sum over the batches; reloading the pointers between them over
AXI4-Stream is **not** in it, and takes the cycles below for every inference. For that reason
outputs were compared for the first {compared} inputs only; the times of all inputs were taken batch
by batch without reloading, which cannot change the cycles by more than the state of the detection
tree does: {difference} cycles at most for the inputs run both ways.
"""

_SHARES = """\
Load balance is the share of a PE's cycles, those of biases, codebook and drain left out, in which
it has a column to work on; utilisation the share of all its cycles spent on entries; padding the
share of entries that only bridge runs of zeros. All are of the performance counters.
"""

_EVENTS = """\
Events per inference in all PEs together, counted, not weighted with energies: 64-bit words read
from the sparse matrix, pairs of pointers, entries through the multiplier (padding included), 32-bit
accumulators, 16-bit activations.
"""


def eie_page(report: EieReport) -> str:
    """The page."""
    clock = report.presets[0].layers[0].clock_mhz
    parts = [_HEAD.format(command=report.command, date=report.date, clock=clock)]
    for result in report.presets:
        parts += _preset(result)
    if report.queue_depths:
        parts += _queue_depths(report.queue_depths)
    if report.pe_counts:
        parts += _pe_counts(report.pe_counts)
    return "\n".join(parts)


def _preset(result: PresetResult) -> list[str]:
    layers = result.layers
    times = markdown_table(
        "layer|us mean|us max|work us|paper theoretical|paper actual|ours / actual|speed-up|group|"
        f"cycles of {layers[0].counted}|event count|difference|mismatches|verdict",
        (_time_row(result, layer) for layer in layers),
    )
    costs = markdown_table(
        "layer|load balance|utilisation|padding|cycles mean|cycles max|inputs in|results out|"
        "programs|reload",
        map(_cost_row, layers),
    )
    names = {name: name.replace("_", " ") for name in Activity.model_fields}
    events = markdown_table(
        "layer|" + "|".join(names.values()),
        (
            [layer.layer, *(f"{getattr(layer.activity, name):,.0f}" for name in names)]
            for layer in layers
        ),
    )
    several = [layer for layer in layers if layer.batches > 1]
    notes = []
    if several:
        notes = [
            _BATCHES.format(
                layers=", ".join(layer.layer for layer in several),
                compared=several[0].compared,
                difference=max(layer.repeat_difference for layer in several),
            )
        ]
    requests = f"{layers[0].requests} inputs a layer; counters, event count, and the cycles beside "
    requests += f"it, are of {layers[0].counted} of them.\n"
    return [
        f"## {result.preset}: {result.config['n_pe']} PEs\n",
        requests,
        times,
        _verdict(result),
        *notes,
        _SHARES
        + "\nInputs in, results out and reload are cycles of AXI4-Stream, beside the time.\n",
        costs,
        _EVENTS,
        events,
    ]


def _time_row(result: PresetResult, layer: LayerResult) -> list[str]:
    return [
        layer.layer,
        f"{layer.us_mean:.2f}",
        f"{layer.us_max:.2f}",
        f"{_work_us(result, layer):.2f}",
        f"{layer.theoretical_us:.1f}",
        f"{layer.actual_us:.1f}",
        f"{layer.ratio:.3f}",
        f"{1 / layer.ratio:.2f}",
        ", ".join(map(str, layer.groups)),
        f"{layer.event_cycles * (1 + layer.event_deviation):,.0f}",
        f"{layer.event_cycles:,.0f}",
        f"{layer.event_deviation:+.1%}",
        f"{layer.mismatches} of {layer.compared}",
        "pass" if layer.within(result.bars) else "FAIL",
    ]


def _work_us(result: PresetResult, layer: LayerResult) -> float:
    """Microseconds that the entries take at one a lane and cycle, shared out evenly."""
    lanes = result.config["n_pe"] * result.config["lanes"]
    return layer.activity.multiply_accumulates / lanes / layer.clock_mhz


def _cost_row(layer: LayerResult) -> list[str]:
    return [
        layer.layer,
        f"{layer.load_balance:.1%}",
        f"{layer.utilisation:.1%}",
        f"{layer.padding_share:.1%}",
        f"{layer.cycles_mean:,.0f}",
        f"{layer.cycles_max:,}",
        f"{layer.load_cycles:,}",
        f"{layer.readback_cycles:,}",
        str(layer.batches),
        f"{layer.reload_cycles:,}" if layer.batches > 1 else "",
    ]


def _verdict(result: PresetResult) -> str:
    mean = f"Geometric mean of ours / actual: **{result.ratio:.3f}**, "
    mean += f"a speed-up of {1 / result.ratio:.2f}"
    bars = result.bars
    if bars is None:
        return f"{mean}. A layer passes where all outputs are equal.\n"
    met = "pass" if result.mean_within else "FAIL"
    least = f", and its speed-up is at least {1 / bars.layer_ratio:g}" if bars.layer_ratio else ""
    return (
        f"{mean} ({met}: {bars.ratio_low:.2f} to {bars.ratio_high:.2f} over all nine layers). A "
        f"layer passes where all outputs are equal and its cycles are within "
        f"{bars.event_deviation:.0%} of the event count{least}.\n"
    )


def _queue_depths(points: Sequence[SweepPoint]) -> list[str]:
    wanted = [point.layer for point in points if not point.compared]
    text = "Load balance over the depth of the activation queues (the paper's Fig. 8), "
    text += f"{points[0].n_pe} PEs, {points[0].inputs} inputs a point.{_checked(points)}"
    if wanted:
        names = ", ".join(dict.fromkeys(wanted))
        text += f" Those of {names}, which runs in batches, are not compared here."
    table = _sweep(
        points, lambda p: p.queue_depth, lambda some: [f"{p.load_balance:.1%}" for p in some]
    )
    return [
        f"## Queue depth\n\n{text}\n",
        table,
        f"![load balance over queue depth]({QUEUE_PLOT})\n",
    ]


def _pe_counts(points: Sequence[SweepPoint]) -> list[str]:
    text = "Speed-up over one PE, load balance and padding over the number of PEs (the paper's "
    text += f"Figs. 11 to 13), one input a point.{_checked(points)} Machines with few PEs run a "
    text += "layer as several programs; loading them is not in the time. However many rows a PE "
    text += "has, it works on tiles of 64 at most, and zero runs end with a tile."
    forms: dict[str, Callable[[Sequence[SweepPoint]], list[str]]] = {
        "speed-up": lambda some: [f"{value:.2f}" for value in speed_ups(some)],
        "load balance": lambda some: [f"{point.load_balance:.1%}" for point in some],
        "padding": lambda some: [f"{point.padding_share:.1%}" for point in some],
    }
    tables = [
        f"{name}:\n\n{_sweep(points, lambda p: p.n_pe, form)}" for name, form in forms.items()
    ]
    plot = f"![speed-up, load balance and padding over PEs]({PE_PLOT})\n"
    return [f"## Number of PEs\n\n{text}\n", *tables, plot]


def _checked(points: Sequence[SweepPoint]) -> str:
    compared = sum(point.inputs for point in points if point.compared)
    wrong = sum(point.mismatches for point in points)
    return f" {compared} inferences compared with the golden model, {wrong} mismatches."


def _sweep(
    points: Sequence[SweepPoint],
    at: Callable[[SweepPoint], int],
    form: Callable[[Sequence[SweepPoint]], list[str]],
) -> str:
    layers = by_layer(points)
    heads = [str(at(point)) for point in next(iter(layers.values()))]
    rows = ([layer, *form(some)] for layer, some in layers.items())
    return markdown_table("layer|" + "|".join(heads), rows)
