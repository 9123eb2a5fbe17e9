"""
Trained networks that come with Kiln: for each a safetensors file and a JSON that says how made.

The safetensors hold, per layer k, ``codebook_k`` float32 (16,), ``index_k`` uint8 (out, in) and
``bias_k`` float32 (out,), as :class:`sw.network.Network` reads them.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sw.network import Network

__all__ = ["FOLDER", "LayerFacts", "Provenance", "Quality", "load", "path", "provenance"]

FOLDER = Path(__file__).parent


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quality(_Facts):
    """Decisions on the test requests; rates are shares of the late, or of those in time."""

    accuracy: float
    recall: float
    false_reject_rate: float
    false_accept_rate: float


class LayerFacts(_Facts):
    """A layer: inputs, outputs, weights that are stored, their share, distinct stored values, and
    neurons with any weight."""

    inputs: int
    outputs: int
    stored: int
    sparsity: float
    distinct: int
    live_neurons: int


class Provenance(_Facts):
    """How a network was made, and what it measured: ``dense`` before pruning, ``shared`` as
    shipped, both in float."""

    network: str
    command: str
    data: str
    seed: int
    batch: int
    steps: dict[str, int]
    sparsity: float
    layers: list[LayerFacts]
    test_requests: int
    test_seed: int
    dense: Quality
    shared: Quality
    versions: dict[str, str]

    @property
    def accuracy_float(self) -> float:
        """Accuracy of the shipped network in float."""
        return self.shared.accuracy


def path(sparsity: float) -> Path:
    """Where the MittOS predictor of that sparsity (in percent) is, or would be."""
    return FOLDER / f"mittos_precise_linear_{sparsity:g}.safetensors"


def load(sparsity: float) -> Network:
    """The shipped MittOS predictor of that sparsity, in percent."""
    return Network.load(path(sparsity))


def provenance(sparsity: float) -> Provenance:
    """How the shipped MittOS predictor of that sparsity, in percent, was made."""
    return Provenance.model_validate_json(path(sparsity).with_suffix(".json").read_text())
