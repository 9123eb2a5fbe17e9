"""The reader of images: lengths, faults, and what is left of a packet."""

import pytest

from hw.cnn.images import ImageReader
from sim.runner import run_bench
from tests.hw.bank import Bank

WORDS = (1, 2, 5)


@pytest.mark.rtl
def test_images():
    run_bench(Bank(**{f"w{words}": ImageReader(words) for words in WORDS}), __file__)


@pytest.mark.parametrize("words", [0, -1, 2.0, None])
def test_words(words):
    with pytest.raises(ValueError, match=f"^words must be a positive integer, not {words}$"):
        ImageReader(words)
