"""``kiln train teacher``, ``student``, ``integers``: networks of images, with skips and without."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from kiln.terminal import fail, share_done
from sw import checkpoint
from sw.students.distil import student_of, student_task, teacher_task
from sw.students.images import Split
from sw.students.quantise import golden_accuracy, integer_task, with_rounding
from sw.students.recipes import Recipe
from sw.students.report import write
from sw.students.resnet import FAMILY, ResNet
from sw.students.study import METHODS, STUDIES, Study
from sw.students.training import Task, train

__all__ = ["integers", "student", "teacher"]

LINE_EVERY = 50
"""Steps between two lines where there is no terminal to draw a bar on."""

_Data = Annotated[str, typer.Option(help=f"Images: {', '.join(STUDIES)}.")]
_Network = Annotated[
    str | None, typer.Option(help=f"One of {', '.join(FAMILY)}.  [default: that of the images]")
]
_Width = Annotated[int, typer.Option(min=1, help="Channels of the first stage.")]
_Epochs = Annotated[
    int | None, typer.Option(min=1, help="[default: as the recipe for the images says]")
]
_Seed = Annotated[int, typer.Option(min=0, help="Of weights, order and augmentation.")]
_Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last whole epoch.")]
_Threads = Annotated[int, typer.Option(min=1, help="Of PyTorch.")]
_Compile = Annotated[
    bool, typer.Option("--compile", help="Fuse a step's operations; needs a C++ compiler.")
]
_Folder = Annotated[Path, typer.Option(help="Where networks and checkpoints are.")]

FOLDER = Path("build/train/students")


def teacher(
    data: _Data = "digits",
    network: _Network = None,
    width: _Width = 16,
    epochs: _Epochs = None,
    seed: _Seed = 1,
    resume: _Resume = False,
    threads: _Threads = 1,
    compiled: _Compile = False,
    folder: _Folder = FOLDER,
) -> None:
    """Train a residual network from labels."""
    with _work(threads) as console:
        study, split = _study(data)
        place = _place(folder, study, network, width)
        model = _new(study, network, width, seed)
        recipe = _recipe(study.teacher, epochs, seed)
        task = teacher_task(model, recipe, compiled)
        _run(console, task, split, recipe, place / f"teacher_{seed}.safetensors", resume)


def student(
    data: _Data = "digits",
    network: _Network = None,
    width: _Width = 16,
    method: Annotated[str, typer.Option(help=f"One of {', '.join(METHODS)}.")] = "fade",
    epochs: _Epochs = None,
    seed: _Seed = 1,
    resume: _Resume = False,
    threads: _Threads = 1,
    compiled: _Compile = False,
    folder: _Folder = FOLDER,
) -> None:
    """Train a network without skips, from the teacher of the same seed."""
    with _work(threads) as console:
        if method not in METHODS:
            raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
        how = METHODS[method]
        study, split = _study(data)
        place = _place(folder, study, network, width)
        taught = _loaded(_new(study, network, width, seed), place / f"teacher_{seed}.safetensors")
        recipe = _recipe(study.student, epochs, seed)
        recipe = recipe if how.taught else replace(recipe, taught=0.0)
        if how.from_teacher:
            model = student_of(taught)
        else:
            recipe = replace(recipe, rate=study.teacher.rate)
            model = _new(study, network, width, seed)
            blocks = len(model.blocks)
            model.set_gates([0.0] * blocks, [0.0] * blocks)
        task = student_task(model, taught, recipe, how.fade, compiled)
        _run(console, task, split, recipe, place / f"{method}_{seed}.safetensors", resume)


def integers(
    data: _Data = "digits",
    network: _Network = None,
    width: _Width = 16,
    of: Annotated[
        str, typer.Option(help=f"teacher, or a student's method: {', '.join(METHODS)}.")
    ] = "fade",
    bits: Annotated[int, typer.Option(help="Of a weight: 8 or 4.")] = 8,
    epochs: _Epochs = None,
    seed: _Seed = 1,
    resume: _Resume = False,
    threads: _Threads = 1,
    compiled: _Compile = False,
    folder: _Folder = FOLDER,
    out: Annotated[
        Path | None,
        typer.Option(help="Network to write (.safetensors, .json).  [default: in the folder]"),
    ] = None,
) -> None:
    """Fold a trained network, train it with its rounding, and write its integers."""
    with _work(threads) as console:
        if of not in ("teacher", *METHODS):
            raise ValueError(f"no network {of!r}; there are teacher, {', '.join(METHODS)}")
        if bits not in (4, 8):
            raise ValueError(f"--bits is 8 or 4, not {bits}")
        study, split = _study(data)
        place = _place(folder, study, network, width)
        model = _loaded(_new(study, network, width, seed), place / f"{of}_{seed}.safetensors")
        rounded = with_rounding(model, split, bits)
        recipe = _recipe(study.integers, epochs, seed)
        before = golden_accuracy(rounded.integers(split.train.frac), split.validation)
        console.print(f"without training: validation {before:.2%} in integers", highlight=False)
        task = integer_task(rounded, model, recipe, compiled)
        _run(console, task, split, recipe, place / f"{of}_{seed}_w{bits}.safetensors", resume)
        path = out or place / f"{of}_{seed}_w{bits}_integers.safetensors"
        facts = write(
            rounded.eval(),
            model,
            split,
            path,
            network=f"{network or study.network}, width {width}, {of}",
            commands=_commands(study, network, width, of, bits, seed),
            seed=seed,
            epochs=_epochs(place, of, seed) | {"integers": recipe.epochs},
        )
        console.print(
            f"test images: {facts.test_float:.2%} in float, {facts.test_integers:.2%} in integers",
            highlight=False,
        )
        console.print(f"{path} and {path.with_suffix('.json').name}", highlight=False)


@contextmanager
def _work(threads: int) -> Iterator[Console]:
    """PyTorch on so many threads: on one, sums are in one order and networks the same every time.
    What goes wrong ends the command with its text."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield Console()
    except (ValueError, OSError, RuntimeError) as error:
        fail("train", error)
    finally:
        torch.set_num_threads(before)


def _study(name: str) -> tuple[Study, Split]:
    if name not in STUDIES:
        raise ValueError(f"no images {name!r}; there are {', '.join(STUDIES)}")
    return STUDIES[name], STUDIES[name].load()


def _place(folder: Path, study: Study, network: str | None, width: int) -> Path:
    return folder / f"{study.name}_{network or study.network}_w{width}"


def _new(study: Study, network: str | None, width: int, seed: int) -> ResNet:
    model = ResNet(study.shape(network, width), seed)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _loaded(model: ResNet, path: Path) -> ResNet:
    """The model with the weights of a training that is done."""
    if not path.exists():
        raise ValueError(f"{path} is missing: train it first")
    state, _, note = checkpoint.load(path)
    if note["epochs"] != note["recipe"]["epochs"]:
        raise ValueError(
            f"{path} has {note['epochs']} of {note['recipe']['epochs']} epochs: --resume it first"
        )
    model.load_state_dict(state)
    return model.eval()


def _commands(
    study: Study, network: str | None, width: int, of: str, bits: int, seed: int
) -> list[str]:
    """What makes a network in integers, from nothing; epochs beside the recipes' are in its
    facts."""
    words = f"--data {study.name}"
    words += f" --network {network}" if network else ""
    words += f" --width {width} --seed {seed}"
    found = [f"kiln train teacher {words}"]
    if of != "teacher":
        found.append(f"kiln train student {words} --method {of}")
    return [*found, f"kiln train integers {words} --of {of} --bits {bits}"]


def _epochs(place: Path, of: str, seed: int) -> dict[str, int]:
    """Epochs of the stages before the last."""
    stages = ["teacher"] if of == "teacher" else ["teacher", of]
    notes = {stage: checkpoint.load(place / f"{stage}_{seed}.safetensors")[2] for stage in stages}
    return {stage: note["epochs"] for stage, note in notes.items()}


def _recipe(recipe: Recipe, epochs: int | None, seed: int) -> Recipe:
    return replace(recipe, epochs=epochs or recipe.epochs, seed=seed)


def _run(
    console: Console, task: Task, split: Split, recipe: Recipe, path: Path, resume: bool
) -> None:
    with share_done(console) as progress:
        bar = progress.add_task(path.stem, total=None)

        def step_done(step: int, steps: int) -> None:
            progress.update(bar, completed=step, total=steps)
            if not console.is_terminal and step % LINE_EVERY == 0:
                progress.console.print(f"step {step:,} of {steps:,}", highlight=False)

        for epoch in train(task, split, recipe, path, resume=resume, step_done=step_done):
            progress.console.print(
                f"epoch {epoch.number:3} of {epoch.epochs}  loss {epoch.loss:.4f}  "
                f"validation {epoch.validation:.2%}",
                highlight=False,
            )
    console.print(f"{path}", highlight=False)
