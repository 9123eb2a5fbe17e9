"""cocotb tests of the section check; started by test_check.py."""

import random

import cocotb
from frames import LoaderModel, network_payload

from hw.bus.layout import SECTION, pack, unpack
from hw.eie.config import EieConfig
from hw.eie.format import NETWORK, PASS_WORDS, Error, SectionKind
from sim.runner import bench_parameters
from sim.streams import Bench

CONFIG = EieConfig(**bench_parameters()["config"])


def near(rng, *values):
    """One of the values, or the one above or below."""
    return max(0, rng.choice(values) + rng.choice((-1, 0, 0, 0, 1)))


def any_network(rng):
    """Fields of a network, most of them good."""
    depths = (CONFIG.n_pe * CONFIG.act_depth, CONFIG.n_pe * CONFIG.file_depth, 1)
    fields = {
        "passes": near(rng, 1, CONFIG.max_passes) & 0xFFFF,
        "inputs": near(rng, *depths) & 0xFFFF,
        "outputs": near(rng, *depths) & 0xFFFF,
        "in_sram": rng.getrandbits(1),
        "in_base": near(rng, 0, CONFIG.act_depth - 1) & 0xFFFF,
        "out_base": near(rng, 0, CONFIG.act_depth - 1) & 0xFFFF,
    }
    whole = sum(word << 64 * k for k, word in enumerate(network_payload(CONFIG, **fields)))
    if rng.random() < 0.3:
        whole ^= 1 << rng.randrange(256)
    return whole


def any_header(rng, network, place):
    """Fields of a header; every other time a kind and length that suit its place."""
    fields = unpack(NETWORK, network)
    if rng.random() < 0.5:
        activations = {"kind": SectionKind.ACTIVATIONS, "length": -(-fields["inputs"] // 4)}
        suited = [
            rng.choice(({"kind": SectionKind.NETWORK, "length": 4}, activations)),
            {"kind": SectionKind.PASSES, "length": PASS_WORDS * fields["passes"]},
            {"kind": SectionKind.SPMAT, "unit": near(rng, CONFIG.n_pe - 1) & 0xFF, "length": 3},
        ]
        return {"unit": 0, "address": 0} | suited[place]
    lengths = (0, 1, 4, -(-fields["inputs"] // 4), PASS_WORDS * fields["passes"])
    depths = (CONFIG.spmat_depth, CONFIG.ptr_depth // 2, CONFIG.ptr_depth // 4)
    return {
        "kind": rng.choice((*SectionKind, *SectionKind, 0, 6, 255)),
        "unit": rng.choice((0, 0, near(rng, CONFIG.n_pe - 1), 255)) & 0xFF,
        "address": rng.choice((0, 0, near(rng, *depths), rng.getrandbits(24))) & 0xFF_FFFF,
        "length": rng.choice((*lengths, near(rng, *depths), rng.getrandbits(24))),
    }


@cocotb.test()
async def test_random(dut):
    rng = random.Random("check")
    bench = await Bench.start(dut)
    judged = {}
    for _ in range(4000):
        network = any_network(rng)
        place, valid = rng.randrange(3), rng.getrandbits(1)
        header = any_header(rng, network, place)
        dut.network.value = network
        await bench.step(3)
        dut.header.value = pack(SECTION, header)
        dut.first.value, dut.second.value = int(place == 0), int(place == 1)
        dut.program_valid.value = valid
        await bench.step()
        model = LoaderModel(CONFIG, program_valid=bool(valid), network=network)
        expected = model.judge(header, place)
        assert Error(int(dut.fault.value)) == expected, (header, unpack(NETWORK, network), place)
        judged[place, bool(expected)] = judged.get((place, bool(expected)), 0) + 1
    assert len(judged) == 6 and min(judged.values()) > 20
