"""What is trained on which images: shapes, and the recipe of each stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sw.students.cifar import cifar10
from sw.students.digits import digits
from sw.students.images import Split
from sw.students.recipes import Fade, Recipe
from sw.students.resnet import FAMILY, Shape

__all__ = ["METHODS", "STUDIES", "Method", "Study"]


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
    teacher, student, integers : Recipe
        Of a residual network, of one that learns from it, and of either with its rounding.
    """

    name: str
    load: Callable[[], Split]
    network: str
    channels: int
    side: int
    teacher: Recipe
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
        Recipe(epochs=20, rate=0.05, taught=0.9, **_DIGITS),  # type: ignore[arg-type]
        Recipe(epochs=6, rate=0.005, decay=0.0, taught=0.5, **_DIGITS),  # type: ignore[arg-type]
    ),
    "cifar10": Study(
        "cifar10",
        cifar10,
        "resnet33",
        3,
        32,
        Recipe(epochs=30),
        Recipe(epochs=20, rate=0.05, taught=0.9),
        Recipe(epochs=3, rate=0.002, decay=0.0, taught=0.5),
    ),
}


@dataclass(frozen=True)
class Method:
    """
    How a network without skips comes to be.

    Parameters
    ----------
    name : str
    words : str
        What it is.
    from_teacher : bool
        Whether it starts from the teacher's weights; else from new ones, without skips.
    taught : bool
        Whether it learns from the teacher's logits.
    fade : Fade or None
    """

    name: str
    words: str
    from_teacher: bool
    taught: bool
    fade: Fade | None


METHODS = {
    each.name: each
    for each in (
        Method(
            "fade",
            "from the teacher's weights, long skips fade while short ones open; distilled",
            True,
            True,
            Fade(),
        ),
        Method(
            "tailor",
            "from the teacher's weights, long skips fade one after the other; distilled (after "
            "Tailor, Weng et al.)",
            True,
            True,
            Fade(short=False),
        ),
        Method("logits", "without skips from new weights; distilled", False, True, None),
        Method("scratch", "without skips from new weights, labels alone", False, False, None),
    )
}
"""Kiln's own, and what it is compared with."""
