"""``kiln train teacher``: a residual network of images."""

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
from sw.students.stages import teacher_stage

__all__ = ["teacher"]


def teacher(
    data: Data = "digits",
    network: Network = None,
    width: Width = 16,
    epochs: Epochs = None,
    seed: Seed = 1,
    resume: Resume = False,
    threads: Threads = 1,
    compiled: Compile = False,
    device: Device = "cpu",
    folder: Folder = FOLDER,
) -> None:
    """Train a residual network from labels."""
    with working("train", threads) as console:
        place = place_of(folder, data, network, width)
        stage = teacher_stage(place, epochs, seed, compiled)
        run(console, stage, place.study.load(), resume, device)
