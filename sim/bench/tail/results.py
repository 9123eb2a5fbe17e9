"""What the benchmark of fast reject measures, as it is written to JSON."""

from __future__ import annotations

from pydantic import BaseModel

from sim.bench.verdicts import Verdict
from sim.cpu.results import CpuReport

__all__ = [
    "Ingest",
    "MachineRow",
    "PredictorRow",
    "Pretrained",
    "Quality",
    "ReplayRow",
    "Source",
    "SweepPoint",
    "TailReport",
]


class Source(BaseModel):
    """A trace: I/Os, share of reads, I/Os a second, the threshold of its training half
    (microseconds), and the shares of slow reads in either half by the threshold and by busy
    periods."""

    name: str
    ios: int
    reads: float
    iops: float
    threshold_us: float
    slow_train: float
    slow_test: float
    busy_train: float
    busy_test: float


class Quality(BaseModel):
    """Area under the receiver operating characteristic, and the decisions at the threshold that was
    calibrated on the training half."""

    auc: float
    accuracy: float
    false_reject_rate: float
    false_accept_rate: float


class PredictorRow(BaseModel):
    """
    A predictor on the test half of a trace, every read of it.

    ``labels`` says what it was trained on and is judged by: "p85", or "busy". ``weights`` are those
    of its shape, ``stored`` those that the array holds. ``rtl`` is of the first ``rtl_rows`` reads,
    of which ``mismatches`` have an output that is not the golden model's.
    """

    source: str
    predictor: str
    labels: str
    widths: list[int]
    weights: int
    stored: int
    epochs: int
    rows: int
    float32: Quality
    compressed: Quality
    golden: Quality
    rtl: Quality | None
    rtl_rows: int
    mismatches: int


class MachineRow(BaseModel):
    """Cycles of a predictor on a machine: from start to last result, and of the inputs' way in and
    the result's way out."""

    source: str
    predictor: str
    machine: str
    requests: int
    mismatches: int
    cycles_mean: float
    cycles_max: int
    load_cycles: int
    readback_cycles: int

    @property
    def occupied_cycles(self) -> float:
        """For which a request occupies the machine."""
        return self.cycles_mean + self.load_cycles + self.readback_cycles


class ReplayRow(BaseModel):
    """A policy on a cluster. Latencies are microseconds of reads; ``rejects`` are over reads,
    ``extra_load`` is device I/Os beyond one a request, over requests; ``accepted`` is the share of
    training reads at or below the threshold."""

    source: str
    policy: str
    predictor: str | None = None
    server: str | None = None
    inference_us: float | None = None
    accepted: float | None = None
    reads: int
    mean_us: float
    p50_us: float
    p95_us: float
    p99_us: float
    p999_us: float
    rejects: float
    extra_load: float
    utilisation: float | None = None


class SweepPoint(BaseModel):
    """Fast reject, or no policy where ``inference_us`` is None, at a rate of I/Os of each
    replica."""

    iops: float
    inference_us: float | None
    utilisation: float
    p50_us: float
    p95_us: float
    p99_us: float
    p999_us: float
    rejects: float


class Pretrained(BaseModel):
    """A network that others trained, on its own rows: RTL against golden model and float."""

    name: str
    rows: int
    mismatches: int
    agreement: float


class Ingest(BaseModel):
    """Rows read from a file and turned into all sets of features, in seconds and peak bytes of a
    process of its own."""

    rows: int
    seconds: float
    peak_bytes: int


class TailReport(BaseModel):
    """Everything that ``kiln bench tail`` measured."""

    date: str
    command: str
    replicas: int
    link_us: float
    redirect_us: float
    machine: str
    sources: list[Source] = []
    predictors: list[PredictorRow] = []
    machines: list[MachineRow] = []
    cpu: CpuReport | None = None
    replays: list[ReplayRow] = []
    sweep: list[SweepPoint] = []
    pretrained: Pretrained | None = None
    ingest: Ingest | None = None
    verdicts: list[Verdict] = []
