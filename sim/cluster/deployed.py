"""A predictor as the array computes it: compiled, with the golden model's scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.eie.config import EieConfig
from sim.cpu.c_build import build_c
from sim.cpu.c_source import Variant
from sw.compress.compile import compile_network
from sw.compress.program import Program
from sw.compress.quantised import QuantisedNetwork
from sw.compress.unprogram import quantised_from_program
from sw.golden.eie import GoldenEie
from sw.predictors.score import scores_of
from sw.predictors.ssd import Predictor

__all__ = ["Deployed", "deploy"]

_CALIBRATION_ROWS = 4096


@dataclass(frozen=True, eq=False)
class Deployed:
    """
    A predictor and its program.

    Parameters
    ----------
    predictor : Predictor
    program : Program
    quantised : QuantisedNetwork
        Decoded from the program.
    calibration : float32 (n, in)
        Inputs that it was compiled with.
    """

    predictor: Predictor
    program: Program
    quantised: QuantisedNetwork
    calibration: NDArray[np.float32]

    @property
    def name(self) -> str:
        """Of the predictor."""
        return self.predictor.spec.name

    def activations(self, rows: NDArray[np.float32]) -> NDArray[np.int16]:
        """Rows of features (n, columns) as the array takes them, int16 (n, in)."""
        return self.quantised.quantise_inputs(self.predictor.inputs(rows))

    def scores(self, rows: NDArray[np.float32]) -> NDArray[np.int64]:
        """The golden model's scores of rows of features (n, columns), int64 (n,); slow above 0."""
        return scores_of(GoldenEie(self.quantised)(self.activations(rows)).numpy())

    def verdict(self, threshold: int) -> Callable[[NDArray[np.float32]], bool]:
        """Whether a row of features, float32 (columns,), scores above ``threshold``. For one row at
        a time, the golden model is its C, which is equal to it bit for bit."""
        network = build_c(self.quantised, Variant.DENSE)

        def slow(row: NDArray[np.float32]) -> bool:
            outputs = network.infer(self.activations(row[None])[0])
            return bool(scores_of(outputs[None])[0] > threshold)

        return slow


def deploy(predictor: Predictor, rows: NDArray[np.float32], config: EieConfig) -> Deployed:
    """Compile a predictor for an array; ``rows`` of features (n, columns), from what it was trained
    on, say how large its activations become."""
    inputs = predictor.inputs(rows[:: max(1, len(rows) // _CALIBRATION_ROWS)])
    network = predictor.fit.compressed
    digits = predictor.scaling is None
    program, _ = compile_network(
        network,
        config,
        calibration=inputs,
        input_range=(0, 9) if digits else (-1, 1),
        provenance={"network": predictor.spec.name},
    )
    return Deployed(predictor, program, quantised_from_program(program), inputs)
