import numpy as np
import pytest
import torch

from sw.network import Layer, Network
from sw.predictors.score import logits, score, scores_of

WEIGHT = np.array([[1, 2], [3, -5]], np.float32)
BIAS = np.array([0.5, 4], np.float32)
ROWS = np.array([[1, 1], [0, 2]], np.float32)


def test_one_output_is_the_score() -> None:
    network = Network((Layer(WEIGHT[:1], BIAS[:1], False),))
    assert score(network, ROWS).tolist() == [3.5, 4.5]


def test_of_two_outputs_it_is_the_second_less_the_first() -> None:
    network = Network((Layer(WEIGHT, BIAS, False),))
    assert score(network, ROWS).tolist() == [2 - 3.5, -6 - 4.5]
    assert score(network, np.asfortranarray(ROWS)).tolist() == [-1.5, -10.5]
    assert logits(torch.tensor([[1.0, 4.0]])).tolist() == [3.0]


@pytest.mark.parametrize("dtype", [np.int16, np.int32])
def test_integers_are_exact_at_their_ends(dtype: type) -> None:
    low, high = -(1 << 15), (1 << 15) - 1
    pairs = np.array([[low, high], [high, low], [high, high], [0, low]], dtype)
    assert scores_of(pairs).tolist() == [65535, -65535, 0, low]
    assert scores_of(pairs[:, :1]).tolist() == [low, high, high, 0]
    assert scores_of(pairs).dtype == np.int64
