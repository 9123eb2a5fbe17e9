"""Status and error bits of the host registers as layouts with one field for each flag."""

from __future__ import annotations

from enum import IntFlag

from amaranth.lib import data

from .format import Error, Status

__all__ = ["ERROR_FLAGS", "STATUS_FLAGS"]


def _layout(flags: type[IntFlag]) -> data.FlexibleLayout:
    fields = {
        flag.name.lower(): data.Field(1, flag.bit_length() - 1) for flag in flags if flag.name
    }
    return data.FlexibleLayout(max(flag.bit_length() for flag in flags), fields)


ERROR_FLAGS = _layout(Error)
"""Bits of ``format.Error``, by lower-case name, each at its place in the register."""

STATUS_FLAGS = _layout(Status)
"""Bits of ``format.Status``, by lower-case name, each at its place in the register."""
