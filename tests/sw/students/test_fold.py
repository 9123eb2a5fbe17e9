import pytest
import torch

from sw.students.fold import fold
from sw.students.graph import Add, Conv, Graph, GraphError, Linear, Pool
from sw.students.resnet import Shape
from tests.sw.students.small import network


@pytest.mark.parametrize("shape", [Shape((1, 1, 1), 4, 1, 8), Shape((3, 4, 6, 3), 4, 3, 16)])
@pytest.mark.parametrize(("long", "short"), [(1, 0), (0, 1), (0, 0), (0, 0.6), (1, 0.3)])
def test_the_function_stays(shape, long, short):
    model = network(shape=shape, long=long, short=short)
    graph = fold(model)
    x = torch.rand(3, shape.channels, shape.side, shape.side, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(graph(x), model(x), rtol=1e-10, atol=1e-10)
        single = graph.single()(x.float())
    torch.testing.assert_close(single.double(), graph(x), rtol=1e-4, atol=1e-4)
    assert graph.has_skips == bool(long)


def test_the_student_reads_every_tensor_once():
    graph = fold(network(shape=Shape((3, 4, 6, 3), 4), long=0, short=1))
    kinds = [type(node) for node in graph.nodes]
    assert kinds == [Conv] * 33 + [Pool, Linear]
    readers = graph.readers()
    assert set(readers) == {"input", *(node.name for node in graph.nodes[:-1])}
    assert set(readers.values()) == {1}
    for before, node in zip(graph.nodes, graph.nodes[1:], strict=False):
        assert node.sources == (before.name,)


def test_the_teacher_keeps_its_skips():
    graph = fold(network(shape=Shape((3, 4, 6, 3), 4)))
    assert sum(isinstance(node, Add) for node in graph.nodes) == 16
    assert sum(count == 2 for count in graph.readers().values()) == 16
    assert sum(isinstance(n, Conv) and n.weight.shape[2] == 1 for n in graph.nodes) == 3


def test_a_skip_that_is_half_open():
    with pytest.raises(ValueError, match=r"the long skip of block0 is open by 0\.5"):
        fold(network(long=0.5))


def test_a_graph_out_of_order():
    pool = Pool("pool", "later")
    with pytest.raises(GraphError, match="pool reads 'later', which is not before it"):
        Graph((pool,), (1, 8, 8))
    twice = (Pool("a", "input"), Pool("a", "input"))
    with pytest.raises(GraphError, match="two nodes called 'a'"):
        Graph(twice, (1, 8, 8))
