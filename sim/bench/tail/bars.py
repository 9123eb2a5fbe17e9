"""What the benchmark of fast reject must reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..verdicts import Verdict
from .results import PredictorRow, ReplayRow, TailReport
from .sources import GENERATED

__all__ = ["OWN", "beaten", "verdicts"]

OWN = "kiln"
"""The predictor that bars are about."""


def verdicts(report: TailReport) -> list[Verdict]:
    """All bars that what was measured has a say about."""
    return [*_predictors(report), *_tails(report), *_rest(report)]


def _predictors(report: TailReport) -> Iterator[Verdict]:
    rows = [row for row in report.predictors if row.labels == "p85"]
    files = [row for row in rows if row.source != GENERATED and row.predictor == OWN]
    if files:
        first, *others = files
        what = f"AUC of {OWN} on {first.source}, golden model"
        yield Verdict(what=what, value=first.golden.auc, bar=0.80, at_least=True)
        if others:
            mean = sum(row.golden.auc for row in others) / len(others)
            what = f"mean AUC of {OWN} on the {len(others)} other traces, golden model"
            yield Verdict(what=what, value=mean, bar=0.70, at_least=True)
    loss = max((row.float32.auc - row.golden.auc for row in rows), default=0.0)
    yield Verdict(
        what="largest loss of AUC from float to the golden model",
        value=loss,
        bar=0.01,
        at_least=False,
    )
    wrong = sum(row.mismatches for row in report.predictors)
    wrong += sum(row.mismatches for row in report.machines)
    yield Verdict(what="reads on the RTL unlike golden", value=wrong, bar=0, at_least=False)
    whole = max((row.rtl_rows / row.rows for row in rows if row.predictor == OWN), default=0.0)
    yield Verdict(
        what="largest share of a test half on the RTL", value=whole, bar=1.0, at_least=True
    )


def _tails(report: TailReport) -> Iterator[Verdict]:
    files = [source.name for source in report.sources if source.name != GENERATED]
    for source in (GENERATED, *files[:1]):
        rows = [row for row in report.replays if row.source == source]
        none, hedged, reject = (_find(rows, name) for name in ("none", "hedged", "fast reject"))
        if none is None or hedged is None or reject is None:
            continue
        for name, value, bar in (
            ("p95, fast reject over no policy", reject.p95_us, none.p95_us),
            ("p99, fast reject over no policy", reject.p99_us, none.p99_us),
            ("p99, fast reject over hedged", reject.p99_us, hedged.p99_us),
        ):
            yield Verdict(what=f"{source}: {name}", value=value / bar, bar=1.0, at_least=False)


def _find(rows: Sequence[ReplayRow], policy: str) -> ReplayRow | None:
    """The row of a policy; of fast reject, that of the own predictor on the array."""
    for row in rows:
        on_array = row.predictor == OWN and str(row.server).startswith("EIE")
        if row.policy == policy and (policy != "fast reject" or on_array):
            return row
    return None


def _rest(report: TailReport) -> Iterator[Verdict]:
    if report.pretrained is not None:
        what = f"{report.pretrained.name}: decided on the RTL as in float"
        yield Verdict(what=what, value=report.pretrained.agreement, bar=0.995, at_least=True)
    if report.ingest is not None:
        rows = f"{report.ingest.rows:,} rows to features"
        yield Verdict(what=f"{rows}, s", value=report.ingest.seconds, bar=60, at_least=False)
        peak = report.ingest.peak_bytes / 1e9
        yield Verdict(what=f"{rows}, GB at most", value=peak, bar=2, at_least=False)


def beaten(rows: Sequence[PredictorRow]) -> list[str]:
    """Traces on which another predictor has the larger area than the own one."""
    found = []
    for row in rows:
        if row.predictor == OWN and row.labels == "p85":
            rivals = [other for other in rows if other.source == row.source]
            best = max((r for r in rivals if r.labels == "p85"), key=lambda r: r.golden.auc)
            if best is not row:
                found.append(f"{row.source} ({best.predictor} {best.golden.auc:.3f})")
    return found
