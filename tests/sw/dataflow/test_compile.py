"""From networks to pipelines: foldings, skips, memories, and what is refused."""

from dataclasses import replace
from math import prod

import pytest

from hw.cnn.config import Node, SkipKind
from hw.cnn.format import memories
from sw import weights
from sw.dataflow.compile import compile_network, pipeline_of
from sw.dataflow.folding import fold_for_budget, fold_for_interval, multipliers
from sw.dataflow.frame import network_sections
from sw.dataflow.layers import DataflowError, layers
from sw.dataflow.pack import parameter_chunks, weight_chunks
from sw.golden.cnn_file import read_graph
from sw.golden.cnn_graph import INPUT, QAdd, QConv, QLinear, QPool, QuantisedGraph
from tests.sw.dataflow.graphs import Draw, chain, imported, residual

DIGITS = {
    name: read_graph(weights.FOLDER / f"cnn_digits_{name}.safetensors")[0]
    for name in ("skipfree", "residual")
}
GRAPHS = {**DIGITS, "imported": imported(), "block": residual()}


def units(compiled):
    return tuple(node.unit for node in compiled.config.nodes)


def ends(compiled):
    """Of each skip what reads it, and its stride, by source."""
    return {skip.source: (skip.reader, skip.stride) for skip in compiled.config.skips}


@pytest.mark.parametrize("name", GRAPHS)
def test_pipeline(name):
    """As many nodes, their sizes, all that its memories hold."""
    graph = GRAPHS[name]
    compiled = compile_network(graph, interval=4608)
    config = compiled.config
    assert compiled.graph is graph
    assert (config.channels, config.height, config.width) == graph.shape
    assert [(node.name, node.sources) for node in config.nodes] == [
        (node.name, tuple(node.sources)) for node in graph.nodes
    ]
    assert units(compiled) == fold_for_interval(layers(graph), 4608)
    for tensor, shape in graph.shapes().items():
        assert (*shape, 1, 1)[:3] == config.shape(tensor), tensor
    for node, unit in zip(graph.nodes, units(compiled), strict=True):
        if isinstance(node, QConv | QLinear):
            assert compiled.weights[node.name].tolist() == weight_chunks(node, unit).tolist()
        chunks = parameter_chunks(node, unit).tolist()
        assert [*compiled.parameters.get(node.name, [])] == chunks
    sections = network_sections(config, compiled.weights, compiled.parameters)
    assert len(sections) == 1 + len(memories(config))


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("interval", [1152, 9216])
def test_interval(name, interval):
    assert compile_network(GRAPHS[name], interval=interval).config.bound <= interval


@pytest.mark.parametrize("name", GRAPHS)
def test_budget(name):
    graph = GRAPHS[name]
    compiled = compile_network(graph, multipliers=40)
    assert units(compiled) == fold_for_budget(layers(graph), 40, prod(graph.shape))
    assert multipliers(units(compiled)) <= 40


def test_a_budget_has_no_use_beyond_the_images_bytes():
    """Faster units than the image comes would be idle."""
    graph = chain(Draw().conv("half", INPUT, 16, 2, stride=2), shape=(16, 4, 4))
    compiled = compile_network(graph, multipliers=1000)
    assert compiled.config.bound == 256
    assert multipliers(units(compiled)) == 8 + 1


@pytest.mark.parametrize("options", [{}, {"interval": 4608, "multipliers": 40}])
def test_interval_or_budget(options):
    with pytest.raises(ValueError, match=r"^one of interval and multipliers must be given$"):
        compile_network(DIGITS["skipfree"], **options)


def test_no_skips_without_skips():
    for name in ("skipfree", "imported"):
        for kind in SkipKind:
            assert compile_network(GRAPHS[name], interval=4608, skips=kind).config.skips == ()


@pytest.mark.parametrize("kind", SkipKind)
def test_skips(kind):
    compiled = compile_network(DIGITS["residual"], interval=4608, skips=kind)
    assert ends(compiled) == {
        "stem": ("block0.add", 1),
        "block0.add": ("block1.project", 2),
        "block1.add": ("block2.project", 2),
    }
    assert {skip.kind for skip in compiled.config.skips} == {kind}
    for skip in compiled.config.skips:
        if kind is SkipKind.HOLD:
            shape, lanes = compiled.config.shape(skip.source), compiled.config.lanes(skip.source)
            assert skip.depth == prod(shape) // lanes
    # Whatever keeps them, networks are laid out alike.
    other = compile_network(DIGITS["residual"], interval=4608)
    assert replace(compiled.config, skips=other.config.skips) == other.config


@pytest.mark.parametrize(
    "stem_pool, stride, source",
    [(False, 2, "stem"), (False, 1, "stem"), (True, 2, "small"), (True, 1, "small")],
)
def test_strides_of_skips(stem_pool, stride, source):
    """Also behind a pool, whose output is smaller than what it reads."""
    graph = residual(stem_pool=stem_pool, stride=stride)
    compiled = compile_network(graph, interval=9216)
    assert ends(compiled) == {source: ("project", stride), "sum": ("last", 1)}


@pytest.mark.parametrize("stride", [1, 2])
def test_skip_of_the_image(stride):
    draw = Draw()
    nodes = (
        draw.conv("main", INPUT, 2, 2, stride=stride, s16=True),
        draw.conv("project", INPUT, 2, 2, 1, stride=stride, s16=True),
        QAdd("sum", ("main", "project"), 0, 8, None),
    )
    compiled = compile_network(chain(*nodes), interval=288)
    assert ends(compiled) == {INPUT: ("project", stride)}


def refusal(graph, **options):
    with pytest.raises(DataflowError) as caught:
        compile_network(graph, **({"interval": 9216} | options))
    return str(caught.value)


def reads(source, *names):
    return (
        f"{source}: is read by {', '.join(names)}; of a tensor that is read twice one reader must "
        "be a sum, or the projection before it"
    )


def block(*between, end="end", second="stem"):
    """A stem, nodes of a test, and a sum of two of them."""
    draw = Draw()
    stem = draw.conv("stem", INPUT, 2, 2)
    return chain(stem, *between, QAdd("sum", (end, second), 2, 8, None))


def test_tensors_that_are_read_too_often():
    draw = Draw()
    main, end = draw.conv("main", "stem", 2, 2), draw.conv("end", "main", 2, 2, s16=True)
    third = draw.conv("third", "stem", 2, 2)
    assert refusal(block(main, third, end)) == reads("stem", "main", "third", "sum")
    # A convolution of 3 x 3 beside the main one is no projection; nor is one that goes elsewhere.
    beside = draw.conv("beside", "stem", 2, 2, s16=True)
    assert refusal(block(main, end, beside, second="beside")) == reads("stem", "main", "beside")
    point = draw.conv("point", "stem", 2, 2, 1)
    after = draw.conv("after", "point", 2, 2, s16=True)
    assert refusal(block(main, end, point, after, second="after")) == reads("stem", "main", "point")
    # Either of two projections could be the longer way.
    ends = [draw.conv(name, "stem", 2, 2, 1, s16=True) for name in ("end", "point")]
    assert refusal(block(*ends, second="point")) == reads("stem", "end", "point")


def test_a_sum_of_one_tensor():
    graph = block(Draw().conv("end", "stem", 2, 2, s16=True), second="end")
    assert refusal(graph) == reads("end", "sum", "sum")


def test_a_node_that_nothing_reads():
    draw = Draw()
    main, end = draw.conv("main", "stem", 2, 2), draw.conv("end", "main", 2, 2, s16=True)
    dead = draw.conv("dead", "main", 2, 2)
    assert refusal(block(main, end, dead)) == reads("main", "end", "dead")


def test_strided_points_without_a_skip():
    """Nothing leaves out pixels there."""
    message = (
        "point: a stride of 2 with a kernel of 1 is only for the projection of a tensor that is "
        "read twice"
    )
    draw = Draw()
    assert refusal(chain(draw.conv("point", INPUT, 2, 2, 1, stride=2))) == message
    nodes = (
        draw.conv("point", "stem", 2, 2, 1, stride=2),
        draw.conv("end", "point", 2, 2, s16=True),
        draw.conv("project", "stem", 2, 2, 1, stride=2, s16=True),
    )
    assert refusal(block(*nodes, second="project")) == message


def test_intervals_that_are_too_short():
    graph = chain(Draw().conv("half", INPUT, 16, 2, stride=2), shape=(16, 4, 4))
    assert refusal(graph, interval=255) == (
        "input: a frame cannot take 255 cycles; its 256 bytes come one a cycle"
    )
    assert compile_network(graph, interval=256).config.bound == 256
    assert refusal(DIGITS["skipfree"], interval=575) == (
        "stem: no folding takes at most 575 cycles; the shortest is 576"
    )
    assert "multipliers are too few" in refusal(graph, interval=None, multipliers=1)


def test_beats_that_do_not_fit():
    draw = Draw()
    graph = chain(draw.conv("six", INPUT, 2, 6), draw.conv("next", "six", 6, 2))
    found = layers(graph)
    folded = list(fold_for_interval(found, 1000))
    folded[0] = replace(folded[0], pe=6, lanes=2)
    folded[1] = replace(folded[1], simd=3)
    with pytest.raises(DataflowError) as caught:
        pipeline_of(graph.shape, found, folded, SkipKind.FIFO)
    assert str(caught.value) == (
        "next: takes 3 channels at a time, and six gives 2: one must divide the other; another "
        "interval folds them otherwise"
    )
    folded[0] = replace(folded[0], lanes=6)
    config = pipeline_of(graph.shape, found, folded, SkipKind.FIFO)
    assert config.nodes[1] == Node("next", folded[1], ("six",)) and config.skips == ()


def test_refusals_of_layers():
    odd = chain(Draw().conv("odd", INPUT, 2, 2, 3, stride=2), shape=(2, 4, 4))
    pool = QPool("mean", INPUT, 3, None, multiplier=7)
    graph = QuantisedGraph((pool, odd.nodes[-1]), odd.shape, None)
    assert refusal(graph) == "mean: a mean with a multiplier has no unit"
