"""Bits of a small network's buffers, counted by hand."""

from dataclasses import replace

from hw.cnn.config import Skip, SkipKind
from sw.dataflow.memory import Bits, bits_of, skip_bits
from tests.hw.cnn.pipelines import PIPELINES

BLOCK = PIPELINES["block"]

EXPECTED = {
    # Two rows of 6 and 4 pixels more of a channel, and the word read; 9 words of 4 weights.
    "stem": Bits(lines=(12 + 4) * 8 + 8, weights=9 * 32, parameters=4 * (32 + 5)),
    "small": Bits(lines=2 * 4 * 8),
    # Beats of 1 channel become words of 4: three wait for the last.
    "long": Bits(
        lines=(4 + 4) * 4 * 8 + 32, gathers=3 * 8, weights=9 * 128, parameters=4 * (32 + 6 + 15)
    ),
    # The long way has 4 channels a beat, that are cut; the skip has one, like the sum.
    "sum": Bits(skips=16 * 8),
    # Four pixels' sum of 8 bits has 10.
    "mean": Bits(lines=4 * 10),
    "linear": Bits(lines=2 * 4 * 8 + 32, gathers=3 * 8, weights=6 * 4 * 8, parameters=6 * 32),
}


def test_bits_by_node():
    assert bits_of(BLOCK) == EXPECTED


def test_kinds():
    """All of them, by name."""
    assert Bits(1, 2, 3, 4, 5).by_kind() == {
        "line buffers": 1,
        "skips": 2,
        "gathers": 3,
        "weights": 4,
        "parameters": 5,
    }


def test_stride_needs_a_third_row():
    unit = replace(BLOCK.nodes[0].unit, height=12, width=12, stride=2)
    nodes = (replace(BLOCK.nodes[0], unit=unit), *BLOCK.nodes[1:])
    found = bits_of(replace(BLOCK, height=12, width=12, nodes=nodes))["stem"]
    assert found == replace(EXPECTED["stem"], lines=(36 + 5) * 8 + 8)


def test_skips():
    """Of as many channels as a beat of the source has; counted with the reader."""
    wide = tuple(
        replace(node, unit=replace(node.unit, lanes=2)) if node.name in ("small", "sum") else node
        for node in BLOCK.nodes
    )
    skip = Skip("small", "sum", SkipKind.HOLD, depth=8)
    config = replace(BLOCK, nodes=wide, skips=(skip,))
    assert skip_bits(config) == {"small": 8 * 2 * 8}
    assert bits_of(config)["sum"] == Bits(skips=8 * 2 * 8)
    # The largest waits for a second channel from the stem; a sum of 2 lanes cuts what is 4 wide.
    assert bits_of(config)["small"] == replace(EXPECTED["small"], gathers=8)
    assert bits_of(config)["long"] == replace(EXPECTED["long"], gathers=2 * 8)


def test_summands_wait_in_16_bits():
    narrow = tuple(
        replace(node, unit=replace(node.unit, lanes=1)) if node.name == "long" else node
        for node in BLOCK.nodes
    )
    nodes = tuple(
        replace(node, unit=replace(node.unit, lanes=4)) if node.name == "sum" else node
        for node in narrow
    )
    found = bits_of(replace(BLOCK, nodes=nodes))["sum"]
    assert found == Bits(skips=16 * 8, gathers=3 * 16 + 3 * 8)


def test_sums():
    first, second = Bits(1, 2, 3, 4, 5), Bits(10, 20, 30, 40, 50)
    assert first + second == Bits(11, 22, 33, 44, 55)
    assert first.activations == 6
    assert Bits() + first == first
