"""Bars: what a benchmark must reach, and whether it does."""

from __future__ import annotations

from pydantic import BaseModel, computed_field

__all__ = ["Verdict", "verdict_cells"]


class Verdict(BaseModel):
    """
    A bar, and what was measured; None where nothing was. ``stretch`` is what would be better
    still.
    """

    what: str
    value: float | None
    bar: float
    at_least: bool
    stretch: float | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def passed(self) -> bool | None:
        """Whether it is met; None where nothing was measured."""
        return self._reaches(self.bar)

    @property
    def stretched(self) -> bool | None:
        """Whether the stretch is met; None where there is none, or nothing was measured."""
        return None if self.stretch is None else self._reaches(self.stretch)

    def _reaches(self, bar: float) -> bool | None:
        if self.value is None:
            return None
        return self.value >= bar if self.at_least else self.value <= bar


def verdict_cells(verdict: Verdict) -> list[str]:
    """What, measured, bar, and whether it is met."""
    value = "not measured" if verdict.value is None else f"{verdict.value:,.4g}"
    sign = ">=" if verdict.at_least else "<="
    word = {None: "", True: "pass", False: "FAIL"}[verdict.passed]
    if verdict.stretched is not None:
        word += f"; stretch {verdict.stretch:g}: {'met' if verdict.stretched else 'not met'}"
    return [verdict.what, value, f"{sign} {verdict.bar:g}", word]
