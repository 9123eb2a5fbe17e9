"""
The smallest wide array on which a predictor is fast enough.

Sizes are tried on the RTL with rising numbers of multipliers (PEs times lanes), and where these are
the same, with rising area of SRAMs and queues. One whose events alone take too long is left out; of
those with as many PEs and lanes, so is what follows one that is fast enough, and what has no fewer
cycles of events than one that was not. The first number of multipliers that is enough ends the
search; of its sizes that are fast enough, synthesis finds the smallest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from hw.eie.config import EieConfig
from sim.cache import cached, content_key
from sim.synth.jobs import SynthJob
from sw.physical.sram import SramTable
from sw.physical.tables import CONSTRAINTS
from sw.weights import FOLDER

from .mittos import run_machine
from .predictors import Prepared, chosen
from .sizing import Size, sizes

__all__ = ["LATENCY_US", "NETWORK", "Candidate", "tried_sizes", "try_sizes"]

NETWORK = "precise_linear-98"
LATENCY_US = 0.6
"""What the worst case may take."""
REQUESTS = 20
_JUDGED = 100
_NEVER = 1 << 60
_SOURCES = (
    *("hw/*.py", "hw/bus/*.py", "hw/eie/**/*.py", "sim/*.py", "sim/harness/*"),
    *("sw/*.py", "sw/compress/*.py", "sw/golden/*.py", "sw/predictors/*.py"),
    *(f"sim/bench/{name}.py" for name in ("eie", "mittos", "predictors", "right_sized", "sizing")),
)

Run = Callable[[Size], tuple[float, float, int]]
"""Microseconds of the worst case and of real requests on the RTL, at most, and mismatches."""


class Candidate(BaseModel):
    """
    A size, and what is known of it.

    ``event_us`` is the least that the worst case can take; ``worst_us`` and ``real_us`` are the
    most that it took on the RTL, and that real requests took, ``None`` where it was not run;
    ``mismatches`` of ``requests`` had an output that was not the golden model's.
    """

    config: dict[str, Any]
    event_us: float
    memory_um2: float
    worst_us: float | None = None
    real_us: float | None = None
    requests: int = 0
    mismatches: int = 0

    @property
    def parameters(self) -> EieConfig:
        """The configuration itself."""
        return EieConfig(**self.config)

    @property
    def multipliers(self) -> int:
        """In all PEs."""
        return int(self.config["n_pe"] * self.config["lanes"])

    @property
    def name(self) -> str:
        """``8x8x16``: PEs, lanes, columns in a group."""
        return "x".join(str(self.config[name]) for name in ("n_pe", "lanes", "group_max"))

    @property
    def fits(self) -> bool:
        """Whether it ran, in time and with the right outputs."""
        return self.worst_us is not None and self.worst_us <= LATENCY_US and not self.mismatches

    def jobs(self, units: Sequence[str]) -> list[SynthJob]:
        """Units of it to synthesise."""
        return [SynthJob(self.name, self.parameters, unit) for unit in units]


def try_sizes(found: Sequence[Size], run: Run) -> Iterator[Candidate]:
    """Candidates of all sizes, in the order of the search; those tried on the RTL by ``run``."""
    ordered = sorted(found, key=lambda size: (_multipliers(size), size.memory_um2))
    enough = False
    for _, tier in groupby(ordered, _multipliers):
        settled: dict[
            tuple[int, int], int
        ] = {}  # by PEs and lanes, cycles from which on not to try
        tried = []
        for size in tier:
            config = size.config
            candidate = Candidate(
                config=asdict(config), event_us=size.event_us, memory_um2=size.memory_um2
            )
            shape = (config.n_pe, config.lanes)
            pointless = size.event_us > LATENCY_US or size.events >= settled.get(shape, _NEVER)
            if not enough and not pointless:
                candidate.worst_us, candidate.real_us, candidate.mismatches = run(size)
                candidate.requests = 2 * REQUESTS
                settled[shape] = 0 if candidate.fits else size.events
            tried.append(candidate)
        yield from tried
        enough |= any(candidate.fits for candidate in tried)


def _multipliers(size: Size) -> int:
    return size.config.n_pe * size.config.lanes


def tried_sizes(progress: Callable[[str], object] = lambda what: None) -> list[Candidate]:
    """The search for :data:`NETWORK`, or its result where nothing that it depends on has changed;
    ``progress`` is called with what is done next."""

    def search(folder: Path) -> None:
        (predictor,) = chosen([NETWORK])
        progress(f"laying out {NETWORK}")
        prepared = predictor.prepare(REQUESTS, _JUDGED)
        found = list(sizes(prepared.cases, SramTable.load()))
        candidates = list(try_sizes(found, lambda size: _simulate(size, prepared, progress)))
        (folder / "sizes.json").write_bytes(_CANDIDATES.dump_json(candidates, indent=1))

    folder = cached("sizes", _key(), NETWORK, search, quiet=True)
    return _CANDIDATES.validate_json((folder / "sizes.json").read_bytes())


_CANDIDATES = TypeAdapter(list[Candidate])


def _simulate(
    size: Size, prepared: Prepared, progress: Callable[[str], object]
) -> tuple[float, float, int]:
    config = size.config
    name = f"{config.n_pe} PEs with {config.lanes} lanes, {config.group_max} columns at once"
    progress(f"{NETWORK} on the RTL: {name}")
    real, worst = run_machine(name, config, [prepared])
    if real.deepened or worst.deepened:
        raise ValueError(f"{NETWORK} does not fit into what was cut for it: {name}")
    return worst.us_max, real.us_max, real.mismatches + worst.mismatches


def _key() -> str:
    """Of all that the search depends on: source code, weights, tables."""
    root = Path(__file__).parents[2]
    paths = sorted(path for pattern in _SOURCES for path in root.glob(pattern))
    texts: list[str | bytes] = []
    for path in [*paths, *sorted(FOLDER.glob("*.safetensors")), CONSTRAINTS / "sram45.csv"]:
        texts += [path.name, path.read_bytes()]
    return content_key(*texts)
