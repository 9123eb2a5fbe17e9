import pytest
import torch
from torch import nn

from sw.students.resnet import FAMILY, ResNet, Shape


@pytest.mark.parametrize(
    ("name", "convolutions"), [("resnet8", 7), ("resnet20", 19), ("resnet33", 33)]
)
def test_convolutions_of_the_family(name, convolutions):
    model = ResNet(Shape(FAMILY[name], 4), 1)
    found = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert sum(m.kernel_size == (3, 3) for m in found) == convolutions
    assert sum(m.kernel_size == (1, 1) for m in found) == len(FAMILY[name]) - 1


def test_sizes():
    model = ResNet(Shape((3, 4, 6, 3), 4, channels=3, side=32), 1)
    shapes = [tuple(f.shape[1:]) for f in model.features(torch.zeros(2, 3, 32, 32))]
    assert shapes == [(4, 32, 32)] * 4 + [(8, 16, 16)] * 4 + [(16, 8, 8)] * 6 + [(32, 4, 4)] * 3
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_the_seed_decides():
    first, again, other = (ResNet(Shape((1, 1), 4), seed) for seed in (1, 1, 2))
    assert torch.equal(first.blocks[1].conv1.weight, again.blocks[1].conv1.weight)
    assert not torch.equal(first.conv.weight, other.conv.weight)


def test_gates():
    model = ResNet(Shape((1, 1), 4), 1).eval()
    x = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        residual = model(x)
        model.set_gates([0, 0], [1, 1])
        assert model.open_skips == 0
        assert not torch.allclose(model(x), residual)
        model.set_gates([0.25, 1], [0, 0])
        assert model.open_skips == 1.25


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocks": ()}, "blocks must be at least 1"),
        ({"blocks": (1, 0)}, "blocks must be at least 1"),
        ({"width": 0}, "width must be at least 1, not 0"),
        ({"blocks": (1, 1, 1), "side": 6}, "side must be a multiple of 4 for 3 stages, not 6"),
    ],
)
def test_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Shape(**{"blocks": (1,)} | change)
