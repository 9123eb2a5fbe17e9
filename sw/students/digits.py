"""The handwritten digits that come with scikit-learn: real images, and no download."""

from __future__ import annotations

import numpy as np

from sw.students.images import Images, Split, stratified

__all__ = ["digits"]

SEED = 2026
VALIDATION, TEST = 0.1, 0.2


def digits() -> Split:
    """
    1,797 images of 8 x 8 pixels, 0 to 16 (``frac`` 4), after the UCI set "Optical Recognition of
    Handwritten Digits": 70 % to learn from, 10 % to choose by, 20 % to judge, stratified by class
    with a fixed seed.
    """
    from sklearn.datasets import load_digits  # takes a second to import, and few need it

    found = load_digits()
    pixels = found.images.astype(np.uint8)[:, None]
    everything = Images(pixels, found.target.astype(np.int64), frac=4)
    shares = (1 - VALIDATION - TEST, VALIDATION, TEST)
    train, validation, test = (
        everything.part(rows) for rows in stratified(everything.labels, shares, SEED)
    )
    data = (
        f"scikit-learn's digits, {len(everything):,} images, stratified {shares[0]:.0%} train, "
        f"{VALIDATION:.0%} validation, {TEST:.0%} test, seed {SEED}"
    )
    return Split("digits", tuple("0123456789"), data, train, validation, test)
