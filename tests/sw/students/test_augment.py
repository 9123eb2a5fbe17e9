import torch

from sw.students.augment import erase, shift_and_flip


def test_every_image_is_one_of_its_shifts():
    x = torch.randint(1, 256, (40, 2, 6, 6), dtype=torch.uint8)
    found = shift_and_flip(x, torch.Generator().manual_seed(1), reach=2)
    assert found.shape == x.shape and found.dtype == torch.uint8
    padded = torch.nn.functional.pad(x, (2, 2, 2, 2))
    turned = 0
    for k in range(40):
        shifts = [padded[k, :, i : i + 6, j : j + 6] for i in range(5) for j in range(5)]
        plain = any(torch.equal(found[k], shift) for shift in shifts)
        mirrored = any(torch.equal(found[k], shift.flip(2)) for shift in shifts)
        assert plain != mirrored
        turned += mirrored
    assert 8 < turned < 32


def test_without_flips_and_shifts_nothing_changes():
    x = torch.randint(0, 256, (5, 1, 4, 4), dtype=torch.uint8)
    generator = torch.Generator().manual_seed(1)
    assert torch.equal(shift_and_flip(x, generator, reach=0, flip=False), x)


def test_the_seed_decides():
    x = torch.randint(0, 256, (9, 1, 8, 8), dtype=torch.uint8)
    first, again, other = (
        shift_and_flip(x, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_square_is_erased():
    x = torch.full((300, 2, 9, 7), 9, dtype=torch.uint8)
    found = erase(x, torch.Generator().manual_seed(1), 4)
    assert found.dtype == torch.uint8 and torch.equal(found[:, 0], found[:, 1])
    gone = found[:, 0] == 0
    rows, columns = gone.any(dim=2).sum(dim=1), gone.any(dim=1).sum(dim=1)
    assert torch.equal(gone.sum(dim=(1, 2)), rows * columns)
    assert rows.min() == columns.min() == 2 and rows.max() == columns.max() == 4
    assert bool(gone.any(dim=0).all()), "every pixel goes now and then"
