"""The units of a streaming network that are synthesised one by one, and how many of each it has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from amaranth.hdl import Fragment

from ..memory import MemoryMacros
from ..unit import Unit
from .config import PipelineConfig
from .format import image_words
from .images import ImageReader
from .loader import Loader
from .meter import Meter
from .outlet import Outlet
from .pipeline import Pipeline
from .registers import Registers
from .results import Results
from .stage import ConvStage
from .unpack import Unpack

__all__ = ["CountedUnit", "units"]

CONV_PARTS = ("window", "dot", "requantise")
"""Submodules of a convolution that are reported one by one."""


@dataclass(frozen=True)
class CountedUnit:
    """
    A unit of a pipeline.

    Parameters
    ----------
    unit : Unit
        Its name is that of the first place. It is made as the pipeline's first node, wherever its
        places are: which writes are its own is all that depends on that.
    kind : str
        What it is, in small letters: the name of its class.
    places : tuple of str
        Where it is: names of submodules that are the same but for the index of their writes.
    """

    unit: Unit
    kind: str
    places: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.places)


def units(config: PipelineConfig) -> dict[str, CountedUnit]:
    """All distinct units of a machine, those of its pipeline first and then its host side."""
    pipeline = Pipeline(config)
    Fragment.get(pipeline, MemoryMacros())
    places: dict[object, list[str]] = {}
    for name, part in pipeline.parts.items():
        options = {key: value for key, value in part.keywords.items() if key != "index"}
        places.setdefault((part.func, part.args, tuple(options.items())), []).append(name)
    found = [_counted(pipeline.parts[names[0]], tuple(names)) for names in places.values()]
    found += [_counted(part, (f"host.{name}",)) for name, part in _host(config).items()]
    return {each.unit.name: each for each in found}


def _counted(part: partial, places: tuple[str, ...]) -> CountedUnit:
    if "index" in part.keywords:
        part = partial(part, index=0)
    parts = CONV_PARTS if part.func is ConvStage else ()
    return CountedUnit(Unit(places[0], part, parts), part.func.__name__.lower(), places)


def _host(config: PipelineConfig) -> dict[str, partial]:
    """What is around the pipeline, by the names of :class:`hw.cnn.system.Cnn`."""
    return {
        "registers": partial(Registers, config),
        "loader": partial(Loader, config),
        "reader": partial(ImageReader, image_words(config)),
        "outlet": partial(Outlet),
        "meter": partial(Meter, len(config.nodes)),
        "unpack": partial(Unpack, config.channels * config.height * config.width),
        "results": partial(Results, config.classes),
    }
