"""From a component to a Verilated model: a shared library for bulk runs, a cocotb executable."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cocotb_tools.config
from amaranth.lib import wiring
from cocotb_tools.runner import Verilator

from hw.emit import Emitted, emit

from . import toolchain
from .cache import cached, content_key
from .verilate import HARNESS_TOP, TOP, control_file, flags, with_held_reset

__all__ = ["Additions", "BuildError", "Model", "bench_model", "library_model"]


class BuildError(RuntimeError):
    """Verilator or the compiler failed; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Model:
    """A built model: its ``folder``, the ``file`` to load or to run, the component's manifest."""

    folder: Path
    file: Path
    manifest: dict[str, Any]


@dataclass(frozen=True)
class Additions:
    """What else Verilator gets: Verilog files by name, lines of the control file, flags; and what
    the compiler gets for code that runs in every cycle."""

    files: Mapping[str, str]
    control: Sequence[str] = ()
    flags: Sequence[str] = ()
    fast: str = ""


def library_model(
    component: wiring.Component | Emitted,
    *,
    trace: bool = False,
    label: str | None = None,
    more: Additions | None = None,
) -> Model:
    """
    Shared library with the C interface of ``sim/harness/kiln.h`` around the component.

    With ``trace`` it can write FST waves, and runs slower. ``label`` is shown while it is built.
    ``more`` goes to Verilator beside the component.
    Raises ``BuildError`` where the component lacks a port of the harness, or where a tool fails.
    """
    emitted = _emitted(component)
    _check_ports(emitted)
    sources = sorted(_HARNESS.glob("*.h")) + sorted(_HARNESS.glob("*.cpp"))
    text = with_held_reset(emitted) + emitted.verilog
    more = more or Additions({})
    control = control_file(emitted, ()) + "".join(f"{line}\n" for line in more.control)
    options = [*flags(emitted), *(["--trace-fst"] if trace else []), *more.flags]
    options += ["-CFLAGS", " ".join(_CFLAGS), "-LDFLAGS", " ".join(_LDFLAGS)]
    key = content_key(
        *("library", text, control, repr(options), _version(), repr(sorted(more.files.items()))),
        *([more.fast] if more.fast else []),
        *(path.read_text() for path in sources),
    )

    def build(folder: Path) -> None:
        objects, log = folder / "objects", folder / "build.log"
        inputs = [*_write_inputs(folder, text, control)]
        for name, added in more.files.items():
            inputs.append(folder / name)
            inputs[-1].write_text(added)
        inputs += [path for path in sources if path.suffix == ".cpp"]
        verilator = str(toolchain.verilator_path())
        verilate = [verilator, "--cc", "--exe", "--prefix", "Vtop", "--top-module", HARNESS_TOP]
        verilate += ["-Mdir", str(objects), "-o", _LIBRARY, *options, *map(str, inputs)]
        make = ["make", "-j", str(_JOBS), "-C", str(objects), "-f", "Vtop.mk"]
        _execute([verilate, [*make, *([f"OPT_FAST={more.fast}"] if more.fast else [])]], log)
        shutil.move(objects / _LIBRARY, folder / _LIBRARY)
        _finish(folder, objects, emitted)

    shown = f"model of {label or _label(component)}{', with waves' if trace else ''}"
    return _model(cached("verilated", key, shown, build), _LIBRARY)


def bench_model(
    component: wiring.Component | Emitted,
    *,
    waves: bool = False,
    public: Sequence[tuple[str, str]] = (),
) -> Model:
    """
    Executable that runs cocotb tests against the component.

    Tests see the top's ports, and of the inside only ``public``: pairs of (Verilog module,
    variable), such as ``("top.queue", "storage")``. With ``waves`` it can write ``dump.vcd``.
    """
    emitted = _emitted(component)
    ports = [(emitted.name, port["name"]) for port in emitted.manifest["ports"]]
    control = control_file(emitted, (*ports, *public))
    runner = BenchRunner()
    key = content_key(
        "bench",
        emitted.verilog,
        control,
        repr(tuple(flags(emitted))),
        str(waves),
        _version(),
        str(cocotb_tools.config.libs_dir),
    )

    def build(folder: Path) -> None:
        objects = folder / "objects"
        objects.mkdir()
        log = folder / "build.log"
        try:
            runner.build(
                sources=_write_inputs(folder, emitted.verilog, control),
                hdl_toplevel=TOP,
                build_args=flags(emitted),
                build_dir=objects,
                timescale=("1ns", "1ps"),
                waves=waves,
                log_file=log,
            )
        except RuntimeError as error:
            raise _failed(log) from error
        shutil.move(objects / TOP, folder / TOP)
        _finish(folder, objects, emitted)

    folder = cached("verilated", key, f"bench of {_label(component)}", build)
    return _model(folder, TOP)


_HARNESS = Path(__file__).parent / "harness"
_LIBRARY = "libkiln.so"
_JOBS = min(4, os.cpu_count() or 1)
# Several models can be loaded into one process: none may see another's symbols.
_CFLAGS = (
    "-fPIC",
    "-fvisibility=hidden",
    *(["-fno-gnu-unique"] if sys.platform == "linux" else []),
)
_LDFLAGS = ("-shared", *(["-Wl,-Bsymbolic"] if sys.platform == "linux" else []))

_AXIL = {
    "in": "awvalid awaddr wvalid wdata wstrb bready arvalid araddr rready",
    "out": "awready wready bvalid bresp arready rvalid rdata rresp",
}
_PORTS = {
    "in": ["clk", "rst", "s_axis__tvalid", "s_axis__tdata", "s_axis__tlast", "m_axis__tready"]
    + [f"s_axil__{name}" for name in _AXIL["in"].split()],
    "out": ["irq", "s_axis__tready"]
    + [f"m_axis__{name}" for name in ("tvalid", "tdata", "tkeep", "tlast")]
    + [f"s_axil__{name}" for name in _AXIL["out"].split()],
}


class BenchRunner(Verilator):
    """cocotb's runner without ``--public-flat-rw``, which makes models several times slower."""

    def _set_env_build(self) -> None:
        super()._set_env_build()
        self.env = toolchain.environment(self.env)

    def _simulator_in_path_build_only(self) -> None:
        self.executable = str(toolchain.verilator_path())

    def _build_command(self) -> list[list[str]]:
        return [
            [word for word in command if word != "--public-flat-rw"]
            for command in super()._build_command()
        ]


def _emitted(component: wiring.Component | Emitted) -> Emitted:
    return component if isinstance(component, Emitted) else emit(component, name=TOP)


def _check_ports(emitted: Emitted) -> None:
    """Refuse a top that the harness cannot drive, naming the port."""
    found = {port["name"]: port for port in emitted.manifest["ports"]}
    for direction, names in _PORTS.items():
        for name in names:
            if found.get(name, {}).get("direction") != direction:
                raise BuildError(f"{emitted.name} lacks the {direction}put {name} of the harness")
            if found[name]["width"] > 64:
                raise BuildError(f"{name} of {emitted.name} is wider than 64 bits")


def _execute(commands: Sequence[Sequence[str]], log: Path) -> None:
    with log.open("w") as file:
        for command in commands:
            file.write(f"{command}\n")
            file.flush()
            done = subprocess.run(
                command, env=toolchain.environment(), stdout=file, stderr=subprocess.STDOUT
            )
            if done.returncode:
                raise _failed(log)


def _write_inputs(folder: Path, verilog: str, control: str) -> list[Path]:
    inputs = [folder / f"{TOP}.vlt", folder / f"{TOP}.v"]
    for path, text in zip(inputs, (control, verilog), strict=True):
        path.write_text(text)
    return inputs


def _version() -> str:
    return ".".join(map(str, toolchain.verilator_version(toolchain.verilator_path())))


def _label(component: wiring.Component | Emitted) -> str:
    return component.name if isinstance(component, Emitted) else type(component).__name__


def _failed(log: Path) -> BuildError:
    tail = log.read_text(errors="replace")[-4000:] if log.exists() else "no log"
    return BuildError(f"building the Verilated model failed:\n{tail}")


def _finish(folder: Path, objects: Path, emitted: Emitted) -> None:
    """Keep the product, the Verilog, the log and the manifest; objects are in ccache."""
    (folder / "manifest.json").write_text(json.dumps(emitted.manifest, indent=1) + "\n")
    shutil.rmtree(objects)


def _model(folder: Path, file: str) -> Model:
    return Model(folder, folder / file, json.loads((folder / "manifest.json").read_text()))
