"""Compiling, caching and calling C; what a compiler that is missing or fails leads to."""

from __future__ import annotations

import numpy as np
import pytest

from sim.build import BuildError
from sim.cpu import c_build
from sim.cpu.c_build import build_c, c_compiler, compiler_version
from sim.cpu.c_source import Variant
from sim.toolchain import ToolchainError
from sw.compress.random import random_inputs, random_quantised
from sw.golden.eie import GoldenEie


@pytest.fixture
def network():
    return random_quantised(np.random.default_rng(1), (6, 8, 3), 0.5)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A cache of its own for a test; gives the folder of what is built."""
    monkeypatch.setenv("KILN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "cpu"


def script(folder, text):
    """An executable shell script."""
    program = folder / "compiler"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return program


def test_measure_times_every_request(network):
    inputs = random_inputs(np.random.default_rng(2), network, 25)
    outputs, ns = build_c(network, Variant.DENSE).measure(inputs, repeats=4)
    np.testing.assert_array_equal(outputs, GoldenEie(network)(inputs).numpy())
    assert ns.shape == (4, 25)
    assert np.median(ns) > 0


def test_overhead_is_of_the_clock_alone(network):
    ns = build_c(network, Variant.DENSE).overhead(1000)
    assert ns.shape == (1000,)
    assert 0 < np.median(ns) < 100_000


def test_arrays_of_another_kind_are_refused(network):
    compiled = build_c(network, Variant.SPARSE)
    with pytest.raises(ValueError, match=r"a request must be int16 \(6,\), not int16 \(5,\)"):
        compiled.infer(np.zeros(5, np.int16))
    with pytest.raises(ValueError, match="not float32"):
        compiled.infer(np.zeros(6, np.float32))
    with pytest.raises(ValueError, match=r"requests must be int16 \(rows, 6\)"):
        compiled.measure(np.zeros((2, 5), np.int16))


def test_compiled_once_for_a_processor(network, empty_cache, monkeypatch):
    build_c(network, Variant.DENSE)
    monkeypatch.setattr(c_build, "_execute", lambda *_: pytest.fail("compiled again"))
    build_c(network, Variant.DENSE)
    monkeypatch.setattr(c_build, "processor_features", lambda: "another")
    with pytest.raises(pytest.fail.Exception, match="compiled again"):
        build_c(network, Variant.DENSE)


def test_error_has_the_compilers_output(network, empty_cache, monkeypatch):
    monkeypatch.setattr(c_build, "c_source", lambda *_: "int infer(void) { return nowhere; }")
    with pytest.raises(BuildError) as error:
        build_c(network, Variant.DENSE)
    assert "compiling the C of a network failed" in str(error.value)
    assert "-march=native" in str(error.value)
    assert "nowhere" in str(error.value)
    assert [path for path in empty_cache.iterdir() if path.is_dir()] == []


def test_compiler_that_makes_nothing(network, empty_cache, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", str(script(tmp_path, "exit 0")))
    with pytest.raises(BuildError, match="no library and no message, status 0"):
        build_c(network, Variant.DENSE)


def test_cc_chooses_with_its_options(monkeypatch, tmp_path):
    program = script(tmp_path, "echo Some Compiler 1.0\necho and more")
    monkeypatch.setenv("CC", f"'{program}' -m64 -g")
    assert c_compiler() == [str(program), "-m64", "-g"]
    assert compiler_version(c_compiler()) == "Some Compiler 1.0"


def test_names_on_path_in_order(monkeypatch, tmp_path):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    script(tmp_path, "").rename(tmp_path / "clang")
    assert c_compiler() == [str(tmp_path / "clang")]
    script(tmp_path, "").rename(tmp_path / "gcc")
    assert c_compiler() == [str(tmp_path / "gcc")]


def test_no_compiler(monkeypatch, tmp_path):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match=r"none of cc, gcc, clang, g\+\+ is on PATH"):
        c_compiler()


@pytest.mark.parametrize(
    ("chosen", "said"), [("no-such-cc -O1", "there is no no-such-cc"), ("'cc", "is no command")]
)
def test_cc_that_is_not_there(monkeypatch, chosen, said):
    monkeypatch.setenv("CC", chosen)
    with pytest.raises(ToolchainError, match=said):
        c_compiler()


def test_compiler_that_does_not_run(tmp_path):
    with pytest.raises(ToolchainError, match="the C compiler does not run"):
        compiler_version([str(script(tmp_path, "exit 3"))])
