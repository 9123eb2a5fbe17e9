"""Logits and class as packets."""

import pytest

from hw.cnn.results import Results
from sim.runner import run_bench
from tests.hw.bank import Bank
from tests.hw.cnn.words import AxiWords

UNITS = {f"classes_{count}": count for count in (1, 2, 3, 4, 9)}


@pytest.mark.rtl
def test_results():
    bank = Bank(**{name: AxiWords(Results(count)) for name, count in UNITS.items()})
    run_bench(bank, __file__, parameters={"units": UNITS})


@pytest.mark.parametrize("classes", [0, -1, "10", None])
def test_refusals(classes):
    with pytest.raises(ValueError) as caught:
        Results(classes)
    assert str(caught.value) == f"classes must be a positive integer, not {classes!r}"
