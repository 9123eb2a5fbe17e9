"""Networks and images small enough to train in a moment."""

import numpy as np
import torch

from sw.students.images import Images, Split
from sw.students.resnet import ResNet, Shape

SHAPE = Shape((1, 1, 1), 4, 1, 8)


def images(n, seed, classes=10):
    """Each class is bright in a place of its own."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    pixels = rng.integers(0, 6, (n, 1, 8, 8))
    for k, label in enumerate(labels):
        pixels[k, 0, label % 4 * 2 : label % 4 * 2 + 2, label // 4 * 2 : label // 4 * 2 + 2] += 10
    return Images(pixels.astype(np.uint8), labels.astype(np.int64), 4)


def split():
    return Split(
        "small", tuple("0123456789"), "drawn", images(256, 1), images(64, 2), images(64, 3)
    )


def network(seed=1, shape=SHAPE, long=1.0, short=0.0):
    """With batch norms that have seen something, in double precision."""
    model = ResNet(shape, seed).double()
    blocks = len(model.blocks)
    model.set_gates([long] * blocks, [short] * blocks)
    generator = torch.Generator().manual_seed(seed)
    size = (16, shape.channels, shape.side, shape.side)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "bn" in name or "project.1" in name:
                noise = torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.copy_(0.5 + noise if name.endswith("weight") else noise - 0.5)
        model.train()
        for _ in range(5):
            model(torch.rand(size, generator=generator, dtype=torch.float64))
    return model.eval()
