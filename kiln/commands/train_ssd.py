"""``kiln train ssd``: a predictor of slow reads, from a trace."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table

from hw.eie.config import PRESETS
from kiln.terminal import counted, fail
from sim.bench.tail.quality import Judged, judge
from sim.bench.tail.run import MACHINE
from sim.bench.tail.sources import GENERATED, file_halves, generated_halves
from sw.predictors.files import save_predictor
from sw.predictors.ssd import SPECS

__all__ = ["ssd"]

KEPT_ROWS = 2048
"""Rows of the second half that are written with a network, to run it on."""


def ssd(
    trace: Annotated[
        str, typer.Option(help=f"File of a trace, or {GENERATED}: Kiln's own.")
    ] = GENERATED,
    predictor: Annotated[str, typer.Option(help=f"One of {', '.join(SPECS)}.")] = "kiln",
    labels: Annotated[
        str, typer.Option(help="p85: reads above it are slow; busy: those in busy periods.")
    ] = "p85",
    seed: Annotated[int, typer.Option(min=0, help="Of initial weights and order of rows.")] = 1,
    skip: Annotated[bool, typer.Option("--skip", help="Leave bad rows of the trace out.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Network to write (.safetensors, and .json beside it).")
    ] = None,
) -> None:
    """Train on the first half of a trace: dense, pruned, with shared weights; judge on the second.

    The network can be run on the RTL with kiln sim --network, and replayed with kiln replay
    --weights.
    """
    console = Console()
    threads = torch.get_num_threads()
    try:
        if predictor not in SPECS:
            raise ValueError(f"no predictor {predictor!r}; there are {', '.join(SPECS)}")
        if labels not in ("p85", "busy"):
            raise ValueError(f"--labels is p85 or busy, not {labels!r}")
        torch.set_num_threads(1)  # sums in one order: the same network every time
        with counted(console) as progress:
            task = progress.add_task("reading the trace", total=None)
            own = trace == GENERATED
            halves = generated_halves() if own else file_halves(Path(trace), skip=skip)
            path = out or Path(f"build/train/ssd_{predictor}_{halves.name}.safetensors")
            if path.suffix != ".safetensors":
                raise ValueError(f"--out must end in .safetensors, not {path.name!r}")
            spec = SPECS[predictor]
            judged = judge(
                spec,
                halves,
                PRESETS[MACHINE],
                labels=labels,
                seed=seed,
                watch=lambda stage, done, total: progress.update(
                    task, description=stage, completed=done, total=total
                ),
            )
        rows = spec.features.of(halves.trace)[halves.reads(test=True)][:KEPT_ROWS]
        save_predictor(judged.deployed.predictor, path, rows)
        path.with_suffix(".json").write_text(judged.row.model_dump_json(indent=2) + "\n")
    except (ValueError, OSError) as error:
        fail("train", error)
    finally:
        torch.set_num_threads(threads)
    console.print(_table(judged))
    console.print(f"{path} and {path.with_suffix('.json').name}", highlight=False)


def _table(judged: Judged) -> Table:
    row = judged.row
    widths = "-".join(map(str, row.widths))
    table = Table(
        title=f"{row.predictor} {widths} on {row.rows:,} reads of {row.source}",
        caption=f"{row.stored:,} of {row.weights:,} weights, {row.epochs} epochs",
    )
    table.add_column("")
    for column in ("AUC", "accuracy", "false reject", "false accept"):
        table.add_column(column, justify="right")
    parts = {"float": row.float32, "compressed": row.compressed, "golden": row.golden}
    for name, found in parts.items():
        rates = (found.accuracy, found.false_reject_rate, found.false_accept_rate)
        table.add_row(name, f"{found.auc:.3f}", *(f"{rate:.1%}" for rate in rates))
    return table
