"""Measures how deep queues of skips must be: all of them cut, and one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil

from sw.dataflow.compile import Compiled, compile_network

from .few import few_frames
from .results import Balanced, DepthPoint
from .subject import Subject

__all__ = ["balanced_depths", "depth_points"]

_UNBOUNDED = 4
"""Times the deepest queue: more than any queue of the network ever holds."""

_Say = Callable[[str], object]
_Progress = Callable[[int], object]


def depth_points(
    subject: Subject, shares: Sequence[float], say: _Say, progress: _Progress
) -> list[DepthPoint]:
    """All queues cut to each share of their depths, and by one beat, by the share that is left."""
    compiled = compile_network(subject.residual, interval=subject.interval)
    full = _depths(compiled)

    def point(share: float, depths: list[int], less: bool = False) -> DepthPoint:
        words = "one beat less in each skip" if less else f"skips of {share:g} of their depths"
        say(f"{subject.name}: {words}")
        return DepthPoint(
            share=share,
            less=less,
            depths=dict(zip(_names(compiled), depths, strict=True)),
            interval=_interval(subject, compiled, depths, progress),
        )

    points = [point(share, [max(2, ceil(share * depth)) for depth in full]) for share in shares]
    points.append(point(1 - len(full) / sum(full), [depth - 1 for depth in full], less=True))
    return sorted(points, key=lambda found: found.share)


def balanced_depths(subject: Subject, interval: int, say: _Say, progress: _Progress) -> Balanced:
    """Each queue by itself, with every convolution at the rate of the slowest."""
    compiled = compile_network(subject.residual, interval=interval)
    full = _depths(compiled)

    def measured(what: str, depths: list[int]) -> float | None:
        say(f"{subject.name} at {interval:,} cycles: {what}")
        return _interval(subject, compiled, depths, progress)

    def flows(what: str, depths: list[int]) -> float:
        found = measured(what, depths)
        if found is None:
            raise RuntimeError(f"{subject.name} at {interval:,} cycles stood still with {what}")
        return found

    return Balanced(
        depths=dict(zip(_names(compiled), full, strict=True)),
        bound=compiled.config.bound,
        unbounded=flows("skips without end", [_UNBOUNDED * max(full)] * len(full)),
        computed=flows("the computed depths", full),
        less={
            name: measured(
                f"one beat less after {name}",
                [depth - (place == cut) for place, depth in enumerate(full)],
            )
            for cut, name in enumerate(_names(compiled))
        },
    )


def _interval(
    subject: Subject, compiled: Compiled, depths: list[int], progress: _Progress
) -> float | None:
    skips = tuple(
        replace(skip, depth=depth)
        for skip, depth in zip(compiled.config.skips, depths, strict=True)
    )
    run = few_frames(subject, compiled, replace(compiled.config, skips=skips), progress)
    return None if run is None else run.interval


def _names(compiled: Compiled) -> list[str]:
    return [skip.source for skip in compiled.config.skips]


def _depths(compiled: Compiled) -> list[int]:
    return [skip.depth for skip in compiled.config.skips]
