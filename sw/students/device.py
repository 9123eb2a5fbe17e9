"""Where a training computes: on the CPU operation by operation, on a GPU from a recording."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["CPU", "Gradients", "device_of", "gradients_of"]

CPU = torch.device("cpu")
_WARM_UPS = 3
"""Steps before the recording, in which PyTorch chooses and sets up what it will call."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""Of images, float32 (n, channels, height, width), and labels, int64 (n,)."""
Gradients = Callable[[Tensor, Tensor], Tensor]
"""As a loss, leaving its gradients in the parameters of a model, in the place of earlier ones."""


def device_of(name: str) -> torch.device:
    """``cpu``, or ``cuda``, also with a number (``cuda:1``); ``ValueError`` for others, and where
    this machine has no such device."""
    if name.partition(":")[0] not in ("cpu", "cuda"):
        raise ValueError(f"no device {name!r} to train on; there are cpu and cuda")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"no device {name!r} to train on: {reason}") from error
    return device


def gradients_of(model: nn.Module, loss: Loss, device: torch.device, steady: bool) -> Gradients:
    """
    The step of a training on a device.

    ``steady`` says that every call is made of the same operations on as many images; then a GPU
    records them once and plays them back, for a small network's operations take less time there
    than to be sent one by one.
    """
    if device.type == "cuda" and steady:
        return _Recorded(model, loss)

    def gradients(x: Tensor, labels: Tensor) -> Tensor:
        return _computed(model, loss, x, labels)

    return gradients


def _computed(model: nn.Module, loss: Loss, x: Tensor, labels: Tensor) -> Tensor:
    model.zero_grad(set_to_none=True)
    found = loss(x, labels)
    found.backward()
    return found.detach()


class _Recorded:
    """A step as a CUDA graph, recorded at the first call."""

    def __init__(self, model: nn.Module, loss: Loss) -> None:
        self.model, self.loss = model, loss
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, x: Tensor, labels: Tensor) -> Tensor:
        if self.graph is None:
            self._record(x, labels)
        assert self.graph is not None
        self.x.copy_(x)
        self.labels.copy_(labels)
        self.graph.replay()
        return self.found.clone()

    def _record(self, x: Tensor, labels: Tensor) -> None:
        """What warming up does to the statistics of batch norms is undone."""
        self.x, self.labels = x.clone(), labels.clone()
        before = [buffer.clone() for buffer in self.model.buffers()]
        here, beside = torch.cuda.current_stream(), torch.cuda.Stream()
        with torch.backends.cudnn.flags(enabled=True, benchmark=True):
            beside.wait_stream(here)
            with torch.cuda.stream(beside):
                for _ in range(_WARM_UPS):
                    _computed(self.model, self.loss, self.x, self.labels)
            here.wait_stream(beside)
            for buffer, value in zip(self.model.buffers(), before, strict=True):
                buffer.copy_(value)
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.found = _computed(self.model, self.loss, self.x, self.labels)
