# amaranth: UnusedElaboratable=no
"""The cache of Verilog text."""

import pytest

from hw.emit import emit
from hw.memory import Sram
from hw.stream import Queue
from sim import emitted
from sim.emitted import emit_once


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("KILN_CACHE", str(tmp_path))
    return tmp_path


def unwanted():
    raise AssertionError("was made")


def test_made_once():
    first = emit_once(lambda: Queue(8, 2), "Queue(8, 2)", label="a queue")
    assert first == emit(Queue(8, 2), name="top")
    assert emit_once(unwanted, "Queue(8, 2)", label="a queue") == first
    with pytest.raises(AssertionError, match="was made"):
        emit_once(unwanted, "Queue(8, 4)", label="a queue")


def test_without_memories():
    whole = emit_once(lambda: Sram(64, 8, 1), "Sram", label="an SRAM")
    bare = emit_once(lambda: Sram(64, 8, 1), "Sram", label="an SRAM", macros=True)
    assert "module sram_1rw_64x8_l1" in whole.verilog
    assert "module sram_1rw_64x8_l1" not in bare.verilog
    assert bare.manifest["macros"] == whole.manifest["macros"] != {}


def test_sources_that_changed_after_import(monkeypatch, root):
    emit_once(lambda: Queue(8, 4), "queue", label="a queue")
    monkeypatch.setattr(emitted, "_imported", "another key")
    fresh = emit_once(lambda: Queue(8, 2), "queue", label="a queue")
    assert fresh == emit(Queue(8, 2), name="top")
    emit_once(lambda: Queue(8, 4), "other", label="a queue")
    assert len([path for path in (root / "verilog").iterdir() if path.is_dir()]) == 1
