"""``kiln train blocks`` and ``student``: networks of images without skips, from a teacher."""

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
    TeacherSeed,
    Threads,
    Width,
)
from kiln.commands.students.running import place_of, run, working
from sw.students.stages import blockwise_stage, student_stage
from sw.students.study import METHODS

__all__ = ["blocks", "student"]


def blocks(
    data: Data = "digits",
    network: Network = None,
    width: Width = 16,
    epochs: Epochs = None,
    seed: Seed = 1,
    teacher_seed: TeacherSeed = None,
    resume: Resume = False,
    threads: Threads = 1,
    compiled: Compile = False,
    device: Device = "cpu",
    folder: Folder = FOLDER,
) -> None:
    """Train each block of a network without skips to be as its teacher's, for --method blocks."""
    with working("train", threads) as console:
        place = place_of(folder, data, network, width)
        taught_by = seed if teacher_seed is None else teacher_seed
        stage = blockwise_stage(place, epochs, seed, taught_by, compiled)
        run(console, stage, place.study.load(), resume, device)


def student(
    data: Data = "digits",
    network: Network = None,
    width: Width = 16,
    method: Annotated[str, typer.Option(help=f"One of {', '.join(METHODS)}.")] = "fade",
    features: Annotated[
        float, typer.Option(min=0, help="Weight of distances from the teacher's blocks.")
    ] = 0.0,
    epochs: Epochs = None,
    seed: Seed = 1,
    teacher_seed: TeacherSeed = None,
    resume: Resume = False,
    threads: Threads = 1,
    compiled: Compile = False,
    device: Device = "cpu",
    folder: Folder = FOLDER,
) -> None:
    """Train a network without skips, from a teacher."""
    with working("train", threads) as console:
        place = place_of(folder, data, network, width)
        taught_by = seed if teacher_seed is None else teacher_seed
        stage = student_stage(place, method, epochs, seed, taught_by, features, compiled)
        run(console, stage, place.study.load(), resume, device)
