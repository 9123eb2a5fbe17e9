import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.predictors.metrics import confusion, roc_auc


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


def test_area_by_hand() -> None:
    """Of the six pairs of a slow and a fast one, four are in order and one is a tie."""
    assert roc_auc([1, 2, 3, 2.5, 3], [False, False, False, True, True]) == pytest.approx(4.5 / 6)
    assert roc_auc([1, 2], [False, True]) == 1
    assert roc_auc([2, 1], [False, True]) == 0
    assert roc_auc([1, 1, 1], [False, True, True]) == 0.5


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30))
def test_area_is_the_share_of_pairs_in_order(rows: list[tuple[int, bool]]) -> None:
    slow = [value for value, late in rows if late]
    fast = [value for value, late in rows if not late]
    scores, truth = [value for value, _ in rows], [late for _, late in rows]
    if not slow or not fast:
        with pytest.raises(ValueError, match="an area needs both slow and fast I/Os"):
            roc_auc(scores, truth)
        return
    pairs = [(s > f) + 0.5 * (s == f) for s in slow for f in fast]
    assert roc_auc(scores, truth) == pytest.approx(sum(pairs) / len(pairs))
