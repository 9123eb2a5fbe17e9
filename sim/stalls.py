"""Seeded back-pressure: when a stream's side holds back for a cycle."""

from __future__ import annotations

import random

__all__ = ["PROFILES", "Stalls"]

PROFILES = ("never", "light", "heavy", "bursty")
"""Names of the profiles: no stalls; one cycle in ten; two in three; runs of some eight cycles."""

_PROBABILITY = {"never": 0.0, "light": 0.1, "heavy": 2 / 3}
_BURST_END = 1 / 8


class Stalls:
    """
    A sequence of decisions, one a cycle.

    Parameters
    ----------
    profile : str or float
        One of ``PROFILES``, or the probability of a stall, from 0 to below 1.
    seed : int or str
        Equal seeds give equal sequences.
    """

    def __init__(self, profile: str | float, seed: int | str) -> None:
        if isinstance(profile, str) and profile not in PROFILES:
            raise ValueError(f"stall profile must be one of {', '.join(PROFILES)}, not {profile!r}")
        self._random = random.Random(f"{profile}/{seed}")
        self._bursty = profile == "bursty"
        self._stalling = False
        if not self._bursty:
            self._probability = _PROBABILITY[profile] if isinstance(profile, str) else profile
            if not 0 <= self._probability < 1:
                raise ValueError(f"stall probability must be from 0 to below 1, not {profile}")

    def stalled(self) -> bool:
        """Whether to hold back in this cycle."""
        if self._bursty:
            if self._random.random() < _BURST_END:
                self._stalling = not self._stalling
            return self._stalling
        return self._probability > 0 and self._random.random() < self._probability
