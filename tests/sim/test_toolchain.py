"""`sim.toolchain` against fake Verilators: shell scripts that print a version."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim import toolchain
from sim.toolchain import ToolchainError


def fake(directory: Path, prints: str, status: int = 0) -> Path:
    """An executable ``verilator`` below ``directory`` that prints one line and exits."""
    directory.mkdir(parents=True, exist_ok=True)
    program = directory / "verilator"
    program.write_text(f"#!/bin/sh\necho '{prints}'\nexit {status}\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Verilator 5.048 2026-04-26 rev vUNKNOWN-built20260429", (5, 48)),
        ("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)\n", (5, 6)),
        ("Verilator 5.036 2025-04-27 rev v5.036", (5, 36)),
        ("Verilator 4.228 2022-10-01 rev v4.228", (4, 228)),
        ("Verilator 6.100 devel", (6, 100)),
    ],
)
def test_version(text, version):
    assert toolchain.parse_version(text) == version
    assert text.startswith(f"Verilator {toolchain.version_text(version)}")


@pytest.mark.parametrize("text", ["", "verilator: not found", "Icarus Verilog version 11.0"])
def test_not_a_version(text):
    with pytest.raises(ToolchainError, match="not the output of 'verilator --version'"):
        toolchain.parse_version(text)


@pytest.mark.parametrize(
    ("prints", "taken"),
    [
        ("Verilator 5.036 x", True),
        ("Verilator 5.035 x", False),
        ("Verilator 5.006 x", False),
        ("Verilator 4.228 x", False),
        ("Verilator 6.000 x", True),
    ],
)
def test_oldest_accepted(tmp_path, prints, taken):
    program = fake(tmp_path / "bin", prints)
    if taken:
        assert toolchain.find_verilator(str(program.parent), tmp_path / "none") == program
    else:
        number = prints.split()[1]
        with pytest.raises(ToolchainError, match=f"{program} is {number}"):
            toolchain.find_verilator(str(program.parent), tmp_path / "none")


def test_order(tmp_path):
    """An old one on PATH hides neither a newer one behind it nor the private one."""
    old = fake(tmp_path / "old", "Verilator 5.006 x")
    private = fake(tmp_path / "private/bin", "Verilator 5.040 x")
    assert toolchain.find_verilator(str(old.parent), tmp_path / "private") == private
    new = fake(tmp_path / "new", "Verilator 5.038 x")
    path = os.pathsep.join(["", str(old.parent), str(new.parent)])
    assert toolchain.find_verilator(path, tmp_path / "private") == new


def test_broken_one_is_passed_over(tmp_path):
    broken = fake(tmp_path / "broken", "error while loading shared libraries", status=127)
    private = fake(tmp_path / "private/bin", "Verilator 5.040 x")
    assert toolchain.find_verilator(str(broken.parent), tmp_path / "private") == private
    with pytest.raises(ToolchainError, match=f"{broken} does not run"):
        toolchain.find_verilator(str(broken.parent), tmp_path / "none")


def test_message_where_there_is_none(tmp_path):
    with pytest.raises(ToolchainError) as error:
        toolchain.find_verilator("", tmp_path)
    assert str(error.value) == (
        f"Verilator >= 5.036 not found (none on PATH, none under {tmp_path}): "
        "run 'make setup', or put a newer verilator on PATH"
    )


def test_message_with_path_emptied(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(toolchain, "PRIVATE_VERILATOR", tmp_path)
    with pytest.raises(ToolchainError, match="run 'make setup'"):
        toolchain.verilator_path()
    with pytest.raises(ToolchainError, match="run 'make setup'"):
        toolchain.environment()


def test_environment(tmp_path):
    program = fake(tmp_path / "bin", "Verilator 5.040 x")
    base = {
        "PATH": str(program.parent),
        "HOME": "/home/someone",
        "MAKEFLAGS": " -j --jobserver-auth=3,4",
        "MAKELEVEL": "1",
        "VERILATOR_ROOT": "/usr/share/verilator",
    }
    untouched = dict(base)
    result = toolchain.environment(base)
    assert base == untouched
    assert result.pop("PATH").split(os.pathsep)[0] == str(program.parent)
    assert result == {"HOME": "/home/someone", "MAKEFLAGS": "OPT_FAST=-O3"}


@pytest.mark.parametrize(("given", "used"), [(None, "ccache"), ("sccache", "sccache")])
def test_environment_uses_ccache(tmp_path, given, used):
    program = fake(tmp_path / "bin", "Verilator 5.040 x")
    program.with_name("ccache").symlink_to(program)
    base = {"PATH": str(program.parent)} | ({"OBJCACHE": given} if given else {})
    assert toolchain.environment(base)["OBJCACHE"] == used


def test_for_shell_scripts(tmp_path):
    program = fake(tmp_path / "bin", "Verilator 5.040 x")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sim.toolchain", *arguments],
            cwd=Path(toolchain.__file__).parents[1],
            env={"PATH": str(program.parent)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run().stdout == f"{program}\n"
    assert run("--minimum").stdout == "5.036\n"
    program.unlink()
    if not toolchain.PRIVATE_VERILATOR.exists():
        refused = run()
        assert refused.returncode == 1
        assert refused.stderr.startswith("Verilator >= 5.036 not found")
