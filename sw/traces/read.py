"""
Reading traces: line by line, plain or gzipped, in bounded memory, in the order of submission.

Logs are written when I/Os complete, or by several threads, so that rows are a little out of order.
They are sorted within a window of time; a row from further back is an error like any other.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from .formats import FORMATS, MQSIM, NVME, BadRowError, Row, TraceFormat
from .trace import Trace

__all__ = ["WINDOW_MS", "ReadReport", "TraceError", "read_chunks", "read_trace"]

WINDOW_MS = 200.0
"""How far a row may be behind one above it: more than the longest latency in the logs known."""
CHUNK = 1 << 16
_EXAMPLES = 5


class TraceError(ValueError):
    """A trace that cannot be used; the text says file, line and reason."""


@dataclass
class ReadReport:
    """
    What a reader met: I/Os read, rows skipped by kind, and the first of them in words. A reader
    fills it in as it goes.
    """

    ios: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def skip(self, where: str, bad: BadRowError) -> None:
        """Count a row that is left out."""
        self.skipped[bad.kind] += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{where} {bad}")

    def __str__(self) -> str:
        if not self.skipped:
            return f"{self.ios:,} I/Os"
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.skipped.most_common())
        return f"{self.ios:,} I/Os, {self.skipped.total():,} rows skipped ({kinds})"


def read_trace(
    path: str | Path,
    *,
    kind: str | None = None,
    skip: bool = False,
    window_ms: float = WINDOW_MS,
    progress: Callable[[float], object] = lambda share: None,
) -> tuple[Trace, ReadReport]:
    """A whole trace, and what was met in it; arguments as of :func:`read_chunks`."""
    report = ReadReport()
    chunks = list(
        read_chunks(
            path, kind=kind, skip=skip, window_ms=window_ms, report=report, progress=progress
        )
    )
    return Trace.joined(chunks), report


def read_chunks(
    path: str | Path,
    *,
    kind: str | None = None,
    skip: bool = False,
    window_ms: float = WINDOW_MS,
    report: ReadReport | None = None,
    progress: Callable[[float], object] = lambda share: None,
) -> Iterator[Trace]:
    """
    A trace in pieces that follow each other in time; memory is that of a piece and of the window.

    Parameters
    ----------
    path : str or Path
        Of text, or of gzip where it ends in ``.gz``.
    kind : str, optional
        Name of a format in :data:`FORMATS`; by default the first line tells.
    skip : bool
        Leave bad rows out and count them, instead of stopping at the first.
    window_ms : float
        How far the submission of a row may be before that of a row above it.
    report : ReadReport, optional
        Filled in.
    progress : callable
        Called with the share of the file read, now and then.

    :class:`TraceError` names file, line and reason.
    """
    path, report = Path(path), ReadReport() if report is None else report
    if kind is not None and kind not in FORMATS:
        raise TraceError(f"no trace format {kind!r}; there are {', '.join(FORMATS)}")
    if window_ms < 0:
        raise TraceError(f"the window must not be negative, not {window_ms} ms")
    try:
        size = path.stat().st_size
        with path.open("rb") as raw:
            yield from _chunks(path, raw, kind, skip, window_ms * 1000, report, size, progress)
    except OSError as error:
        raise TraceError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not report.ios:
        raise TraceError(f"{path}: holds no I/O ({report})")
    progress(1.0)


def _chunks(
    path: Path,
    raw: IO[bytes],
    kind: str | None,
    skip: bool,
    window_us: float,
    report: ReadReport,
    size: int,
    progress: Callable[[float], object],
) -> Iterator[Trace]:
    held, rows, latest = _trace([]), [], 0.0
    style, first = None if kind is None else FORMATS[kind], True
    for number, data in _lines(path, raw):
        if not data.strip():
            continue
        try:
            line = _text(data)
            if style is None:
                style = _style(f"{path}:{number}", line)
            if first and style.header:
                _check_header(f"{path}:{number}", style, line)
                first = False
                continue
            first = False
            row = style.row(line)
            if row[0] < latest - window_us:
                behind = (latest - row[0]) / 1000
                text = f"is {behind:,.3f} ms behind a row above; the window is {window_us / 1000:g}"
                raise BadRowError("out of order", f"{text} ms")
        except BadRowError as bad:
            if not skip:
                raise TraceError(f"{path}:{number}: {bad}") from None
            report.skip(f"{path}:{number}:", bad)
            continue
        latest = max(latest, row[0])
        rows.append(row)
        report.ios += 1
        if len(rows) == CHUNK:
            progress(raw.tell() / max(size, 1))
            everything, rows = _sorted(held, rows), []
            ready = int(np.searchsorted(everything.submit_us, latest - window_us))
            held = everything.part(slice(ready, None))
            if ready:
                yield everything.part(slice(0, ready))
    last = _sorted(held, rows)
    if len(last):
        yield last


def _lines(path: Path, raw: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Numbered lines; an end in the middle of a compressed file is an error with its line."""
    number = 0
    source: Any = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
    try:
        for number, line in enumerate(source, start=1):
            yield number, line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TraceError(f"{path}:{number + 1}: the gzip data is damaged: {error}") from error


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadRowError("not text", "is not text") from None


def _style(where: str, first: str) -> TraceFormat:
    """The format of a file that starts with this line."""
    names = [name.strip() for name in first.split(",")]
    if names == list(MQSIM.columns):
        return MQSIM
    if names and names[0][:1].isalpha():
        wanted = ",".join(MQSIM.columns)
        raise TraceError(f"{where}: has the header {first.strip()!r}; known is {wanted!r}")
    return NVME


def _check_header(where: str, style: TraceFormat, line: str) -> None:
    names = [name.strip() for name in line.split(",")]
    if names != list(style.columns):
        raise TraceError(
            f"{where}: must be the header {','.join(style.columns)!r}, not {line.strip()!r}"
        )


def _trace(rows: list[Row]) -> Trace:
    submit, latency, reads, sizes, offsets = zip(*rows, strict=True) if rows else ((),) * 5
    return Trace(
        np.array(submit, float),
        np.array(latency, float),
        np.array(reads, bool),
        np.array(sizes, int),
        np.array(offsets, int),
    )


def _sorted(held: Trace, rows: list[Row]) -> Trace:
    """The held I/Os and new rows by submission; rows submitted together stay in their order."""
    rows.sort(key=lambda row: row[0])
    new = _trace(rows)
    order = np.argsort(np.concatenate([held.submit_us, new.submit_us]), kind="stable")
    pairs = ((getattr(held, name), getattr(new, name)) for name in Trace.__dataclass_fields__)
    return Trace(*(np.concatenate(pair)[order] for pair in pairs))
