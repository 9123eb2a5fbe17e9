"""One unit through physical synthesis, kept by content in ``build/synth``."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

import sw.physical
from sim.cache import cached, content_key, forget
from sim.emitted import emit_once
from sw.physical.library import CellFile, load_library
from sw.physical.sram import SramTable
from sw.physical.synthesis import UnitReport, UnitSource, synthesise
from sw.physical.tables import CONSTRAINTS
from sw.physical.timing import Exceptions
from sw.physical.tools import version_of

from .jobs import Job, SynthJob

__all__ = ["FLAVOUR", "Run", "Setting", "SynthRun", "run_job"]

J = TypeVar("J", bound=Job)

FLAVOUR = "itrs-lop"
"""Devices of the SRAMs: those that come closest to the paper's."""

_KEPT = ("netlist.v", "netlist.json")
_REPORT = "report.json"
_TABLES = ("cells45_*.csv", "library45.csv", "sram45.csv", "yosys/*", "sta/*")


@dataclass(frozen=True)
class Setting:
    """
    What holds for all units of a run.

    Parameters
    ----------
    tools : tuple of str
        What the tools say of their versions.
    liberty : Path, optional
        A library of cells to take instead of Kiln's own.
    force : bool
        Whether to synthesise again what is there.
    """

    tools: tuple[str, ...]
    liberty: Path | None = None
    force: bool = False

    @classmethod
    def now(cls, liberty: Path | None = None, *, force: bool = False) -> Setting:
        """With the tools that are installed; ``ToolError`` names one that is not."""
        return cls((version_of("yosys"), version_of("sta")), liberty, force)


@dataclass(frozen=True)
class Run(Generic[J]):
    """A unit's report, its SRAMs (macro by path), the folder of its netlist, and whether that was
    there before."""

    job: J
    report: UnitReport
    srams: dict[str, str]
    folder: Path
    warm: bool


SynthRun = Run[SynthJob]
"""That of a unit of an EIE."""


def _flow_key() -> str:
    """A key of the flow's source code."""
    folder = Path(sw.physical.__file__).parent
    return content_key(
        *(text for path in sorted(folder.glob("*.py")) for text in (path.name, path.read_text()))
    )


_flow = _flow_key()


@cache
def _tables_key() -> str:
    """A key of the tables and scripts that the flow reads."""
    paths = sorted(path for pattern in _TABLES for path in CONSTRAINTS.glob(pattern))
    return content_key(*(text for path in paths for text in (path.name, path.read_text())))


@cache
def _library(liberty: Path | None) -> CellFile:
    return load_library(liberty)


def run_job(job: J, setting: Setting) -> Run[J]:
    """Synthesise a unit, or take what is there for the same Verilog, library, tables and tools."""
    unit, budget, library = job.unit, job.budget, _library(setting.liberty)
    exceptions = Exceptions(unit.quasi_static, unit.constant)
    emitted = emit_once(unit.make, job.what, label=job.label, macros=True, quiet=True)
    manifest = {name: emitted.manifest[name] for name in ("top", "ports", "macros")}
    key = content_key(
        job.name,
        emitted.verilog,
        json.dumps(manifest),
        json.dumps([unit.parts, asdict(budget), asdict(exceptions)]),
        FLAVOUR,
        library.key,
        _tables_key(),
        _flow,
        *setting.tools,
    )

    built = []

    def build(folder: Path) -> None:
        source = UnitSource(job.name, emitted.verilog, emitted.manifest, unit.parts, exceptions)
        work = folder.parent / f"{key}.work"  # stays where synthesis fails, with the tools' logs
        shutil.rmtree(work, ignore_errors=True)
        report = synthesise(source, work, library, SramTable.load(), budget, flavour=FLAVOUR)
        for name in _KEPT:
            (work / name).rename(folder / name)
        (folder / _REPORT).write_text(report.model_dump_json(indent=1) + "\n")
        shutil.rmtree(work)
        built.append(key)

    if setting.force:
        forget("synth", key)
    folder = cached("synth", key, job.label, build, quiet=True)
    report = UnitReport.model_validate_json((folder / _REPORT).read_text())
    srams = {
        each["path"]: each["macro"] for each in emitted.manifest["memories"] if "macro" in each
    }
    return Run(job, report, srams, folder, warm=not built)
