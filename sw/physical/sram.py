"""
What an SRAM costs at 45 nm: area, time, energy and leakage, from a table of CACTI 7.0 figures.

A *flavour* is the kind of device that cells and periphery are made of (``itrs-lop``: low operating
power); *ports* are ``1rw``, one for both, or ``1r1w``. Between the table's points figures are
interpolated (:mod:`sw.physical.sramgrid`); at a point they are the table's.

Only leakage depends on temperature. Not every geometry is in the table at both of its temperatures;
the missing leakage is scaled from the other by the ratio of the nearest geometry that has both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .sramgrid import BEYOND, NEARBY, Figures, Grid, around, interpolate, ordered
from .tables import CONSTRAINTS, TableError, read_rows

__all__ = ["FLAVOURS", "PORTS", "TEMPERATURES", "SramFigures", "SramOutOfRange", "SramTable"]

FLAVOURS = ("itrs-lop", "itrs-hp", "itrs-lstp", "itrs-lstp+hp")
PORTS = ("1rw", "1r1w")
TEMPERATURES = (300, 350)
"""In kelvin."""
_FIXED = ("area_mm2", "access_ns", "cycle_ns", "read_pJ", "write_pJ")
_LEAKAGE = ("leakage_mW", "gate_leakage_mW")
_KEY = ("flavour", "bytes", "word_bits", "ports", "temperature_K")

_Key = tuple[str, str, int, int]
"""Flavour, ports, bytes and bits of a word."""


class SramOutOfRange(ValueError):  # noqa: N818
    """A geometry too far from the table's; the text names it and the nearest sizes there."""


@dataclass(frozen=True)
class SramFigures:
    """
    One SRAM: um2, ns, pJ per access, mW.

    ``leakage_mW`` is the subthreshold leakage, ``gate_leakage_mW`` comes on top of it. ``how`` says
    which figures of the table were used; ``extrapolated`` whether the SRAM lies beyond them.
    """

    depth: int
    width: int
    area_um2: float
    access_ns: float
    cycle_ns: float
    read_pJ: float  # noqa: N815
    write_pJ: float  # noqa: N815
    leakage_mW: float  # noqa: N815
    gate_leakage_mW: float  # noqa: N815
    extrapolated: bool
    how: str


class SramTable:
    """The table; :meth:`load` reads it, :meth:`price` answers."""

    def __init__(self, grids: Mapping[tuple[str, str, int], Grid]):
        self._grids = grids

    @classmethod
    def load(cls, path: str | Path = CONSTRAINTS / "sram45.csv") -> SramTable:
        """Read a table. ``TableError`` names file and line of what is wrong."""
        fixed: dict[_Key, Figures] = {}
        leakage: dict[_Key, dict[int, Figures]] = {}
        for row in read_rows(path, (*_KEY, *_FIXED, *_LEAKAGE)):
            key = (
                row.choice("flavour", FLAVOURS),
                row.choice("ports", PORTS),
                row.integer("bytes"),
                row.integer("word_bits"),
            )
            temperature = int(row.choice("temperature_K", [str(t) for t in TEMPERATURES]))
            figures = tuple(row.number(column) for column in _FIXED)
            if not all(figures):
                raise row.error("area, times and energies must be above 0")
            if fixed.setdefault(key, figures) != figures:
                raise row.error("differs from the other temperature by more than leakage")
            if temperature in leakage.setdefault(key, {}):
                raise row.error("this geometry is there twice")
            leakage[key][temperature] = tuple(row.number(column) for column in _LEAKAGE)
        if not fixed:
            raise TableError(f"{path}: has no rows")
        grids: dict[tuple[str, str, int], dict[int, dict[int, Figures]]] = {}
        for key, figures in fixed.items():
            flavour, ports, size, width = key
            for temperature in TEMPERATURES:
                leak = _leakage(leakage, key, temperature)
                if leak is not None:
                    grid = grids.setdefault((flavour, ports, temperature), {})
                    grid.setdefault(size, {})[width] = figures + leak
        return cls({key: ordered(grid) for key, grid in grids.items()})

    def price(
        self,
        depth: int,
        width: int,
        *,
        flavour: str = "itrs-lop",
        temperature: int = 300,
        ports: str = "1rw",
    ) -> SramFigures:
        """
        Figures of ``depth`` words of ``width`` bits.

        ``SramOutOfRange`` where the capacity or the width is less than half or more than twice what
        the table has for the flavour and ports, or where no capacity near it has such widths.
        """
        for name, value in (("depth", depth), ("width", width)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"SRAM {name} must be a positive integer, not {value!r}")
        grid = self._grids.get((flavour, ports, temperature))
        if grid is None:
            raise ValueError(f"the table has no SRAM {flavour} {ports} at {temperature} K")
        size = depth * width / 8
        sizes = list(grid)
        widths = sorted({w for line in grid.values() for w in line})
        what = f"SRAM of {depth} x {width} bits ({size:.10g} bytes)"
        _check(what, size, width, sizes, widths)
        found = interpolate(grid, size, width)
        if found is None:
            raise SramOutOfRange(
                f"{what}: no size of the table within a factor of {NEARBY} has widths around it; "
                f"the nearest sizes are {_near(sizes, size)}"
            )
        area, access, cycle, read, write, leakage, gate_leakage = found.figures
        return SramFigures(
            depth=depth,
            width=width,
            area_um2=area * 1e6,
            access_ns=access,
            cycle_ns=cycle,
            read_pJ=read,
            write_pJ=write,
            leakage_mW=leakage,
            gate_leakage_mW=gate_leakage,
            extrapolated=found.extrapolated,
            how=f"{flavour} {ports} at {temperature} K: {found.how}",
        )


def _near(sizes: Sequence[int], size: float) -> str:
    return f"{' and '.join(map(str, around(sizes, size)))} bytes"


def _check(what: str, size: float, width: int, sizes: Sequence[int], widths: Sequence[int]) -> None:
    """Refuse what is too far outside the table."""
    near = _near(sizes, size)
    if size < sizes[0] / BEYOND:
        raise SramOutOfRange(f"{what}: the smallest sizes of the table are {near}; use flip-flops")
    if size > sizes[-1] * BEYOND:
        raise SramOutOfRange(f"{what}: the largest sizes of the table are {near}")
    if not widths[0] / BEYOND <= width <= widths[-1] * BEYOND:
        raise SramOutOfRange(
            f"{what}: the table has {widths[0]} to {widths[-1]} bits; the nearest sizes are {near}"
        )


def _leakage(
    leakage: Mapping[_Key, Mapping[int, Figures]],
    key: _Key,
    temperature: int,
) -> Figures | None:
    """Both kinds at a temperature, scaled from the other one where the table lacks it; ``None``
    where no geometry of this flavour has both."""
    if temperature in leakage[key]:
        return leakage[key][temperature]
    ((other, known),) = leakage[key].items()
    both = [k for k, at in leakage.items() if k[0] == key[0] and len(at) == len(TEMPERATURES)]
    if not both:
        return None

    def distance(k: _Key) -> tuple[bool, float, float]:
        return (k[1] != key[1], abs(math.log(k[2] / key[2])), abs(math.log(k[3] / key[3])))

    nearest = leakage[min(both, key=distance)]
    pairs = zip(known, nearest[temperature], nearest[other], strict=True)
    return tuple(value * a / b if b else value for value, a, b in pairs)
