"""What the benchmarks of EIE report, as it is in the JSON files, and the bars that it must meet."""

from __future__ import annotations

from dataclasses import asdict
from math import exp, log
from statistics import fmean
from typing import Any

from pydantic import BaseModel, computed_field

from hw.eie.config import EieConfig

from .activity import Activity
from .layers import LAYERS

__all__ = ["BARS", "Bars", "EieReport", "LayerResult", "PresetResult", "SweepPoint"]


class Bars(BaseModel):
    """How far a preset may be from the event count, by layer; the range in which the geometric mean
    of its times over the paper's has to lie; and the most that this may be of any layer."""

    event_deviation: float
    ratio_low: float
    ratio_high: float
    layer_ratio: float | None = None


BARS = {
    "paper64": Bars(event_deviation=0.15, ratio_low=0.85, ratio_high=1.10),
    "wide64": Bars(event_deviation=0.15, ratio_low=0.0, ratio_high=1 / 5.0, layer_ratio=1 / 3.5),
}
"""The machine of the paper must agree with the paper, and the wide one be several times faster; of
others nothing is known beforehand."""


class LayerResult(BaseModel):
    """
    What was measured of a layer.

    Parameters
    ----------
    requests, compared, mismatches : int
        Inputs timed; inputs of which every output was compared with the golden model; those of
        which any output differed.
    saturated, positive : float
        Shares of the golden model's outputs.
    cycles_mean, cycles_max, us_mean, us_max : float
        Of all requests, from start command to last result, at ``clock_mhz``.
    theoretical_us, actual_us, ratio : float
        The paper's times, and ``us_mean`` over its actual one.
    event_cycles, event_deviation : float
        The independent event count, and by what share of it the RTL differs; means of the same
        ``counted`` inputs.
    load_balance, utilisation, padding_share : float
        From the performance counters of ``counted`` inputs: share of a PE's cycles outside of
        biases, codebook and drain in which it has a column to work on; share of all cycles spent
        on entries; share of entries that only bridge zeros.
    groups : list of int
        Columns that were broadcast together, in any of its passes.
    activity : Activity
        Events that cost energy, mean of ``counted`` inputs.
    load_cycles, readback_cycles : float
        Cycles in which inputs come in over AXI4-Stream; in which results leave, register accesses
        included.
    batches, reload_cycles : int
        Programs that the layer takes; where they are several, cycles of loading all of them once
        more, as every inference needs, but for the sparse matrix where that stays.
    repeat_difference : int
        See :mod:`sim.bench.eie`; 0 for a layer of one program.
    """

    layer: str
    inputs: int
    outputs: int
    weight_density: float
    activation_density: float
    clock_mhz: int
    requests: int
    compared: int
    mismatches: int
    saturated: float
    positive: float
    cycles_mean: float
    cycles_max: int
    us_mean: float
    us_max: float
    theoretical_us: float
    actual_us: float
    ratio: float
    counted: int
    event_cycles: float
    event_deviation: float
    load_balance: float
    utilisation: float
    padding_share: float
    groups: list[int]
    activity: Activity
    load_cycles: int
    readback_cycles: int
    batches: int
    reload_cycles: int
    repeat_difference: int

    def within(self, bars: Bars | None) -> bool:
        """Whether all outputs are equal, cycles near the event count, and time below its bar."""
        if bars is None:
            return not self.mismatches
        near = abs(self.event_deviation) <= bars.event_deviation
        fast = bars.layer_ratio is None or self.ratio <= bars.layer_ratio
        return near and fast and not self.mismatches


class PresetResult(BaseModel):
    """All layers on one preset, whose parameters are ``config``."""

    preset: str
    config: dict[str, Any]
    layers: list[LayerResult]
    bars: Bars | None

    @classmethod
    def of(
        cls, preset: str, config: EieConfig, layers: list[LayerResult], bars: Bars | None
    ) -> PresetResult:
        """Layers measured on that configuration."""
        return cls(preset=preset, config=asdict(config), layers=layers, bars=bars)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ratio(self) -> float:
        """Geometric mean of our times over the paper's."""
        return exp(fmean(log(layer.ratio) for layer in self.layers))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def passed(self) -> bool:
        """Whether outputs are equal and the bars met; that of the mean is for all nine layers."""
        return self.mean_within and all(layer.within(self.bars) for layer in self.layers)

    @property
    def mean_within(self) -> bool:
        """Whether the geometric mean is in its range, as far as there is one."""
        bars = self.bars
        if bars is None or len(self.layers) < len(LAYERS):
            return True
        return bars.ratio_low <= self.ratio <= bars.ratio_high


class SweepPoint(BaseModel):
    """
    A layer at one queue depth or number of PEs: mean of ``inputs`` inputs.

    ``compared`` says whether the outputs were compared with the golden model; ``mismatches`` of
    them differed.
    """

    layer: str
    n_pe: int
    queue_depth: int
    inputs: int
    cycles: float
    load_balance: float
    padding_share: float
    compared: bool
    mismatches: int


class EieReport(BaseModel):
    """A run of the benchmark: when, by which command, and what it gave."""

    date: str
    command: str
    presets: list[PresetResult]
    queue_depths: list[SweepPoint] = []
    pe_counts: list[SweepPoint] = []
