"""What is trained on which images: shapes, and the recipe of each stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sw.students.cifar import cifar10
from sw.students.digits import digits
from sw.students.images import Split
from sw.students.recipes import Fade, Recipe
from sw.students.resnet import FAMILY, Shape

__all__ = ["BLOCKWISE", "METHODS", "STUDIES", "Method", "Start", "Study"]


@dataclass(frozen=True)
class Study:
    """
    A set of images and how networks are trained on it.

    Parameters
    ----------
    name : str
    load : callable
        Gives the images.
    network : str
        Of :data:`sw.students.resnet.FAMILY`, by default.
    channels, side : int
        Of the images.
    teacher, blockwise, student, integers : Recipe
        Of a residual network, of blocks that learn from it one by one, of a whole network that
        does, and of any of them with its rounding.
    """

    name: str
    load: Callable[[], Split]
    network: str
    channels: int
    side: int
    teacher: Recipe
    blockwise: Recipe
    student: Recipe
    integers: Recipe

    def shape(self, network: str | None = None, width: int = 16) -> Shape:
        """The shape of a network of the family for these images."""
        name = self.network if network is None else network
        if name not in FAMILY:
            raise ValueError(f"no network {name!r}; there are {', '.join(FAMILY)}")
        return Shape(FAMILY[name], width, self.channels, self.side)


_DIGITS = {"batch": 64, "reach": 1, "flip": False}
STUDIES = {
    "digits": Study(
        "digits",
        digits,
        "resnet8",
        1,
        8,
        Recipe(epochs=20, **_DIGITS),  # type: ignore[arg-type]
        Recipe(epochs=6, rate=0.05, **_DIGITS),  # type: ignore[arg-type]
        Recipe(epochs=20, rate=0.05, taught=0.9, **_DIGITS),  # type: ignore[arg-type]
        Recipe(epochs=6, rate=0.005, decay=0.0, taught=0.5, **_DIGITS),  # type: ignore[arg-type]
    ),
    "cifar10": Study(
        "cifar10",
        cifar10,
        "resnet33",
        3,
        32,
        Recipe(epochs=100, hole=8),
        Recipe(epochs=4, rate=0.05, hole=8),
        Recipe(epochs=50, rate=0.05, taught=0.9, hole=8),
        Recipe(epochs=2, rate=1e-4, decay=0.0, taught=0.5),
    ),
}


class Start(Enum):
    """What a student is before its first step."""

    TEACHER = "teacher"
    """The teacher itself, all its long skips open."""
    BLOCKWISE = "blockwise"
    """Short skips alone; each block has learnt its teacher's block by itself."""
    NEW = "new"
    """New weights, without skips of either kind."""


@dataclass(frozen=True)
class Method:
    """
    How a network without skips comes to be.

    Parameters
    ----------
    name : str
    words : str
        What it is.
    start : Start
    taught : bool
        Whether it learns from the teacher's logits.
    fade : Fade or None
    """

    name: str
    words: str
    start: Start
    taught: bool
    fade: Fade | None = None

    @property
    def needs_teacher(self) -> bool:
        """Whether it starts or learns from one."""
        return self.taught or self.start is not Start.NEW

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of all trainings that it takes, in order, its own the last."""
        teacher = ("teacher",) if self.needs_teacher else ()
        blockwise = (BLOCKWISE,) if self.start is Start.BLOCKWISE else ()
        return (*teacher, *blockwise, self.name)


BLOCKWISE = "blockwise"
"""Name of the training in which each block learns by itself."""
METHODS = {
    each.name: each
    for each in (
        Method(
            "fade",
            "from the teacher's weights, long skips fade while short ones open; distilled",
            Start.TEACHER,
            True,
            Fade(),
        ),
        Method(
            "tailor",
            "from the teacher's weights, long skips fade one after the other; distilled (after "
            "Tailor, Weng et al.)",
            Start.TEACHER,
            True,
            Fade(short=False),
        ),
        Method(
            "blocks",
            "from the teacher's weights with short skips, block by block, then as a whole; "
            "distilled",
            Start.BLOCKWISE,
            True,
        ),
        Method("logits", "without skips from new weights; distilled", Start.NEW, True),
        Method("scratch", "without skips from new weights, labels alone", Start.NEW, False),
    )
}
"""Kiln's own, and what it is compared with."""
