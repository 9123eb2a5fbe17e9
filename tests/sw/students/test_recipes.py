import pytest

from sw.students.recipes import Fade, Recipe, gates


def test_blocks_fade_from_head_to_tail():
    fade = Fade(until=0.5)
    assert gates(fade, 4, 0) == ([1, 1, 1, 1], [0, 0, 0, 0])
    assert gates(fade, 4, 0.125) == ([0, 1, 1, 1], [1, 0, 0, 0])
    long, short = gates(fade, 4, 0.3125)
    assert (long, short) == ([0, 0, 0.5, 1], [1, 1, 0.5, 0])
    for progress in (0.5, 0.7, 1):
        assert gates(fade, 4, progress) == ([0] * 4, [1] * 4)


def test_overlap():
    long, _ = gates(Fade(until=1, overlap=2), 3, 0.5)
    assert long == [0, 0.5, 1]


def test_without_short_skips():
    assert gates(Fade(short=False), 3, 1.0) == ([0, 0, 0], [0, 0, 0])


@pytest.mark.parametrize("wrong", [{"until": 0}, {"until": 1.1}, {"overlap": 0.5}])
def test_fades_that_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        Fade(**wrong)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch": 0}, {"taught": 1.5}])
def test_recipes_that_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        Recipe(**{"epochs": 1} | wrong)
