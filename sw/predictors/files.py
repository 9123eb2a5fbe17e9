"""
Predictors of slow reads in files: a network with the scaling of its inputs.

A file is one of :mod:`sw.network`, safetensors or npz, which may hold ``scale_centre`` and
``scale_reach``, float32 (in,), of :class:`sw.predictors.scaling.Scaling`. Networks that others
trained are read likewise; those that take features as they are need no scaling.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from sw.compress.prune import sparsity
from sw.network import Network, NetworkError
from sw.predictors.fit import Fit
from sw.predictors.scaling import Scaling
from sw.predictors.ssd import Predictor, PredictorSpec

__all__ = ["load_predictor", "save_predictor"]

_CENTRE, _REACH = "scale_centre", "scale_reach"


def save_predictor(
    predictor: Predictor, path: Path, rows: NDArray[np.float32] | None = None
) -> None:
    """Write the compressed network to ``path`` (.safetensors), with rows of features (n, columns)
    as inputs to run it on."""
    inputs = None if rows is None else predictor.inputs(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(predictor.fit.compressed, inputs=inputs).save(path, compact=True)
    if predictor.scaling is not None:
        scale = {_CENTRE: predictor.scaling.centre, _REACH: predictor.scaling.reach}
        save_file(load_file(path) | scale, path)


def load_predictor(spec: PredictorSpec, path: Path) -> Predictor:
    """A predictor of the features of ``spec`` from a file; its hidden layers are those of the file.
    ``NetworkError`` names the file and what does not fit."""
    network = Network.load(path)
    columns = len(spec.features.columns)
    if network.sizes[0] != columns or network.sizes[-1] not in (1, 2):
        raise NetworkError(
            f"{path}: {spec.name} takes {columns} inputs and gives 1 or 2 outputs, but the network "
            f"has {network.sizes[0]} and {network.sizes[-1]}"
        )
    shape = replace(spec, hidden=tuple(network.sizes[1:-1]), outputs=network.sizes[-1])
    scaling = _scaling(path, columns)
    if scaling is None and not spec.features.digits:
        raise NetworkError(
            f"{path}: {_CENTRE} and {_REACH} are missing, which the features of {spec.name} need"
        )
    share = sparsity([layer.weight for layer in network.layers])
    return Predictor(shape, scaling, Fit(network, network, share, 0, {}))


def _scaling(path: Path, columns: int) -> Scaling | None:
    arrays = load_file(path) if path.suffix == ".safetensors" else dict(np.load(path))
    if _CENTRE not in arrays or _REACH not in arrays:
        return None
    for name in (_CENTRE, _REACH):
        if arrays[name].shape != (columns,) or not np.isfinite(arrays[name]).all():
            raise NetworkError(f"{path}: {name} must be {columns} finite numbers")
    if not (arrays[_REACH] > 0).all():
        raise NetworkError(f"{path}: {_REACH} must be above 0")
    return Scaling(arrays[_CENTRE].astype(np.float32), arrays[_REACH].astype(np.float32))
