"""What trainings of networks of images do alike: where, on how many threads, and with a bar."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from rich.console import Console

from kiln.terminal import fail, share_done
from sw.students.device import device_of
from sw.students.images import Split
from sw.students.stages import Place, Stage
from sw.students.study import STUDIES

__all__ = ["place_of", "run", "working"]

LINE_EVERY = 50
"""Steps between two lines where there is no terminal to draw a bar on."""


@contextmanager
def working(command: str, threads: int) -> Iterator[Console]:
    """PyTorch on so many threads: on one, sums are in one order and networks the same every time.
    What goes wrong ends ``kiln COMMAND`` with its text."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield Console()
    except (ValueError, OSError, RuntimeError) as error:
        fail(command, error)
    finally:
        torch.set_num_threads(before)


def place_of(folder: Path, data: str, network: str | None, width: int) -> Place:
    """Where networks of that kind are; ``ValueError`` where there are no such images."""
    if data not in STUDIES:
        raise ValueError(f"no images {data!r}; there are {', '.join(STUDIES)}")
    study = STUDIES[data]
    return Place(folder, study, network or study.network, width)


def run(console: Console, stage: Stage, split: Split, resume: bool, device: str) -> None:
    """Train to the end on a device, saying what each epoch came to."""
    where = device_of(device)
    with share_done(console) as progress:
        bar = progress.add_task(stage.path.stem, total=None)

        def step_done(step: int, steps: int) -> None:
            progress.update(bar, completed=step, total=steps)
            if not console.is_terminal and step % LINE_EVERY == 0:
                progress.console.print(f"step {step:,} of {steps:,}", highlight=False)

        for epoch in stage.train(split, resume=resume, step_done=step_done, device=where):
            progress.console.print(
                f"epoch {epoch.number:3} of {epoch.epochs}  loss {epoch.loss:.4f}  "
                f"validation {epoch.validation:.2%}",
                highlight=False,
            )
    console.print(f"{stage.path}", highlight=False)
