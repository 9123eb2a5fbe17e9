"""How long a machine takes from its network to the first frames, with nothing kept from before."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .few import few_frames
from .results import Fresh
from .subject import Subject

__all__ = ["fresh_build"]

_CACHE = "KILN_CACHE"


def fresh_build(subject: Subject) -> Fresh:
    """Compile the skip-free network, elaborate its machine, build the model, run a few frames."""
    started = time.monotonic()
    with _empty_cache():
        compiled = subject.machine("skip-free")
        run = few_frames(subject, compiled, compiled.config, lambda done: None)
    if run is None:
        raise RuntimeError(f"the pipeline of {subject.name} stood still")
    return Fresh(
        network=subject.name,
        multipliers=run.multipliers,
        frames=run.images,
        seconds=time.monotonic() - started,
    )


@contextmanager
def _empty_cache() -> Iterator[None]:
    before = os.environ.get(_CACHE)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[_CACHE] = folder
        try:
            yield
        finally:
            del os.environ[_CACHE]
            if before is not None:
                os.environ[_CACHE] = before
