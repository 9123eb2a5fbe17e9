import pytest

from sim.bench.tail.bars import beaten, verdicts
from sim.bench.tail.results import (
    Ingest,
    MachineRow,
    PredictorRow,
    Pretrained,
    Quality,
    ReplayRow,
    Source,
    TailReport,
)


def source(name):
    shares = dict.fromkeys(("slow_train", "slow_test", "busy_train", "busy_test"), 0.15)
    return Source(name=name, ios=100, reads=0.8, iops=1e3, threshold_us=100, **shares)


def predictor(source, name="kiln", auc=0.9, lost=0.0, rtl_rows=80, mismatches=0):
    def area(value):
        return Quality(auc=value, accuracy=0.8, false_reject_rate=0.1, false_accept_rate=0.2)

    return PredictorRow(
        source=source,
        predictor=name,
        labels="p85",
        widths=[29, 64, 16, 1],
        weights=2896,
        stored=500,
        epochs=9,
        rows=80,
        float32=area(auc + lost),
        compressed=area(auc),
        golden=area(auc),
        rtl=area(auc),
        rtl_rows=rtl_rows,
        mismatches=mismatches,
    )


def replayed(source, policy, p95, p99, **facts):
    rest = {"reads": 80, "mean_us": 60, "p50_us": 50, "p999_us": 900, "rejects": 0}
    return ReplayRow(
        source=source, policy=policy, p95_us=p95, p99_us=p99, extra_load=0, **rest | facts
    )


@pytest.fixture
def report():
    own = {"predictor": "kiln", "server": "EIE wide8", "inference_us": 0.2}
    replays = []
    for name in ("generated", "first"):
        replays += [
            replayed(name, "none", 200, 400),
            replayed(name, "hedged", 210, 300),
            replayed(name, "fast reject", 150, 500, predictor="linnos", server="EIE wide8"),
            replayed(name, "fast reject", 120, 200, **own),
            replayed(name, "fast reject", 900, 900, **own | {"server": "CPU, ONNX Runtime"}),
        ]
    return TailReport(
        date="2026-01-01",
        command="kiln bench tail",
        replicas=3,
        link_us=1,
        redirect_us=10,
        machine="wide8",
        sources=[source("generated"), source("first"), source("second"), source("third")],
        predictors=[
            predictor("generated"),
            predictor("first", auc=0.85),
            predictor("second", auc=0.72),
            predictor("third", auc=0.70),
            predictor("third", "heimdall", auc=0.71),
        ],
        machines=[
            MachineRow(
                source="generated",
                predictor="kiln",
                machine="wide8",
                requests=200,
                mismatches=0,
                cycles_mean=90,
                cycles_max=90,
                load_cycles=20,
                readback_cycles=10,
            )
        ],
        replays=replays,
        pretrained=Pretrained(name="foreign", rows=1000, mismatches=0, agreement=0.996),
        ingest=Ingest(rows=10**6, seconds=8, peak_bytes=10**9),
    )


def failed(report):
    return [verdict.what for verdict in verdicts(report) if not verdict.passed]


def test_all_met(report):
    assert not failed(report)
    values = {verdict.what: verdict.value for verdict in verdicts(report)}
    assert values["AUC of kiln on first, golden model"] == 0.85
    assert values["mean AUC of kiln on the 2 other traces, golden model"] == pytest.approx(0.71)
    assert values["generated: p99, fast reject over hedged"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda r: r.predictors.__setitem__(1, predictor("first", auc=0.79)), "AUC of kiln"),
        (lambda r: r.predictors.__setitem__(2, predictor("second", auc=0.6)), "mean AUC"),
        (lambda r: r.predictors.__setitem__(0, predictor("generated", lost=0.02)), "loss of AUC"),
        (lambda r: r.predictors.__setitem__(3, predictor("third", mismatches=1)), "unlike golden"),
        (lambda r: setattr(r.machines[0], "mismatches", 1), "unlike golden"),
        (lambda r: [setattr(p, "rtl_rows", 79) for p in r.predictors], "share of a test half"),
        (lambda r: setattr(r.replays[3], "p95_us", 201), "generated: p95"),
        (lambda r: setattr(r.replays[8], "p99_us", 401), "first: p99, fast reject over no policy"),
        (lambda r: setattr(r.replays[8], "p99_us", 301), "first: p99, fast reject over hedged"),
        (lambda r: setattr(r.pretrained, "agreement", 0.99), "as in float"),
        (lambda r: setattr(r.ingest, "seconds", 61), "features, s"),
        (lambda r: setattr(r.ingest, "peak_bytes", 3 * 10**9), "GB"),
    ],
)
def test_one_missed(report, change, what):
    change(report)
    assert any(what in name for name in failed(report)), failed(report)


def test_where_another_predictor_is_better(report):
    assert beaten(report.predictors) == ["third (heimdall 0.710)"]
