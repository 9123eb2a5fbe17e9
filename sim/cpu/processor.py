"""The processor that this runs on: its name, and what code made for it may use."""

from __future__ import annotations

import platform
from pathlib import Path

__all__ = ["processor_features", "processor_name"]

_CPUINFO = Path("/proc/cpuinfo")


def processor_name() -> str:
    """Model of the processor, as the system names it; the architecture where it names none."""
    fields = _fields()
    return fields.get("model name") or platform.processor() or platform.machine() or "unknown"


def processor_features() -> str:
    """Text that differs between processors for which ``-march=native`` may mean different code."""
    fields = _fields()
    names = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU part")
    return "\n".join([platform.machine(), *(fields.get(name, "") for name in names)])


def _fields() -> dict[str, str]:
    """What Linux says of the first processor; nothing where it is another system."""
    fields: dict[str, str] = {}
    try:
        text = _CPUINFO.read_text(errors="replace")
    except OSError:
        return fields
    for line in text.split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    return fields
