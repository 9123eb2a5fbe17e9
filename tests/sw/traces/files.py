"""Rows of trace files, and what writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sw.traces.formats import MQSIM
from tests.sw.traces.cases import PAGE

Write = Callable[[str | bytes], Path]
HEADER = ",".join(MQSIM.columns)


def nvme(at_ms: float, latency: float = 100, size: int = PAGE, offset: int = 0) -> str:
    return f"{at_ms},{latency},1,{size},{offset},{at_ms},{size}\n"
