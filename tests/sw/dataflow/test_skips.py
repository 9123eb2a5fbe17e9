"""Depths of skips, of some against those that RTL needs, and the refusal of others."""

from dataclasses import replace

import pytest

from hw.cnn.config import INPUT, SkipKind
from sw.dataflow.compile import compile_network
from sw.dataflow.layers import DataflowError
from sw.dataflow.shipped import compile_for
from sw.dataflow.skips import check_depths
from sw.dataflow.standstill import standstill_depth
from sw.golden.cnn_graph import QAdd, QMaxPool
from tests.sim.cnn_cases import KINDS, case
from tests.sw.dataflow.digits import digits_config
from tests.sw.dataflow.graphs import Draw, chain


@pytest.mark.parametrize(
    ("interval", "depths"),
    [
        (1152, [348, 157, 163]),
        (2304, [336, 146, 159]),
        (4608, [327, 143, 159]),
        (9216, [324, 144, 160]),
    ],
)
def test_skip_depths(interval, depths):
    """Of 1,152 and 4,608 cycles the pipeline's bench shows on RTL that these keep the interval, and
    that one less in any of them does not."""
    config = digits_config(interval)
    assert config.bound == interval
    assert [skip.depth for skip in config.skips] == depths


def cut(config, place, depth):
    """With another depth of one of its skips."""
    skips = list(config.skips)
    skips[place] = replace(skips[place], depth=depth)
    return replace(config, skips=tuple(skips))


@pytest.mark.parametrize("interval", [1152, 2304, 4608, 9216])
def test_computed_depths_are_taken(interval):
    config = digits_config(interval)
    check_depths(config)
    check_depths(replace(config, skips=tuple(replace(s, depth=999) for s in config.skips)))


@pytest.mark.parametrize("machine", KINDS)
def test_machines_are_taken(machine):
    check_depths(case(machine).config)


@pytest.mark.parametrize("place", range(3))
def test_one_beat_less(place):
    """Which on RTL costs the interval, in any of them."""
    config = digits_config(4608)
    skip = config.skips[place]
    with pytest.raises(DataflowError) as caught:
        check_depths(cut(config, place, skip.depth - 1))
    assert str(caught.value) == (
        f"{skip.source}: a queue of {skip.depth - 1} beats; {skip.depth} are needed to keep the "
        "frame interval"
    )


def test_a_queue_that_never_moves_on():
    """Two blocks of 3 x 3 on an image 8 wide: 19 pixels of 16 beats, but for the last beat and two
    that have left the queue."""
    config = digits_config(9216)
    assert standstill_depth(config, config.skips[0]) == 19 * 16 - 3
    with pytest.raises(DataflowError) as caught:
        check_depths(cut(config, 0, 12))
    assert str(caught.value) == (
        "stem: a queue of 12 beats; 324 are needed to keep the frame interval, and with fewer than "
        "301 the pipeline stands still"
    )


def test_queues_of_two():
    """They never move a beat in every cycle."""
    config = case("buffered").config
    with pytest.raises(DataflowError, match=r"block0.add: a queue of 2 beats; 16 are needed"):
        check_depths(cut(config, 1, 2))


def test_a_frame_is_kept_whole():
    config = case("unbuffered").config
    assert {skip.kind for skip in config.skips} == {SkipKind.HOLD}
    with pytest.raises(DataflowError, match=r"stem: keeps 127 beats of a frame that has 128"):
        check_depths(cut(config, 0, 127))


@pytest.mark.parametrize("interval", [288, 1152, 4608])
def test_a_pool_in_a_block(interval):
    """Which waits for a row; what is needed is never less than what keeps the pipeline from
    standing still."""
    draw = Draw()
    nodes = (
        QMaxPool("pool", INPUT, 2, None),
        draw.conv("main", "pool", 2, 2, 1, s16=True),
        draw.conv("project", INPUT, 2, 2, 1, stride=2, s16=True),
        QAdd("sum", ("main", "project"), 0, 8, None),
    )
    config = compile_network(chain(*nodes), interval=interval).config
    check_depths(config)
    (skip,) = config.skips
    assert standstill_depth(config, skip) <= skip.depth


@pytest.mark.parametrize("interval", [576, 768, 1152, 2304])
def test_needed_depths_are_above_those_that_stand_still(interval):
    config = compile_for("buffered", case("buffered").graph, interval=interval).config
    for skip in config.skips:
        assert 0 <= standstill_depth(config, skip) <= skip.depth
