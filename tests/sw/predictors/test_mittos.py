import numpy as np
import pytest

from sw.predictors import mittos

TOP = (1 << mittos.LBA_BITS) - 1


@pytest.mark.parametrize(
    ("addresses", "latency", "ebusy"),
    [
        ([0, 1, 2, 3, 4], 40, False),
        ([8, 16, 1, 2, 3], 80, False),
        ([7, 15, TOP, 0, 6], 120, True),
        ([3, 3, 11, 19, 2], 160, True),
        ([5, 5, 5, 5, 5], 200, True),
        ([1, 9 << 3, 0, 0, 0], 40, False),  # pending share channels with each other only
    ],
)
def test_hand_examples(addresses: list[int], latency: int, ebusy: bool) -> None:
    requests = mittos.from_addresses([addresses])
    assert requests.latency_us.tolist() == [latency]
    assert requests.ebusy.tolist() == [ebusy]


def test_bits_lie_lowest_first_and_the_own_address_first() -> None:
    requests = mittos.from_addresses([[1, 2, 0, 1 << 21, TOP]])
    set_bits = np.flatnonzero(requests.features[0]).tolist()
    assert set_bits == [0, 22 + 1, 66 + 21, *range(88, 110)]
    assert requests.features.dtype == np.uint8 and requests.features.shape == (1, 110)


def test_rate_is_the_binomial_tail_and_is_met() -> None:
    exact = 1 - (7 / 8) ** 4 - 4 * (1 / 8) * (7 / 8) ** 3
    assert mittos.ebusy_rate() == pytest.approx(exact, abs=1e-12)
    assert exact == pytest.approx(0.0789, abs=1e-4)
    n = 200_000
    requests = mittos.generate(n, seed=11)
    assert abs(requests.ebusy.mean() - exact) < 5 * np.sqrt(exact * (1 - exact) / n)
    assert abs(requests.features.mean() - 0.5) < 0.001
    assert (np.abs(requests.features.mean(axis=0) - 0.5) < 0.01).all()
    np.testing.assert_array_equal(requests.ebusy, requests.latency_us >= 100)


def test_seeds_decide_everything() -> None:
    a, b, c = (mittos.generate(50, seed).features for seed in (3, 3, 4))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_training_streams_differ_from_each_other_and_from_plain_seeds() -> None:
    keys = [(5, 0, 0), (5, 0, 1), (5, 1, 0), (6, 0, 0)]
    drawn = [mittos.generate(4, mittos.training_stream(*key)).features.tobytes() for key in keys]
    drawn += [mittos.generate(4, seed).features.tobytes() for seed in (0, 1, 5, 6)]
    assert len(set(drawn)) == len(drawn)
    again = mittos.generate(4, mittos.training_stream(5, 0, 1)).features.tobytes()
    assert again == drawn[1]


@pytest.mark.parametrize(
    ("addresses", "error", "message"),
    [
        ([[1, 2, 3]], ValueError, r"addresses must be \(n, 5\), not \(1, 3\)"),
        ([[0.0] * 5], TypeError, "addresses must be integers, not float64"),
        ([[0, 0, 0, 0, 1 << 22]], ValueError, "addresses must fit 22 bits"),
        ([[0, 0, 0, 0, -1]], ValueError, "addresses must fit 22 bits"),
    ],
)
def test_refusals(addresses: list, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        mittos.from_addresses(addresses)
