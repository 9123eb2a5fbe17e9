"""Units of a machine that are synthesised, and how many of each it has."""

from dataclasses import replace

import pytest
from amaranth.hdl import Fragment

from hw.cnn.config import SkipKind
from hw.cnn.pipeline import Pipeline
from hw.cnn.system import Cnn
from hw.cnn.units import units
from hw.emit import emit
from hw.memory import MemoryMacros
from tests.hw.cnn.pipelines import PIPELINES

HOST = {"registers", "loader", "reader", "outlet", "meter", "unpack", "results"}


def repeated():
    """A second block behind the first, the same but for its names."""
    config = PIPELINES["block"]
    stem, small, long, total, mean, linear = config.nodes
    again = replace(long, name="long2", sources=("sum",))
    end = replace(total, name="sum2", sources=("long2", "sum"))
    skips = (*config.skips, replace(config.skips[0], source="sum", reader="sum2"))
    nodes = (stem, small, long, total, again, end, replace(mean, sources=("sum2",)), linear)
    return replace(config, nodes=nodes, skips=skips)


def submodules(component):
    fragment = Fragment.get(component, MemoryMacros())
    return {name for _, name, _ in fragment.subfragments}


@pytest.mark.parametrize("kind", SkipKind)
def test_all_of_a_machine(kind):
    config = PIPELINES["block"]
    skip = replace(config.skips[0], kind=kind)
    config = replace(config, skips=(skip,))
    found = units(config)
    places = [place for each in found.values() for place in each.places]
    assert len(places) == len(set(places))
    host = {place.removeprefix("host.") for place in places if place.startswith("host.")}
    inside = {place for place in places if not place.startswith("host.")}
    assert host == HOST and host | {"pipeline"} == submodules(Cnn(config))
    assert inside == submodules(Pipeline(config))
    assert all(name == each.unit.name == each.places[0] for name, each in found.items())


def test_equal_units_are_counted():
    found = units(repeated())
    assert found["long"].places == ("long", "long2") and found["long"].count == 2
    assert found["sum"].places == ("sum", "sum2")
    assert found["small_skip"].places == ("small_skip", "sum_skip")
    assert found["stem"].count == 1 and "long2" not in found
    assert {found[name].kind for name in ("long", "sum", "small_skip")} == {
        *("convstage", "add", "skipfifo")
    }


def test_a_place_changes_nothing_but_whose_writes_they_are():
    """What stands for equal units is the same wherever the first of them is."""
    found, alone = units(repeated()), units(PIPELINES["block"])
    assert found["mean"].unit.make.keywords == {"index": 0}
    assert repr(found["mean"].unit.make) == repr(alone["mean"].unit.make)


def test_parts_are_there():
    long = units(PIPELINES["block"])["long"].unit
    assert submodules(long.make()) == set(long.parts) == {"window", "dot", "requantise"}
    assert emit(long.make(), platform=MemoryMacros()).verilog
