"""What tests of trace files share."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.sw.traces.files import Write


@pytest.fixture(params=["a.trace", "a.trace.gz"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    """Writes a file, plain or gzipped."""

    def save(content: str | bytes) -> Path:
        path = tmp_path / request.param
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
        return path

    return save
