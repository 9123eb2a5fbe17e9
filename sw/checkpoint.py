"""State of a training between steps, as one safetensors file: no pickle, and never half written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

__all__ = ["load", "save"]


def save(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, note: dict[str, Any]
) -> None:
    """Write parameters and buffers of ``model``, the moments of ``optimizer``, and ``note`` (JSON
    values) to ``path``, replacing what is there in one go."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for k, state in optimizer.state_dict()["state"].items():
        tensors |= {
            f"optimizer.{k}.{name}": torch.as_tensor(value) for name, value in state.items()
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({k: v.contiguous() for k, v in tensors.items()}, partial, {"note": json.dumps(note)})
    os.replace(partial, path)


def load(path: Path) -> tuple[dict[str, Tensor], dict[int, dict[str, Tensor]], dict[str, Any]]:
    """The model's state, the optimizer's ``state`` by parameter number, and the note."""
    try:
        with safe_open(path, "pt") as file:
            note = json.loads((file.metadata() or {})["note"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a checkpoint of a training: {error}") from error
    model = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, k, field = name.split(".")
            moments.setdefault(int(k), {})[field] = value
    return model, moments, note
