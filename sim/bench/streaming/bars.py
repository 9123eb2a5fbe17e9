"""What the benchmark of streaming networks must reach."""

from __future__ import annotations

from collections.abc import Iterator

from sim.bench.verdicts import Verdict

from .costs import Costs
from .results import FULL_HOLD, Balanced, CnnReport, MachineRow

__all__ = ["MEMORY_SAVED", "SPEED_UP", "memory_saved", "speed_up", "verdicts"]

UTILISATION = {"digits": 0.80, "cifar10": 0.90}
SPEED_UP = {"digits": 2.5, "cifar10": 1.6}
"""Of the skip-free machine over the unbuffered one."""
MEMORY_SAVED = 0.28
IMAGES = {"digits": 1797, "cifar10": 64}
STALLED = {"cifar10": 8}
FRESH_SECONDS = 600


def memory_saved(free: MachineRow, buffered: MachineRow) -> float:
    """Share of the buffered machine's activation memory that the skip-free one does without."""
    return 1 - free.activation_bits / buffered.activation_bits


def speed_up(free: MachineRow, unbuffered: MachineRow) -> float:
    """Throughput of the skip-free machine over that of the unbuffered one."""
    return unbuffered.run.interval / free.run.interval


def verdicts(report: CnnReport) -> list[Verdict]:
    """All bars that what was measured has a say about."""
    found = [*_equality(report)]
    for data in dict.fromkeys(row.data for row in report.machines):
        rows = {row.run.machine: row for row in report.machines if row.data == data}
        found += [*_images(data, rows), *_machines(data, rows)]
    for costs in report.costs:
        found += _costs(costs)
    if report.balanced is not None:
        found += _depths(report.balanced)
    for fresh in report.fresh:
        found.append(
            Verdict(
                what=f"{fresh.network}, {fresh.multipliers} multipliers: seconds to build it anew "
                f"and run {fresh.frames} frames",
                value=fresh.seconds,
                bar=FRESH_SECONDS,
                at_least=False,
            )
        )
    return [*found, *_small(report)]


def _equality(report: CnnReport) -> Iterator[Verdict]:
    runs = [row.run for row in report.machines]
    runs += [row.stalled for row in report.machines if row.stalled is not None]
    images = sum(run.images for run in runs)
    yield Verdict(
        what=f"logits unlike the golden model's, {images:,} images on all machines",
        value=sum(run.mismatches for run in runs),
        bar=0,
        at_least=False,
    )


def _images(data: str, rows: dict[str, MachineRow]) -> Iterator[Verdict]:
    yield Verdict(
        what=f"{data}: images through each machine's RTL",
        value=min(row.run.images for row in rows.values()),
        bar=IMAGES[data],
        at_least=True,
    )
    if data in STALLED:
        stalled = [row.stalled.images for row in rows.values() if row.stalled is not None]
        yield Verdict(
            what=f"{data}: images with words held back at random",
            value=sum(stalled),
            bar=STALLED[data],
            at_least=True,
        )


def _machines(data: str, rows: dict[str, MachineRow]) -> Iterator[Verdict]:
    free, buffered, unbuffered = (rows[name] for name in ("skip-free", "buffered", "unbuffered"))
    for row in (free, buffered):
        yield Verdict(
            what=f"{data}, {row.run.machine}: frame interval over the slowest unit's bound",
            value=row.run.interval / row.run.bound,
            bar=1.02,
            at_least=False,
        )
    yield Verdict(
        what=f"{data}, skip-free: MAC utilisation",
        value=free.run.utilisation,
        bar=UTILISATION[data],
        at_least=True,
    )
    yield Verdict(
        what=f"{data}: activation memory saved, skip-free against buffered",
        value=memory_saved(free, buffered),
        bar=MEMORY_SAVED,
        at_least=True,
        stretch=0.34,
    )
    yield Verdict(
        what=f"{data}: throughput, skip-free over unbuffered",
        value=speed_up(free, unbuffered),
        bar=SPEED_UP[data],
        at_least=True,
    )
    if unbuffered.expected_interval is not None:
        yield Verdict(
            what=f"{data}, unbuffered: interval apart from {_worst(unbuffered)}",
            value=abs(unbuffered.run.interval / unbuffered.expected_interval - 1),
            bar=0.05,
            at_least=False,
        )


def _worst(unbuffered: MachineRow) -> str:
    """By which formula a machine is judged."""
    hold = unbuffered.hold
    if hold is None:
        return "that of its worst block"
    also = "" if hold.formula == FULL_HOLD else f"; {FULL_HOLD} = {hold.full_ratio:.4g} at most"
    return (
        f"that of its worst block, W = {hold.width} and stride {hold.stride}: "
        f"{hold.formula} = {hold.ratio:.4g} bounds{also}"
    )


def _depths(found: Balanced) -> Iterator[Verdict]:
    where = f"digits at {found.bound:,} cycles"
    yield Verdict(
        what=f"{where}: frame interval with computed depths of skips over that without a limit",
        value=found.computed / found.unbounded,
        bar=1.0,
        at_least=False,
    )
    full_rate = [
        name
        for name, interval in found.less.items()
        if interval is not None and interval <= found.computed
    ]
    yield Verdict(
        what=f"{where}: of {len(found.less)} queues, those that one beat less does not slow",
        value=len(full_rate),
        bar=0,
        at_least=False,
    )


def _costs(costs: Costs) -> Iterator[Verdict]:
    free, buffered = costs.machine("skip-free"), costs.machine("buffered")
    yield Verdict(
        what=f"{costs.data}: logic area, skip-free over buffered",
        value=free.logic_mm2 / buffered.logic_mm2 if free and buffered else None,
        bar=1.0,
        at_least=False,
    )
    powers = [row.power for row in costs.machines if row.power is not None]
    if powers:
        yield Verdict(
            what=f"{costs.data}: logits unlike the golden model's, with units as gates",
            value=sum(power.mismatches for power in powers),
            bar=0,
            at_least=False,
        )


def _small(report: CnnReport) -> Iterator[Verdict]:
    if report.small is not None:
        yield Verdict(
            what=f"ResNet8 geometry: frames/s at {report.small.clock_mhz} MHz a multiplier",
            value=report.small.frames_per_multiplier,
            bar=14.0,
            at_least=True,
        )
