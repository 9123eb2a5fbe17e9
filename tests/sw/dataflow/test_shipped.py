"""The networks that ship and their machines."""

import json

import pytest

from sw.dataflow.shipped import MACHINES, SHIPPED, compile_for
from sw.students.study import STUDIES
from sw.weights import FOLDER


def test_names():
    assert [*SHIPPED] == ["digits", "resnet33-cifar10"]
    assert all(shipped.data in STUDIES for shipped in SHIPPED.values())


@pytest.mark.parametrize("machine", MACHINES)
def test_machines(machine):
    """Each has skips, or none, as its name says; the shipped interval is kept to."""
    shipped = SHIPPED["digits"]
    graph = shipped.graph(residual=MACHINES[machine].residual)
    config = compile_for(machine, graph, interval=shipped.interval).config
    assert config.bound == shipped.interval
    kinds = {skip.kind for skip in config.skips}
    assert kinds == ({MACHINES[machine].skips} if machine != "skip-free" else set())


def test_a_budget():
    graph = SHIPPED["digits"].graph(residual=False)
    config = compile_for("skip-free", graph, multipliers=82).config
    assert sum(node.unit.multipliers for node in config.nodes) <= 82


def test_accuracies_are_those_of_their_files():
    digits = SHIPPED["digits"]
    found = json.loads((FOLDER / "cnn_digits_skipfree.json").read_text())
    assert digits.accuracy(residual=False) == found["test_integers"] >= 0.97
