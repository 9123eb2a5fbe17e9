"""
Residual networks whose skips can fade: the teacher, the student, and all that is between.

A block has a *long* skip around both of its convolutions, as ResNet's, and a *short* one around
each, and a gate on either kind: long 1 and short 0 is the teacher, long 0 and short 1 the student.
Short skips fold into the convolutions that they go around (:mod:`sw.students.fold`), after which
the student has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["FAMILY", "Block", "ResNet", "Shape"]

FAMILY = {"resnet8": (1, 1, 1), "resnet20": (3, 3, 3), "resnet33": (3, 4, 6, 3)}
"""Basic blocks of each stage. The number is that of 3x3 convolutions, with the linear layer for
the two smaller ones, as is the custom."""


@dataclass(frozen=True)
class Shape:
    """
    What a network looks like.

    Parameters
    ----------
    blocks : tuple of int
        Of each stage. Every stage but the first halves the image and doubles the channels.
    width : int
        Channels of the first stage.
    channels : int
        Of the image.
    side : int
        Pixels of its height and width; a power of two.
    classes : int
    """

    blocks: tuple[int, ...]
    width: int = 16
    channels: int = 3
    side: int = 32
    classes: int = 10

    def __post_init__(self) -> None:
        if not self.blocks or min(self.blocks) < 1:
            raise ValueError(f"blocks must be at least 1 in each stage, not {self.blocks}")
        for name in ("width", "channels", "classes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.side % (1 << (len(self.blocks) - 1)) or self.side < 1 << (len(self.blocks) - 1):
            raise ValueError(
                f"side must be a multiple of {1 << (len(self.blocks) - 1)} for {len(self.blocks)} "
                f"stages, not {self.side}"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage."""
        return tuple(self.width << stage for stage in range(len(self.blocks)))


class Block(nn.Module):
    """
    ``h = relu(bn1(conv1(x)) + short * s)``, ``y = relu(bn2(conv2(h)) + short * h + long * s)``,
    where s is x, or its projection where channels or size change.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    stride : int
        Of the first convolution, and of the projection.
    """

    long: Tensor
    short: Tensor

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.project = None
        if stride != 1 or inputs != outputs:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.project = nn.Sequential(conv, nn.BatchNorm2d(outputs))
        self.register_buffer("long", torch.ones(()))
        self.register_buffer("short", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        skip = x if self.project is None else self.project(x)
        h = functional.relu(self.bn1(self.conv1(x)) + self.short * skip)
        return functional.relu(self.bn2(self.conv2(h)) + self.short * h + self.long * skip)


class ResNet(nn.Module):
    """
    Stem, blocks, global average pool, linear layer.

    Parameters
    ----------
    shape : Shape
    seed : int
        Of the initial weights (He, normal).
    """

    def __init__(self, shape: Shape, seed: int) -> None:
        super().__init__()
        self.shape = shape
        self.conv = nn.Conv2d(shape.channels, shape.width, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(shape.width)
        blocks, inputs = [], shape.width
        for stage, (count, outputs) in enumerate(zip(shape.blocks, shape.widths, strict=True)):
            for k in range(count):
                blocks.append(Block(inputs, outputs, 2 if stage and k == 0 else 1))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.linear = nn.Linear(inputs, shape.classes)
        self._initialise(torch.Generator().manual_seed(seed))

    def _initialise(self, generator: torch.Generator) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan = module.out_channels * module.kernel_size[0] ** 2
                nn.init.normal_(module.weight, 0.0, (2 / fan) ** 0.5, generator=generator)
        bound = self.linear.in_features**-0.5
        nn.init.uniform_(self.linear.weight, -bound, bound, generator=generator)
        nn.init.zeros_(self.linear.bias)

    def set_gates(self, long: Sequence[float], short: Sequence[float]) -> None:
        """How far the skips of each block are open, 0 to 1."""
        for block, wide, near in zip(self.blocks, long, short, strict=True):
            assert isinstance(block, Block)
            block.long.fill_(wide)
            block.short.fill_(near)

    @property
    def open_skips(self) -> float:
        """The sum of all long gates: the number of blocks with a skip."""
        return float(torch.stack([block.long for block in self.blocks]).sum())  # type: ignore[misc]

    def features(self, x: Tensor) -> list[Tensor]:
        """What the stem gives, and every block."""
        found = [functional.relu(self.bn(self.conv(x)))]
        for block in self.blocks:
            found.append(block(found[-1]))
        return found

    def head(self, feature: Tensor) -> Tensor:
        """Logits (n, classes) of what the last block gives."""
        return self.linear(feature.mean(dim=(2, 3)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits, float32 (n, classes), of images (n, channels, side, side)."""
        return self.head(self.features(x)[-1])
