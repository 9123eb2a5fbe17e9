"""Networks and images small enough to train in a moment."""

from dataclasses import replace

import numpy as np
import torch

from sw import checkpoint
from sw.students.images import Images, Split
from sw.students.recipes import Recipe
from sw.students.resnet import ResNet, Shape
from sw.students.study import Study
from sw.students.training import history, train

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


def study(epochs=2):
    """The small images, with ResNet8 for all stages."""
    alone = Recipe(epochs=epochs, batch=32, rate=0.1, reach=0, flip=False)
    slower = replace(alone, rate=0.05)
    taught = replace(slower, taught=0.9)
    return Study("small", split, "resnet8", 1, 8, alone, slower, taught, taught)


def check_going_on(start, recipe, folder, stop):
    """A training that stops after an epoch and goes on is like one that does not; ``start`` gives a
    task anew."""
    whole, part, again = start(), start(), start()
    list(train(whole, split(), recipe, folder / "whole"))
    for epoch in train(part, split(), recipe, folder / "part"):
        if epoch.number == stop:
            break
    with torch.no_grad():
        for parameter in again.model.parameters():
            parameter.add_(1)
    rest = list(train(again, split(), recipe, folder / "part", resume=True))
    assert [epoch.number for epoch in rest] == list(range(stop + 1, recipe.epochs + 1))
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, again.model.state_dict()[name]), name
    notes = [checkpoint.load(folder / name)[2] for name in ("whole", "part")]
    assert all(note.pop("seconds") > 0 for note in notes)
    assert notes[0] == notes[1]
    assert history(notes[1])[stop:] == rest
