"""Counters of where a stream is in its frame."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value

__all__ = ["Place", "raster"]


@dataclass(frozen=True)
class Place:
    """
    A counter from 0 to ``length`` - 1, over and over.

    Parameters
    ----------
    value : :class:`Signal`
    length : :class:`int`
    """

    value: Signal
    length: int

    @property
    def first(self) -> Value:
        """Whether it is 0."""
        return self.value == 0

    @property
    def last(self) -> Value:
        """Whether it is ``length`` - 1."""
        return self.value == self.length - 1

    @property
    def following(self) -> Value:
        """What it will be after one more."""
        return Mux(self.last, 0, self.value + 1)


def raster(m: Module, step: Value, **lengths: int) -> tuple[Place, ...]:
    """
    Nested counters, such as ``raster(m, step, row=4, column=6, group=2)``: the last one counts
    every ``step``, and each other one the rounds of the one after it. All start at 0.

    Parameters
    ----------
    m : :class:`Module`
    step : :class:`Value`
    lengths : :class:`int`
        By name, the outermost first.
    """
    places: list[Place] = []
    for name, length in reversed(lengths.items()):
        place = Place(Signal(range(length), name=name), length)
        with m.If(step):
            m.d.sync += place.value.eq(place.following)
        step = step & place.last
        places.insert(0, place)
    return tuple(places)
