"""Networks with their rounding, and the golden model of their integers: the same function."""

import pytest
import torch

from sw.golden.cnn import GoldenCnn
from sw.golden.cnn_graph import QAdd, QConv, Range
from sw.students.fold import fold
from sw.students.qat import QatNetwork
from sw.students.quantise import golden_accuracy, integer_task, with_rounding
from sw.students.recipes import Recipe
from sw.students.resnet import Shape
from sw.students.scales import calibrate, quantised_weight, weight_frac
from sw.students.training import train
from tests.sw.students.small import network, split


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize(("long", "short"), [(1, 0), (0, 1)])
@pytest.mark.parametrize("shape", [Shape((1, 1, 1), 4, 1, 8), Shape((2, 2), 6, 3, 16)])
def test_golden_computes_what_was_trained(shape, long, short, bits):
    graph = fold(network(shape=shape, long=long, short=short)).single()
    pixels = torch.randint(0, 256, (20, shape.channels, shape.side, shape.side))
    pixels = pixels.to(torch.uint8)
    x = pixels.float() / 256
    rounded = QatNetwork(graph, calibrate(graph, x, 8), bits)
    integers = rounded.integers(8)
    with torch.no_grad():
        wanted = rounded(x)
    logits = GoldenCnn(integers)(pixels)
    assert torch.equal(logits.float(), wanted * 2.0 ** integers.nodes[-1].frac)
    assert integers.has_skips == bool(long)
    inner = [n for n in integers.nodes if isinstance(n, QConv)][1:]
    assert {n.weight_bits for n in inner} == {bits}


def test_eight_bits_are_close_to_float():
    graph = fold(network(long=0, short=1)).single()
    x = split().test.real()
    rounded = QatNetwork(graph, calibrate(graph, x, 4))
    with torch.no_grad():
        apart = (rounded(x) - graph(x)).abs().max() / graph(x).abs().max()
    assert apart < 0.05


def test_summands_of_a_block_have_one_scale():
    integers = with_rounding(network(), split()).integers(4)
    by_name = {node.name: node for node in integers.nodes}
    sums = [node for node in integers.nodes if isinstance(node, QAdd)]
    assert len(sums) == 3
    for node in sums:
        first, second = (by_name[name] for name in node.sources)
        assert first.range is Range.S16
        if isinstance(second, QConv) and second.range is Range.S16:
            assert (node.lift, first.frac) == (0, second.frac)
        else:
            assert node.lift == first.frac - second.frac


def test_weights_by_hand():
    weight = torch.tensor([[0.5, -1.0], [0.03, 0.0], [0.0, 0.0]])
    frac = weight_frac(weight, 8)
    assert frac.tolist() == [6, 12, 0]
    assert quantised_weight(weight, frac, 8).tolist() == [[32, -64], [123, 0], [0, 0]]
    assert weight_frac(weight, 8, least=8).tolist() == [8, 12, 8]
    assert quantised_weight(weight, torch.tensor([8, 12, 8]), 8)[0].tolist() == [127, -128]


def test_training_with_rounding(tmp_path):
    model = network(long=0, short=1).float()
    rounded = with_rounding(model, split(), 4)
    before = golden_accuracy(rounded.integers(4), split().train)
    recipe = Recipe(epochs=3, batch=32, rate=0.01, decay=0, reach=0, flip=False)
    found = list(train(integer_task(rounded, model, recipe), split(), recipe, tmp_path / "q"))
    integers = rounded.integers(4)
    assert found[-1].loss < found[0].loss
    assert golden_accuracy(integers, split().train) > before
    assert golden_accuracy(integers, split().validation) == pytest.approx(found[-1].validation)
