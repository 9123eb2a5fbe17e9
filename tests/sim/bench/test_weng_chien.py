"""The figures that Kiln carries are those of the reference tables."""

import csv

import pytest

from sim.bench.weng_chien import (
    ACCURACY,
    COLLAPSED,
    COST,
    COST_OF_CPU,
    CPU_US,
    EIE_US,
    Cost,
    estimate_us,
)


def table(shared_dir, name):
    path = shared_dir / "reference" / f"weng_chien_{name}.csv"
    if not path.is_file():
        pytest.skip(f"no {path.name} in the reference tables")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_times(shared_dir):
    eie, cpu = {}, {}
    for row in table(shared_dir, "latency"):
        key = row["model"], int(row["sparsity_percent"])
        cpu[key] = float(row["cpu_i7_8700_us"])
        columns = {n_pe: row[f"pe{n_pe}_us"] for n_pe in COST}
        eie[key] = {n_pe: float(us) for n_pe, us in columns.items() if us}
    assert eie == EIE_US and cpu == CPU_US


def test_accuracy(shared_dir):
    rows = table(shared_dir, "accuracy")
    keys = [(row["model"], int(row["sparsity_percent"])) for row in rows]
    percent = [float(row["accuracy_percent"]) for row in rows]
    assert dict(zip(keys, percent, strict=True)) == pytest.approx(
        {key: 100 * share for key, share in ACCURACY.items()}
    )
    assert {key for key, row in zip(keys, rows, strict=True) if row["note"]} == COLLAPSED


def test_cost(shared_dir):
    rows = {row.pop("quantity"): row for row in table(shared_dir, "cost")}
    columns = [rows[name] for name in ("peak_throughput_GOPS", "area_mm2", "power_W")]
    costs = {where: Cost(*(float(row[where]) for row in columns)) for where in columns[0]}
    assert costs.pop("cpu_i7_8700") == COST_OF_CPU
    assert costs == {f"pe{n_pe}": cost for n_pe, cost in COST.items()}


def test_estimate_only_where_there_is_one():
    assert estimate_us("precise_linear", 98, 32) == 2.01
    assert estimate_us("precise_linear", 98, 64) is None
    assert estimate_us("linnos", None, 32) is None
