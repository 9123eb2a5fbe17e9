"""Leading non-zero detection: the priority encoder, a node, and the tree."""

import random

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hw.eie.config import EieConfig
from hw.eie.lnzd import LnzdNode, LnzdTree, lowest_set
from hw.eie.tokens import token_layout
from sim.runner import run_bench

CHILDREN = (1, 2, 3, 4)
LEVELS = {1: 1, 2: 1, 4: 1, 8: 2, 32: 3}


def config_of(n_pe):
    return EieConfig(n_pe=n_pe, spmat_depth=64, ptr_depth=256, act_depth=64)


class Nodes(wiring.Component):
    """Nodes of 1 to 4 children side by side: ``i_n`` and ``o_n`` belong to the one of n."""

    def __init__(self, config):
        self.config = config
        token = stream.Signature(token_layout(config))
        inputs = {f"i_{n}": In(token).array(n) for n in CHILDREN}
        super().__init__({**inputs, **{f"o_{n}": Out(token) for n in CHILDREN}})

    def elaborate(self, platform):
        m = Module()
        for n in CHILDREN:
            m.submodules[f"node_{n}"] = node = LnzdNode(self.config, n)
            for outer, inner in zip(getattr(self, f"i_{n}"), node.i, strict=True):
                wiring.connect(m, wiring.flipped(outer), inner)
            wiring.connect(m, node.o, wiring.flipped(getattr(self, f"o_{n}")))
        return m


@pytest.mark.parametrize("width", [2, 4, 8, 16, 64, 128])
def test_lowest_set(width):
    m = Module()
    flags, index = Signal(width), Signal(range(width))
    lowest = lowest_set(flags)
    assert len(lowest) == len(index)
    m.d.comb += index.eq(lowest)
    rng = random.Random(width)
    patterns = {1 << high | 1 << low for high in range(width) for low in range(width)}
    patterns |= {rng.getrandbits(width) >> low << low for low in range(width) for _ in range(4)}

    async def check(context):
        for pattern in patterns | {0}:
            context.set(flags, pattern)
            expected = f"{pattern:b}"[::-1].index("1") if pattern else width - 1
            assert context.get(index) == expected

    simulator = Simulator(m)
    simulator.add_testbench(check)
    simulator.run()


@pytest.mark.parametrize("children", [0, 5, -1, "4", 2.0, None])
def test_node_children(children):
    with pytest.raises(ValueError) as error:
        LnzdNode(config_of(4), children)
    assert str(error.value) == f"Children must be from 1 to 4, not {children!r}"


@pytest.mark.parametrize("n_pe, levels", [*LEVELS.items(), (16, 2), (64, 3), (128, 4), (256, 4)])
def test_levels(n_pe, levels):
    assert LnzdTree(config_of(n_pe)).levels == levels


@pytest.mark.rtl
def test_nodes():
    config = config_of(4)
    parameters = {"unit": "node", "sizes": CHILDREN, "config": config}
    run_bench(Nodes(config), __file__, parameters=parameters)


@pytest.mark.rtl
@pytest.mark.parametrize("n_pe", LEVELS)
def test_tree(n_pe):
    config = config_of(n_pe)
    parameters = {"unit": "tree", "sizes": [n_pe], "config": config, "levels": LEVELS[n_pe]}
    run_bench(LnzdTree(config), __file__, parameters=parameters)
