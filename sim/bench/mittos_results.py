"""What the MittOS benchmark reports, as it is in the JSON file, and the bars that it must meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, computed_field

from sim.verification import Quality

__all__ = ["CaseFacts", "CaseName", "MittosReport", "NetworkFacts", "Row", "Verdict"]

CaseName = Literal["real", "worst"]


class CaseFacts(BaseModel):
    """
    A case in the golden model, with the inputs that the RTL has too.

    ``layer_density`` is the share of each layer's inputs that are not zero, ``all_nonzero`` the
    number of requests in which none is, in any layer; ``same_masks`` says whether the weights are
    where the predictor has them.
    """

    case: CaseName
    requests: int
    layer_density: list[float]
    all_nonzero: int
    same_masks: bool

    @property
    def valid(self) -> bool:
        """Whether the worst case is that of this predictor, in every request."""
        slow = self.case == "real" or self.all_nonzero == self.requests
        return slow and self.same_masks


class NetworkFacts(BaseModel):
    """
    A predictor without its RTL.

    ``quality`` is of float and golden model on ``judged`` requests, empty where the weights are
    drawn; ``agreement`` the share of these decided alike by the two. ``weights`` are those not
    zero. What starts with ``paper``, and ``cpu_us``, is of :mod:`sim.bench.weng_chien`.
    """

    name: str
    network: str
    sparsity: int | None
    sizes: list[int]
    weights: int
    judged: int
    quality: dict[str, Quality]
    agreement: float
    paper_accuracy: float | None
    paper_collapsed: bool
    cpu_us: float | None
    cases: list[CaseFacts]


class Row(BaseModel):
    """
    A case of a predictor on a machine, measured on the RTL.

    Parameters
    ----------
    network, machine, case : str
    deepened : dict
        Memories that were deepened so that the network fits, with their depth.
    requests, mismatches : int
        Inputs timed, all of which were compared with the golden model; those of which any output
        differed.
    cycles_mean, cycles_max, us_mean, us_max : float
        From start command to last result.
    load_cycles, readback_cycles : int
        Cycles in which inputs come in over AXI4-Stream; in which results leave, register accesses
        included.
    columns : int
        Inputs of all layers, as laid out: without neurons that are constant or not read.
    entries, padding : int
        Stored in all PEs; those of them that only bridge zeros.
    utilisation : float
        Share of the lanes' cycles spent on entries, by the performance counters of ``counted``
        inputs.
    quality : Quality, optional
        Of the RTL's decisions on these requests.
    estimate_us : float, optional
        What Weng and Chien estimate for as many PEs, of lanes 1.
    """

    network: str
    machine: str
    case: CaseName
    n_pe: int
    lanes: int
    group_max: int
    deepened: dict[str, int]
    requests: int
    mismatches: int
    cycles_mean: float
    cycles_max: int
    us_mean: float
    us_max: float
    load_cycles: int
    readback_cycles: int
    columns: int
    entries: int
    padding: int
    counted: int
    utilisation: float
    quality: Quality | None
    estimate_us: float | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def padding_share(self) -> float:
        """Share of stored entries that only bridge zeros."""
        return self.padding / self.entries

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ratio(self) -> float | None:
        """``us_mean`` over the estimate."""
        return None if self.estimate_us is None else self.us_mean / self.estimate_us


class Verdict(BaseModel):
    """A bar, what was measured, and whether it is met; ``stretched`` is of the goal beyond it."""

    what: str
    measured: float
    bar: str
    passed: bool
    stretch: str | None = None
    stretched: bool | None = None


_TIME_BARS = (
    ("precise_linear-98", "wide32", 0.45, 0.30),
    ("precise_linear-98", "wide8", 0.75, 0.45),
    ("linnos", "wide32", 0.15, 0.10),
)
"""Network, machine, and the most microseconds that its worst case may take; the goal beyond."""
_QUALITY_BARS = (("good_custom-95", 0.97, 0.70),)
"""Network, and the least accuracy and EBUSY recall of its golden model."""


class MittosReport(BaseModel):
    """A run of the benchmark: when, by which command, and what it gave."""

    date: str
    command: str
    clock_mhz: int
    seed: int
    networks: list[NetworkFacts] = []
    rows: list[Row] = []

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdicts(self) -> list[Verdict]:
        """The bars of all that was run."""
        return [*_times(self.rows), *_qualities(self.networks), *_equality(self)]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def passed(self) -> bool:
        """Whether all of them are met."""
        return all(verdict.passed for verdict in self.verdicts)

    def of(self, network: str, case: CaseName) -> list[Row]:
        """Rows of a network and case."""
        return [row for row in self.rows if row.network == network and row.case == case]


def _times(rows: Sequence[Row]) -> list[Verdict]:
    measured = {(row.network, row.machine): row.us_max for row in rows if row.case == "worst"}
    return [
        Verdict(
            what=f"{network}, worst case on {machine}, us at most",
            measured=measured[network, machine],
            bar=f"<= {bar:.2f}",
            passed=measured[network, machine] <= bar,
            stretch=f"<= {stretch:.2f}",
            stretched=measured[network, machine] <= stretch,
        )
        for network, machine, bar, stretch in _TIME_BARS
        if (network, machine) in measured
    ]


def _qualities(networks: Sequence[NetworkFacts]) -> list[Verdict]:
    golden = {facts.name: facts.quality.get("golden") for facts in networks}
    verdicts = []
    for network, accuracy, recall in _QUALITY_BARS:
        if quality := golden.get(network):
            for what, value, bar in (
                ("accuracy", quality.accuracy, accuracy),
                ("EBUSY recall", quality.recall, recall),
            ):
                verdicts.append(
                    Verdict(
                        what=f"{network}, {what} of the golden model",
                        measured=value,
                        bar=f">= {bar:.2f}",
                        passed=value >= bar,
                    )
                )
    return verdicts


def _equality(report: MittosReport) -> list[Verdict]:
    wrong = sum(row.mismatches for row in report.rows)
    invalid = sum(not case.valid for facts in report.networks for case in facts.cases)
    return [
        Verdict(
            what=f"requests of {sum(row.requests for row in report.rows):,} with any output other "
            "than the golden model's",
            measured=wrong,
            bar="0",
            passed=wrong == 0,
        ),
        Verdict(
            what="cases with other weights, or worst ones with a zero activation",
            measured=invalid,
            bar="0",
            passed=invalid == 0,
        ),
    ]
