"""Stall profiles."""

from itertools import groupby

import pytest

from sim.stalls import PROFILES, Stalls

SHARE = {"never": (0, 0), "light": (0.07, 0.13), "heavy": (0.62, 0.71), "bursty": (0.4, 0.6)}


def sequence(profile, seed, count=5000):
    stalls = Stalls(profile, seed)
    return [stalls.stalled() for _ in range(count)]


@pytest.mark.parametrize("profile", PROFILES)
def test_share(profile):
    low, high = SHARE[profile]
    assert low <= sum(sequence(profile, 1)) / 5000 <= high


def test_probability():
    assert 0.22 < sum(sequence(0.25, 3)) / 5000 < 0.28
    assert not any(sequence(0.0, 3))


@pytest.mark.parametrize("profile", [*PROFILES[1:], 0.5])
def test_seeds(profile):
    assert sequence(profile, 1) == sequence(profile, 1)
    assert sequence(profile, 1) != sequence(profile, 2)


def test_bursts_are_long():
    runs = [len(list(run)) for _, run in groupby(sequence("bursty", 1))]
    assert 6 < sum(runs) / len(runs) < 11


@pytest.mark.parametrize(
    "profile, message",
    [
        ("often", "stall profile must be one of never, light, heavy, bursty, not 'often'"),
        (1.0, "stall probability must be from 0 to below 1, not 1.0"),
        (-0.1, "stall probability must be from 0 to below 1, not -0.1"),
    ],
)
def test_refusals(profile, message):
    with pytest.raises(ValueError) as caught:
        Stalls(profile, 0)
    assert str(caught.value) == message
