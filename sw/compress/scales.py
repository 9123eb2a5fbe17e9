"""
The choice of one layer's fraction bits: as fine as 16 bits allow, as coarse as the proof needs.

The proof: for every row, sum of |w| times the largest |a|, plus |bias|, is at most 2^31 - 1, all in
integers. Then no accumulator of that layer can wrap, whatever the inputs within their bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ACCUMULATOR_MAX",
    "INT16",
    "Choice",
    "LayerScaling",
    "QuantisationError",
    "Rung",
    "hidden_ladder",
    "input_ladder",
    "largest_frac",
]

ACCUMULATOR_MAX = (1 << 31) - 1
INT16 = -(1 << 15), (1 << 15) - 1
_MAX_SHIFT = 31


class QuantisationError(ValueError):
    """A network that no fixed-point scales fit; the text names the layer and the row."""


def scaled(values: ArrayLike, frac: int) -> NDArray[np.float64]:
    """``values`` at ``frac`` fraction bits, rounded to nearest (half to even), as float64."""
    return np.rint(np.ldexp(np.asarray(values, dtype=np.float64), frac))


def largest_frac(values: ArrayLike, limits: tuple[int, int] = INT16) -> int:
    """The most fraction bits at which all of ``values`` fit ``limits``, by default int16; 0 where
    all are zero."""
    ends = np.asarray(values, dtype=np.float64)
    ends = np.array([ends.min(initial=0.0), ends.max(initial=0.0)])
    peak = float(np.abs(ends).max())
    if peak == 0.0:
        return 0
    frac = 18 - int(np.frexp(peak)[1])
    while scaled(ends[0], frac) < limits[0] or scaled(ends[1], frac) > limits[1]:
        frac -= 1
    return frac


@dataclass(frozen=True)
class Rung:
    """A choice of a vector's fraction bits: ``frac``, the largest integer magnitude ``bound`` that
    can then occur, and ``bits`` that the values seen in calibration use."""

    frac: int
    bound: int
    bits: float


def _bits(peak: float, frac: int) -> float:
    """log2 of a peak in units of the last place."""
    return float(np.log2(peak) + frac) if peak > 0 else 0.0


def input_ladder(low: float, high: float, frac: int) -> list[Rung]:
    """Choices for inputs declared to lie from ``low`` to ``high``: ``frac``, then coarser ones
    while anything is left of the range."""
    peak = max(abs(low), abs(high))
    rungs: list[Rung] = []
    for coarser in range(frac, frac - 32, -1):
        bound = int(np.abs(scaled([low, high], coarser)).max())
        if not rungs or 0 < bound < rungs[-1].bound:
            rungs.append(Rung(coarser, bound, _bits(peak, coarser)))
    return rungs


def hidden_ladder(bound: int, frac_acc: int, relu: bool, peak: float) -> list[Rung]:
    """
    Choices for a layer's outputs.

    Parameters
    ----------
    bound : int
        Proven bound of its accumulators, which have ``frac_acc`` fraction bits.
    relu : bool
        Whether ReLU follows for all of them.
    peak : float
        Largest magnitude to represent, with headroom; 0 where calibration saw nothing else.

    The first rung is the finest at which ``peak`` does not saturate; the bound of a rung is that of
    saturation, or the proven one where it is tighter; further rungs are those that lower it.
    """
    saturation = INT16[1] if relu else -INT16[0]
    reachable = float(np.ldexp(float(bound), -frac_acc))
    wanted = min(peak, reachable) if peak > 0 else reachable
    finest = min(largest_frac(wanted), frac_acc) if wanted > 0 else frac_acc
    rungs: list[Rung] = []
    for frac in range(max(finest, frac_acc - _MAX_SHIFT), frac_acc - _MAX_SHIFT - 1, -1):
        shift = frac_acc - frac
        left = min(saturation, (bound + ((1 << shift) >> 1)) >> shift)
        if not rungs or 0 < left < rungs[-1].bound:
            rungs.append(Rung(frac, left, _bits(wanted, frac)))
    return rungs


@dataclass(frozen=True)
class Choice:
    """Scales of a layer for which the proof holds: fraction bits of weights and inputs, how many of
    each were given up, the largest bound of all rows, and its row."""

    frac_w: int
    frac_a_in: int
    weight_bits_lost: int
    input_bits_lost: int
    bound: int
    row: int


class LayerScaling:
    """
    One layer's side of the proof.

    Parameters
    ----------
    number : int
        The layer's number, for messages.
    weight : float (out, in)
    bias : float (out,)
    limits : (int, int)
        Least and greatest integer that a weight may become.
    """

    def __init__(
        self,
        number: int,
        weight: NDArray,
        bias: NDArray,
        limits: tuple[int, int] = INT16,
    ) -> None:
        self.number = number
        self.weight = weight.astype(np.float64)
        self.bias = bias.astype(np.float64)
        self.limits = limits

    def bounds(self, frac_w: int, rung: Rung) -> NDArray[np.float64]:
        """Bound of every row's accumulator, exact where it is below 2^53."""
        magnitudes = np.abs(scaled(self.weight, frac_w)).sum(axis=1)
        biases = np.abs(scaled(self.bias, frac_w + rung.frac))
        return np.asarray(magnitudes * rung.bound + biases, dtype=np.float64)

    def choose(self, ladder: list[Rung]) -> Choice:
        """The finest scales that the proof allows. While it does not hold, one bit goes from the
        weights, or the next rung is taken for the inputs, whichever leaves more bits to the
        coarser of the two. ``QuantisationError`` names layer and row where nothing is left."""
        start = frac_w = largest_frac(self.weight, self.limits)
        peak = float(np.abs(self.weight).max())
        if peak == 0.0:
            start = frac_w = 15
        step = 0
        while (bounds := self.bounds(frac_w, ladder[step])).max() > ACCUMULATOR_MAX:
            options: list[tuple[float, int, int]] = []
            if scaled(peak, frac_w - 1) >= 1 or (peak == 0.0 and frac_w > -128):
                left = min(_bits(peak, frac_w - 1), ladder[step].bits)
                options.append((left, frac_w - 1, step))
            if step + 1 < len(ladder):
                left = min(_bits(peak, frac_w), ladder[step + 1].bits)
                options.append((left, frac_w, step + 1))
            if not options:
                raise self._refusal(frac_w, ladder[step], bounds)
            _, frac_w, step = max(options, key=lambda option: option[0])
        rung, row = ladder[step], int(bounds.argmax())
        lost = ladder[0].frac - rung.frac
        return Choice(frac_w, rung.frac, start - frac_w, lost, int(bounds[row]), row)

    def _refusal(self, frac_w: int, rung: Rung, bounds: NDArray) -> QuantisationError:
        row = int(bounds.argmax())
        bias = float(scaled(self.bias[row], frac_w + rung.frac))
        what = "its bias alone is" if abs(bias) > ACCUMULATOR_MAX else "its bias has"
        return QuantisationError(
            f"layer {self.number}, row {row}: no scales fit a 32-bit accumulator: with weights at "
            f"{frac_w} and inputs at {rung.frac} fraction bits its sum can reach {bounds[row]:.0f} "
            f"({what} {bias:.0f}), and the limit is {ACCUMULATOR_MAX}"
        )
