"""What pipeline and host agree on: memories in order, fingerprints, flags, registers."""

import hashlib
import json
from dataclasses import replace

import pytest

from hw.bus.layout import WORD_BITS
from hw.cnn.config import (
    INPUT,
    ConvConfig,
    MaxPoolConfig,
    Node,
    Number,
    PipelineConfig,
    Skip,
    SkipKind,
)
from hw.cnn.format import (
    ERROR_FLAGS,
    NETWORK,
    NETWORK_WORDS,
    STATUS_FLAGS,
    Error,
    Register,
    SectionKind,
    Status,
    fingerprint,
    image_words,
    memories,
    network_fields,
)
from tests.hw.cnn.pipelines import PIPELINES, linear

BLOCK = PIPELINES["block"]
WEIGHTS, PARAMETERS = SectionKind.WEIGHTS, SectionKind.PARAMETERS


def test_memories():
    found = [(each.unit, each.kind, each.bits, each.words, each.chunks) for each in memories(BLOCK)]
    assert found == [
        (0, WEIGHTS, 32, 9, 9),
        (0, PARAMETERS, 37, 4, 4),
        (2, WEIGHTS, 128, 9, 18),
        (2, PARAMETERS, 4 * (32 + 6 + 15), 1, 4),
        (3, PARAMETERS, 64, 1, 1),
        (4, PARAMETERS, 64, 1, 1),
        (5, WEIGHTS, 192, 1, 4),
        (5, PARAMETERS, 64, 3, 3),
    ]


def test_memories_too_large():
    """One chunk less than a section can be long fits; no other place has to check it."""

    def config(outputs):
        return PipelineConfig(1, 1, 1, (Node("x", linear(1, outputs, lanes=1), (INPUT,)),))

    assert memories(config((1 << 24) - 1))[0].chunks == (1 << 24) - 1
    with pytest.raises(ValueError, match=r"^x has 16777216 chunks of weights, more than 16777215$"):
        memories(config(1 << 24))


def test_too_many_nodes():
    units = [ConvConfig(1, 1, 1, 1, kernel=1)] * 255 + [linear(1, 1)]

    def config(count):
        names = [INPUT, *(f"n{k}" for k in range(count))]
        nodes = [Node(names[k + 1], units[k - count], (names[k],)) for k in range(count)]
        return PipelineConfig(1, 1, 1, tuple(nodes))

    assert len(memories(config(256))) == 512
    units.insert(0, units[0])
    with pytest.raises(ValueError, match=r"^a pipeline has at most 256 nodes, not 257$"):
        memories(config(257))


def test_network_fields():
    fields = network_fields(BLOCK)
    assert (fields["sections"], fields["units"]) == (9, 6)
    assert set(fields) | {"reserved"} == {name for name, _ in NETWORK}
    assert sum(width for _, width in NETWORK) == WORD_BITS * NETWORK_WORDS


def test_fingerprint_is_of_canonical_json():
    """Written out for a small one: what compiled networks that exist were made with."""
    unit = {
        "height": 1,
        "inputs": 1,
        "kernel": 1,
        "lanes": 1,
        "output": "s32",
        "outputs": 1,
        "pe": 1,
        "scaled": False,
        "simd": 1,
        "stride": 1,
        "weight_bits": 8,
        "width": 1,
    }
    described = {
        "image": [1, 1, 1],
        "nodes": [{"kind": "ConvConfig", "sizes": unit, "sources": [-1]}],
    }
    text = json.dumps(described, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).digest()
    assert fingerprint(PIPELINES["linear"]) == int.from_bytes(digest[:8], "little")


def change(k, **fields):
    nodes = list(BLOCK.nodes)
    nodes[k] = replace(nodes[k], unit=replace(nodes[k].unit, **fields))
    return replace(BLOCK, nodes=tuple(nodes))


def largest(channels, side):
    """The largest of a whole image."""
    pool = MaxPoolConfig(channels, side, side, size=side)
    nodes = Node("pool", pool, (INPUT,)), Node("linear", linear(channels, 1), ("pool",))
    return PipelineConfig(channels, side, side, nodes)


def test_fingerprint_tells_pipelines_apart():
    sum_node = BLOCK.nodes[3]
    turned = list(BLOCK.nodes)
    turned[3] = replace(sum_node, sources=sum_node.sources[::-1])
    pipelines = [
        *PIPELINES.values(),
        *[largest(channels, side) for channels in (1, 2) for side in (2, 3)],
        replace(BLOCK, nodes=tuple(turned)),
        change(0, pe=2),
        change(0, weight_bits=4),
        change(2, output=Number.U8),
        change(2, scaled=False),
        change(3, second=Number.S16),
        change(4, lanes=2),
    ]
    assert len({fingerprint(each) for each in pipelines}) == len(pipelines)
    assert all(0 <= fingerprint(each) < 1 << 64 for each in pipelines)


def test_fingerprint_is_blind_to_names_and_skips():
    names = {node.name: f"other_{node.name}" for node in BLOCK.nodes}
    nodes = [
        Node(names[node.name], node.unit, tuple(names.get(each, each) for each in node.sources))
        for node in BLOCK.nodes
    ]
    skip = Skip(names["small"], names["sum"], SkipKind.HOLD, depth=99)
    renamed = replace(BLOCK, nodes=tuple(nodes), skips=(skip,))
    assert fingerprint(renamed) == fingerprint(BLOCK)


@pytest.mark.parametrize(("size", "words"), [((1, 1, 1), 1), ((3, 4, 2), 3), ((1, 5, 5), 4)])
def test_image_words(size, words):
    channels, height, width = size
    unit = ConvConfig(channels, 1, height, width, kernel=1, output=Number.S32)
    assert image_words(PipelineConfig(*size, (Node("only", unit, (INPUT,)),))) == words


@pytest.mark.parametrize(("layout", "flags"), [(ERROR_FLAGS, Error), (STATUS_FLAGS, Status)])
def test_flags(layout, flags):
    assert {name.upper(): 1 << field.offset for name, field in layout} == dict(
        flags.__members__.items()
    )


def test_registers_are_words():
    assert [int(register) for register in Register] == list(range(0, 4 * len(Register), 4))
