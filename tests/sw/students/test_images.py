import numpy as np
import pytest
import torch

from sw.students.digits import digits
from sw.students.images import Images, stratified


def test_what_networks_see():
    pixels = np.arange(2 * 4, dtype=np.uint8).reshape(2, 1, 2, 2)
    images = Images(pixels, np.array([3, 4]), 4)
    assert torch.equal(images.real() * 16, torch.from_numpy(pixels).float())
    assert torch.equal(images.real(slice(1, 2)), images.part(slice(1, 2)).real())


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (np.zeros((2, 1, 2, 2)), np.zeros(2, int), "pixels must be uint8"),
        (np.zeros((2, 2, 2), np.uint8), np.zeros(2, int), r"not uint8 \(2, 2, 2\)"),
        (np.zeros((2, 1, 2, 2), np.uint8), np.zeros(3, int), r"labels must be int64 \(2,\)"),
    ],
)
def test_refused(pixels, labels, message):
    with pytest.raises(ValueError, match=message):
        Images(pixels, labels, 4)


def test_every_class_is_in_every_part_in_its_proportion():
    labels = np.repeat([0, 1, 2], [100, 50, 10])
    parts = stratified(labels, (0.7, 0.1, 0.2), 5)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(160))
    for part, share in zip(parts, (0.7, 0.1, 0.2), strict=True):
        assert np.bincount(labels[part]).tolist() == pytest.approx(
            [100 * share, 50 * share, 10 * share]
        )
    again = stratified(labels, (0.7, 0.1, 0.2), 5)
    assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))
    assert not np.array_equal(parts[0], stratified(labels, (0.7, 0.1, 0.2), 6)[0])


def test_shares_must_sum_to_one():
    with pytest.raises(ValueError, match="sum to 1"):
        stratified(np.zeros(4, int), (0.5, 0.4), 1)


def test_digits():
    split = digits()
    assert [len(part) for part in (split.train, split.validation, split.test)] == [1258, 180, 359]
    assert split.train.pixels.shape[1:] == (1, 8, 8)
    assert split.train.pixels.max() == 16 and split.train.frac == 4
    whole = [part.pixels.reshape(len(part), -1) for part in (split.train, split.test)]
    assert set(np.unique(split.test.labels)) == set(range(10))
    assert len(whole[0]) + len(whole[1]) + 180 == 1797
