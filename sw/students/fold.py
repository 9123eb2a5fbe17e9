"""Folding: batch norm and short skips into the convolutions that they belong to, exactly."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sw.students.graph import INPUT, Add, Conv, Graph, Linear, Node, Pool
from sw.students.resnet import Block, ResNet

__all__ = ["fold"]


def fold(network: ResNet) -> Graph:
    """
    The network as it is deployed, in float64, with the running statistics of its batch norms.

    A block whose long skip is closed becomes two convolutions; one whose long skip is open keeps it
    as a sum, with the projection, if there is one, as a 1 x 1 convolution. ``ValueError`` where a
    long skip is open only in part.
    """
    with torch.no_grad():
        weight, bias = _folded(network.conv, network.bn)
        nodes: list[Node] = [Conv("stem", INPUT, weight, bias, 1, True)]
        for number, block in enumerate(network.blocks):
            assert isinstance(block, Block)
            nodes += _block(f"block{number}", nodes[-1].name, block)
        nodes.append(Pool("pool", nodes[-1].name))
        linear = network.linear
        nodes.append(Linear("linear", "pool", linear.weight.double(), linear.bias.double()))
    shape = network.shape
    return Graph(tuple(nodes), (shape.channels, shape.side, shape.side))


def _block(name: str, source: str, block: Block) -> list[Node]:
    long, short = float(block.long), float(block.short)
    if long not in (0.0, 1.0):
        raise ValueError(f"the long skip of {name} is open by {long:g}, neither 0 nor 1")
    first_weight, first_bias = _folded(block.conv1, block.bn1)
    second_weight, second_bias = _folded(block.conv2, block.bn2)
    channels = first_weight.shape[0]
    if block.project is None:
        skip_weight, skip_bias = _identity(channels), first_bias.new_zeros(channels)
    else:
        conv, norm = block.project
        assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        skip_weight, skip_bias = _folded(conv, norm)
    if short:
        first_weight[:, :, 1, 1] += short * skip_weight[:, :, 0, 0]
        first_bias += short * skip_bias
        second_weight[:, :, 1, 1] += short * _identity(channels)[:, :, 0, 0]
    stride = block.conv1.stride[0]
    first = Conv(f"{name}.conv1", source, first_weight, first_bias, stride, True)
    second = Conv(f"{name}.conv2", first.name, second_weight, second_bias, 1, not long)
    if not long:
        return [first, second]
    if block.project is None:
        return [first, second, Add(f"{name}.add", (second.name, source))]
    project = Conv(f"{name}.project", source, skip_weight, skip_bias, stride, False)
    return [first, second, project, Add(f"{name}.add", (second.name, project.name))]


def _identity(channels: int) -> Tensor:
    return torch.eye(channels, dtype=torch.float64)[:, :, None, None]


def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with the batch norm behind it, float64."""
    assert norm.running_var is not None and norm.running_mean is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    weight = conv.weight.double() * scale[:, None, None, None]
    return weight, norm.bias.double() - norm.running_mean.double() * scale
