"""The text formats of traces: what a line holds, and what it must not hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

__all__ = ["FORMATS", "MQSIM", "NVME", "BadRowError", "Row", "TraceFormat"]

Row = tuple[float, float, bool, int, int]
"""Submission (us), latency (us), whether a read, size (bytes), offset (bytes)."""

_SECTOR = 512
_BYTES = 1 << 63
"""Addresses and sizes are below."""


class BadRowError(ValueError):
    """A line that is not an I/O. ``kind`` is what is wrong in general, the text what is here."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class TraceFormat:
    """
    A format of one I/O a line, in columns parted by commas.

    Parameters
    ----------
    name : str
    columns : tuple of str
        Their names in order.
    header : bool
        Whether the first line has these names.
    parse : callable
        Fields of a line to a :data:`Row`; raises :class:`BadRowError`.
    """

    name: str
    columns: tuple[str, ...]
    header: bool
    parse: Callable[[list[str]], Row]

    def row(self, line: str) -> Row:
        """The I/O of a line; :class:`BadRowError` says what is wrong with it."""
        fields = line.split(",")
        if len(fields) != len(self.columns):
            wanted = f"{len(self.columns)} columns ({', '.join(self.columns)})"
            raise BadRowError("wrong number of columns", f"has {len(fields)} of {wanted}")
        try:
            row = self.parse(fields)
        except BadRowError:
            raise
        except ValueError:
            raise self._no_number(fields) from None
        except OverflowError:
            raise BadRowError("too large", "holds a number that is too large") from None
        submit, latency, _, size, offset = row
        if not (isfinite(submit) and isfinite(latency)):
            raise BadRowError("not finite", "holds a time that is not finite")
        if submit < 0 or latency < 0:
            what = "submission" if submit < 0 else "latency"
            raise BadRowError("negative time", f"has a negative {what}")
        if size <= 0:
            raise BadRowError("no size", f"has a size of {size} bytes")
        if offset < 0:
            raise BadRowError("negative offset", f"has the offset {offset}")
        if offset + size >= _BYTES:
            raise BadRowError("too large", f"has {size} bytes at {offset}, beyond 63 bits")
        return row

    def _no_number(self, fields: list[str]) -> BadRowError:
        for name, field in zip(self.columns, fields, strict=True):
            try:
                float(field)
            except ValueError:
                return BadRowError("not a number", f"has {field.strip()!r} for {name}")
        return BadRowError("not a number", "holds a number that is no integer where one is needed")


def _flag(text: str, name: str) -> bool:
    value = float(text)
    if value not in (0, 1):
        raise BadRowError(
            "bad type", f"has {text.strip()!r} for {name}, which is 1 (read) or 0 (write)"
        )
    return value == 1


def _nvme(fields: list[str]) -> Row:
    nominal, latency, kind, size, offset, submit, done = fields
    float(nominal)
    row = (float(submit) * 1000, float(latency), _flag(kind, "type"), int(size), int(offset))
    if int(done) != row[3]:
        raise BadRowError("incomplete", f"moved {done.strip()} of {size.strip()} bytes")
    return row


def _mqsim(fields: list[str]) -> Row:
    arrival, complete, kind, lba, sectors, latency, device_latency = fields
    int(device_latency)
    if int(complete) - int(arrival) != int(latency):
        text = f"has the latency {latency} between {arrival} and {complete}"
        raise BadRowError("latency that is not completion less arrival", text)
    return (
        int(arrival) / 1000,
        int(latency) / 1000,
        _flag(kind, "is_read"),
        int(sectors) * _SECTOR,
        int(lba) * _SECTOR,
    )


NVME = TraceFormat(
    "nvme",
    ("nominal_ms", "latency_us", "type", "size", "offset", "submit_ms", "bytes_done"),
    False,
    _nvme,
)
"""Block requests replayed on an NVMe drive, seven columns without a header."""
MQSIM = TraceFormat(
    "mqsim",
    (
        "arrival_ns",
        "complete_ns",
        "is_read",
        "lba",
        "sectors",
        "latency_ns",
        "device_latency_ns",
    ),
    True,
    _mqsim,
)
"""Requests to a simulated SSD (MQSim), with a header."""
FORMATS = {each.name: each for each in (NVME, MQSIM)}
