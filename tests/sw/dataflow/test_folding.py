"""Folding against all foldings there are: fewest multipliers, shortest interval."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.cnn.config import AddConfig, AveragePoolConfig, ConvConfig, MaxPoolConfig, Number
from sw.dataflow.folding import fold_for_budget, fold_for_interval, multipliers
from sw.dataflow.layers import DataflowError, Layer

CONVS = [
    ConvConfig(1, 6, 4, 4),
    ConvConfig(6, 4, 4, 4, stride=2),
    ConvConfig(4, 12, 2, 2, kernel=1),
    ConvConfig(2, 12, 2, 2, kernel=1, scaled=True),
    ConvConfig(1, 16, 3, 3, scaled=True, output=Number.S16),
    ConvConfig(8, 10, 1, 1, kernel=1, output=Number.S32),
]
POOLS = [
    AddConfig(6, 2, 2),
    AveragePoolConfig(4, 4, 4),
    MaxPoolConfig(12, 6, 6, size=3),
]


def divisors(number):
    return [k for k in range(1, number + 1) if number % k == 0]


def foldings(unit):
    """All of a unit."""
    if not isinstance(unit, ConvConfig):
        return [replace(unit, lanes=lanes) for lanes in divisors(unit.channels)]
    return [
        replace(unit, simd=simd, pe=pe, lanes=lanes)
        for simd, pe in product(divisors(unit.inputs), divisors(unit.outputs))
        for lanes in divisors(pe)
    ]


def within(unit, interval):
    """Those that take at most that many cycles."""
    return [each for each in foldings(unit) if each.cycles <= interval]


def layer(unit, name="layer"):
    return Layer(name, ("input",), unit)


def folded(unit, interval):
    (found,) = fold_for_interval([layer(unit)], interval)
    return found


def sizes(unit):
    """A unit without its folding."""
    return replace(unit, lanes=1, **({"simd": 1, "pe": 1} if isinstance(unit, ConvConfig) else {}))


@pytest.mark.parametrize("unit", CONVS + POOLS, ids=str)
def test_fewest_multipliers_for_every_interval(unit):
    cycles = {each.cycles for each in foldings(unit)}
    for interval in sorted(cycles | {each - 1 for each in cycles} | {each + 1 for each in cycles}):
        possible = within(unit, interval)
        if not possible:
            continue
        found = folded(unit, interval)
        assert found in possible
        assert found.multipliers == min(each.multipliers for each in possible), interval
        # With what is multiplied so, no fewer lanes would do.
        alike = [each for each in possible if replace(each, lanes=1) == replace(found, lanes=1)]
        assert found.lanes == min(each.lanes for each in alike), interval


@pytest.mark.parametrize(
    "unit, interval, folding",
    [
        (ConvConfig(8, 8, 2, 2), 4 * 9 * 16, (2, 2)),
        (ConvConfig(8, 8, 2, 2), 4 * 9 * 8, (4, 2)),  # of two as square the one of the wider simd
        (ConvConfig(8, 8, 2, 2), 4 * 9 * 32, (2, 1)),
        (ConvConfig(1, 8, 2, 2), 4 * 9 * 2, (1, 4)),
        (ConvConfig(8, 1, 2, 2), 4 * 9 * 2, (4, 1)),
        (ConvConfig(6, 6, 2, 2), 4 * 9 * 6, (3, 2)),
    ],
)
def test_squarest_of_as_many(unit, interval, folding):
    found = folded(unit, interval)
    assert (found.simd, found.pe) == folding


@pytest.mark.parametrize(
    "unit, interval, lanes",
    [
        # Nine cycles for each of the sums: as many lanes as let them leave in that time.
        (ConvConfig(1, 8, 2, 2), 4 * 9, 1),
        (ConvConfig(1, 20, 2, 2), 4 * 9, 4),
        (ConvConfig(1, 20, 2, 2), 4 * 10, 2),
        (ConvConfig(4, 8, 2, 2, kernel=1), 4 * 1, 8),
        (ConvConfig(4, 8, 2, 2, kernel=1), 4 * 2, 4),
        (AddConfig(6, 2, 2), 24, 1),
        (AddConfig(6, 2, 2), 23, 2),
        (AddConfig(6, 2, 2), 8, 3),
        (AddConfig(6, 2, 2), 4, 6),
        (MaxPoolConfig(4, 4, 4), 32, 2),
    ],
)
def test_fewest_lanes(unit, interval, lanes):
    assert folded(unit, interval).lanes == lanes


@pytest.mark.parametrize(
    "unit, interval, shortest",
    [
        (ConvConfig(4, 4, 4, 4), 143, "144"),
        (ConvConfig(2, 2, 64, 64), 3, "36,864"),
        (AddConfig(6, 2, 2), 3, "4"),
        (AveragePoolConfig(2, 4, 4), 15, "16"),
        (MaxPoolConfig(2, 4, 4), 15, "16"),
    ],
)
def test_refusals_name_the_layer(unit, interval, shortest):
    quick = layer(ConvConfig(1, 1, 1, 1, kernel=1), "quick")
    with pytest.raises(DataflowError) as caught:
        fold_for_interval([quick, layer(unit, "slow"), quick], interval)
    assert str(caught.value) == (
        f"slow: no folding takes at most {interval:,} cycles; the shortest is {shortest}"
    )


def shortest(layers, budget):
    """Of all foldings of all layers within the budget, the shortest interval."""
    reached = None
    for interval in sorted({each.cycles for one in layers for each in foldings(one.unit)}):
        options = [[each.multipliers for each in within(one.unit, interval)] for one in layers]
        if all(options) and sum(min(each) for each in options) <= budget:
            reached = interval
            break
    return reached


SMALL = [
    [CONVS[0], POOLS[0], CONVS[5]],
    [CONVS[1], CONVS[3], CONVS[5]],
    [CONVS[4], POOLS[1], CONVS[3], CONVS[2]],
]


@pytest.mark.parametrize("units", SMALL, ids=range(len(SMALL)))
def test_shortest_interval_within_a_budget(units):
    layers = [layer(unit, f"layer{k}") for k, unit in enumerate(units)]
    least = multipliers([one.unit for one in layers])
    for budget in [*range(least, least + 60), 10_000]:
        found = fold_for_budget(layers, budget)
        assert [sizes(each) for each in found] == units
        assert multipliers(found) <= budget
        interval = shortest(layers, budget)
        assert max(each.cycles for each in found) == interval, budget
        assert found == fold_for_interval(layers, interval)


def test_no_interval_shorter_than_is_of_use():
    """Multipliers beyond what the image's bytes let be busy are left out."""
    layers = [layer(unit, f"layer{k}") for k, unit in enumerate(SMALL[0])]
    found = fold_for_budget(layers, 1000, 400)
    assert found == fold_for_interval(layers, 400)
    assert multipliers(found) < multipliers(fold_for_budget(layers, 1000))


def test_a_budget_too_small():
    layers = [layer(CONVS[0], "a"), layer(POOLS[0], "b"), layer(CONVS[5], "c")]
    with pytest.raises(DataflowError) as caught:
        fold_for_budget(layers, 1)
    assert str(caught.value) == (
        "1 multipliers are too few: each convolution and linear layer takes at least one, which "
        "makes 2"
    )
    assert multipliers(fold_for_budget(layers, 2)) == 2


@st.composite
def convs(draw):
    kernel = draw(st.sampled_from([1, 3]))
    return ConvConfig(
        draw(st.integers(1, 12)),
        draw(st.integers(1, 12)),
        *(draw(st.sampled_from([2, 4, 6])) for _ in range(2)),
        kernel,
        draw(st.sampled_from([1, 2])) if kernel == 3 else 1,
        scaled=draw(st.booleans()),
    )


@given(convs(), st.integers(1, 40_000))
def test_any_convolution(unit, interval):
    possible = within(unit, interval)
    if not possible:
        with pytest.raises(DataflowError):
            folded(unit, interval)
        return
    found = folded(unit, interval)
    assert sizes(found) == unit and found in possible
    assert found.multipliers == min(each.multipliers for each in possible)


@given(st.lists(convs(), min_size=1, max_size=3), st.integers(0, 100))
def test_any_budget(units, more):
    layers = [layer(unit, f"layer{k}") for k, unit in enumerate(units)]
    budget = multipliers(units) + more
    found = fold_for_budget(layers, budget)
    assert multipliers(found) <= budget
    assert max(each.cycles for each in found) == shortest(layers, budget)
