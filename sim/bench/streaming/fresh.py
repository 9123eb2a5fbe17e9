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
    """No model, no Verilog and no object file is there."""
    with tempfile.TemporaryDirectory() as folder:
        empty = {"KILN_CACHE": folder, "CCACHE_DISABLE": "1"}
        before = {name: os.environ.get(name) for name in empty}
        os.environ.update(empty)
        try:
            yield
        finally:
            for name, value in before.items():
                del os.environ[name]
                if value is not None:
                    os.environ[name] = value
