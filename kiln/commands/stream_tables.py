"""Tables of streaming networks: unit by unit, and in all."""

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from sim.stages import Stage, StageReport, stages_of, total_bits
from sim.streaming import StreamReport, utilisation
from sw.dataflow.compile import Compiled

__all__ = ["print_compiled", "print_report", "stage_table"]


def stage_table(stages: Mapping[str, Stage]) -> Table:
    """What each unit takes, and how a run went for it if there was one."""
    title = "units; memory in bits, a skip's with its reader"
    table = Table(title=title, box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("", no_wrap=True)
    columns = ["cycles", "simd*pe", "mult", "weights", "lines", "skip"]
    shares = {"busy": "busy", "starve": "starved", "block": "blocked"}
    if all(isinstance(stage, StageReport) for stage in stages.values()):
        columns += shares
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for name, stage in stages.items():
        cells = [
            f"{stage.cycles:,}",
            "" if stage.simd is None else f"{stage.simd} x {stage.pe}",
            _count(stage.multipliers),
            *(_count(stage.bits[kind]) for kind in ("weights", "line buffers", "skips")),
        ]
        if isinstance(stage, StageReport):
            cells += [f"{getattr(stage, share):.0%}" for share in shares.values()]
        table.add_row(name, *cells)
    return table


def print_compiled(name: str, compiled: Compiled, console: Console) -> None:
    """What a network takes, before any run."""
    config = compiled.config
    stages = stages_of(config)
    console.print(stage_table(stages))
    rows = {
        "bound of the frame interval, cycles": f"{config.bound:,}",
        "multipliers": f"{sum(stage.multipliers for stage in stages.values()):,}",
        "MAC utilisation at that bound": f"{utilisation(compiled, config.bound):.1%}",
        **_memory(total_bits(config)),
    }
    console.print(_totals(name, rows))


def print_report(report: StreamReport, clock: str, console: Console, *, stages: bool) -> None:
    """What a run came to; ``clock`` says what its clock is."""
    if stages:
        console.print(stage_table(report.units))
    rows = {
        "images": f"{report.images:,}",
        "logits RTL unlike golden": f"{report.mismatches:,}",
        "classes RTL unlike golden": f"{report.class_mismatches:,}",
        f"accuracy golden / RTL, of {report.tested:,} test images": (
            f"{report.accuracy_golden:.2%} / {report.accuracy_rtl:.2%}"
        ),
        "latency, cycles": f"{report.latency:,}",
        "frame interval, cycles": f"{report.interval:,.0f} (bound {report.bound:,})",
        f"frames/s at {clock}": f"{report.frames_per_second:,.0f}",
        "multipliers": f"{report.multipliers:,}",
        "MAC utilisation": f"{report.utilisation:.1%}",
        **_memory(report.bits),
    }
    console.print(_totals(report.network, rows))


def _totals(title: str, rows: Mapping[str, str]) -> Table:
    table = Table(title=title, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for row in rows.items():
        table.add_row(*row)
    return table


def _memory(bits: Mapping[str, int]) -> dict[str, str]:
    return {f"{kind}, bits": f"{count:,}" for kind, count in bits.items()}


def _count(number: int) -> str:
    return f"{number:,}" if number else ""
