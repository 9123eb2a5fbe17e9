"""Electrical repair: no driver beyond its share, whatever the netlist, and nothing else changed."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.physical.netlist import Instance, Module, Netlist
from sw.physical.repair import RepairRule, repair
from tests.sw.physical.test_netlist import LIBRARY

RULE = RepairRule(share=0.33, wire=1.0, buffer="BUF_X8", clock_pins={}, clock_gates=frozenset())


def fan(sinks: int, driver: str = "BUF_X1") -> Netlist:
    """One driver behind an input, with so many sinks that each are an output."""
    instances = {"driver": Instance(driver, {"A": [2], "Z": [3]})}
    for k in range(sinks):
        instances[f"sink_{k}"] = Instance("INV_X1", {"A": [3], "Z": [10 + k]})
    ports = {"a": ("input", [2]), "z": ("output", [10 + k for k in range(sinks)])}
    return Netlist("top", {"top": Module("top", ports, instances, 10 + sinks)})


def loads(netlist: Netlist) -> Iterator[tuple[str, float]]:
    """Kind of each driver in a flat netlist, and fF that it has to drive."""
    module = netlist.modules["top"]
    for instance in module.instances.values():
        [net] = instance.pins["Z"]
        inputs = [i for i in module.instances.values() if i.pins["A"] == [net]]
        outputs = sum(net in nets for way, nets in module.ports.values() if way == "output")
        yield instance.kind, sum(LIBRARY[i.kind].inputs["A"] + 1 for i in inputs) + outputs


def source_of(module: Module, net: object) -> str:
    """The cell that drives a net, repeaters skipped."""
    for name, instance in module.instances.items():
        if instance.pins["Z"] == [net]:
            return source_of(module, instance.pins["A"][0]) if "repair" in name else name
    return "input"


@given(sinks=st.integers(1, 2000), driver=st.sampled_from(["BUF_X1", "BUF_X2", "BUF_X8", "INV_X1"]))
def test_no_driver_has_more_than_its_share(sinks: int, driver: str) -> None:
    netlist = fan(sinks, driver)
    repair(netlist, LIBRARY, RULE)
    for kind, load in loads(netlist):
        assert load <= 0.33 * LIBRARY[kind].max_load + 1e-9
    module = netlist.modules["top"]
    for k in range(sinks):
        assert source_of(module, module.instances[f"sink_{k}"].pins["A"][0]) == "driver"


def test_a_larger_driver_comes_before_buffers() -> None:
    netlist = fan(12)
    assert repair(netlist, LIBRARY, RULE) == 0
    assert netlist.modules["top"].instances["driver"].kind == "BUF_X2"


def test_a_light_net_stays() -> None:
    netlist = fan(3)
    assert repair(netlist, LIBRARY, RULE) == 0
    assert netlist.modules["top"].instances["driver"].kind == "BUF_X1"


def test_loads_behind_the_border_of_a_part_count() -> None:
    """The part's driver sees 40 sinks outside of it; an input of the part has 200 inside."""
    inner = Module(
        "part",
        {"a": ("input", [2]), "z": ("output", [3])},
        {
            "out": Instance("INV_X1", {"A": [2], "Z": [3]}),
            **{f"in_{k}": Instance("INV_X1", {"A": [2], "Z": [10 + k]}) for k in range(200)},
        },
        300,
    )
    top = Module(
        "top",
        {"a": ("input", [2])},
        {
            "inner": Instance("part", {"a": [2], "z": [3]}),
            **{f"sink_{k}": Instance("INV_X1", {"A": [3], "Z": [10 + k]}) for k in range(40)},
        },
        300,
    )
    netlist = Netlist("top", {"top": top, "part": inner})
    assert repair(netlist, LIBRARY, RULE) > 0
    assert any(i.kind == "BUF_X8" for i in inner.instances.values())
    assert inner.instances["out"].pins["Z"] != inner.ports["z"][1]  # a buffer in between


def test_clock_nets_are_left_alone() -> None:
    netlist = fan(500)
    rule = RepairRule(0.33, 1.0, "BUF_X8", {"INV_X1": "A"}, frozenset())
    assert repair(netlist, LIBRARY, rule) == 0


@pytest.mark.parametrize("sinks", [1, 400])
def test_a_second_repair_does_nothing(sinks: int) -> None:
    netlist = fan(sinks)
    repair(netlist, LIBRARY, RULE)
    assert repair(netlist, LIBRARY, RULE) == 0
