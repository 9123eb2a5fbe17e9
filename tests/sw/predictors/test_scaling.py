import numpy as np

from sw.predictors.scaling import REACH, Scaling


def test_columns_come_from_minus_one_to_one() -> None:
    """Mean 2 and deviation 2: four deviations are 8."""
    rows = np.array([[0, 7], [4, 7]], np.float32)
    scaling = Scaling.of(rows)
    assert REACH == 4
    assert scaling.centre.tolist() == [2, 7] and scaling.reach.tolist() == [8, 1]
    inputs = scaling(np.array([[2, 7], [6, 7.5], [100, -9], [-6, 9]], np.float32))
    assert inputs.tolist() == [[0, 0], [0.5, 0.5], [1, -1], [-1, 1]]
    assert inputs.dtype == np.float32


def test_columns_spread_alike() -> None:
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(5000, 3)) * [1e-3, 1, 1e5] + [0, -7, 1e6]).astype(np.float32)
    inputs = Scaling.of(rows)(rows)
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(inputs.std(axis=0), 1 / REACH, rtol=1e-3)
    assert np.abs(inputs).max() <= 1
