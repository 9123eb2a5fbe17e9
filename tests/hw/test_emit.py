# amaranth: UnusedElaboratable=no
"""Verilog text and manifest of components."""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict

import pytest
from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.cnn.loader import Loader
from hw.eie.config import PRESETS
from hw.emit import emit
from hw.hierarchy import shared
from hw.memory import DualPortSram, MemoryMacros, Sram
from hw.stream import Queue
from sim.runner import run_bench
from tests.hw.cnn.pipelines import PIPELINES

PAYLOAD = data.StructLayout({"index": 4, "value": signed(16)})


class Parts(wiring.Component):
    """Two SRAMs of one geometry, one of another and a small one, an SRAM of two ports, a memory,
    constant and empty ports."""

    def __init__(self, init=()):
        self.config = PRESETS["tiny"]
        self.init = list(init)
        super().__init__(
            {
                "i": In(stream.Signature(PAYLOAD, always_ready=True)),
                "o": Out(stream.Signature(signed(9))),
                "nothing": In(0),
                "many": Out(3).array(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        total = 0
        geometries = {"a": (96, 8, 2), "b": (64, 8, 1), "c": (96, 8, 2), "small": (8, 4, 1)}
        for name, geometry in geometries.items():
            sram = Sram(*geometry)
            m.submodules[name] = sram
            m.d.comb += [sram.port.en.eq(self.i.valid), sram.port.addr.eq(self.i.payload.value)]
            total = total + sram.port.rdata
        m.submodules.d = dual = DualPortSram(64, 9)
        m.d.comb += [
            dual.write.en.eq(self.i.valid),
            dual.read.en.eq(self.i.valid),
            dual.read.addr.eq(self.i.payload.value),
        ]
        total = total + dual.read.data
        m.submodules.table = table = memory.Memory(shape=9, depth=8, init=self.init)
        read = table.read_port()
        m.d.comb += [self.o.payload.eq(total + read.data), read.addr.eq(self.i.payload.index)]
        return m


class Deep(wiring.Component):
    """A shared module within a shared module."""

    o: Out(1)

    def __init__(self, depth=2):
        self.depth = depth
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        if self.depth:
            inner = self.depth - 1
            m.submodules.inner, ports = shared(lambda: Deep(inner), f"deep_{inner}", platform)
            m.d.sync += self.o.eq(~ports.o)
        return m


class Constant(wiring.Component):
    """A signal of which one bit is driven by logic and the others are constant."""

    i: In(1)
    o: Out(4)

    def elaborate(self, platform):
        m = Module()
        flags = Signal(4)
        m.d.comb += [flags[0].eq(1), flags[3].eq(1), self.o.eq(flags)]
        with m.If(self.i):
            m.d.comb += flags[1].eq(1)
        return m


def test_ports():
    ports = emit(Queue(PAYLOAD, 4), name="queue").manifest["ports"]
    assert [(p["name"], p["direction"], p["width"]) for p in ports] == [
        ("clk", "in", 1),
        ("i__payload", "in", 20),
        ("i__ready", "out", 1),
        ("i__valid", "in", 1),
        ("level", "out", 3),
        ("o__payload", "out", 20),
        ("o__ready", "in", 1),
        ("o__valid", "out", 1),
        ("rst", "in", 1),
    ]


def test_constant_and_empty_ports_are_left_out():
    emitted = emit(Parts())
    assert {p["name"] for p in emitted.manifest["ports"]} == {
        *("clk", "rst", "i__valid", "i__payload", "many__0", "many__1"),
        *("o__valid", "o__ready", "o__payload"),
    }
    assert emitted.port("o__payload")["signed"] and not emitted.port("many__0")["signed"]
    with pytest.raises(KeyError, match="top has no port 'i__ready'"):
        emitted.port("i__ready")


def test_parameters_are_plain():
    """Enumerations within nested configurations come as their values."""
    parameters = emit(Loader(PIPELINES["block"])).manifest["parameters"]
    assert parameters["nodes"][3]["unit"]["second"] == "u8"
    assert parameters["skips"][0]["kind"] == "fifo"
    assert json.loads(json.dumps(parameters))["width"] == 6


def test_memories_and_macros():
    emitted = emit(Parts(), name="parts")
    manifest = emitted.manifest
    a, b, d = "sram_1rw_96x8_l2", "sram_1rw_64x8_l1", "sram_1r1w_64x9_l1"
    assert manifest["macros"] == {
        a: {"depth": 96, "width": 8, "latency": 2, "ports": "1rw"},
        b: {"depth": 64, "width": 8, "latency": 1, "ports": "1rw"},
        d: {"depth": 64, "width": 9, "latency": 1, "ports": "1r1w"},
    }
    srams = {m["path"]: m["macro"] for m in manifest["memories"] if "macro" in m}
    assert srams == {"a.macro": a, "b.macro": b, "c.macro": a, "d.macro": d}
    others = [m for m in manifest["memories"] if "macro" not in m]
    assert [(m["depth"], m["width"]) for m in others] == [(8, 4), (8, 9)]
    assert [m["path"].split(".")[0] for m in others] == ["small", "table"]
    assert manifest["parameters"] == asdict(PRESETS["tiny"])
    assert emit(Parts(), parameters={"x": 1}).manifest["parameters"] == {"x": 1}
    assert json.loads(json.dumps(manifest)) == manifest
    for macro, places in ((a, 2), (b, 1), (d, 1)):
        assert len(re.findall(rf"^module {macro}\(", emitted.verilog, re.M)) == 1
        assert len(re.findall(rf"^  {macro} macro \(", emitted.verilog, re.M)) == places


def test_black_boxes():
    platform = MemoryMacros()
    emitted = emit(Parts(), platform=platform)
    assert platform.used.keys() == emitted.manifest["macros"].keys()
    assert "sram_1rw_96x8_l2 macro (" in emitted.verilog
    assert "module sram_" not in emitted.verilog


def test_clearing_a_memory_is_a_loop():
    words = re.compile(r"^    \S+ ?\[\d+\] = 9'h", re.M)
    cleared, loaded = emit(Parts()).verilog, emit(Parts([1, 2, 3])).verilog
    # The SRAMs and the small memory are cleared too.
    assert (len(words.findall(cleared)), cleared.count("for (word")) == (0, 5)
    assert (len(words.findall(loaded)), loaded.count("for (word")) == (8, 4)


def test_constants_are_driven():
    text = emit(Constant()).verilog
    assert re.search(r"always_comb\n    \w+\[3\] = 1'h1;", text)
    assert not re.search(r"always @\*\n    [^;\n]* = \d+'h\w+;\n", text)


@pytest.mark.rtl
def test_constants_in_simulation():
    run_bench(Constant(), __file__)


def test_shared_modules():
    manifest = emit(Deep()).manifest
    assert manifest["modules"].keys() == {"deep_1", "deep_0"}
    assert {port["name"] for port in manifest["modules"]["deep_1"]} == {"o", "clk", "rst"}


def test_same_text_in_every_process():
    script = "from hw.emit import emit; from hw.eie.pe import ProcessingElement as P\n"
    script += "from hw.eie.config import PRESETS; print(emit(P(PRESETS['tiny'])).verilog)"
    texts = set()
    for seed in ("1", "2"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=environment, capture_output=True, text=True, check=True, cwd=os.sep,
        )  # fmt: skip
        texts.add(done.stdout)
    [text] = texts
    assert "module top(" in text
    assert os.sep + "hw" + os.sep not in text, "a path of the source"


def test_names_of_combinational_components():
    class Inverter(wiring.Component):
        i: In(2)
        o: Out(2)

        def elaborate(self, platform):
            m = Module()
            m.d.comb += self.o.eq(~Cat(self.i[1], self.i[0]))
            return m

    assert {p["name"] for p in emit(Inverter()).manifest["ports"]} == {"i", "o"}
