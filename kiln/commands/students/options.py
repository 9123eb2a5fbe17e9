"""Options that trainings of networks of images share."""

from pathlib import Path
from typing import Annotated

import typer

from sw.students.resnet import FAMILY
from sw.students.study import STUDIES

__all__ = [
    "FOLDER",
    "Compile",
    "Data",
    "Device",
    "Epochs",
    "Folder",
    "Network",
    "Resume",
    "Seed",
    "TeacherSeed",
    "Threads",
    "Width",
]

Data = Annotated[str, typer.Option(help=f"Images: {', '.join(STUDIES)}.")]
Device = Annotated[str, typer.Option(help="Where PyTorch trains: cpu, or cuda on a GPU.")]
Network = Annotated[
    str | None, typer.Option(help=f"One of {', '.join(FAMILY)}.  [default: that of the images]")
]
Width = Annotated[int, typer.Option(min=1, help="Channels of the first stage.")]
Epochs = Annotated[
    int | None, typer.Option(min=1, help="[default: as the recipe for the images says]")
]
Seed = Annotated[int, typer.Option(min=0, help="Of weights, order and augmentation.")]
TeacherSeed = Annotated[
    int | None, typer.Option(min=0, help="Which teacher.  [default: that of the same seed]")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last whole epoch.")]
Threads = Annotated[int, typer.Option(min=1, help="Of PyTorch.")]
Compile = Annotated[
    bool, typer.Option("--compile", help="Fuse a step's operations; needs a C++ compiler.")
]
Folder = Annotated[Path, typer.Option(help="Where networks and checkpoints are.")]

FOLDER = Path("build/train/students")
