"""Where the simulation tools are, and the environment to call them in.

Verilator is taken from PATH if it is new enough, else from the private copy that
``make setup`` puts under ``.tools/verilator``. Nothing here installs anything: that is
``scripts/bootstrap.sh``, which has to run before there is any Python package to import.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = [
    "MINIMUM_VERILATOR",
    "PRIVATE_VERILATOR",
    "ToolchainError",
    "environment",
    "find_verilator",
    "parse_version",
    "verilator_path",
    "verilator_version",
    "version_text",
]

MINIMUM_VERILATOR = (5, 36)
"""Oldest (major, minor) whose VPI library compiles with cocotb 2.1."""

PRIVATE_VERILATOR = Path(__file__).resolve().parents[1] / ".tools" / "verilator"
"""Prefix of the copy that the set-up provides where PATH has none that is new enough."""


class ToolchainError(RuntimeError):
    """A tool is missing, too old or does not run; the message says how to get it."""


def parse_version(text: str) -> tuple[int, int]:
    """(major, minor) from the output of ``verilator --version``.

    Raises `ToolchainError` if ``text`` does not start with ``Verilator <major>.<minor>``.
    """
    match = re.match(r"Verilator (\d+)\.(\d+)", text)
    if match is None:
        raise ToolchainError(f"not the output of 'verilator --version': {text[:80]!r}")
    return int(match[1]), int(match[2])


def version_text(version: tuple[int, int]) -> str:
    """As Verilator writes it: (5, 36) is ``5.036``."""
    major, minor = version
    return f"{major}.{minor:03d}"


def verilator_version(verilator: Path) -> tuple[int, int]:
    """(major, minor) of one Verilator; raises `ToolchainError` if it does not run."""
    try:
        done = subprocess.run(
            [verilator, "--version"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolchainError(f"{verilator} does not run: {error}") from error
    return parse_version(done.stdout)


def find_verilator(search_path: str, private: Path) -> Path:
    """First Verilator that is new enough: on ``search_path``, then under prefix ``private``.

    ``search_path`` is in the format of PATH; every directory on it is looked at, so that an old
    Verilator of the distribution does not hide a newer one behind it. Raises `ToolchainError`
    naming each one refused and why.
    """
    refused = []
    for directory in [*search_path.split(os.pathsep), str(private / "bin")]:
        found = shutil.which("verilator", path=directory) if directory else None
        if found is None:
            continue
        try:
            version = verilator_version(Path(found))
        except ToolchainError as error:
            refused.append(str(error))
            continue
        if version >= MINIMUM_VERILATOR:
            return Path(found)
        refused.append(f"{found} is {version_text(version)}")
    seen = "; ".join(refused) or f"none on PATH, none under {private}"
    raise ToolchainError(
        f"Verilator >= {version_text(MINIMUM_VERILATOR)} not found ({seen}): run 'make setup', "
        "or put a newer verilator on PATH"
    )


def verilator_path() -> Path:
    """The Verilator to use; raises `ToolchainError` if there is none new enough."""
    return find_verilator(os.environ.get("PATH", ""), PRIVATE_VERILATOR)


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """``base`` (default: this process's environment) made fit for building models.

    - ``PATH`` starts with the directory of `verilator_path`; a ``VERILATOR_ROOT`` that may
      belong to another Verilator is dropped.
    - ``MAKEFLAGS`` is ``OPT_FAST=-O3``, which Verilator's makefiles take from nowhere else;
      what an outer ``make`` left in it (such as its job server) is dropped.
    - ``OBJCACHE`` is ``ccache`` where there is one.

    Raises `ToolchainError` as `verilator_path` does.
    """
    result = dict(os.environ if base is None else base)
    verilator = find_verilator(result.get("PATH", ""), PRIVATE_VERILATOR)
    result["PATH"] = os.pathsep.join(filter(None, [str(verilator.parent), result.get("PATH")]))
    result["MAKEFLAGS"] = "OPT_FAST=-O3"
    for name in ("VERILATOR_ROOT", "MAKELEVEL", "MFLAGS"):
        result.pop(name, None)
    if shutil.which("ccache", path=result["PATH"]):
        result.setdefault("OBJCACHE", "ccache")
    return result


def main(arguments: Sequence[str]) -> int:
    """For shell scripts: prints `verilator_path`, or with ``--minimum`` the version it needs."""
    try:
        minimum = list(arguments) == ["--minimum"]
        print(version_text(MINIMUM_VERILATOR) if minimum else verilator_path())
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
