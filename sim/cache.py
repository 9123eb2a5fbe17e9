"""Built things kept by content: a key names a folder that is either whole or not there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console

__all__ = ["build_root", "cached", "content_key", "forget", "sources_key"]

_console = Console(stderr=True)


def build_root() -> Path:
    """Where built things go: ``KILN_CACHE`` if set, else ``build`` in the project that this module
    was checked out with, else ``build`` in the working directory."""
    chosen = os.environ.get("KILN_CACHE")
    if chosen:
        return Path(chosen).absolute()
    project = Path(__file__).resolve().parents[1]
    if (project / "pyproject.toml").is_file():
        return project / "build"
    return Path.cwd() / "build"


def content_key(*parts: str | bytes) -> str:
    """A name of 20 hexadecimal digits for a sequence of texts, the same wherever they are."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:20]


def sources_key(patterns: Sequence[str]) -> str:
    """A key of all files of the project that match one of these patterns."""
    root = Path(__file__).resolve().parents[1]
    paths = sorted(path for pattern in patterns for path in root.glob(pattern))
    return content_key(*(text for path in paths for text in (path.name, path.read_bytes())))


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the file's lock; other processes and threads that want it wait."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def forget(kind: str, key: str) -> None:
    """Remove the folder ``kind/key``, if it is there."""
    folder = build_root() / kind / key
    if folder.is_dir():
        with _lock(folder.parent / f"{key}.lock"):
            shutil.rmtree(folder, ignore_errors=True)


def cached(
    kind: str, key: str, label: str, build: Callable[[Path], None], *, quiet: bool = False
) -> Path:
    """
    The folder ``kind/key`` under :func:`build_root`, made by ``build`` if it is not there.

    ``build`` gets an empty folder that becomes the result once it returns; if it raises, the folder
    is removed and nothing is kept. Only one process builds one key, others wait for it. ``label``
    is shown while it builds, unless ``quiet``.
    """
    folder = build_root() / kind / key
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.parent / f"{key}.lock"):
        if folder.is_dir():
            return folder
        work = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=folder.parent))
        started = time.monotonic()
        try:
            with nullcontext() if quiet else _console.status(f"building {label}"):
                build(work)
            work.chmod(0o755)
            work.rename(folder)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
    if not quiet:
        _console.print(f"built {label} in {time.monotonic() - started:.1f} s", highlight=False)
    return folder
