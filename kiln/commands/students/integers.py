"""``kiln train integers``: a trained network of images as hardware has it."""

from pathlib import Path
from typing import Annotated

import typer

from kiln.commands.students.options import (
    FOLDER,
    Compile,
    Data,
    Device,
    Epochs,
    Folder,
    Network,
    Resume,
    Seed,
    Threads,
    Width,
)
from kiln.commands.students.running import place_of, run, working
from sw import checkpoint
from sw.students.provenance import command, integers_command, trainings
from sw.students.quantise import golden_accuracy, integer_task, with_rounding
from sw.students.report import write
from sw.students.stages import TEACHER, Stage, recipe_of
from sw.students.study import METHODS

__all__ = ["integers"]


def integers(
    data: Data = "digits",
    network: Network = None,
    width: Width = 16,
    of: Annotated[
        str, typer.Option(help=f"teacher, or a student's method: {', '.join(METHODS)}.")
    ] = "fade",
    bits: Annotated[int, typer.Option(help="Of a weight: 8 or 4.")] = 8,
    epochs: Epochs = None,
    seed: Seed = 1,
    resume: Resume = False,
    threads: Threads = 1,
    compiled: Compile = False,
    device: Device = "cpu",
    folder: Folder = FOLDER,
    out: Annotated[
        Path | None,
        typer.Option(help="Network to write (.safetensors, .json).  [default: in the folder]"),
    ] = None,
) -> None:
    """Fold a trained network, train it with its rounding, and write its integers."""
    with working("train", threads) as console:
        if of not in (TEACHER, *METHODS):
            raise ValueError(f"no network {of!r}; there are {TEACHER}, {', '.join(METHODS)}")
        if bits not in (4, 8):
            raise ValueError(f"--bits is 8 or 4, not {bits}")
        place = place_of(folder, data, network, width)
        name = f"{of}_{seed}_w{bits}"
        model, before_it = place.trained(of, seed), trainings(place, of, seed)
        split = place.study.load()
        rounded = with_rounding(model, split, bits)
        recipe = recipe_of(place.study.integers, epochs, seed)
        before = golden_accuracy(rounded.integers(split.train.frac), split.validation)
        console.print(f"without training: validation {before:.2%} in integers", highlight=False)
        task = integer_task(rounded, model, recipe, compiled)
        stage = Stage(task, recipe, place.folder / f"{name}.safetensors")
        run(console, stage, split, resume, device)
        spent = {each.stage: each.seconds for each in before_it}
        spent["integers"] = checkpoint.load(stage.path)[2].get("seconds")
        path = out or place.folder / f"{name}_integers.safetensors"
        facts = write(
            rounded.eval(),
            model,
            split,
            path,
            network=f"{place.network}, width {width}, {of}",
            commands=[
                *(command(place, each) for each in before_it),
                integers_command(place, of, seed, recipe.epochs, bits, device),
            ],
            seed=seed,
            epochs={each.stage: each.epochs for each in before_it} | {"integers": recipe.epochs},
            seconds={name: value for name, value in spent.items() if value is not None},
        )
        console.print(
            f"test images: {facts.test_float:.2%} in float, {facts.test_integers:.2%} in integers",
            highlight=False,
        )
        console.print(f"{path} and {path.with_suffix('.json').name}", highlight=False)
