"""What a stage of training depends on: how long, how fast, from whom it learns, which skips."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Fade", "Recipe", "gates"]


@dataclass(frozen=True)
class Fade:
    """
    How skips come and go during a stage, block by block from head to tail.

    Parameters
    ----------
    until : float
        Share of the stage's steps after which all are done.
    overlap : float
        For how many blocks' time a block fades: 1 is one after the other.
    short : bool
        Whether the short skips open while the long ones close.
    """

    until: float = 0.6
    overlap: float = 1.0
    short: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.until <= 1:
            raise ValueError(f"until must be above 0 and at most 1, not {self.until}")
        if self.overlap < 1:
            raise ValueError(f"overlap must be at least 1, not {self.overlap}")


def gates(fade: Fade, blocks: int, progress: float) -> tuple[list[float], list[float]]:
    """Long and short gates of all blocks when the share ``progress``, 0 to 1, of a stage is done:
    all open and all closed at 0, the other way round from ``until`` on."""
    each = fade.until / (blocks + fade.overlap - 1)
    faded = [
        min(1.0, max(0.0, (progress / each - number) / fade.overlap)) for number in range(blocks)
    ]
    return [1 - share for share in faded], [share if fade.short else 0.0 for share in faded]


@dataclass(frozen=True)
class Recipe:
    """
    A stage of training: SGD with Nesterov momentum, one cycle of the learning rate.

    Parameters
    ----------
    epochs : int
    batch : int
    rate : float
        Peak of the learning rate, reached after ``warm`` of the steps, then down to 0.
    warm : float
    decay : float
        Of all weights but biases and those of batch norms.
    momentum : float
    smoothing : float
        Of the labels.
    temperature, taught : float
        Of the teacher's and the student's logits, and the weight of their divergence beside the
        labels' cross entropy; 0 without a teacher.
    features : float
        Weight of the distances of all blocks' outputs from the teacher's, each over the teacher's
        mean square.
    reach : int
        Pixels by which images are shifted.
    flip : bool
    hole : int
        Pixels of a square that is taken out of every image; 0 for none.
    seed : int
        Of the order of images, and of their augmentation.
    """

    epochs: int
    batch: int = 128
    rate: float = 0.1
    warm: float = 0.15
    decay: float = 5e-4
    momentum: float = 0.9
    smoothing: float = 0.0
    temperature: float = 4.0
    taught: float = 0.0
    features: float = 0.0
    reach: int = 4
    flip: bool = True
    hole: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.taught <= 1:
            raise ValueError(f"taught must be from 0 to 1, not {self.taught}")
