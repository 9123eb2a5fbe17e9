"""``kiln bench mittos``: latency predictors on the RTL, beside the estimates for them."""

import shlex
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kiln.terminal import fail, share_done
from sim.bench.mittos import machine_cost, run_machine
from sim.bench.mittos_markdown import mittos_page
from sim.bench.mittos_plots import PLOTS, plot_times
from sim.bench.mittos_results import MittosReport, Row
from sim.bench.predictors import MACHINES, PREDICTORS, SEED, Predictor, Prepared, chosen
from sim.verification import CLOCK_MHZ

__all__ = ["mittos"]

JUDGED = 2000
QUICK_INPUTS, QUICK_JUDGED = 8, 100


def mittos(
    networks: Annotated[
        list[str] | None,
        typer.Option(
            help=f"One of {', '.join(each.name for each in PREDICTORS)}, or without the number "
            "all of that name; can be repeated.  [default: all]"
        ),
    ] = None,
    presets: Annotated[
        list[str] | None,
        typer.Option(help=f"One of {', '.join(MACHINES)}; can be repeated.  [default: all]"),
    ] = None,
    inputs: Annotated[int, typer.Option(min=1, help="Requests to each network and case.")] = 200,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"A try: {QUICK_INPUTS} requests at most.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where report and plots go.")] = Path("docs/results"),
) -> None:
    """SSD latency predictors on the RTL, real requests and worst case, beside the estimates of Weng
    and Chien."""
    console = Console()
    words = [f"--networks {shlex.quote(name)}" for name in networks or []]
    words += [f"--presets {shlex.quote(name)}" for name in presets or []]
    words += [f"--inputs {inputs}", *(["--quick"] if quick else [])]
    report = MittosReport(
        date=date.today().isoformat(),
        command=" ".join(["kiln bench mittos", *words]),
        clock_mhz=CLOCK_MHZ,
        seed=SEED,
    )
    requests, judged = (min(inputs, QUICK_INPUTS), QUICK_JUDGED) if quick else (inputs, JUDGED)
    try:
        for name in presets or []:
            if name not in MACHINES:
                raise ValueError(f"no preset {name!r}; there are {', '.join(MACHINES)}")
        wanted = chosen(networks or [])
        machines = [name for name in MACHINES if not presets or name in presets]
        out.mkdir(parents=True, exist_ok=True)
        _measure(report, wanted, machines, requests, judged, console)
        if not report.rows:
            raise ValueError("none of these networks runs on any of these presets")
        _write(report, out)
    except (ValueError, OSError, RuntimeError) as error:
        fail("bench", error)
    console.print(_times(report))
    console.print(_bars(report))
    console.print(f"report: {out / 'mittos.md'}, {out / 'mittos.json'}", highlight=False)
    if not report.passed:
        raise typer.Exit(1)


def _measure(
    report: MittosReport,
    wanted: list[Predictor],
    machines: list[str],
    requests: int,
    judged: int,
    console: Console,
) -> None:
    """Fill the report, networks in their order and machines in theirs."""
    ready: dict[str, Prepared] = {}
    with share_done(console) as progress:
        task = progress.add_task("quantising", total=len(wanted))
        for each in wanted:
            ready[each.name] = each.prepare(requests, judged)
            progress.advance(task)
        progress.remove_task(task)

        jobs = [
            (name, [ready[each.name] for each in wanted if name in each.machines])
            for name in machines
        ]
        total = sum(machine_cost(MACHINES[name], some) for name, some in jobs)
        task = progress.add_task("starting", total=total)

        def advance(what: str, cost: float) -> None:
            progress.update(task, description=what, advance=cost)

        for name, some in jobs:
            report.rows += run_machine(name, MACHINES[name], some, advance)
    report.networks = [prepared.facts for prepared in ready.values()]


def _write(report: MittosReport, out: Path) -> None:
    (out / "mittos.json").write_text(report.model_dump_json(indent=1) + "\n")
    (out / "mittos.md").write_text(mittos_page(report))
    for network, file in PLOTS.items():
        if any(facts.network == network for facts in report.networks):
            plot_times(report, network, out / file)


def _times(report: MittosReport) -> Table:
    table = Table(title="latency predictors on the RTL, us")
    table.add_column("network", no_wrap=True)
    table.add_column("machine", no_wrap=True)
    for column in ("real", "worst", "estimate", "ratio", "mismatches"):
        table.add_column(column, justify="right")
    for facts in report.networks:
        pairs = zip(report.of(facts.name, "real"), report.of(facts.name, "worst"), strict=True)
        for real, worst in pairs:
            table.add_row(facts.name, real.machine, *_figures(real, worst))
        table.add_section()
    return table


def _figures(real: Row, worst: Row) -> list[str]:
    return [
        f"{real.us_mean:.3f}",
        f"{worst.us_mean:.3f}",
        "" if worst.estimate_us is None else f"{worst.estimate_us:.3g}",
        "" if worst.ratio is None else f"{worst.ratio:.2f}",
        f"{real.mismatches + worst.mismatches} of {real.requests + worst.requests}",
    ]


def _bars(report: MittosReport) -> Table:
    table = Table(title="bars")
    table.add_column("what")
    for column in ("measured", "bar", "", "stretch", ""):
        table.add_column(column, justify="right")
    for verdict in report.verdicts:
        beyond = ["", ""]
        if verdict.stretch is not None:
            beyond = [verdict.stretch, "met" if verdict.stretched else "not met"]
        table.add_row(
            verdict.what,
            f"{verdict.measured:.4g}",
            verdict.bar,
            "pass" if verdict.passed else "FAIL",
            *beyond,
        )
    return table
