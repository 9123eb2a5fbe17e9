"""Random integer networks and inputs, for tests and benchmarks: extremes included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sw.compress.quantised import INT16_MAX, INT16_MIN, Plane, QuantisedLayer, QuantisedNetwork

__all__ = ["random_inputs", "random_quantised"]

_BIAS_EXTREMES = np.array([-(1 << 31), -(1 << 31) + 1, -1, 0, 1, (1 << 31) - 1], np.int32)


def _codebook(rng: np.random.Generator) -> NDArray[np.int16]:
    """15 random weights of any size, among them the two extremes, behind the zero."""
    width = rng.integers(2, 17, 16)
    codebook = np.trunc(rng.uniform(-1, 1, 16) * (1 << (width - 1))).astype(np.int16)
    codebook[rng.choice(np.arange(1, 16), 2, replace=False)] = INT16_MIN, INT16_MAX
    codebook[0] = 0
    return codebook


def _plane(rng: np.random.Generator, rows: int, columns: int, density: float) -> Plane:
    stored = rng.random((rows, columns), dtype=np.float32) < density
    index = rng.integers(1, 16, (rows, columns), dtype=np.uint8) * stored
    return Plane(index.astype(np.uint8), _codebook(rng))


def _bias(rng: np.random.Generator, rows: int) -> NDArray[np.int32]:
    """Biases over all of int32, small ones, and the extremes."""
    anywhere = rng.integers(-(1 << 31), 1 << 31, rows).astype(np.int32)
    small = rng.integers(-(1 << 16), 1 << 16, rows).astype(np.int32)
    extreme = rng.choice(_BIAS_EXTREMES, rows)
    return np.choose(rng.integers(0, 3, rows), [anywhere, small, extreme]).astype(np.int32)


def random_quantised(
    rng: np.random.Generator,
    sizes: Sequence[int],
    density: float | Sequence[float] = 0.3,
    *,
    shift: int | Sequence[int] | None = None,
    relu: bool | Sequence[bool] | None = None,
    planes: int = 1,
    linear: int = 0,
) -> QuantisedNetwork:
    """
    A random network without an overflow proof: its accumulators wrap.

    Parameters
    ----------
    rng : numpy.random.Generator
    sizes : sequence of int
        Widths of the input, of every hidden vector, and of the output: layers + 1 numbers.
    density : float or one per layer
        Share of the weights that are stored, 0 to 1. Stored weights take any of the codebook's
        15 values, some of which may be zero.
    shift : int or one per layer, optional
        By default 12 to 20 for most layers, where outputs neither vanish nor all saturate, and
        anything from 0 to 31 for some.
    relu : bool or one per layer, optional
        By default drawn: mostly set on hidden layers, mostly clear on the last.
    planes : int
        Planes of every layer, each with its own weights and codebook.
    linear : int
        With other than 0, layers with ReLU start with a drawn multiple of so many rows without.
    """
    count = len(sizes) - 1
    if count < 1:
        raise ValueError(f"sizes must hold at least two widths, not {list(sizes)}")
    densities = [density] * count if isinstance(density, int | float) else list(density)
    shifts = [shift] * count if shift is None or isinstance(shift, int) else list(shift)
    relus = [relu] * count if relu is None or isinstance(relu, bool) else list(relu)
    for name, values in (("density", densities), ("shift", shifts), ("relu", relus)):
        if len(values) != count:
            raise ValueError(f"{name} must be one value or {count}, not {len(values)}")
    layers = []
    frac = 0
    for k in range(count):
        first, *more = [_plane(rng, sizes[k + 1], sizes[k], densities[k]) for _ in range(planes)]
        drawn = int(rng.integers(12, 21) if rng.random() < 0.75 else rng.integers(0, 32))
        likely = 0.8 if k < count - 1 else 0.2
        drawn_relu = bool(rng.random() < likely)
        chosen = shifts[k]
        places = drawn if chosen is None else chosen
        chosen_relu = drawn_relu if relus[k] is None else bool(relus[k])
        rows = linear * int(rng.integers(0, -(-sizes[k + 1] // linear))) if linear else 0
        layers.append(
            QuantisedLayer(
                index=first.index,
                codebook=first.codebook,
                bias=_bias(rng, sizes[k + 1]),
                shift=places,
                relu=chosen_relu,
                frac_w=places,
                frac_a_in=frac,
                frac_a_out=frac,
                more=tuple(more),
                linear_rows=rows if chosen_relu else 0,
            )
        )
    return QuantisedNetwork(tuple(layers))


def random_inputs(
    rng: np.random.Generator, network: QuantisedNetwork, batch: int, active: float = 0.7
) -> NDArray[np.int16]:
    """Random inputs int16 (batch, inputs) within the declared range: a share ``active`` of them
    drawn over the range, some at its ends, the rest zero."""
    shape = (batch, network.inputs)
    values = rng.integers(network.in_min, network.in_max + 1, shape)
    ends = rng.choice([network.in_min, network.in_max], shape)
    values = np.where(rng.random(shape) < 0.1, ends, values)
    return (values * (rng.random(shape) < active)).astype(np.int16)
