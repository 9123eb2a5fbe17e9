"""
The nine layers that the EIE paper measures, and random stand-ins for their weights and inputs.

Sizes and densities are of Table III of Han et al., *EIE: Efficient Inference Engine on Compressed
Deep Neural Network* (ISCA 2016, arXiv 1602.01528), times of Table IV: microseconds for batch 1 on
64 PEs at 800 MHz, ``theoretical`` with perfect load balance, ``actual`` as its authors simulated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sw.compress.quantised import QuantisedLayer, QuantisedNetwork

__all__ = ["LAYERS", "BenchLayer", "chosen"]

_FRAC_W = 7
_WEIGHT_RMS = 40.0
_ACTIVATION_MAX = 2047
_OUTPUT_RMS = 4096.0


@dataclass(frozen=True)
class BenchLayer:
    """
    A fully connected layer with ReLU.

    Parameters
    ----------
    name : str
    inputs, outputs : int
    weight_density, activation_density : float
        Shares of weights and of input activations that are not zero.
    theoretical_us, actual_us : float
        What the paper says.
    seed : int
    """

    name: str
    inputs: int
    outputs: int
    weight_density: float
    activation_density: float
    theoretical_us: float
    actual_us: float
    seed: int

    def network(self) -> QuantisedNetwork:
        """
        Every weight is there with probability ``weight_density`` and takes any of the codebook's
        15 values, from -68 to 68; a bias is about a quarter of a typical output. The shift brings
        the root mean square of the outputs, before ReLU, to between 2896 and 5793 of 32767: about
        half of them are positive, and practically none saturate.
        """
        rng = np.random.default_rng([self.seed, 0])
        shape = (self.outputs, self.inputs)
        index = rng.integers(1, 16, shape, dtype=np.uint8)
        index *= rng.random(shape, dtype=np.float32) < self.weight_density
        codebook = np.zeros(16, np.int16)
        codebook[1:] = np.rint(np.linspace(-1.7, 1.7, 15) * _WEIGHT_RMS)
        codebook[codebook == 0] = 1
        codebook[0] = 0
        activation_rms = _ACTIVATION_MAX / np.sqrt(3)
        terms = self.inputs * self.weight_density * self.activation_density
        rms = np.sqrt(terms) * _WEIGHT_RMS * activation_rms
        shift = max(0, round(np.log2(rms / _OUTPUT_RMS)))
        layer = QuantisedLayer(
            index=index,
            codebook=codebook,
            bias=(rng.standard_normal(self.outputs) * rms / 4).astype(np.int32),
            shift=shift,
            relu=True,
            frac_w=_FRAC_W,
            frac_a_in=shift - _FRAC_W,
        )
        return QuantisedNetwork((layer,), -_ACTIVATION_MAX, _ACTIVATION_MAX)

    def activations(self, count: int) -> NDArray[np.int16]:
        """Inputs int16 (count, inputs): each is not zero with probability ``activation_density``,
        and then uniform from -2047 to 2047 without 0. The first rows do not depend on ``count``."""
        rng = np.random.default_rng([self.seed, 1])
        rows = np.zeros((count, self.inputs), np.int16)
        for row in rows:
            size = rng.integers(1, _ACTIVATION_MAX + 1, self.inputs)
            size *= rng.choice([-1, 1], self.inputs)
            row[:] = size * (rng.random(self.inputs) < self.activation_density)
        return rows

    def cost(self, n_pe: int) -> float:
        """About how many cycles an inference takes on so many PEs, its inputs' way in included."""
        work = self.inputs * self.outputs * self.weight_density * self.activation_density
        return self.inputs + 1.25 * work / n_pe


LAYERS = (
    BenchLayer("Alex-6", 9216, 4096, 0.09, 0.351, 28.1, 30.3, seed=6),
    BenchLayer("Alex-7", 4096, 4096, 0.09, 0.353, 11.7, 12.2, seed=7),
    BenchLayer("Alex-8", 4096, 1000, 0.25, 0.375, 8.9, 9.9, seed=8),
    BenchLayer("VGG-6", 25088, 4096, 0.04, 0.183, 28.1, 34.4, seed=16),
    BenchLayer("VGG-7", 4096, 4096, 0.04, 0.375, 7.9, 8.7, seed=17),
    BenchLayer("VGG-8", 4096, 1000, 0.23, 0.411, 7.3, 8.4, seed=18),
    BenchLayer("NT-We", 4096, 600, 0.10, 1.00, 5.2, 8.0, seed=21),
    BenchLayer("NT-Wd", 600, 8791, 0.11, 1.00, 13.0, 13.9, seed=22),
    BenchLayer("NT-LSTM", 1201, 2400, 0.10, 1.00, 6.5, 7.5, seed=23),
)


def chosen(names: list[str]) -> list[BenchLayer]:
    """The layers of these names, all without names. ``ValueError`` names the one that is not."""
    known = {layer.name: layer for layer in LAYERS}
    for name in names:
        if name not in known:
            raise ValueError(f"no layer {name!r}; there are {', '.join(known)}")
    return [known[name] for name in names] if names else list(LAYERS)
