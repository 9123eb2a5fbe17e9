"""A network in integers: what the array computes, before it is laid out for a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["MAX_PLANES", "Plane", "QuantisedLayer", "QuantisedNetwork"]

MAX_PLANES = 4

INT16_MIN, INT16_MAX = -(1 << 15), (1 << 15) - 1


def _frozen(array: NDArray) -> NDArray:
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _check_arrays(owner: object, dtypes: dict[str, type]) -> None:
    """Refuse fields that are not arrays of these types, and make them read-only."""
    for name, dtype in dtypes.items():
        array = getattr(owner, name)
        if not isinstance(array, np.ndarray) or array.dtype != dtype:
            kind = getattr(array, "dtype", type(array).__name__)
            raise TypeError(f"{name} must be an array of {np.dtype(dtype)}, not {kind}")
        object.__setattr__(owner, name, _frozen(array))


@dataclass(frozen=True, eq=False)
class Plane:
    """A matrix of shared weights: ``index`` uint8 (out, in) from 0 to 15, 0 for a weight that is
    not stored, and ``codebook`` int16 (16,), whose entry 0 is zero."""

    index: NDArray[np.uint8]
    codebook: NDArray[np.int16]

    def __post_init__(self) -> None:
        _check_arrays(self, {"index": np.uint8, "codebook": np.int16})
        if self.index.ndim != 2 or 0 in self.index.shape:
            raise ValueError(f"index must be (out, in) and not empty, not {self.index.shape}")
        if self.index.max() > 15:
            raise ValueError(f"index must be from 0 to 15, not {self.index.max()}")
        if self.codebook.shape != (16,) or self.codebook[0] != 0:
            raise ValueError("codebook must have 16 values, of which the first is 0")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plane):
            return NotImplemented
        return np.array_equal(self.index, other.index) and np.array_equal(
            self.codebook, other.codebook
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class QuantisedLayer:
    """
    One fully connected layer in integers: ``acc = codebook[index] @ a + bias`` modulo 2^32, then
    ``clip16((acc + rounding) >> shift)``, where rounding is half of the last place, then ReLU, save
    for the first ``linear_rows`` outputs.

    A layer whose weights 16 values cannot hold is the sum of several such matrices (planes), which
    the array adds into the same accumulators one after the other.

    Parameters
    ----------
    index : uint8 (out, in), 0 to 15
        Codebook index of every weight; 0 is a weight that is not stored.
    codebook : int16 (16,)
        Weights at ``frac_w`` fraction bits; entry 0 is zero.
    bias : int32 (out,)
        At accumulator scale: ``frac_w + frac_a_in`` fraction bits.
    shift : int, 0 to 31
        Equals ``frac_w + frac_a_in - frac_a_out``.
    relu : bool
    frac_w, frac_a_in, frac_a_out : int
        Fraction bits of weights, of the activations that come in, and of those that go out.
    more : tuple of Plane
        Planes beyond the first, at most ``MAX_PLANES`` - 1; all at ``frac_w`` fraction bits.
    linear_rows : int, 0 to out - 1
        Leading outputs that skip ReLU; 0 where ``relu`` is not set.
    """

    index: NDArray[np.uint8]
    codebook: NDArray[np.int16]
    bias: NDArray[np.int32]
    shift: int
    relu: bool
    frac_w: int = 0
    frac_a_in: int = 0
    frac_a_out: int = 0
    more: tuple[Plane, ...] = ()
    linear_rows: int = 0

    def __post_init__(self) -> None:
        first = Plane(self.index, self.codebook)
        object.__setattr__(self, "index", first.index)
        object.__setattr__(self, "codebook", first.codebook)
        _check_arrays(self, {"bias": np.int32})
        if len(self.more) >= MAX_PLANES:
            raise ValueError(f"a layer has at most {MAX_PLANES} planes, not {len(self.more) + 1}")
        for plane in self.more:
            if plane.index.shape != self.index.shape:
                raise ValueError(f"planes must be {self.index.shape}, not {plane.index.shape}")
        if self.bias.shape != (self.rows,):
            raise ValueError(f"bias must be ({self.rows},), not {self.bias.shape}")
        if not 0 <= self.shift <= 31:
            raise ValueError(f"shift must be from 0 to 31, not {self.shift}")
        if self.shift != self.frac_w + self.frac_a_in - self.frac_a_out:
            raise ValueError(
                f"shift must be frac_w + frac_a_in - frac_a_out = "
                f"{self.frac_w} + {self.frac_a_in} - {self.frac_a_out}, not {self.shift}"
            )
        limit = self.rows - 1 if self.relu else 0
        if not 0 <= self.linear_rows <= limit:
            raise ValueError(f"linear_rows must be from 0 to {limit}, not {self.linear_rows}")

    @property
    def rows(self) -> int:
        """Outputs of the layer."""
        return int(self.index.shape[0])

    @property
    def columns(self) -> int:
        """Inputs of the layer."""
        return int(self.index.shape[1])

    @property
    def planes(self) -> tuple[Plane, ...]:
        """All planes, the first included."""
        return (Plane(self.index, self.codebook), *self.more)

    def weight(self, rows: slice = slice(None)) -> NDArray[np.int32]:
        """Dense integer weights of those rows, the sum of all planes, int32 (rows, in)."""
        weight = self.codebook.astype(np.int32)[self.index[rows]]
        for plane in self.more:
            weight += plane.codebook[plane.index[rows]]
        return weight

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QuantisedLayer):
            return NotImplemented
        return (
            self.planes == other.planes
            and np.array_equal(self.bias, other.bias)
            and (self.shift, self.relu, self.linear_rows)
            == (other.shift, other.relu, other.linear_rows)
            and (self.frac_w, self.frac_a_in, self.frac_a_out)
            == (other.frac_w, other.frac_a_in, other.frac_a_out)
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class QuantisedNetwork:
    """
    Layers whose widths and scales chain, and the declared range of the inputs.

    Parameters
    ----------
    layers : tuple of QuantisedLayer
    in_min, in_max : int, -32768 to 32767
        Integers that an input may take; the overflow proof of layer 0 rests on it.
    """

    layers: tuple[QuantisedLayer, ...]
    in_min: int = INT16_MIN
    in_max: int = INT16_MAX

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("a network needs at least one layer")
        for k, (first, second) in enumerate(pairwise(self.layers)):
            if first.rows != second.columns:
                raise ValueError(
                    f"layer {k} has {first.rows} outputs, layer {k + 1} {second.columns} inputs"
                )
            if first.frac_a_out != second.frac_a_in:
                raise ValueError(
                    f"layer {k} has outputs at {first.frac_a_out} fraction bits, "
                    f"layer {k + 1} inputs at {second.frac_a_in}"
                )
        if not INT16_MIN <= self.in_min <= self.in_max <= INT16_MAX:
            raise ValueError(
                f"in_min and in_max must be in order and fit 16 bits, "
                f"not {self.in_min} and {self.in_max}"
            )

    @property
    def inputs(self) -> int:
        """Width of the input vector."""
        return self.layers[0].columns

    @property
    def outputs(self) -> int:
        """Width of the output vector."""
        return self.layers[-1].rows

    @property
    def frac_in(self) -> int:
        """Fraction bits of the inputs."""
        return self.layers[0].frac_a_in

    @property
    def frac_out(self) -> int:
        """Fraction bits of the outputs."""
        return self.layers[-1].frac_a_out

    def quantise_inputs(self, x: ArrayLike) -> NDArray[np.int16]:
        """Real inputs at the network's input scale: rounded to nearest (half to even) and saturated
        to 16 bits, same shape. Values outside ``in_min .. in_max`` pass: the array reports them."""
        real = np.asarray(x, dtype=np.float64)
        if not np.isfinite(real).all():
            raise ValueError("inputs must be finite")
        scaled = np.rint(np.ldexp(real, self.frac_in))
        return np.clip(scaled, INT16_MIN, INT16_MAX).astype(np.int16)

    def dequantise_outputs(self, y: ArrayLike) -> NDArray[np.float64]:
        """Real values of int16 outputs, same shape."""
        return np.ldexp(np.asarray(y, dtype=np.float64), -self.frac_out)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QuantisedNetwork):
            return NotImplemented
        return (self.layers, self.in_min, self.in_max) == (
            other.layers,
            other.in_min,
            other.in_max,
        )

    __hash__ = None  # type: ignore[assignment]
