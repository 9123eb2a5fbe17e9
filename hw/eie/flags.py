"""Status and error bits of the host registers as layouts with one field for each flag."""

from __future__ import annotations

from ..bus.layout import flag_layout
from .format import Error, Status

__all__ = ["ERROR_FLAGS", "STATUS_FLAGS"]

ERROR_FLAGS = flag_layout(Error)
"""Bits of ``format.Error``, by lower-case name, each at its place in the register."""

STATUS_FLAGS = flag_layout(Status)
"""Bits of ``format.Status``, by lower-case name, each at its place in the register."""
