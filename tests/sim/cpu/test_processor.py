"""What the system says of its processor, and what is made of it where it says nothing."""

from __future__ import annotations

import platform

from sim.cpu import processor
from sim.cpu.processor import processor_features, processor_name


def test_first_processor_of_linux(tmp_path, monkeypatch):
    file = tmp_path / "cpuinfo"
    file.write_text("model name\t: Some CPU @ 2 GHz\nflags\t: sse avx\n\nmodel name\t: other\n")
    monkeypatch.setattr(processor, "_CPUINFO", file)
    assert processor_name() == "Some CPU @ 2 GHz"
    before = processor_features()
    assert "sse avx" in before
    file.write_text(file.read_text().replace("avx", "avx2"))
    assert processor_features() != before


def test_system_without_that_file(tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "none")
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert processor_name() == "riscv64"
    assert "riscv64" in processor_features()
