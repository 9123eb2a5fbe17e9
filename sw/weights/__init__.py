"""
Trained networks that come with Kiln: for each a safetensors file and a JSON that says how made.

Those of predictors hold, per layer k, ``codebook_k`` float32 (16,), ``index_k`` uint8 (out, in) and
``bias_k`` float32 (out,), as :class:`sw.network.Network` reads them; those of networks of images
(``cnn_*``) are read by :func:`sw.golden.cnn_file.read_graph`.
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
    """A layer: inputs, outputs, weights that are stored, the share that is not, distinct stored
    values, neurons with any weight, and how many of the stored weights are fixed at 1 or -1 to pass
    values on."""

    inputs: int
    outputs: int
    stored: int
    sparsity: float
    distinct: int
    live_neurons: int
    fixed: int = 0


class Provenance(_Facts):
    """How a network was made, and what it measured: ``dense`` before pruning, ``shared`` as
    shipped, both in float. ``sparsity`` is of the weights that are trained."""

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


def path(sparsity: float, network: str = "precise_linear") -> Path:
    """Where the MittOS predictor of that sparsity (in percent) is, or would be; ``network`` is
    precise_linear or good_custom."""
    return FOLDER / f"mittos_{network}_{sparsity:g}.safetensors"


def load(sparsity: float, network: str = "precise_linear") -> Network:
    """The shipped MittOS predictor of that sparsity, in percent."""
    return Network.load(path(sparsity, network))


def provenance(sparsity: float, network: str = "precise_linear") -> Provenance:
    """How the shipped MittOS predictor of that sparsity, in percent, was made."""
    text = path(sparsity, network).with_suffix(".json").read_text()
    return Provenance.model_validate_json(text)
