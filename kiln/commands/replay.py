"""``kiln replay``: a trace on replicas, under a policy for slow reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from hw.eie.config import PRESETS
from kiln.terminal import fail
from sim.bench.tail.machines import machine_rows, occupied_us
from sim.bench.tail.plots import plot_cdf
from sim.bench.tail.quality import Judged, judge, judge_trained
from sim.bench.tail.replays import (
    LINK_US,
    POLICIES,
    REDIRECT_US,
    REPLICAS,
    Cluster,
    Served,
    baselines,
    cluster_of,
    rejecting,
)
from sim.bench.tail.results import ReplayRow
from sim.bench.tail.run import MACHINE
from sim.bench.tail.sources import (
    GENERATED,
    GENERATED_IOS,
    Halves,
    file_halves,
    generated_halves,
)
from sw.predictors.files import load_predictor
from sw.predictors.ssd import SPECS

__all__ = ["app"]

app = typer.Typer()
REJECT = "reject"


@app.command("replay")
def replay(
    trace: Annotated[
        str, typer.Option(help=f"File of a trace, or {GENERATED}: Kiln's own.")
    ] = GENERATED,
    policy: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(POLICIES)}, or {REJECT}; can be repeated.  [default: all]"),
    ] = None,
    predictor: Annotated[str, typer.Option(help=f"Of {REJECT}: {', '.join(SPECS)}.")] = "kiln",
    weights: Annotated[
        Path | None,
        typer.Option(
            help="Network to predict with (.safetensors, .npz), instead of one that is trained on "
            "the first half of the trace."
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option(help=f"Array that predicts: {', '.join(PRESETS)}.")
    ] = MACHINE,
    inference: Annotated[
        float | None,
        typer.Option(
            min=0, help="Microseconds of a prediction.  [default: as the RTL of the array takes]"
        ),
    ] = None,
    link: Annotated[
        float, typer.Option(min=0, help="Microseconds to who predicts and back.")
    ] = LINK_US,
    redirect: Annotated[
        float, typer.Option(min=0, help="Microseconds from one replica to another.")
    ] = REDIRECT_US,
    replicas: Annotated[int, typer.Option(min=2, help="Each with its own I/Os.")] = REPLICAS,
    ios: Annotated[int, typer.Option(min=1000, help=f"I/Os of {GENERATED}.")] = GENERATED_IOS,
    skip: Annotated[bool, typer.Option("--skip", help="Leave bad rows of the trace out.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the training.")] = 1,
    out: Annotated[Path, typer.Option(help="PNG of the latencies.")] = Path("build/replay.png"),
) -> None:
    """Replay the second half of a trace on replicas, and print the tail of its reads."""
    console = Console()
    wanted = policy or [*POLICIES, REJECT]
    try:
        _check(wanted, predictor, preset)
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        ) as progress:
            task = progress.add_task("reading the trace")

            def say(what: str) -> None:
                progress.update(task, description=what)

            if trace == GENERATED:
                halves = generated_halves(ios)
            else:
                halves = file_halves(Path(trace), skip=skip)
            cluster = cluster_of(halves, replicas, each=min(ios // 10, 10_000))
            say("policies without a predictor")
            plain = [name for name in wanted if name != REJECT]
            rows, latencies = baselines(cluster, redirect, plain)
            if REJECT in wanted:
                judged = _judged(predictor, weights, halves, preset, seed, say)
                say(f"a prediction on the RTL of {preset}")
                if inference is None:
                    inference = occupied_us(machine_rows([judged], preset)[0])
                say("fast reject")
                served = Served(f"EIE {preset}", inference, link)
                found = rejecting(cluster, judged.deployed, judged.train_scores, [served], redirect)
                rows += found[0]
                latencies[f"fast reject, {predictor}"] = found[1][served.name]
    except (ValueError, OSError, RuntimeError) as error:
        fail("replay", error)
    console.print(_table(cluster, rows))
    out.parent.mkdir(parents=True, exist_ok=True)
    plot_cdf(cluster.name, latencies, out)
    console.print(f"latencies: {out}", highlight=False)


def _check(policies: list[str], predictor: str, preset: str) -> None:
    """Names that are known."""
    known = (
        ("policy", policies, [*POLICIES, REJECT]),
        ("predictor", [predictor], list(SPECS)),
        ("preset", [preset], list(PRESETS)),
    )
    for what, names, there in known:
        for name in names:
            if name not in there:
                raise ValueError(f"no {what} {name!r}; there are {', '.join(there)}")


def _judged(
    name: str,
    weights: Path | None,
    halves: Halves,
    preset: str,
    seed: int,
    say: Callable[[str], object],
) -> Judged:
    """A predictor from a file, or trained on the first half."""
    spec, config = SPECS[name], PRESETS[preset]
    if weights is not None:
        say(f"loading {weights.name}")
        return judge_trained(load_predictor(spec, weights), halves, config)

    def watch(stage: str, done: int, total: int) -> None:
        say(f"training {name}: {stage}, epoch {done} of at most {total}")

    return judge(spec, halves, config, seed=seed, watch=watch)


def _table(cluster: Cluster, rows: list[ReplayRow]) -> Table:
    caption = (
        f"slow: above {cluster.slow_us:,.0f} us. Turned away over reads, extra load over I/Os."
    )
    for row in rows:
        if row.inference_us is not None:
            caption += f" {row.server} is occupied by a prediction for {row.inference_us:.3f} us."
    table = Table(title=f"reads of {cluster.name}, us", caption=caption)
    table.add_column("policy")
    columns = ("mean", "p50", "p95", "p99", "p99.9", "turned away", "extra load")
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        name = row.policy if row.predictor is None else f"{row.policy}, {row.predictor}"
        latencies = (row.mean_us, row.p50_us, row.p95_us, row.p99_us, row.p999_us)
        shares = f"{row.rejects:.1%}", f"{row.extra_load:.2%}"
        table.add_row(name, *(f"{latency:,.1f}" for latency in latencies), *shares)
    return table
