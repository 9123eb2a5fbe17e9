"""Checks of what units are made from."""

from __future__ import annotations

__all__ = ["require_divisor", "require_index", "require_positive"]


def require_positive(**values: object) -> None:
    """Each must be a positive integer; the error names the one that is not."""
    for name, value in values.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a positive integer, not {value!r}")


def require_divisor(lanes: int, channels: int) -> None:
    """A pixel must be a whole number of beats."""
    if channels % lanes:
        raise ValueError(f"lanes must divide the {channels} channels, not {lanes}")


def require_index(index: object) -> None:
    """A node's place in a pipeline must fit a write's ``unit``."""
    if not isinstance(index, int) or not 0 <= index < 256:
        raise ValueError(f"index must be from 0 to 255, not {index!r}")
