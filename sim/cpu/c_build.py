"""From C to functions that Python can call: the compiler, the flags, the cache, ctypes."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.build import BuildError
from sim.cache import cached, content_key
from sim.toolchain import ToolchainError
from sw.compress.quantised import QuantisedNetwork

from .c_source import Variant, c_source
from .processor import processor_features

__all__ = ["FLAGS", "CNetwork", "build_c", "c_compiler", "compiler_version"]

FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")
"""What the compiler is told, beside the language."""


class CNetwork:
    """
    A network that was compiled: the functions of ``c_source`` on NumPy arrays.

    Parameters
    ----------
    library : Path
        Shared library of the network.
    inputs, outputs : int
        Widths of the network.

    ``OSError`` where the library cannot be loaded.
    """

    def __init__(self, library: Path, inputs: int, outputs: int) -> None:
        self.inputs, self.outputs = inputs, outputs
        functions = ctypes.CDLL(str(library))
        self._infer, self._measure = functions.infer, functions.measure
        self._overhead = functions.overhead
        self._infer.argtypes = [_INT16, _INT16]
        self._measure.argtypes = [_INT16, ctypes.c_long, ctypes.c_long, _INT16, _UINT32]
        self._overhead.argtypes = [ctypes.c_long, _UINT32]
        for function in (self._infer, self._measure, self._overhead):
            function.restype = None

    def infer(self, x: NDArray[np.int16]) -> NDArray[np.int16]:
        """One request, int16 (inputs,) to int16 (outputs,)."""
        if x.dtype != np.int16 or x.shape != (self.inputs,):
            raise ValueError(f"a request must be int16 ({self.inputs},), not {x.dtype} {x.shape}")
        y = np.empty(self.outputs, np.int16)
        self._infer(np.ascontiguousarray(x), y)
        return y

    def measure(
        self, xs: NDArray[np.int16], repeats: int = 1
    ) -> tuple[NDArray[np.int16], NDArray[np.uint32]]:
        """Requests int16 (rows, inputs) one by one, ``repeats`` times over: their outputs int16
        (rows, outputs), and the nanoseconds of each, uint32 (repeats, rows), with what the clock
        itself takes (``overhead``)."""
        if xs.dtype != np.int16 or xs.ndim != 2 or xs.shape[1] != self.inputs:
            raise ValueError(
                f"requests must be int16 (rows, {self.inputs}), not {xs.dtype} {xs.shape}"
            )
        ys = np.zeros((len(xs), self.outputs), np.int16)
        ns = np.zeros((repeats, len(xs)), np.uint32)
        self._measure(np.ascontiguousarray(xs), len(xs), repeats, ys, ns)
        return ys, ns

    def overhead(self, count: int) -> NDArray[np.uint32]:
        """Nanoseconds of each of ``count`` empty calls that are timed alike, uint32 (count,)."""
        ns = np.zeros(count, np.uint32)
        self._overhead(count, ns)
        return ns


def build_c(network: QuantisedNetwork, variant: Variant) -> CNetwork:
    """
    Compile a network for this processor, or take it from the cache, and load it.

    Raises ``ToolchainError`` where there is no compiler, ``BuildError`` with its output where it
    fails, ``ValueError`` where the network is too large for source.
    """
    compiler = c_compiler()
    source = c_source(network, variant)
    command = [*compiler, "-x", "c", "-std=gnu11", *FLAGS]
    key = content_key(source, repr(command), compiler_version(compiler), processor_features())

    def build(folder: Path) -> None:
        (folder / _SOURCE).write_text(source)
        _execute([*command, _SOURCE, "-o", _LIBRARY], folder)

    folder = cached("cpu", key, f"{variant} C of a network", build, quiet=True)
    return CNetwork(folder / _LIBRARY, network.inputs, network.outputs)


def c_compiler() -> list[str]:
    """The command of the C compiler: ``CC`` if it is set, else the first of cc, gcc, clang and g++
    on PATH. Raises ``ToolchainError`` where there is none."""
    chosen = os.environ.get("CC")
    if chosen and chosen.strip():
        try:
            name, *options = shlex.split(chosen)
        except ValueError as error:
            raise ToolchainError(f"CC is {chosen!r}, which is no command: {error}") from error
        found = shutil.which(name)
        if found is None:
            raise ToolchainError(f"CC is {chosen!r}, and there is no {name}")
        return [os.path.abspath(found), *options]
    for name in _COMPILERS:
        found = shutil.which(name)
        if found:
            return [os.path.abspath(found)]
    names = ", ".join(_COMPILERS)
    raise ToolchainError(
        f"no C compiler: none of {names} is on PATH; install one, or set CC to its command"
    )


def compiler_version(compiler: Sequence[str]) -> str:
    """First line of what ``--version`` prints. Raises ``ToolchainError`` if it does not run."""
    try:
        done = subprocess.run(
            [*compiler, "--version"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolchainError(f"the C compiler does not run: {error}") from error
    return done.stdout.partition("\n")[0]


_COMPILERS = ("cc", "gcc", "clang", "g++")
_SOURCE, _LIBRARY = "network.c", "network.so"
_INT16 = np.ctypeslib.ndpointer(np.int16, flags="C_CONTIGUOUS")
_UINT32 = np.ctypeslib.ndpointer(np.uint32, flags="C_CONTIGUOUS")


def _execute(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode or not (folder / _LIBRARY).exists():
        shown = done.stdout[-4000:] or f"no library and no message, status {done.returncode}"
        raise BuildError(f"compiling the C of a network failed ({shlex.join(command)}):\n{shown}")
