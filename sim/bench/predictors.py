"""
Latency predictors and machines of the MittOS benchmark, and what each predictor is run on.

Two cases of every predictor: ``real`` requests, which leave many activations at zero, and ``worst``
ones, with the same weights but inputs and hidden biases such that no activation is zero
(:mod:`sw.predictors.worst_case`), as published estimates assume. Each is quantised, and laid out,
for its own activity. MittOS predictors are the shipped ones; those of other shapes have drawn
weights and are right about nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from hw.eie.config import PRESETS, EieConfig
from sim.verification import Quality
from sw import weights
from sw.compress.quantise import decisions, quantise
from sw.compress.quantised import QuantisedNetwork
from sw.golden.eie import GoldenEie
from sw.network import Network
from sw.predictors.metrics import confusion
from sw.predictors.mittos import generate
from sw.predictors.shapes import SHAPES
from sw.predictors.worst_case import nonzero_inputs, worst_case

from .mittos_results import CaseFacts, CaseName, NetworkFacts
from .weng_chien import ACCURACY, COLLAPSED, CPU_US

__all__ = ["MACHINES", "PREDICTORS", "SEED", "Case", "Predictor", "Prepared", "chosen", "quality"]

SEED = 20260
"""Of the requests; their first rows do not depend on how many there are."""
CALIBRATION_SEED = 0
CALIBRATION_REQUESTS = 2000
_SHAPE_ROWS = 256
_ACTIVITY_ROWS = 500


def _paper_machine(n_pe: int) -> EieConfig:
    """The paper's EIE with so many PEs, each with the memories that it has there."""
    return replace(PRESETS["paper64"], n_pe=n_pe)


MACHINES: dict[str, EieConfig] = {
    **{f"pe{n_pe}": _paper_machine(n_pe) for n_pe in (1, 2, 4)},
    "weng8": PRESETS["weng8"],
    "pe16": _paper_machine(16),
    **{name: PRESETS[name] for name in ("weng32", "paper64", "wide8", "wide32", "wide64")},
}

_UP_TO_32 = tuple(name for name in MACHINES if name != "paper64")
_SHAPE_MACHINES = ("weng8", "weng32", "wide8", "wide32")


@dataclass(frozen=True, eq=False)
class Case:
    """
    A predictor in integers, and inputs to it.

    Parameters
    ----------
    name : str
        ``real`` or ``worst``.
    quantised : QuantisedNetwork
    calibration : int16 (m, in)
        Inputs that show how often activations are zero.
    activations : int16 (n, in)
    late : bool (n,), optional
        Truth, where it is known.
    """

    name: CaseName
    quantised: QuantisedNetwork
    calibration: NDArray[np.int16]
    activations: NDArray[np.int16]
    late: NDArray[np.bool_] | None = None

    @classmethod
    def of(
        cls,
        name: CaseName,
        network: Network,
        calibration: NDArray[np.float32],
        inputs: NDArray,
        late: NDArray[np.bool_] | None = None,
    ) -> Case:
        """Quantise a network with calibration rows (m, in), and inputs (n, in) to go with it."""
        quantised, _ = quantise(network, calibration=calibration)
        shown = calibration[:_ACTIVITY_ROWS]
        rows, activations = map(quantised.quantise_inputs, (shown, inputs))
        return cls(name, quantised, rows, activations, late)

    @cached_property
    def golden(self) -> NDArray[np.int16]:
        """Outputs of the golden model, int16 (n, out)."""
        outputs: NDArray[np.int16] = GoldenEie(self.quantised)(self.activations).numpy()
        return outputs

    def facts(self, masks: Sequence[NDArray[np.bool_]]) -> CaseFacts:
        """What the golden model says of the case. ``masks`` (out, in) of each layer are where the
        predictor has weights."""
        traces = GoldenEie(self.quantised).trace(self.activations)
        sources = [self.activations, *(trace.output.numpy() for trace in traces[:-1])]
        full = np.all([(source != 0).all(axis=1) for source in sources], axis=0)
        layers = zip(self.quantised.layers, masks, strict=True)
        return CaseFacts(
            case=self.name,
            requests=len(full),
            layer_density=[float((source != 0).mean()) for source in sources],
            all_nonzero=int(full.sum()),
            same_masks=all(np.array_equal(layer.index != 0, mask) for layer, mask in layers),
        )


@dataclass(frozen=True)
class Prepared:
    """A predictor ready to run: facts that need no RTL, and its cases."""

    facts: NetworkFacts
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Predictor:
    """A network, by name; sparsity in percent of one that ships, None of a shape; and the machines
    that it runs on."""

    network: str
    sparsity: int | None
    machines: tuple[str, ...]

    @property
    def name(self) -> str:
        """``precise_linear-98``, ``linnos``."""
        return self.network if self.sparsity is None else f"{self.network}-{self.sparsity}"

    def prepare(self, requests: int, judged: int) -> Prepared:
        """So many requests for the RTL, the first of the ``judged`` by which golden model and float
        are compared with the truth."""
        if self.sparsity is None:
            network = SHAPES[self.network](rows=max(_SHAPE_ROWS, requests))
            assert network.inputs is not None
            calibration, inputs, late = network.inputs, network.inputs, None
        else:
            network = weights.load(self.sparsity, self.network)
            calibration = _features(CALIBRATION_REQUESTS, CALIBRATION_SEED)
            fresh = generate(max(judged, requests), SEED)
            inputs, late = fresh.features.astype(np.float32), fresh.ebusy
        everything = Case.of("real", network, calibration, inputs, late)
        real = replace(
            everything,
            activations=everything.activations[:requests],
            late=None if late is None else late[:requests],
        )
        slow = worst_case(network)
        assert slow.inputs is not None
        worst = Case.of("worst", slow, slow.inputs, nonzero_inputs(network, requests, SEED))
        return Prepared(self._facts(network, inputs, everything, (real, worst)), (real, worst))

    def _facts(
        self, network: Network, inputs: NDArray, everything: Case, cases: tuple[Case, ...]
    ) -> NetworkFacts:
        with torch.no_grad():
            real = network.forward(torch.from_numpy(inputs)).numpy()
        outputs, late = {"float": real, "golden": everything.golden}, everything.late
        judged = {} if late is None else {k: quality(out, late) for k, out in outputs.items()}
        masks = [layer.weight != 0 for layer in network.layers]
        key = (self.network, -1 if self.sparsity is None else self.sparsity)
        return NetworkFacts(
            name=self.name,
            network=self.network,
            sparsity=self.sparsity,
            sizes=network.sizes,
            weights=sum(int(mask.sum()) for mask in masks),
            judged=len(inputs),
            quality=judged,
            agreement=float((decisions(everything.golden) == decisions(real)).mean()),
            paper_accuracy=ACCURACY.get(key),
            paper_collapsed=key in COLLAPSED,
            cpu_us=CPU_US.get(key),
            cases=[case.facts(masks) for case in cases],
        )


PREDICTORS = (
    *(Predictor("precise_linear", sparsity, _UP_TO_32) for sparsity in (90, 95, 97, 98)),
    *(Predictor("good_custom", sparsity, tuple(MACHINES)) for sparsity in (0, 90, 95)),
    *(Predictor(shape, None, _SHAPE_MACHINES) for shape in SHAPES),
)


def quality(outputs: NDArray, late: NDArray[np.bool_]) -> Quality:
    """Decisions of outputs (n, out) against the truth (n,)."""
    return Quality.of(confusion(decisions(outputs), late))


def chosen(names: Sequence[str]) -> list[Predictor]:
    """The predictors of these names, of all sparsities where the name has none; all without names.
    ``ValueError`` names the one that is not."""
    for name in names:
        if all(name not in (each.name, each.network) for each in PREDICTORS):
            known = ", ".join(each.name for each in PREDICTORS)
            raise ValueError(f"no network {name!r}; there are {known}")
    return [each for each in PREDICTORS if not names or {each.name, each.network} & set(names)]


def _features(requests: int, seed: int) -> NDArray[np.float32]:
    """Address bits float32 (requests, 110)."""
    return generate(requests, seed).features.astype(np.float32)
