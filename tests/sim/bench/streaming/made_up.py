"""A report of streaming networks, made by hand."""

from sim.bench.streaming.ours import OurRow, Saving
from sim.bench.streaming.results import (
    Balanced,
    CnnReport,
    DepthPoint,
    FoldingPoint,
    Fresh,
    Hold,
    MachineRow,
    Small,
)
from sim.stages import StageReport
from sim.streaming import StreamReport

SKIPS = {"skip-free": 0, "buffered": 6000, "unbuffered": 20000}

STEM = StageReport(
    kind="convolution",
    cycles=1000,
    simd=1,
    pe=16,
    multipliers=16,
    bits={"line buffers": 13000, "skips": 0, "gathers": 0, "weights": 9, "parameters": 9},
    busy=1.0,
    starved=0.0,
    blocked=0.0,
)


def run(machine, **changes):
    bits = {
        "line buffers": 13000,
        "skips": SKIPS[machine],
        "gathers": 100,
        "weights": 9,
        "parameters": 9,
    }
    facts = {
        "network": "digits",
        "machine": machine,
        "images": 1797,
        "stalls": 0.0,
        "mismatches": 0,
        "class_mismatches": 0,
        "tested": 359,
        "accuracy_golden": 0.975,
        "accuracy_rtl": 0.9,
        "latency": 3000,
        "interval": 1000.0 if machine != "unbuffered" else 2600.0,
        "interval_min": 1000,
        "interval_max": 1000,
        "bound": 1000,
        "clock_mhz": 800,
        "frames_per_second": 800000.0,
        "multipliers": 80,
        "utilisation": 0.97,
        "bits": bits,
        "skip_depths": {},
        "units": {"stem": STEM},
        "simulated_cycles": 12345,
    }
    return StreamReport(**(facts | changes))


def report(**changes):
    machines = [MachineRow(data="digits", run=run(machine), accuracy=0.96) for machine in SKIPS]
    machines[0].stalled = run("skip-free", stalls=0.3, images=4)
    machines[2].expected_interval = 2550.0
    machines[2].hold = Hold(width=2, stride=2)
    machines[1].reread_skip_bits = 3000
    machines[1].tensor_skip_bits = 20000
    machines[1].halved_skip_bits = 2000
    small = Small(
        macs=12_000_000,
        multipliers=84,
        interval=147456.0,
        mismatches=0,
        clock_mhz=187,
        frames_per_multiplier=15.1,
    )
    facts = {
        "date": "2026-01-02",
        "command": "kiln bench cnn",
        "machines": machines,
        "depths": [
            DepthPoint(share=0.5, depths={"stem": 10, "add": 4}, interval=None),
            DepthPoint(share=0.93, less=True, depths={"stem": 19, "add": 7}, interval=1100.0),
            DepthPoint(share=1.0, depths={"stem": 20, "add": 8}, interval=1000.0),
        ],
        "balanced": Balanced(
            depths={"stem": 21, "add": 9},
            bound=500,
            unbounded=500.0,
            computed=500.0,
            less={"stem": 505.0, "add": None},
        ),
        "fresh": [Fresh(network="digits", multipliers=80, frames=6, seconds=89.6)],
        "ours": [
            OurRow(
                network="digits",
                skips=False,
                platform="LFE5U, placed",
                interval=1000.0,
                multipliers=80,
                lut=13000,
                clock_mhz=60.0,
            ),
            OurRow(
                network="resnet8",
                skips=True,
                platform="LFE5U, not placed",
                interval=147456.0,
                multipliers=86,
                lut=10000,
            ),
        ],
        "savings": [
            Saving(what="Kiln, digits, placed", block_ram=0.075, flip_flops=0.142, lut=0.218)
        ],
        "foldings": [
            FoldingPoint(
                budget=50, multipliers=45, interval=2000.0, utilisation=0.9, measured=True
            ),
            FoldingPoint(
                budget=90, multipliers=82, interval=1000.0, utilisation=0.95, measured=False
            ),
        ],
        "small": small,
    }
    return CnnReport(**(facts | changes))
