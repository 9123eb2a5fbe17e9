"""What a measurement on the processor found, as data."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel

__all__ = ["CpuReport", "CpuRow", "Way"]


class Way(StrEnum):
    """The ways to run a network on the processor, all of them on one thread."""

    EAGER = "PyTorch eager"
    COMPILED = "PyTorch compiled"
    ONNX = "ONNX Runtime"
    C_DENSE = "C dense int16"
    C_SPARSE = "C sparse int16"


class CpuRow(BaseModel):
    """
    One network run in one way.

    ``requests`` were served one at a time, and each was timed: ``median_ns`` and ``p99_ns`` are
    nanoseconds, the latter of a request that was measured. ``agreement`` is the share of them that
    were decided as the float network decides, ``mismatches`` counts those of which any output
    differs from the golden model's: none, or the C is wrong; absent for floats.

    Where the way cannot be had, ``unavailable`` says why, ``requests`` is 0 and all else absent.
    """

    network: str
    way: Way
    requests: int
    median_ns: float | None = None
    p99_ns: float | None = None
    agreement: float | None = None
    mismatches: int | None = None
    unavailable: str | None = None


class CpuReport(BaseModel):
    """
    All networks in all ways, and what they ran on.

    ``python_clock_ns`` and ``c_clock_ns`` are medians, in nanoseconds, of an empty call timed as
    those of PyTorch and ONNX Runtime are, and as those of C are; they are part of every time in
    ``rows``. The one of C, and its ``compiler``, are absent where nothing can be compiled.
    ``versions`` are those of Python and of the packages that are installed.
    """

    processor: str
    compiler: str | None
    versions: dict[str, str]
    python_clock_ns: float
    c_clock_ns: float | None
    rows: list[CpuRow]
