"""``kiln train``: networks, from nothing to what ships."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from kiln.commands.students.integers import integers
from kiln.commands.students.student import blocks, student
from kiln.commands.students.teacher import teacher
from kiln.commands.train_ssd import ssd
from kiln.terminal import fail
from sw.predictors.good_custom import good_custom
from sw.predictors.networks import Masked, precise_linear
from sw.predictors.recipe import Recipe
from sw.predictors.report import TEST_REQUESTS, write
from sw.predictors.training import Progress, train
from sw.weights import Provenance, Quality

__all__ = ["app"]

NETWORKS: dict[str, Callable[[int], Masked]] = {
    "precise_linear": precise_linear,
    "good_custom": good_custom,
}

LINE_EVERY = 500
"""Steps between two lines where there is no terminal to draw a bar on."""

app = typer.Typer(
    name="train", help="Train a predictor, or a network of images.", no_args_is_help=True
)
app.command("ssd")(ssd)
for verb in (teacher, blocks, student, integers):
    app.command(verb.__name__)(verb)


@app.callback()
def group() -> None:
    """Train a predictor, or a network of images."""


@app.command()
def mittos(
    sparsity: Annotated[float, typer.Option(help="Weights to remove, in percent.")] = 98.0,
    seed: Annotated[int, typer.Option(min=0, help="Of initial weights and requests.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Network to write (.safetensors, and .json beside it).")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Checkpoints; by default of network and seed.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the checkpoints there.")] = False,
    quick: Annotated[bool, typer.Option(help="A few steps only, to try it out.")] = False,
    network: Annotated[str, typer.Option(help="precise_linear or good_custom.")] = "precise_linear",
) -> None:
    """Train a network on MittOS requests: dense, pruned in stages, with shared weights."""
    console = Console()
    threads = torch.get_num_threads()
    try:
        if network not in NETWORKS:
            raise ValueError(f"--network is {' or '.join(NETWORKS)}, not {network!r}")
        if not 0 <= sparsity < 100:
            raise ValueError(f"--sparsity is a percentage from 0 to below 100, not {sparsity:g}")
        torch.set_num_threads(1)  # sums in one order: the same network every time
        recipe = Recipe(seed=seed).quick() if quick else Recipe(seed=seed)
        path = out or Path(f"build/train/mittos_{network}_{sparsity:g}.safetensors")
        if path.suffix != ".safetensors":
            raise ValueError(f"--out must end in .safetensors, not {path.name!r}")
        other = "" if network == "precise_linear" else f"{network}_"
        place = folder or Path(f"build/train/mittos_{other}{seed}{'_quick' if quick else ''}")
        with _bar(console) as bar:
            task = bar.add_task("", total=None, state="starting")
            trained = train(
                recipe,
                sparsity / 100,
                place,
                start=NETWORKS[network],
                resume=resume,
                watch=lambda progress: _show(bar, task, progress),
            )
        named = "" if network == "precise_linear" else f" --network {network}"
        command = f"kiln train mittos{named} --sparsity {sparsity:g} --seed {seed}"
        with console.status("measuring on fresh requests"):
            requests = 2000 if quick else TEST_REQUESTS
            facts = write(
                trained,
                recipe,
                sparsity / 100,
                path,
                command + (" --quick" if quick else ""),
                requests,
                network,
            )
    except (ValueError, OSError) as error:
        fail("train", error)
    finally:
        torch.set_num_threads(threads)
    console.print(_table(facts))
    console.print(f"{facts.network}: {path} and {path.with_suffix('.json').name}", highlight=False)


def _bar(console: Console) -> Bar:
    return Bar(
        TextColumn("{task.fields[state]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _show(bar: Bar, task: int, progress: Progress) -> None:
    state = f"{progress.stage.name:8} loss {progress.loss:.4f}  accuracy {progress.accuracy:6.2%}"
    if not bar.console.is_terminal and progress.steps_done % LINE_EVERY == 0:
        where = f"{progress.steps_done:6}/{progress.steps_total}"
        bar.console.print(f"{where}  {state}", highlight=False)
    bar.update(
        task,  # type: ignore[arg-type]
        completed=progress.steps_done,
        total=progress.steps_total,
        state=state,
    )


def _table(facts: Provenance) -> Table:
    table = Table(title=f"{facts.test_requests:,} fresh requests")
    table.add_column("")
    for column in ("sparsity", "accuracy", "EBUSY recall", "false reject", "false accept"):
        table.add_column(column, justify="right")
    rows: tuple[tuple[str, float, Quality], ...] = (
        ("dense", 0.0, facts.dense),
        ("shipped", facts.sparsity, facts.shared),
    )
    for name, sparsity, quality in rows:
        rates = (quality.accuracy, quality.recall)
        errors = (quality.false_reject_rate, quality.false_accept_rate)
        cells = (f"{value:.2%}" for value in (sparsity, *rates, *errors))
        table.add_row(name, *cells)
    return table
