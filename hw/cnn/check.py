"""Checks of what units are made from."""

from __future__ import annotations

__all__ = ["require_divisor", "require_frame", "require_index", "require_positive"]


def require_positive(**values: object) -> None:
    """Each must be a positive integer; the error names the one that is not."""
    for name, value in values.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a positive integer, not {value!r}")


def require_divisor(**values: int) -> None:
    """Of two the first must divide the second; both are positive."""
    (part, divisor), (whole, total) = values.items()
    if total % divisor:
        raise ValueError(f"{part} must divide the {total} {whole}, not {divisor}")


def require_frame(channels: int, height: int, width: int, lanes: int) -> None:
    """A pixel must be a whole number of beats."""
    require_positive(channels=channels, height=height, width=width, lanes=lanes)
    require_divisor(lanes=lanes, channels=channels)


def require_index(index: object) -> None:
    """A node's place in a pipeline must fit a write's ``unit``."""
    if not isinstance(index, int) or not 0 <= index < 256:
        raise ValueError(f"index must be from 0 to 255, not {index!r}")
