"""
Fully connected ReLU networks in files: what every stage from training to the compiler exchanges.

A file is safetensors or npz and holds, for k from 0 upwards, ``weight_k`` (out, in) and ``bias_k``
(out,); or, instead of ``weight_k``, the compact ``codebook_k`` (16,) with entry 0 zero and
``index_k`` uint8 (out, in). It may hold ``inputs`` (or ``features``), (n, in): rows to run. Other
keys are left alone. ReLU follows every layer but the last, save the leading outputs that an
integer ``linear_rows_k``, () or (1,), counts: 0 is ReLU on all outputs, ``out`` is none.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import Tensor

__all__ = ["Layer", "Network", "NetworkError", "layer_codebook"]

_KEY = re.compile(r"(weight|bias|codebook|index|linear_rows)_(0|[1-9][0-9]*)")
_INPUT_KEYS = ("inputs", "features")
_CODEBOOK_SIZE = 16


class NetworkError(ValueError):
    """A network, or a file of one, that cannot be used; the text says where and why."""


def _checked(name: str, array: NDArray, ndim: int) -> NDArray[np.float32]:
    """``array`` as float32, refused unless it has ``ndim`` dimensions and finite numbers only."""
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise NetworkError(f"{name} must hold numbers, not {array.dtype}")
    if array.ndim != ndim or 0 in array.shape:
        raise NetworkError(f"{name} must have {ndim} dimensions, none of them 0, not {array.shape}")
    with np.errstate(over="ignore"):
        values = array.astype(np.float32)
    if not np.isfinite(values).all():
        where = np.argwhere(~np.isfinite(values))[0].tolist()
        value = array[tuple(where)]
        raise NetworkError(f"{name} must be finite in float32, but holds {value} at {where}")
    return values


@dataclass(frozen=True, eq=False)
class Layer:
    """A fully connected layer: ``weight`` float32 (out, in), ``bias`` float32 (out,), whether ReLU
    follows, and how many leading outputs skip it then (0 to out - 1)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    relu: bool
    linear_rows: int = 0

    @classmethod
    def of(cls, weight: NDArray, bias: NDArray, linear: int) -> Layer:
        """A layer from its leading outputs without ReLU, from 0 to all of them."""
        relu = linear < len(np.atleast_1d(bias))
        return cls(weight, bias, relu, linear if relu else 0)

    @property
    def linear(self) -> int:
        """Leading outputs without ReLU, from 0 to all of them."""
        return self.linear_rows if self.relu else len(self.bias)


@dataclass(frozen=True, eq=False)
class Network:
    """
    A chain of fully connected layers.

    Parameters
    ----------
    layers : tuple of Layer
    inputs : float32 (n, in) or None
        Rows that came with the network, to run or to calibrate with.

    ``NetworkError`` names the array and the shapes that do not fit.
    """

    layers: tuple[Layer, ...]
    inputs: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise NetworkError("a network needs at least one layer")
        checked = []
        for k, layer in enumerate(self.layers):
            weight = _checked(f"weight_{k}", np.asarray(layer.weight), 2)
            bias = _checked(f"bias_{k}", np.asarray(layer.bias), 1)
            if bias.shape != weight.shape[:1]:
                raise NetworkError(
                    f"bias_{k} must be {weight.shape[:1]} to go with weight_{k} {weight.shape}, "
                    f"not {bias.shape}"
                )
            if layer.linear_rows and not layer.relu:
                raise NetworkError(f"layer {k} has linear_rows {layer.linear_rows} but no ReLU")
            if not 0 <= layer.linear_rows < len(bias):
                raise NetworkError(
                    f"linear_rows of layer {k} must be from 0 to {len(bias) - 1}, "
                    f"not {layer.linear_rows}"
                )
            checked.append(Layer(weight, bias, bool(layer.relu), int(layer.linear_rows)))
        for k, (first, second) in enumerate(pairwise(checked)):
            if first.weight.shape[0] != second.weight.shape[1]:
                raise NetworkError(
                    f"weight_{k} {first.weight.shape} has {first.weight.shape[0]} outputs, but "
                    f"weight_{k + 1} {second.weight.shape} takes {second.weight.shape[1]} inputs"
                )
        object.__setattr__(self, "layers", tuple(checked))
        if self.inputs is not None:
            inputs = _checked("inputs", np.asarray(self.inputs), 2)
            if inputs.shape[1] != self.sizes[0]:
                raise NetworkError(f"inputs must be (n, {self.sizes[0]}), not {inputs.shape}")
            object.__setattr__(self, "inputs", inputs)

    @property
    def sizes(self) -> list[int]:
        """Widths of the input and of every layer's output."""
        return [self.layers[0].weight.shape[1], *(layer.weight.shape[0] for layer in self.layers)]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Network:
        """A network from arrays under the keys of a file."""
        found = [match for key in arrays if (match := _KEY.fullmatch(key))]
        if not found:
            raise NetworkError(f"no weight_0 among the keys {sorted(arrays)}")
        count = max(int(match[2]) for match in found) + 1
        layers = []
        for k in range(count):
            bias = f"bias_{k}"
            if bias not in arrays:
                raise NetworkError(f"{bias} is missing")
            rows = len(np.atleast_1d(arrays[bias]))
            linear = _linear_rows(arrays, k, 0 if k < count - 1 else rows, rows)
            layers.append(Layer.of(_weight(arrays, k), arrays[bias], linear))
        inputs = next((arrays[key] for key in _INPUT_KEYS if key in arrays), None)
        return cls(tuple(layers), inputs)

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """Read ``.safetensors`` or ``.npz``. Nothing in the file is executed. ``NetworkError``
        names the file, the key and the shapes of what is wrong."""
        path = Path(path)
        try:
            arrays = _read(path)
        except Exception as error:  # whatever the libraries raise on a damaged file
            raise NetworkError(f"{path}: cannot be read: {error}") from error
        try:
            return cls.from_arrays(arrays)
        except NetworkError as error:
            raise NetworkError(f"{path}: {error}") from None

    def save(self, path: str | Path, *, compact: bool = False) -> None:
        """Write ``.safetensors`` or ``.npz``, as the suffix says; ``compact`` writes codebooks and
        indices, which needs at most 15 distinct non-zero weights a layer."""
        path = Path(path)
        arrays: dict[str, NDArray] = {}
        for k, layer in enumerate(self.layers):
            if compact:
                try:
                    arrays[f"codebook_{k}"], arrays[f"index_{k}"] = layer_codebook(layer)
                except NetworkError as error:
                    raise NetworkError(f"layer {k}: {error}") from None
            else:
                arrays[f"weight_{k}"] = layer.weight
            arrays[f"bias_{k}"] = layer.bias
            if layer.linear != (0 if k < len(self.layers) - 1 else len(layer.bias)):
                arrays[f"linear_rows_{k}"] = np.array([layer.linear], np.int32)
        if self.inputs is not None:
            arrays["inputs"] = self.inputs
        if path.suffix == ".safetensors":
            save_file({key: np.ascontiguousarray(array) for key, array in arrays.items()}, path)
        elif path.suffix == ".npz":
            np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
        else:
            raise NetworkError(f"{path}: a network is .safetensors or .npz, not {path.suffix!r}")

    def activations(self, x: Tensor) -> list[Tensor]:
        """Every layer's outputs, float32 (batch, out), for inputs float32 (batch, in)."""
        outputs = []
        for layer in self.layers:
            x = x @ torch.tensor(layer.weight).T + torch.tensor(layer.bias)
            if layer.relu:
                linear, rest = x[:, : layer.linear_rows], x[:, layer.linear_rows :]
                x = torch.cat([linear, torch.relu(rest)], dim=1)
            outputs.append(x)
        return outputs

    def forward(self, x: Tensor) -> Tensor:
        """The network in float32: (batch, in) to (batch, out)."""
        return self.activations(x)[-1]


def layer_codebook(layer: Layer) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """A layer's distinct weights in rising order behind the zero, float32 (16,) filled up with
    zeros, and their indices uint8 (out, in). ``NetworkError`` where there are more than 15."""
    distinct, inverse = np.unique(layer.weight, return_inverse=True)
    stored = distinct[distinct != 0]
    if len(stored) >= _CODEBOOK_SIZE:
        raise NetworkError(
            f"has {len(stored)} distinct non-zero weights, and a codebook holds "
            f"{_CODEBOOK_SIZE - 1}: share its weights first"
        )
    codebook = np.zeros(_CODEBOOK_SIZE, np.float32)
    codebook[1 : len(stored) + 1] = stored
    index_of = np.zeros(len(distinct), np.uint8)
    index_of[distinct != 0] = np.arange(1, len(stored) + 1, dtype=np.uint8)
    return codebook, index_of[inverse].reshape(layer.weight.shape)


def _weight(arrays: Mapping[str, NDArray], k: int) -> NDArray:
    """Layer k's weights, dense or from its codebook."""
    weight, codebook, index = f"weight_{k}", f"codebook_{k}", f"index_{k}"
    if weight in arrays:
        if index in arrays or codebook in arrays:
            raise NetworkError(f"layer {k} has both {weight} and {codebook} or {index}")
        return arrays[weight]
    if index not in arrays and codebook not in arrays:
        raise NetworkError(f"{weight} is missing")
    for key in (codebook, index):
        if key not in arrays:
            raise NetworkError(f"{key} is missing")
    values = _checked(codebook, arrays[codebook], 1)
    if values.shape != (_CODEBOOK_SIZE,) or values[0] != 0:
        raise NetworkError(f"{codebook} must hold {_CODEBOOK_SIZE} values, the first of them 0")
    if arrays[index].dtype != np.uint8 or arrays[index].ndim != 2:
        kind = f"{arrays[index].dtype} {arrays[index].shape}"
        raise NetworkError(f"{index} must be uint8 with 2 dimensions, not {kind}")
    if arrays[index].size and arrays[index].max() >= _CODEBOOK_SIZE:
        raise NetworkError(f"{index} must be from 0 to 15, but holds {arrays[index].max()}")
    return values[arrays[index]]


def _linear_rows(arrays: Mapping[str, NDArray], k: int, default: int, rows: int) -> int:
    """Layer k's leading outputs without ReLU, of ``rows``."""
    key = f"linear_rows_{k}"
    if key not in arrays:
        return default
    array = arrays[key]
    if not np.issubdtype(array.dtype, np.integer) or array.shape not in ((), (1,)):
        raise NetworkError(f"{key} must be one integer, not {array.dtype} {array.shape}")
    if not 0 <= array.item() <= rows:
        raise NetworkError(f"{key} must be from 0 to {rows}, not {array.item()}")
    return int(array.item())


def _read(path: Path) -> Mapping[str, NDArray]:
    """All arrays of a file."""
    if path.suffix == ".safetensors":
        return load_file(path)
    if path.suffix == ".npz":
        if path.exists() and not zipfile.is_zipfile(path):
            raise NetworkError("not an npz archive")
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    raise NetworkError(f"a network is .safetensors or .npz, not {path.suffix!r}")
