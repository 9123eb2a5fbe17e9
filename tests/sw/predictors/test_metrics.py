import pytest

from sw.predictors.metrics import confusion


def test_each_count_has_its_place() -> None:
    guess = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    truth = [1, 0, 0, 1, 1, 1, 0, 0, 0, 0]
    found = confusion(guess, truth)
    assert (found.true_reject, found.false_reject) == (1, 2)
    assert (found.false_accept, found.true_accept) == (3, 4)
    assert found.requests == 10
    assert found.accuracy == pytest.approx(0.5)
    assert found.recall == pytest.approx(0.25)
    assert found.false_accept_rate == pytest.approx(0.75)
    assert found.false_reject_rate == pytest.approx(2 / 6)


def test_rates_without_a_class() -> None:
    assert confusion([False, True], [False, False]).recall == 1.0
    assert confusion([False, True], [True, True]).false_reject_rate == 0.0


@pytest.mark.parametrize(("guess", "truth"), [([True], [True, False]), ([], []), ([[1]], [[1]])])
def test_shapes_that_do_not_fit(guess: list, truth: list) -> None:
    with pytest.raises(ValueError, match="equally long and not empty"):
        confusion(guess, truth)
