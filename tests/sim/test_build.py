# amaranth: UnusedElaboratable=no
"""Verilated models: built once for each content, refused with a reason."""

import json
import subprocess
from dataclasses import replace

import pytest

from hw.emit import Emitted, emit
from hw.stream import Queue
from sim import build
from sim.build import BuildError, bench_model, library_model
from tests.sim.loopback import Loopback

PLAIN = {"ports": [], "modules": {}}


@pytest.fixture
def no_tools(monkeypatch):
    """From now on only Verilator's version may be asked for."""

    def refuse(command, **_):
        assert list(command)[1:] == ["--version"], f"{command} was run"
        return run(command, **_)

    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", refuse)
    return refuse


@pytest.mark.rtl
def test_library_is_cached(monkeypatch):
    first = library_model(Loopback())
    manifest = json.loads((first.folder / "manifest.json").read_text())
    assert manifest == first.manifest == emit(Loopback(), name="top").manifest
    assert {path.name for path in first.folder.iterdir()} == {
        *("libkiln.so", "manifest.json", "build.log", "top.v", "top.vlt")
    }
    emitted = emit(Loopback(), name="top")
    monkeypatch.setattr(build, "_execute", None)
    assert library_model(emitted) == first
    with pytest.raises(TypeError):  # another model, which cannot be built here
        library_model(replace(emitted, verilog=emitted.verilog + "\n"))


@pytest.mark.rtl
def test_bench_is_cached(monkeypatch):
    first = bench_model(Queue(8, 2))
    assert first.file.name == "top" and first.file.is_file()
    monkeypatch.setattr(build.BenchRunner, "_build_command", None)
    assert bench_model(Queue(8, 2)) == first
    with pytest.raises(TypeError):
        bench_model(Queue(8, 2), public=[("top", "i__valid")])


@pytest.mark.parametrize("port", ["irq", "clk", "s_axil__rdata", "m_axis__tkeep"])
def test_missing_ports_are_named(port):
    emitted = emit(Loopback(), name="top")
    ports = [each for each in emitted.manifest["ports"] if each["name"] != port]
    broken = replace(emitted, manifest={**emitted.manifest, "ports": ports})
    with pytest.raises(BuildError, match=rf"top lacks the (in|out)put {port} of the harness"):
        library_model(broken)


def test_ports_the_wrong_way_round():
    emitted = emit(Loopback(), name="top")
    ports = [dict(each, direction="in") for each in emitted.manifest["ports"]]
    broken = replace(emitted, manifest={**emitted.manifest, "ports": ports})
    with pytest.raises(BuildError, match="top lacks the output irq of the harness"):
        library_model(broken)


def test_wide_ports_are_named():
    emitted = emit(Loopback(), name="top")
    ports = [
        dict(each, width=128) if each["name"] == "s_axis__tdata" else each
        for each in emitted.manifest["ports"]
    ]
    broken = replace(emitted, manifest={**emitted.manifest, "ports": ports})
    with pytest.raises(BuildError, match="s_axis__tdata of top is wider than 64 bits"):
        library_model(broken)


@pytest.mark.rtl
@pytest.mark.parametrize(
    "verilog, message",
    [
        ("module top(; endmodule", "syntax error"),
        ("module other; endmodule", "Specified --top-module 'top' was not found"),
        (
            "module top(input a, b, output reg c); always @* if (a) c = b; endmodule",
            "Warning-LATCH",
        ),
    ],
)
def test_what_verilator_says(verilog, message, tmp_path, monkeypatch):
    monkeypatch.setenv("KILN_CACHE", str(tmp_path))
    with pytest.raises(BuildError) as caught:
        bench_model(Emitted("top", verilog, PLAIN))
    assert message in str(caught.value)
    left = [path for path in (tmp_path / "verilated").iterdir() if path.suffix != ".lock"]
    assert left == []
