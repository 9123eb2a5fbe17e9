"""cocotb tests of residual pipelines, of some with skips that can be limited; started by
test_pipeline.py."""

from pathlib import Path

import cocotb

from hw.cnn.config import Number
from hw.cnn.streams import beat
from sim.runner import bench_parameters
from sim.streams import Bench
from sw.dataflow.compile import compile_network
from sw.golden.cnn import GoldenCnn
from sw.golden.cnn_file import read_graph
from sw.students.digits import digits

PARAMETERS = bench_parameters()
INTERVAL, DEPTHS = PARAMETERS["interval"], PARAMETERS["depths"]
LIMITS = [None, DEPTHS] if DEPTHS else []
UNBOUNDED = 4 * max(DEPTHS, default=0)
GRAPH = read_graph(Path(PARAMETERS["network"]))[0]
COMPILED = compile_network(GRAPH, interval=INTERVAL)
FRAMES = 5
PIXELS = digits().test.pixels[:FRAMES]
LOGITS = [[value] for value in GoldenCnn(GRAPH)(PIXELS).flatten().tolist()]
BYTES = [[value] for value in PIXELS.transpose(0, 2, 3, 1).reshape(-1).tolist()]
CLASSES = len(LOGITS) // FRAMES


async def start(dut, *, limits=None, stalls="never"):
    """Clock, reset, weights and parameters; streams ``i`` and ``o``."""
    bench = await Bench.start(dut)
    for place, limit in enumerate(limits or [UNBOUNDED] * len(DEPTHS)):
        getattr(dut, f"limit__{place}").value = limit
    await load(bench, dut)
    await bench.reset()
    bench.drive("i", beat(Number.U8, 1), stalls=stalls)
    bench.watch("o", beat(Number.S32, 1), stalls=stalls)
    return bench


async def load(bench, dut):
    for place, node in enumerate(COMPILED.config.nodes):
        for kind, memories in enumerate((COMPILED.weights, COMPILED.parameters)):
            for address, chunk in enumerate(memories.get(node.name, [])):
                dut.load__valid.value = 1
                dut.load__unit.value = place
                dut.load__parameters.value = kind
                dut.load__address.value = address
                dut.load__data.value = int(chunk)
                await bench.edge
    dut.load__valid.value = 0


async def interval(dut, limits):
    """Cycles from the last result but one to the last; none if there is no end."""
    bench = await start(dut, limits=limits)
    output = bench.monitors["o"]
    bench.drivers["i"].put(*BYTES)
    limit = 3 * INTERVAL
    while len(output.items) < len(LOGITS):
        before = len(output.items)
        await bench.step(limit)
        if len(output.items) == before and bench.cycle > 8 * INTERVAL:
            return None
    assert output.items == LOGITS
    ends = output.cycles[CLASSES - 1 :: CLASSES]
    return ends[-1] - ends[-2]


@cocotb.test()
@cocotb.parametrize(limits=LIMITS)
async def test_computed_depths(dut, limits):
    """As fast as with queues that are never full."""
    assert await interval(dut, limits) == INTERVAL


@cocotb.test()
@cocotb.parametrize(place=range(len(DEPTHS)))
async def test_one_beat_less(dut, place):
    """A queue that is one beat shorter, the others as computed, slows the pipeline or stops it."""
    limits = list(DEPTHS)
    limits[place] -= 1
    found = await interval(dut, limits)
    assert found is None or found > INTERVAL


@cocotb.test()
@cocotb.parametrize(stalls=("heavy", "bursty"))
async def test_stalls(dut, stalls):
    """The same values whatever holds up the streams."""
    bench = await start(dut, limits=DEPTHS, stalls=stalls)
    await bench.check({"i": BYTES}, {"o": LOGITS}, timeout=40 * INTERVAL)


@cocotb.test()
@cocotb.parametrize(cycles=[INTERVAL * quarters // 4 for quarters in (1, 3, 10, 15)])
async def test_reset(dut, cycles):
    """A reset in the middle of frames leaves nothing of them; memories keep what they hold."""
    bench = await start(dut, limits=DEPTHS)
    bench.drivers["i"].put(*BYTES)
    await bench.step(cycles)
    await bench.reset()
    frames = BYTES[: 2 * len(BYTES) // FRAMES]
    await bench.check({"i": frames}, {"o": LOGITS[: 2 * CLASSES]}, timeout=12 * INTERVAL)
